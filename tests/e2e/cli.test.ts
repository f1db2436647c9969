/** The commands that end by themselves, as a person types them: output, messages, exit codes. */
import { describe, expect, test } from "bun:test";
import { commands } from "../../src/cli/index.ts";
import { nano, temporaryFolder } from "../harness/nano.ts";

const GOOD_APP = 'export default { fetch() { return new Response("good"); } };';

describe("help and version", () => {
  test("without arguments nano tells its commands", async () => {
    const { code, out } = await nano([]);
    expect(code).toBe(0);
    for (const { name, summary } of commands) expect(out).toMatch(new RegExp(`^ {2}${name} +${summary.replace(/[().]/g, "\\$&")}$`, "m"));
    expect((await nano(["--help"])).out).toBe(out);
  });

  test.each(commands.map((command) => [command.name, command] as const))("nano %s --help shows usage, every flag and examples", async (name, command) => {
    const [flag, topic] = await Promise.all([nano([name, "--help"]), nano(["help", name])]);
    expect([flag.code, flag.err, topic.out]).toEqual([0, "", flag.out]);
    expect(flag.out).toContain(`Usage: nano ${command.usage}`);
    for (const one of Object.keys(command.flags)) expect(flag.out).toMatch(new RegExp(`--${one}\\b.*\\S`));
    for (const example of command.examples) expect(flag.out).toContain(example);
  });

  test("--version tells version, commit and engine, which is how a report of a defect starts", async () => {
    const { code, out } = await nano(["--version"]);
    expect([code, out]).toEqual([0, expect.stringMatching(/^nano \d+\.\d+\.\d+ \(commit (?:[0-9a-f]{12}|unknown), engine [0-9a-f]{12}\)\n$/)]);
  });
});

describe("wrong arguments", () => {
  test.each([
    [["serv"], "unknown command serv (did you mean serve?)"],
    [["chekc"], "unknown command chekc (did you mean check?)"],
    [["rnu"], "unknown command rnu (did you mean run?)"],
    [["vresion"], "unknown command vresion (did you mean version?)"],
    [["help", "shema"], "unknown command shema (did you mean schema?)"],
    [["--versoin"], "unknown flag --versoin (did you mean --version?)"],
    [["serve", "--prot", "1"], "unknown flag --prot for nano serve (did you mean --port?)"],
    [["dev", "--no-wach"], "unknown flag --no-wach for nano dev"],
    [["serve", "--port"], "--port needs a value: --port <port>"],
    [["serve", "app.js", "--port", "eighty"], '--port must be a port, 0 to 65535, not "eighty"'],
    [["serve", "app.js", "--port", "70000"], '--port must be a port, 0 to 65535, not "70000"'],
    [["serve", "app.js", "--log-format", "jason"], "--log-format is json, text, apache, not jason (did you mean json?)"],
    [["serve", "a.js", "b.js"], "nano serve takes at most 1 argument, got: a.js b.js"],
    [["serve", "--config", "nano.json", "app.js"], "--config and an app exclude each other"],
    [["serve", "nano.json"], "nano.json is a config file: nano serve --config nano.json"],
    [["schema", "x"], "nano schema takes no arguments"],
    [["run"], "nano run needs a script: nano run script.js"],
    [["eval"], "nano eval needs code"],
  ])("nano %p exits with 2 and says what was meant", async (args, message) => {
    const { code, out, err } = await nano(args, { cwd: await temporaryFolder({ "app.js": GOOD_APP }) });
    expect([code, out]).toEqual([2, ""]);
    expect(err).toStartWith(`error: ${message}`);
    expect(err).toEndWith(`\n  see: nano ${commands.some(({ name }) => name === args[0]) ? `${args[0]} ` : ""}--help\n`);
  });
});

