import { expect, test } from "bun:test";
import { LINE_CUT, LOG_CUT } from "../../src/web/console/host.ts";
import { TestIsolate } from "../harness/isolate.ts";

/** What `code` logs, one entry a string. */
async function logged(code: string, limits = {}): Promise<string[]> {
  using guest = new TestIsolate({ limits, now: () => 5 });
  await guest.run(code);
  return guest.logs.map(({ level, text }) => `${level}: ${text}`);
}

test("values are shown as a developer expects", async () => {
  expect(
    await logged(`
      class Point { x = 1; #hidden = 2; get far() { throw new Error("a getter ran") } }
      const cycle = { name: "c" }; cycle.self = cycle;
      console.log("text", 1, -0, 10n, true, null, undefined, Symbol("s"));
      console.log([1, "a", , [2]], { a: { b: { c: [] } }, "not-id": 'it\\'s', [Symbol.iterator]: 1 });
      console.log(new Map([["k", { v: 1 }]]), new Set(["x"]), new Point(), cycle, Object.create(null));
      console.log(() => {}, function named() {}, class A extends Point {}, /x/gi, new Date(0), new Date(NaN), new Uint8Array([1, 2]), new ArrayBuffer(3));
      console.log({ get a() { return 1 }, set b(v) {}, f() {} }, Object(1), Object("s"), new WeakMap(), Promise.resolve(), new URLSearchParams("a=1"));`),
  ).toEqual([
    "log: text 1 -0 10n true null undefined Symbol(s)",
    `log: [ 1, 'a', <1 empty item>, [ 2 ] ] { a: { b: { c: [] } }, 'not-id': "it's", [Symbol(Symbol.iterator)]: 1 }`,
    "log: Map(1) { 'k' => { v: 1 } } Set(1) { 'x' } Point { x: 1 } { name: 'c', self: [Circular] } [Object: null prototype] {}",
    "log: [Function (anonymous)] [Function: named] [class A extends Point] /x/gi 1970-01-01T00:00:00.000Z Invalid Date Uint8Array(2) [ 1, 2 ] ArrayBuffer { byteLength: 3 }",
    "log: { a: [Getter], b: [Setter], f: [Function: f] } [Number: 1] [String: 's'] WeakMap { <items unknown> } Promise {} URLSearchParams { 'a' => '1' }",
  ]);
});

test("errors are shown with their class, message, stack, cause and properties", async () => {
  const [text = ""] = await logged(`
    class ValidationError extends Error { code = 7 }
    console.error(new ValidationError("bad", { cause: new RangeError("inner") }));`);
  expect(text.split("\n").map((line) => line.trim().replace(/\(app\.js:\d+:\d+\)/, "(app.js)"))).toEqual([
    "error: ValidationError: bad",
    "at ValidationError (app.js)",
    "at <anonymous> (app.js)",
    "at fetch (app.js) {",
    "[cause]: RangeError: inner",
    "at <anonymous> (app.js)",
    "at fetch (app.js),",
    "code: 7",
    "}",
  ]);
});

test("what is deep, long or hostile is cut and never throws", async () => {
  const lines = await logged(`
    let deep = {}; for (let i = 0; i < 50; i++) deep = { deep };
    console.log(deep);
    console.log(Array.from({ length: 100000 }, (_, i) => i));
    console.log(Object.fromEntries(Array.from({ length: 5000 }, (_, i) => ["key" + i, i])));
    console.log(["x".repeat(100000)]);
    console.log(new Proxy({}, { ownKeys() { throw 1 }, getPrototypeOf() { throw 2 } }));
    console.log(new Proxy({}, { getPrototypeOf() { return new Proxy({}, this) } }));`);
  expect(lines).toHaveLength(6);
  expect(lines[0]).toContain("[Object]");
  expect(lines[1]).toContain("... 99900 more items");
  expect(lines[2]).toContain("... 4900 more");
  expect(lines[3]).toContain("more characters");
  expect(lines[4]).toBe("log: [an object that cannot be inspected]");
  for (const line of lines) expect(line.length).toBeLessThan(20_000);
});

test("directives are replaced, and only where there is a value for them", async () => {
  expect(await logged(`console.log("%s is %d or %i, %f%% %o%c|%s", "it", "42.9x", 7.9, "1.5", { a: 1 }, "color: red"); console.log("%s", Symbol("a"), "rest", [1]); console.log("100%", 1); console.log("%d", {}, "%s");`)).toEqual([
    "log: it is 42 or 7, 1.5% { a: 1 }|%s",
    "log: Symbol(a) rest [ 1 ]",
    "log: 100% 1",
    "log: NaN %s",
  ]);
});

test("groups indent, counters count, timers tell, tables line up", async () => {
  expect(
    await logged(`
      console.group("G"); console.warn("two\\nlines"); console.groupEnd(); console.groupEnd(); console.info("out");
      console.count(); console.count("a"); console.count(); console.countReset(); console.count(); console.countReset("none");
      console.time("t"); console.time("t"); console.timeLog("t", 1); console.timeEnd("t"); console.timeEnd("t");
      console.assert(true, "no"); console.assert(false); console.assert(0, "%s", "why"); console.assert(0, { a: 1 });
      console.table([{ a: 1, b: "x" }, { a: 2 }]); console.table(new Map([["k", 5]])); console.table(7);`),
  ).toEqual([
    "log: G",
    "warn:   two\n  lines",
    "info: out",
    "info: default: 1",
    "info: a: 1",
    "info: default: 2",
    "info: default: 1",
    "warn: Count for 'none' does not exist",
    "warn: Timer 't' already exists",
    "log: t: 0.0ms 1",
    "log: t: 0.0ms",
    "warn: Timer 't' does not exist",
    "error: Assertion failed",
    "error: Assertion failed: why",
    "error: Assertion failed { a: 1 }",
    "log: ┌─────────┬───┬─────┐\n│ (index) │ a │ b   │\n├─────────┼───┼─────┤\n│ 0       │ 1 │ 'x' │\n│ 1       │ 2 │     │\n└─────────┴───┴─────┘",
    "log: ┌─────────┬────────┐\n│ (index) │ Values │\n├─────────┼────────┤\n│ k       │ 5      │\n└─────────┴────────┘",
    "log: 7",
  ]);
});

test("console is a namespace object", async () => {
  using guest = new TestIsolate();
  expect(
    await guest.run(`
      const proto = Object.getPrototypeOf(console), { log } = console; log("free");
      return [String(console), Object.keys(console).length, Reflect.ownKeys(proto), Object.getPrototypeOf(proto) === Object.prototype, Object.keys(console).every((key) => console[key].length === 0 && console[key].name === key && !("prototype" in console[key]))];`),
  ).toEqual(["[object console]", 19, [], true, true]);
});

test("a line beyond its limit is cut, and a request beyond its own falls silent after one notice", async () => {
  expect(await logged(`console.log("é".repeat(20)); for (let i = 0; i < 9; i++) console.log("0123456789");`, { logLineBytes: 11, logBytes: 32 })).toEqual([`log: ${"é".repeat(5)}${LINE_CUT}`, "log: 0123456789", "log: 0123456789", `warn: ${LOG_CUT}`]);
});
