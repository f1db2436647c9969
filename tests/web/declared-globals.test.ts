/** What types/globals.d.ts declares is there: every class, with every member. */
import { expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

/** Members by what they belong to, as the declarations have them. */
const text = await Bun.file(new URL("../../types/globals.d.ts", import.meta.url)).text();
const membersOf = (name: string): readonly string[] => {
  const [, body = ""] = new RegExp(`(?:interface|class) ${name}\\b[^{]*\\{\\n([\\s\\S]*?)\\n {0,2}\\}`).exec(text) ?? [];
  return [...body.matchAll(/^\s+(?:readonly )?(\w+)\??[(:]/gm)].map(([, member]) => member as string).filter((member) => member !== "constructor");
};

test("globals", async () => {
  using isolate = new TestIsolate();
  const names = { CacheStorage: "caches", SubtleCrypto: "crypto.subtle", Crypto: "crypto", Scheduler: "scheduler", IdentityTransformStream: "new IdentityTransformStream()", FixedLengthStream: "new FixedLengthStream(1)", HTMLRewriter: "new HTMLRewriter()", DigestStream: "new crypto.DigestStream('SHA-256')" };
  for (const [name, value] of Object.entries(names)) {
    const members = membersOf(name === "FixedLengthStream" ? "IdentityTransformStream" : name);
    expect([name, members.length > 0]).toEqual([name, true]);
    expect([name, await isolate.run(`const value = ${value}; return ${JSON.stringify(members)}.filter((member) => !(member in value));`)]).toEqual([name, []]);
  }
});

test("the tokens of HTMLRewriter", async () => {
  using isolate = new TestIsolate();
  const handlers = { Element: "element", Text: "text", Comment: "comments", Doctype: "doctype", DocumentEnd: "end", EndTag: "endTag" };
  const members = Object.fromEntries(Object.entries(handlers).map(([name, handler]) => [handler, membersOf(name)]));
  for (const list of Object.values(members)) expect(list.length).toBeGreaterThan(0);
  const missing = await isolate.run(`
    const members = ${JSON.stringify(members)}, missing = [], seen = new Set();
    const look = (kind) => (token) => { seen.add(kind); for (const member of members[kind]) if (!(member in token)) missing.push(kind + "." + member); };
    const rewriter = new HTMLRewriter()
      .on("p", { element(element) { look("element")(element); element.onEndTag(look("endTag")); }, text: look("text"), comments: look("comments") })
      .onDocument({ doctype: look("doctype"), end: look("end") });
    await rewriter.transform(new Response("<!doctype html><p>a<!-- b --></p>")).text();
    return [missing, seen.size];`);
  expect(missing).toEqual([[], 6]);
});