describe("nano run", () => {
  test.each([
    ["an exception in a timer", 'setTimeout(() => { throw new TypeError("lost") }, 1);', "Uncaught TypeError: lost"],
    ["a rejection that nobody handles", 'Promise.reject(new TypeError("lost"));', "Uncaught (in promise) TypeError: lost"],
  ])("ends with 1 at %s", async (_what, source, message) => {
    const cwd = await temporaryFolder({ "main.js": `${source}\nsetTimeout(() => console.log("never"), 60_000);` });
    const { code, out, err } = await nano(["run", "main.js"], { cwd });
    expect([code, out, err.split("\n")]).toEqual([1, "", [message, expect.stringMatching(/^ {4}at <anonymous> \(main\.js:1:\d+\)$/), ""]]);
  });

  test("goes on after a rejection that the script itself has taken care of", async () => {
    const cwd = await temporaryFolder({ "main.js": 'addEventListener("unhandledrejection", (event) => event.preventDefault()); Promise.reject(1); setTimeout(() => console.log("on"), 1);' });
    expect(await nano(["run", "main.js"], { cwd })).toEqual({ code: 0, out: "on\n", err: "" });
  });

  test("runs a TypeScript module with top-level await, imports and timers to its end", async () => {
    const cwd = await temporaryFolder({
      "main.ts": 'import { double } from "./double.ts";\nconst n: number = await new Promise((resolve) => setTimeout(resolve, 5, 21));\nsetTimeout(() => console.log("late"), 10);\nconsole.log(double(n));\nconsole.warn("careful");\n',
      "double.ts": "export const double = (n: number): number => 2 * n;\n",
    });
    expect(await nano(["run", "main.ts"], { cwd })).toEqual({ code: 0, out: "42\nlate\n", err: "careful\n" });
  });

  test("an exception exits with 1 and shows the places of the source that was written", async () => {
    const cwd = await temporaryFolder({ "main.ts": 'import { check } from "./lib/check.ts";\n\ninterface Order {\n  readonly id: number;\n}\nawait check({ id: 7 } satisfies Order);\n', "lib/check.ts": "type Id = { readonly id: number };\n\n// comment\nexport async function check({ id }: Id): Promise<void> {\n  await Promise.resolve();\n  throw new RangeError(`no order ${id}`);\n}\n" });
    const { code, err } = await nano(["run", "main.ts"], { cwd });
    expect(code).toBe(1);
    expect(err).toStartWith("Uncaught RangeError: no order 7\n    at check (lib/check.ts:6:");
    expect(err).not.toContain("app.js");
  });

  test("an exception in a timer is told with its place", async () => {
    const cwd = await temporaryFolder({ "main.ts": 'interface A {}\n\nsetTimeout(() => {\n  throw new Error("from a timer");\n}, 1);\n' });
    expect((await nano(["run", "main.ts"], { cwd })).err).toMatch(/^Uncaught Error: from a timer\n {4}at <anonymous> \(main\.ts:4:\d+\)\n$/);
  });

  test("the host's environment and files are out of reach", async () => {
    const cwd = await temporaryFolder({ "main.js": "console.log(typeof process, typeof Bun, Object.keys(globalThis.env ?? {}).length);\n" });
    expect(await nano(["run", "main.js"], { cwd, env: { SECRET: "1" } })).toEqual({ code: 0, out: "undefined undefined 0\n", err: "" });
  });
});

describe("nano eval", () => {
  test.each([
    ["1 + 1", "2\n"],
    ["({ a: [1, { b: 'x' }] })", "{ a: [ 1, { b: 'x' } ] }\n"],
    ["await new Promise((resolve) => setTimeout(resolve, 2, new URL('https://a.test/?b=c').searchParams.get('b')))", "c\n"],
    ["const n = 3; console.log(n * n)", "9\n"],
  ])("%s", async (code, out) => {
    expect(await nano(["eval", code])).toEqual({ code: 0, out, err: "" });
  });

  test("takes code from standard input with -", async () => {
    expect(await nano(["eval", "-"], { input: "[1, 2, 3].length\n" })).toEqual({ code: 0, out: "3\n", err: "" });
  });

  test.each([["throw new TypeError('no')", "Uncaught TypeError: no"], ["1 +", "Uncaught SyntaxError"]])("%s exits with 1", async (code, message) => {
    const result = await nano(["eval", code]);
    expect([result.code, result.out]).toEqual([1, ""]);
    expect(result.err).toStartWith(message);
  });
});

