import { describe, expect, test } from "bun:test";
import { packageExport, packageImport } from "../../../../src/apps/load/package-exports.ts";

const EDGE = new Set(["workerd", "worker", "browser", "import", "default"]);

describe("the exports field", () => {
  test.each([
    ["a string is the package itself", "./a.js", ".", "./a.js"],
    ["a string has no subpaths", "./a.js", "./b", null],
    ["conditions at the top are the package itself", { node: "./n.js", import: "./i.js" }, ".", "./i.js"],
    ["the package's order of conditions counts", { default: "./d.js", workerd: "./w.js" }, ".", "./d.js"],
    ["conditions nest", { ".": { node: "./n.js", worker: { import: "./wi.js", require: "./wr.js" } } }, ".", "./wi.js"],
    ["a branch without a match falls through", { worker: { require: "./wr.js" }, default: "./d.js" }, ".", "./d.js"],
    ["null closes a condition", { worker: null, default: "./d.js" }, ".", null],
    ["the first usable of a list counts", [{ node: "./n.js" }, "not-a-path", "./b.js"], ".", "./b.js"],
    ["patterns fill in", { "./f/*": "./dist/*/*.js" }, "./f/a/b", "./dist/a/b/a/b.js"],
    ["patterns keep endings", { "./f/*.js": "./dist/*.mjs" }, "./f/a.js", "./dist/a.mjs"],
    ["the longest pattern wins", { "./*": "./any/*.js", "./f/*": "./f/*.js", "./f/in/*": null }, "./f/a", "./f/a.js"],
    ["null closes a pattern", { "./*": "./any/*.js", "./in/*": null }, "./in/a", null],
    ["dollar signs are text", { "./*": "./x/*.js" }, "./$&", "./x/$&.js"],
    ["targets cannot climb", { ".": "./../secret.js" }, ".", null],
    ["targets cannot leave through a pattern", { "./*": "./a/*" }, "./../../secret", null],
    ["targets cannot name other packages", { ".": "other" }, ".", null],
    ["targets cannot reach into node_modules", { ".": "./node_modules/x/index.js" }, ".", null],
    ["nonsense exports nothing", 42, ".", null],
    ["keys of Object.prototype are no exports", { "./a": "./a.js" }, "constructor", null],
  ])("%s", (_, exports, subpath, expected) => {
    expect(packageExport(exports, subpath, EDGE)).toBe(expected);
  });

  test("keys that would be slow regular expressions are matched in no time", () => {
    const keys = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`./(a+)+${index}$*x`, "./x.js"]));
    expect(packageExport({ ...keys, "./*y": "./y/*.js" }, `./${"a".repeat(50_000)}y`, EDGE)).toBe(`./y/${"a".repeat(50_000)}.js`);
  });
});

describe("the imports field", () => {
  test("leads to files and to packages", () => {
    const imports = { "#file": "./lib/file.js", "#dep": { worker: "dep/worker", default: "./polyfill.js" }, "#up": "../up.js", "#dir/*": "./dir/*.js" };
    expect(["#file", "#dep", "#up", "#dir/a", "#none"].map((name) => packageImport(imports, name, EDGE))).toEqual(["./lib/file.js", "dep/worker", null, "./dir/a.js", null]);
  });
});
