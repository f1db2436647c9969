/** What .assetsignore keeps from clients: as git would. */
import { describe, expect, test } from "bun:test";
import { IgnoreRules } from "../../../../src/bindings/assets/host/ignore-rules.ts";
import { temporaryFolder } from "../../../harness/nano.ts";

const PATHS = ["a.js", "a.js.map", "b/a.js", "b/c/a.js", "b/c/d.txt", "drafts/x.html", "b/drafts/x.html", "foo.txt", "foo/bar", "f1.md", "f2.md", "#x", "!x", "a b", "deep/1/2/3.txt", "[x]", "star*name", "ends "];
const RULES = ["*.map", "/drafts", "drafts/", "b/*.js", "b/**/a.js", "**/a.js", "deep/**", "deep/**/3.txt", "foo", "foo/", "f?.md", "f[1].md", "f[!1].md", "f[^1].md", "f[0-1].md", "\\#x", "\\!x", "#x", "*\n!a.js", "b/\n!b/a.js", "*.js\n!/a.js\n", "a b  ", "/*", "*/", "**", "star\\*name", "[[]x]", "ends\\ ", "x[", "\\"];

describe("the patterns of .gitignore", () => {
  for (const rules of RULES)
    test.skipIf(Bun.which("git") === null)(JSON.stringify(rules), async () => {
      const folder = await temporaryFolder({ ".gitignore": `${rules}\n` });
      const git = (...args: string[]) => Bun.spawnSync(["git", "-C", folder, ...args], { stdin: new Blob([PATHS.join("\0")]), env: { PATH: process.env["PATH"] ?? "", GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" } }).stdout.toString();
      git("init", "-q");
      const ignored = git("check-ignore", "--no-index", "-z", "--stdin").split("\0").filter((path) => path !== "");
      const own = new IgnoreRules(rules);
      expect(PATHS.filter((path) => own.hides(path))).toEqual(PATHS.filter((path) => ignored.includes(path)));
    });

  test.each([
    ["a pattern more than there may be", "x\n".repeat(1_001), ".assetsignore has more than 1000 patterns"],
    ["a line that is too long", `a\n${"b".repeat(257)}`, "line 2 of .assetsignore has more than 256 characters"],
  ])("%s is a fault, and not a file that is served after all", (_, text, message) => {
    expect(() => new IgnoreRules(text)).toThrow(message);
  });

  test("comments and empty lines count for nothing", () => {
    expect(new IgnoreRules(`${`# ${"c".repeat(300)}\n\n`.repeat(1_001)}a.js`).hides("a.js")).toBe(true);
  });

  test("a pattern made to take forever takes as long as its length times the name's", () => {
    const rules = new IgnoreRules(`${"*a".repeat(100)}b\n${"**/".repeat(60)}x`);
    expect(rules.ignores("a".repeat(255), false)).toBe(false);
    expect(rules.ignores("a/".repeat(500), true)).toBe(false);
    expect(rules.steps).toBeLessThan(300_000);
  });
});
