/** What `main` and `build` of an app change about how its source becomes one module. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type Bundle, loadBundle } from "../../../../src/apps/load/bundle.ts";
import { LoadError } from "../../../../src/apps/load/load-error.ts";
import { NodeModules } from "../../../../src/apps/load/node-modules.ts";
import { type BuildSettings, NO_BUILD } from "../../../../src/config/build-settings.ts";
import { AppFolder, exportsOf, LIMITS } from "./app-folder.ts";

const load = (app: AppFolder, build: Partial<BuildSettings>, main: string | null = null): Promise<Bundle> => loadBundle(app.path, { ...LIMITS, main, build: { ...NO_BUILD, ...build } });

async function problemOf(loading: Promise<unknown>): Promise<string> {
  return loading.then(() => "it loaded", (error: unknown) => (error instanceof LoadError ? error.message : String(error)));
}

describe("main", () => {
  const FILES = { "src/worker.ts": 'import { root } from "../shared/root.ts"; export const from: string = root;', "shared/root.ts": "export const root = 'root';", "index.js": "export const from = 'index';" };

  test("is where the app starts, and the whole folder is the app's", async () => {
    using app = new AppFolder(FILES);
    const bundle = await load(app, {}, "src/worker.ts");
    expect([bundle.entry, exportsOf(bundle)]).toEqual(["src/worker.ts", { from: "root" }]);
  });

  test.each([
    ["src/worke.ts", "src/worke.ts: there is no such file\n  hint: did you mean src/worker.ts?"],
    ["dist/worker.js", "dist/worker.js: there is no such file\n  hint: build the app first: this file is made by its build"],
    ["src", "src: it is a folder, not a file"],
    ["../other.js", "../other.js: it lies outside the app's folder\n  hint: name the folder that holds both as \"path\""],
  ])("%s is told", async (main, message) => {
    using app = new AppFolder(FILES);
    expect(await problemOf(load(app, {}, main))).toBe(message);
  });

  test("of an app that is one file already is told", async () => {
    using app = new AppFolder(FILES);
    expect(await problemOf(loadBundle(join(app.path, "index.js"), { ...LIMITS, main: "src/worker.ts" }))).toContain("which is a file itself");
  });
});

describe("build", () => {
  test("define replaces names by JSON, by a text in single quotes, and by another name, in a file without imports too", async () => {
    using app = new AppFolder({ "index.js": "const real = 7;\nexport const seen = [VERSION, stage.name, OTHER, typeof LIST];" });
    const bundle = await load(app, { define: { VERSION: '"1.2"', "stage.name": "'live'", OTHER: "real", LIST: "[1]" } });
    expect(exportsOf(bundle)).toEqual({ seen: ["1.2", "live", 7, "object"] });
  });

  test("alias leads to a file or another package, from packages too, and names below it", async () => {
    using app = new AppFolder({
      "index.js": 'import { a } from "old"; import { b } from "old/part"; import { c } from "pkg"; export const seen = [a, b, c];',
      "shims/old.js": "export const a = 'shim';",
      "node_modules/new/package.json": '{"name":"new"}',
      "node_modules/new/part.js": "export const b = 'new part';",
      "node_modules/pkg/package.json": '{"name":"pkg","main":"i.js"}',
      "node_modules/pkg/i.js": "export { a as c } from 'old';",
    });
    expect(exportsOf(await load(app, { alias: { "old/part": "new/part.js", old: "./shims/old.js" } }))).toEqual({ seen: ["shim", "new part", "shim"] });
  });

  test("rules say what files are, before their endings do", async () => {
    using app = new AppFolder({ "index.js": 'import page from "./page.tmpl"; import source from "./client/app.js"; import pixel from "./pixel.gif"; export { page, source }; export const size = new Uint8Array(pixel).join();', "page.tmpl": "<p>", "client/app.js": "let client;", "pixel.gif": "GIF" });
    const bundle = await load(app, { rules: [{ type: "text", globs: ["**/*.tmpl", "client/**"] }, { type: "data", globs: ["**/*.gif"] }] });
    const atob = "globalThis.atob = () => 'GIF';\n";
    expect(exportsOf({ code: atob + bundle.code })).toEqual({ page: "<p>", source: "let client;", size: "71,73,70" });
  });

  test("?raw asks for the text of any file, and for its value it may be imported beside", async () => {
    using app = new AppFolder({ "index.ts": 'import { one } from "./lib.ts"; import raw from "./lib.ts?raw"; import logo from "./logo.svg?raw"; export { one, raw, logo };', "lib.ts": "export const one: number = 1;", "logo.svg": "<svg/>" });
    expect(exportsOf(await load(app, {}))).toEqual({ one: 1, raw: "export const one: number = 1;", logo: "<svg/>" });
  });

  test("another tsconfig can be named, and what tsconfigs extend holds, of packages too", async () => {
    using app = new AppFolder({
      "index.tsx": 'import { a } from "@lib/a"; import { b } from "b"; export const seen = [a, b, <p>x</p>]; function make(name: string, _: null, child: string) { return name + child; }',
      "lib/a.ts": "export const a = 'a';",
      "source/b.ts": "export const b = 'b';",
      "tsconfig.json": "{}",
      "tsconfig.worker.json": '{ "extends": ["@shared/config", "./base"], "compilerOptions": { "baseUrl": "source", "paths": { "@lib/*": ["../lib/*"] } } }',
      "base.json": '{ "compilerOptions": { "jsxFactory": "make" } }',
      "node_modules/@shared/config/package.json": '{"name":"@shared/config"}',
      "node_modules/@shared/config/tsconfig.json": '{ "compilerOptions": { "jsx": "react", "jsxFactory": "unused" } }',
    });
    expect(exportsOf(await load(app, { tsconfig: "tsconfig.worker.json" }))).toEqual({ seen: ["a", "b", "px"] });
  });

  test("tsconfigs that extend each other end", async () => {
    using app = new AppFolder({ "index.ts": "export const one: number = 1;", "tsconfig.json": '{ "extends": ["./other", "./other"] }', "other.json": '{ "extends": ["./tsconfig", "./tsconfig"] }' });
    expect(exportsOf(await load(app, {}))).toEqual({ one: 1 });
  });

  test("a module that names its own JSX factory has that, beside others with a runtime", async () => {
    using app = new AppFolder({
      "index.tsx": '/** @jsx make */\n/** @jsxFrag "all" */\nimport { other } from "./other";\nconst make = (name: string, _: null, ...rest: string[]) => [name, ...rest];\nexport const seen = [<p>x</p>, other];',
      "other.tsx": "/** @jsxImportSource pkg */\nexport const other = <b/>;",
      "node_modules/pkg/package.json": '{"name":"pkg","exports":{"./jsx-runtime":"./r.js"}}',
      "node_modules/pkg/r.js": "export const jsx = (name) => `runtime ${name}`;",
    });
    expect(exportsOf(await load(app, {}))).toEqual({ seen: [["p", "x"], "runtime b"] });
  });

  test("a JSX factory holds where tsconfig says nothing", async () => {
    using app = new AppFolder({ "index.tsx": "const h = (name: string) => name; export const seen = <p/>;" });
    expect(exportsOf(await load(app, { jsxFactory: "h" }))).toEqual({ seen: "p" });
  });
});

