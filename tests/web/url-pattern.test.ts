import { expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

const guest = new TestIsolate();
test("an app that routes by patterns reads their groups", async () => {
  expect(
    await guest.run(`
      const pattern = new URLPattern({ pathname: "/books/:id(\\\\d+){/:part}?" });
      const match = pattern.exec("https://shop.example/books/42/cover?x");
      return [match.pathname.groups, match.search, match.inputs, pattern.test("https://shop.example/books/x"), pattern.hasRegExpGroups, new URLPattern("/A", "https://a.example", { ignoreCase: true }).test("https://a.example/a")];`),
  ).toEqual([{ id: "42", part: "cover" }, { input: "x", groups: { 0: "x" } }, ["https://shop.example/books/42/cover?x"], false, true, true]);
});

test("a pattern with a group called __proto__, or with patched built-ins around it, gives what it says", async () => {
  using app = new TestIsolate();
  expect(
    await app.run(`
      RegExp.prototype.exec = String.prototype.slice = Array.prototype.push = Array.prototype[Symbol.iterator] = () => { throw new Error("patched") };
      const { pathname, hostname } = new URLPattern({ pathname: "/:__proto__/*" }).exec({ pathname: "/a/b", hostname: "a.example" });
      return [Object.keys(pathname.groups), hostname.input];`),
  ).toEqual([["0", "__proto__"], "a.example"]);
});

test("an expression that never comes to an end is the app's own time", async () => {
  using app = await TestIsolate.load(`export default { fetch() { return new Response(String(new URLPattern({ pathname: "/((?:a|aa)+b)" }).test({ pathname: "/" + "a".repeat(60) }))) } }`, { limits: { cpuMs: 50 } });
  const exchange = app.send();
  expect(await exchange.over).toMatchObject({ outcome: "exceededCpu" });
});
