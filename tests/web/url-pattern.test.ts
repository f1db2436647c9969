import { describe, expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";
import { wptData } from "./support/wpt-data.ts";

const guest = new TestIsolate();
const NAMES = ["protocol", "username", "password", "hostname", "port", "pathname", "search", "hash"];

interface Case {
  readonly pattern: readonly unknown[];
  readonly inputs?: readonly unknown[];
  readonly expected_obj?: "error" | Readonly<Record<string, string>>;
  readonly expected_match?: "error" | null | Readonly<Record<string, { readonly input: string; readonly groups: Readonly<Record<string, string | null>> }>>;
  readonly exactly_empty_components?: readonly string[];
}

describe("the shared URLPattern test data", () => {
  const cases = wptData<readonly (Case | string)[]>("urlpattern/resources/urlpatterntestdata.json").filter((each): each is Case => typeof each !== "string");

  test("agrees on which patterns are none, on how they are written, and on what they match", async () => {
    const faults = await guest.run(`
      const faults = [], names = ${JSON.stringify(NAMES)};
      for (const { pattern: args, inputs = [], expected_obj = {}, expected_match = null, exactly_empty_components = [] } of ${JSON.stringify(cases)}) {
        const where = JSON.stringify(args) + " of " + JSON.stringify(inputs) + ": ";
        let pattern = null;
        try { pattern = new URLPattern(...args) } catch (error) { if (error.name !== "TypeError") faults.push(where + error.name) }
        if ((pattern === null) !== (expected_obj === "error")) { faults.push(where + "constructor"); continue }
        if (pattern === null) continue;
        for (const [name, text] of Object.entries(expected_obj)) if (pattern[name] !== text) faults.push(where + name + " is " + pattern[name]);
        let match; try { match = pattern.exec(...inputs); } catch { match = "error" }
        if (match === "error" || expected_match === "error") { if (match !== expected_match) faults.push(where + "exec throws"); continue }
        if (pattern.test(...inputs) !== !!expected_match || (match === null) !== !expected_match) { faults.push(where + "matches wrongly"); continue }
        if (match === null) continue;
        for (const name of names) {
          const expected = expected_match[name] ?? { input: "", groups: exactly_empty_components.includes(name) ? {} : { 0: "" } };
          const seen = { input: match[name].input, groups: Object.fromEntries(Object.entries(match[name].groups).map(([key, value]) => [key, value ?? null])) };
          if (JSON.stringify(seen, Object.keys({ input: 1, groups: 1, ...seen.groups, ...expected.groups })) !== JSON.stringify(expected, Object.keys({ input: 1, groups: 1, ...seen.groups, ...expected.groups }))) faults.push(where + name + " gives " + JSON.stringify(seen));
        }
      }
      return faults;`);
    expect(faults).toEqual([]);
  });
});

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
