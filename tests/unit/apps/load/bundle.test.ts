import { describe, expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadBundle } from "../../../../src/apps/load/bundle.ts";
import { AppFolder, exportsOf, LIMITS, runInQuickJs } from "./app-folder.ts";

const FIXTURES = fileURLToPath(new URL("../../../fixtures/apps-load", import.meta.url));
const HELLO = "export default { fetch() { return 'hello'; } };\n";

describe("what an app may be", () => {
  test("one JavaScript file without imports runs byte for byte as it is", async () => {
    using app = new AppFolder({ "app.js": HELLO });
    const bundle = await app.load("app.js");
    expect(bundle).toMatchObject({ code: HELLO, sourceMap: null, entry: "app.js", kind: "module", bytes: HELLO.length, files: [join(app.path, "app.js")] });
    expect(Object.keys(exportsOf(bundle))).toEqual(["default"]);
  });

  test.each(["index.ts", "index.tsx", "index.js", "index.mjs", "_worker.js", "worker.js", "worker.ts", "src/index.ts", "src/index.js"])("a folder with %s starts there", async (name) => {
    using app = new AppFolder({ [name]: "export const started: string = 'yes';".replace(/\.js|mjs$/.test(name) ? ": string" : "\0", ""), "README.md": "" });
    const bundle = await app.load();
    expect(bundle.entry).toBe(name);
    expect(exportsOf(bundle)).toEqual({ started: "yes" });
  });

  test("package.json decides where a folder starts, unless the file it names is not there", async () => {
    using app = new AppFolder({ "package.json": '{"main":"./lib/start.mjs"}', "lib/start.mjs": "export const from = 'main';", "index.js": "export const from = 'index';" });
    expect((await app.load()).entry).toBe("lib/start.mjs");
    app.write("package.json", '{"main":"dist/not-built.js"}');
    expect((await app.load()).entry).toBe("index.js");
  });

  test("TypeScript with enums, decorators, explicit resource management and type imports runs in QuickJS", async () => {
    using app = new AppFolder({
      "index.ts": `import type { Name } from "./names.ts";
        import { Level, type Other } from "./names.ts";
        function twice(_: unknown, context: ClassMethodDecoratorContext) { context.addInitializer(function () {}); }
        class Greeter { @twice greet(name: Name): string { return "hi " + name; } }
        let closed = false;
        { using _resource = { [Symbol.dispose]() { closed = true; } }; }
        export const result = [new Greeter().greet("Ada" satisfies Other), Level.High, closed];`,
      "names.ts": "export type Name = string; export type Other = string; export enum Level { Low = 1, High }",
    });
    const symbols = "Symbol.dispose ??= Symbol('dispose'); Symbol.metadata ??= Symbol('metadata');\n";
    const bundle = await app.load();
    expect(exportsOf({ code: symbols + bundle.code })).toEqual({ result: ["hi Ada", 2, true] });
  });

  test("JSON, text files and files imported as text become values", async () => {
    using app = new AppFolder({
      "index.js": `import data from "./data.json"; import { name } from "./data.json"; import note from "./note.md"; import page from "./page.html";
        import query from "./query.foo" with { type: "text" }; import source from "./code.ts" with { type: "text" };
        export { data, name, note, page, query, source };`,
      "data.json": '{"name":"Ada","__proto__":{"x":1}}',
      "note.md": "# Hi\n",
      "page.html": "<p>\u00e9</p>",
      "query.foo": "select 1",
      "code.ts": "let x: number",
    });
    const bundle = await app.load();
    expect(exportsOf(bundle)).toMatchObject({ name: "Ada", note: "# Hi\n", page: "<p>\u00e9</p>", query: "select 1", source: "let x: number" });
    expect(bundle.files.map((file) => file.slice(app.path.length + 1)).sort()).toEqual(["code.ts", "data.json", "index.js", "note.md", "page.html", "query.foo"]);
  });

  test("import() of a file of the app is folded in and still runs late", async () => {
    using app = new AppFolder({
      "index.js": "globalThis.order = ['start']; export const late = import('./late').then((late) => [...globalThis.order, late.value]);",
      "late.js": "globalThis.order.push('late'); export const value = 42;",
    });
    expect(exportsOf(await app.load())).toEqual({ late: ["start", "late", 42] });
  });

  test("CommonJS apps and top-level await work", async () => {
    using app = new AppFolder({ "index.js": "const { one } = require('./lib.cjs'); module.exports = { one };", "lib.cjs": "exports.one = 1;", "tla.ts": "import './lib.cjs'; export const value: number = await Promise.resolve(7);" });
    expect(exportsOf(await app.load())).toEqual({ default: { one: 1 } });
    expect(exportsOf(await app.load("tla.ts"))).toEqual({ value: 7 });
  });

  test("an ES module that asks for CommonJS finds none, so that code of both forms takes the other", async () => {
    const asks = "[typeof exports, typeof module, typeof require]";
    using app = new AppFolder({
      "index.js": `export const here = ${asks}; export { kinds as there } from "./typed.ts"; import old from "./old.js"; export { old };`,
      "typed.ts": `interface Shape { module: string }\nexport const kinds: readonly string[] = ${asks};`,
      "old.js": "if (typeof exports === 'object' && typeof module === 'object') module.exports = 'CommonJS'; else globalThis.old = 1;",
    });
    const nothing = ["undefined", "undefined", "undefined"];
    expect(exportsOf(await app.load())).toEqual({ here: nothing, there: nothing, old: "CommonJS" });
  });

  test("an ES module may have variables of its own called exports, module and require", async () => {
    using app = new AppFolder({
      "index.js": `import { module } from "./a.js"; const a = 1, exports = a + 1; export const seen = [module, exports, inner()];
        function inner() { const module = 5; return module; } export function require() {}`,
      "a.js": "export let module = 1, b = typeof exports; if (typeof require === 'undefined') module = 3;",
    });
    expect(exportsOf(await app.load())).toEqual({ seen: [3, 2, 5], require: "[function]" });
  });

  test("an ES module may call require() for files of the app", async () => {
    using app = new AppFolder({ "index.js": "export const seen = [require('./lib.cjs').one, typeof exports];", "lib.cjs": "exports.one = 1;" });
    expect(exportsOf(await app.load())).toEqual({ seen: [1, "undefined"] });
  });

  test("a script that listens for fetch and exports nothing is a service worker", async () => {
    using app = new AppFolder({
      "index.js": "addEventListener('fetch', (event) => event.respondWith(answer()));\nfunction answer() {}",
      "module.js": "export default {}; if (globalThis.x) addEventListener('fetch', () => {});",
    });
    expect((await app.load()).kind).toBe("service-worker");
    expect((await app.load("module.js")).kind).toBe("module");
  });

  test("a folder that is itself a link is followed: deployments switch links", async () => {
    using app = new AppFolder({ "index.js": HELLO });
    symlinkSync(app.path, join(app.parent, "current"));
    expect((await loadBundle(join(app.parent, "current"), LIMITS)).files).toEqual([join(app.path, "index.js")]);
  });
});