describe("nano repl with piped input", () => {
  const repl = (...lines: string[]) => nano(["repl"], { input: `${lines.join("\n")}\n` });

  test("declarations last, _ is the last value, and await works", async () => {
    const { code, out, err } = await repl("let n = 20", "n + 1", "_ * 2", "const later = await Promise.resolve(3)", "later", "function f() { return 'f' }", "f()", "const { q } = { q: 4 }", "q");
    expect([code, err]).toEqual([0, ""]);
    expect(out.split("\n").filter((line) => line !== "undefined" && line !== "")).toEqual(["21", "42", "3", "3", "f", "4"]);
  });

  test("an exception is told and the session goes on", async () => {
    const { code, out, err } = await repl("throw new Error('boo')", "nope", "1 + 1");
    expect([code, out]).toEqual([0, "2\n"]);
    expect(err).toStartWith("Uncaught Error: boo\n    at <eval> (<input>:1:");
    expect(err).not.toContain("repl.js");
    expect(err).toContain("Uncaught ReferenceError");
  });

  test("classes last as functions do", async () => {
    const { out, err } = await repl("class A { m() { return 7 } }", "new A().m()");
    expect([err, out]).toEqual(["", expect.stringMatching(/7\n$/)]);
  });

  test("code may span lines", async () => {
    const { out, err } = await repl("function f(n) {", "  return n * 2;", "}", "f(", "  4,", ")");
    expect([err, out]).toEqual(["", "undefined\n8\n"]);
  });

  test("statements may await", async () => {
    const { out, err } = await repl("for (const n of [1, 2]) console.log(await Promise.resolve(n))");
    expect([err, out]).toEqual(["", "1\n2\nundefined\n"]);
  });

  test("code that ends in the middle is told at the end of input", async () => {
    const { code, err } = await repl("function f() {");
    expect([code, err]).toEqual([0, expect.stringContaining("Uncaught SyntaxError")]);
  });
});

describe("nano schema", () => {
  test("is a JSON Schema that knows the keys and nothing else", async () => {
    const { code, out } = await nano(["schema"]);
    const schema = JSON.parse(out) as { $schema: string; additionalProperties: unknown; properties: Record<string, { items: { properties: Record<string, { properties: Record<string, object> }> } }> };
    expect(code).toBe(0);
    expect(schema.$schema).toContain("json-schema.org");
    expect(schema.additionalProperties).toBe(false);
    expect(Object.keys(schema.properties)).toContainValues(["port", "host", "defaults", "apps", "log", "trusted_proxies"]);
    const app = schema.properties["apps"]?.items.properties ?? {};
    expect(Object.keys(app)).toContainValues(["name", "hostname", "hostnames", "path", "default", "env", "timeout_ms", "memory_mb", "max_buffer_size_mb", "limits"]);
    expect(app["limits"]?.properties["cpu_ms"]).toMatchObject({ type: "integer", minimum: 5, maximum: 300_000, default: 5_000 });
  });
});

describe("nano check", () => {
  test("names every app that would run", async () => {
    const cwd = await temporaryFolder({ "a.js": GOOD_APP, "nano.json": '{ "apps": [{ "hostname": "a.test", "path": "a.js" }, { "hostnames": ["b.test", "*.b.test"], "path": "a.js" }] }' });
    const { code, out } = await nano(["check"], { cwd });
    expect([code, out]).toEqual([0, expect.stringMatching(/^ok {6}a\.test .*\nok {6}b\.test .*b\.test, \*\.b\.test\)\n2 of 2 apps would run\n$/)]);
  });

  test("names every app that would not run, with the reason, and exits with 1", async () => {
    const cwd = await temporaryFolder({ "a.js": GOOD_APP, "b.ts": 'function boom(): never {\n  throw new Error("at load");\n}\nboom();\nexport default {};\n', "nano.json": '{ "apps": [{ "hostname": "a.test", "path": "a.js" }, { "hostname": "b.test", "path": "b.ts" }, { "hostname": "c.test", "path": "./aa.js" }] }' });
    const { code, out } = await nano(["check", "nano.json"], { cwd });
    expect(code).toBe(1);
    expect(out).toMatch(/^ok {6}a\.test /);
    expect(out).toMatch(/failed {2}b\.test\n {8}b\.ts:2:13: Error: at load\n[^]*> 2 \| {3}throw new Error\("at load"\);\n[^]* {12}at boom \(b\.ts:2:13\)/);
    expect(out).toMatch(/failed {2}c\.test\n.*no such file or folder\n.*did you mean a\.js\?/);
    expect(out).toEndWith("2 of 3 apps would not run\n");
  });

  test("checks one file as well", async () => {
    const cwd = await temporaryFolder({ "a.js": GOOD_APP });
    expect((await nano(["check", "./a.js"], { cwd })).code).toBe(0);
    expect((await nano(["check", "./b.js"], { cwd })).code).toBe(1);
  });
});
