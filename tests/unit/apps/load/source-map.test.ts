import { describe, expect, test } from "bun:test";
import { mapStack } from "../../../../src/apps/load/map-stack.ts";
import { mapPosition, sourceText } from "../../../../src/apps/load/source-map.ts";
import { AppFolder, runInQuickJs } from "./app-folder.ts";

async function stackOf(app: AppFolder, name = ""): Promise<string> {
  const bundle = await app.load(name);
  const result = runInQuickJs(bundle);
  if (!("error" in result)) throw new Error("the app did not throw");
  return mapStack(result.error.stack, bundle);
}

describe("stacks of the engine, in the words of the app", () => {
  test("frames name the app's own files, lines and columns", async () => {
    using app = new AppFolder({
      "index.ts": 'import { check } from "./lib/check";\ninterface Unused { a: string }\nexport function start(): void {\n  check({ name: 1 });\n}\nstart();',
      "lib/check.ts": "type Input = { name: unknown };\n\nexport function check(input: Input): void {\n  if (typeof input.name !== \"string\") throw new TypeError(\"name is no string\");\n}",
    });
    expect((await stackOf(app)).trimEnd().split("\n")).toEqual(["    at check (lib/check.ts:4:49)", "    at start (index.ts:4:3)", "    at <anonymous> (index.ts:6:1)"]);
  });

  test("columns are right after characters outside the basic plane, in bundled and in single files", async () => {
    const line = 'const faces = "\u{1f600}\u{1f600}"; function fail() { null.x; } fail();';
    using app = new AppFolder({ "one.js": `export const a = 1;\n${line}`, "two.ts": `export const a: number = 1;\n${line}` });
    const column = line.indexOf("fail();") + 5;
    expect(await stackOf(app, "one.js")).toContain(`at <anonymous> (one.js:2:${column})`);
    expect(await stackOf(app, "one.js")).toContain(`at fail (one.js:2:${line.indexOf(".x") + 1})`);
    expect(await stackOf(app, "two.ts")).toContain("at <anonymous> (two.ts:2:");
    expect(await stackOf(app, "two.ts")).toContain(`at fail (two.ts:2:${line.indexOf("null") + 1})`);
  });

  test("native frames and eval stay, frames of the bundler's glue and of nano go", async () => {
    using app = new AppFolder({ "index.js": "const late = require('./late.cjs');\nmodule.exports = late;", "late.cjs": "[1].map(() => { eval('null.x'); });" });
    const mapped = (await stackOf(app)).trimEnd().split("\n");
    expect(mapped).toContain("    at map (native)");
    expect(mapped).toContain("    at <eval> (<input>:1:5)");
    expect(mapped.filter((line) => line.includes("late.cjs:1:")).length).toBeGreaterThan(0);
    expect(mapped.join("\n")).not.toContain("app.js");
    const bundle = await app.load();
    expect(mapStack("    at dispatch (nano:bootstrap:3:7)\n    at map (native)\n", bundle)).toBe("    at map (native)");
  });

  test("a syntax error that only the engine finds keeps its place", async () => {
    using app = new AppFolder({ "index.js": "export default 1;\nexport const re = /(?<a>.)(?<a>.)/;" });
    const bundle = await app.load();
    expect(mapStack("    at app.js:2:19\n", bundle)).toBe("    at index.js:2:19");
  });

  test("function names may hold anything", async () => {
    using app = new AppFolder({ "index.js": "export default 1;" });
    const bundle = await app.load();
    expect(mapStack("    at we (ird) (app.js:9:9) (app.js:1:2)", bundle)).toBe("    at we (ird) (app.js:9:9) (index.js:1:2)");
    const forged = "    at x (y)\n    at evil (/etc/passwd:1:1)\nnot a frame (app.js:1:1) at all";
    expect(mapStack(forged, bundle)).toBe(forged);
    const long = `    at ${" (".repeat(200_000)}app.js:1:1`;
    expect(mapStack(long, bundle)).toBe(long);
  });

  test("positions outside the code map to nothing that throws", async () => {
    using app = new AppFolder({ "index.ts": "export const a: number = 1;" });
    const bundle = await app.load();
    expect(mapPosition(1_000_000, 1, bundle)).toBeNull();
    expect(() => mapStack("    at f (app.js:0:0)\n    at f (app.js:999999999:999999999)", bundle)).not.toThrow();
  });

  test("the text of a file is there for a code frame", async () => {
    using app = new AppFolder({ "index.ts": "import './a.ts';", "a.ts": "globalThis.a = 1;", "one.js": "export default 1;" });
    const bundle = await app.load();
    expect(sourceText("a.ts", bundle)).toBe("globalThis.a = 1;");
    expect(sourceText("/etc/passwd", bundle)).toBeNull();
    expect(sourceText("one.js", await app.load("one.js"))).toBe("export default 1;");
  });
});