describe("node globals", () => {
  const SHIM = "({ NodeShim: true, env: { A: 'a' }, argv: [] })";
  /** The node: modules as small as they can be: what the globals lead to is tested where those are. */
  const nodeModules = new NodeModules(new TextEncoder().encode(JSON.stringify({ "process.js": `export default ${SHIM};`, "buffer.js": "export const Buffer = { from: (text) => 'buffer of ' + text };", "timers.js": "export const setImmediate = () => 'soon', clearImmediate = 0;" })));
  const loadWith = (app: AppFolder, hasNodeGlobals = true) => loadBundle(app.path, { ...LIMITS, build: { ...NO_BUILD, hasNodeGlobals } }, nodeModules);

  test("ES modules, TypeScript and CommonJS find process, Buffer, global and setImmediate, and NODE_ENV is what it is for all", async () => {
    using app = new AppFolder({
      "index.ts": 'import old from "./old.cjs"; export const seen: unknown[] = [process.env.A, process.env.NODE_ENV, globalThis.process === process, Buffer.from("x"), typeof global, setImmediate(() => {}), old];',
      "old.cjs": "'use strict'; const path = require('./path.cjs'); module.exports = [process.argv.length, path];",
      "path.cjs": "exports.own = 1; const process = { argv: [1, 2] }; exports.length = process.argv.length;",
    });
    expect(exportsOf(await loadWith(app))).toEqual({ seen: ["a", "production", true, "buffer of x", "object", "soon", [0, { own: 1, length: 2 }]] });
  });

  test("a module that has a name of its own for them keeps it, and one that only speaks of them imports nothing", async () => {
    using app = new AppFolder({ "index.js": 'import { Buffer } from "./mine.js"; const process = { env: 1 }; export const seen = [Buffer.from(), process.env];', "mine.js": 'export { Buffer } from "./mine.cjs";', "mine.cjs": 'exports.Buffer = Buffer; Buffer.from = () => "mine"; function Buffer() {}' });
    expect(exportsOf(await loadWith(app))).toEqual({ seen: ["mine", 1] });
    using quiet = new AppFolder({ "index.ts": 'export const word: string = process.env.NODE_ENV + " process";' });
    const bundle = await loadWith(quiet);
    expect([exportsOf(bundle), bundle.code.includes("NodeShim")]).toEqual([{ word: "production process" }, false]);
  });

  test("places in the source stay where they are", async () => {
    using app = new AppFolder({ "index.js": 'export const a = process.env;\nexport function fail() {\n  throw new Error("x");\n}\n' });
    const bundle = await loadWith(app);
    const line = bundle.code.split("\n").findIndex((text) => text.includes("throw new Error"));
    expect(bundle.sourceMap?.originalPosition(line + 1, 3)).toMatchObject({ file: "index.js", line: 3 });
  });

  test("without the setting they are not there", async () => {
    using app = new AppFolder({ "index.ts": "export const seen: string = typeof process + typeof Buffer;" });
    expect(exportsOf(await loadWith(app, false))).toEqual({ seen: "undefinedundefined" });
  });
});