describe("packages", () => {
  test("a Hono app loads and evaluates", async () => {
    const bundle = await loadBundle(join(FIXTURES, "hono"), LIMITS);
    const result = runInQuickJs({ code: `globalThis.Headers = class {}; globalThis.Response = class {};\n${bundle.code}` });
    expect(result).toHaveProperty("exports.default");
  });

  test("a zod schema validates", async () => {
    expect(exportsOf(await loadBundle(join(FIXTURES, "zod"), LIMITS))).toEqual({ result: "[true,false]" });
  });

  test("TSX renders with the runtime and the path aliases that tsconfig.json names", async () => {
    const bundle = await loadBundle(join(FIXTURES, "preact"), LIMITS);
    expect(exportsOf(bundle)).toEqual({ result: "<main><h1>Hello, Ada</h1></main>" });
    expect(bundle.files).toContain(join(FIXTURES, "preact", "tsconfig.json"));
  });

  test("exports, imports and browser fields are read as a bundler for workers reads them", async () => {
    using app = new AppFolder({
      "index.js": `import edge from "conditional"; import deep from "conditional/features/a.js"; import old from "old"; import sub from "@scope/sub/part"; import self from "#internal"; import cjs from "dual";
        export { edge, deep, old, sub, self, cjs };`,
      "package.json": '{"imports":{"#internal":"./lib/internal.js"}}',
      "lib/internal.js": "export default 'internal';",
      "node_modules/conditional/package.json": '{"exports":{".":{"node":"./node.js","workerd":"./edge.js","default":"./default.js"},"./features/*.js":"./src/*.js","./features/private/*":null}}',
      "node_modules/conditional/edge.js": "export default 'edge';",
      "node_modules/conditional/src/a.js": "export default 'feature a';",
      "node_modules/old/package.json": '{"main":"./lib/node","browser":{"./lib/node.js":"./lib/browser.js","fs":false}}',
      "node_modules/old/lib/node.js": "module.exports = 'node';",
      "node_modules/old/lib/browser.js": "module.exports = 'browser, fs is ' + JSON.stringify(require('fs'));",
      "node_modules/@scope/sub/part.js": "export default 'part';",
      "node_modules/dual/package.json": '{"main":"./main.js","module":"./module.js"}',
      "node_modules/dual/main.js": "module.exports = 'main';",
      "node_modules/dual/module.js": "export default 'module';",
    });
    expect(exportsOf(await app.load())).toEqual({ edge: "edge", deep: "feature a", old: "browser, fs is {}", sub: "part", self: "internal", cjs: "module" });
  });

  test("packages installed above the app's folder are found", async () => {
    using app = new AppFolder({ "index.js": "export { default } from 'shared';", "../node_modules/shared/index.js": "export default 'shared';", "../node_modules/shared/package.json": '{"type":"module"}' });
    expect(exportsOf(await app.load())).toEqual({ default: "shared" });
  });

  test("packages that are links inside node_modules load once, under their real name", async () => {
    using app = new AppFolder({
      "index.js": "import { token as a } from 'a'; import { token as b } from 'b'; export const same = a === b;",
      "node_modules/.store/token/index.js": "export const token = {};",
    });
    for (const name of ["a", "b"]) symlinkSync(join(app.path, "node_modules/.store/token"), join(app.path, "node_modules", name));
    expect(exportsOf(await app.load())).toEqual({ same: true });
  });

  test("a package that only might need a built-in of Node loads, fails when it uses it and is named in the warnings", async () => {
    using app = new AppFolder({
      "index.js": "import { usesNode, found } from 'probing'; export { found }; export const late = import('node:fs').catch((error) => error.name + ': ' + error.message);",
      "node_modules/probing/index.js": "let found = 'no'; try { require('crypto'); found = 'yes'; } catch {} exports.found = found; exports.usesNode = () => require('fs');",
    });
    const bundle = await app.load();
    expect(exportsOf(bundle)).toEqual({ found: "no", late: 'TypeError: cannot import "node:fs": node:fs is not available in an app' });
    expect(bundle.warnings.map((warning) => warning.file)).toContain("node_modules/probing/index.js");
  });
});

describe("the hash", () => {
  test("is the same for the same app in another folder, and changes with any input", async () => {
    const sources = { "index.ts": "import { a } from './a.ts'; import text from './t.txt'; export default [a, text];", "a.ts": "export const a = 1;", "t.txt": "x" };
    using first = new AppFolder(sources);
    using second = new AppFolder(sources);
    const { hash, code } = await first.load();
    expect(await second.load()).toMatchObject({ hash, code });
    second.write("a.ts", "export const a = 1; // a comment that the bundle drops");
    expect((await second.load()).hash).not.toBe(hash);
  });
});
