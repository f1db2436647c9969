import { describe, expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { LoadError } from "../../../../src/apps/load/load-error.ts";
import { AppFolder } from "./app-folder.ts";

describe("errors that people read", () => {
  test("a syntax error shows its place", async () => {
    using app = new AppFolder({ "index.ts": 'import "./lib/broken.ts";\n', "lib/broken.ts": "export function f() {\n  const x = ;\n}\n" });
    const error = await app.loadError();
    expect(error).toMatchObject({ file: "lib/broken.ts", line: 2, column: 13 });
    expect(error.message).toBe(["lib/broken.ts:2:13: Unexpected ;", "  1 | export function f() {", "> 2 |   const x = ;", "    |             ^", "  3 | }", "  4 |"].join("\n"));
  });

  test("all problems are told, in the order of files and lines", async () => {
    using app = new AppFolder({
      "index.js": 'import "./b.js";\nimport { nope } from "./c.js";\nimport "missing";\nimport "./utlis.js";\nnope();',
      "b.js": "export const b = 1 +;",
      "c.js": "export const yes = 1;",
      "utils.js": "",
    });
    const error = await app.loadError();
    expect(error.problems.map(({ file, line, message, hint }) => [file, line, message, hint])).toEqual([
      ["b.js", 1, "Unexpected ;", ""],
      ["index.js", 3, 'cannot import "missing": the package "missing" is not installed', "install it with: npm install missing"],
      ["index.js", 4, 'cannot import "./utlis.js": there is no such file', 'did you mean "./utils.js"?'],
    ]);
  });

  test("an import of a name that is not exported is told without inner names", async () => {
    using app = new AppFolder({ "index.js": 'import { nope } from "./c.js";\nexport default nope;', "c.js": "export const yes = 1;" });
    const error = await app.loadError();
    expect(error).toMatchObject({ file: "index.js", line: 1, column: 10 });
    expect(error.message).toContain('No matching export in "c.js" for import "nope"');
  });

  test("JSX without a runtime says how to name one", async () => {
    using app = new AppFolder({ "index.jsx": "export default <p/>;" });
    expect((await app.loadError("index.jsx")).hint).toContain("jsxImportSource");
  });

  test("JSX with a runtime that is not installed says how to install it", async () => {
    using app = new AppFolder({ "index.jsx": "export default <p/>;", "tsconfig.json": '{ "compilerOptions": { "jsx": "react-jsx", "jsxImportSource": "hono/jsx" } }' });
    expect((await app.loadError("index.jsx")).hint).toBe("install it with: npm install hono");
  });

  test.each([
    ["index.jss", "no such file or folder"],
    ["data.json", "not a JavaScript or TypeScript file"],
    ["", "there is no app in this folder"],
  ])("the path %p is explained", async (name, message) => {
    using app = new AppFolder({ "data.json": "{}", "start.js": "" });
    expect((await app.loadError(name)).message).toContain(message);
  });

  test.each([
    ["npm:hono@4/jsx", 'install it with: npm install hono, and import "hono/jsx"'],
    ["npm:@scope/name@^1.2", 'install it with: npm install @scope/name, and import "@scope/name"'],
    ["jsr:@std/path", "download the module into the app's folder, or install the package from npm"],
  ])("the import of %p, as in Deno, says what to write here", async (specifier, hint) => {
    using app = new AppFolder({ "index.js": `import all from ${JSON.stringify(specifier)};\nexport default all;` });
    expect((await app.loadError()).hint).toBe(hint);
  });

  test("a mistyped path gets a suggestion", async () => {
    using app = new AppFolder({ "worker.ts": "" });
    expect((await app.loadError("wroker.ts")).hint).toBe("did you mean worker.ts?");
  });

  test.skipIf(process.getuid?.() === 0)("an unreadable folder says so (root can read every folder)", async () => {
    using app = new AppFolder({ "index.js": "" });
    chmodSync(app.path, 0o000);
    expect((await app.loadError()).message).toContain("permission denied");
    chmodSync(app.path, 0o700);
  });

  test("an import of an unknown kind says what nano loads, and how to name a kind", async () => {
    using app = new AppFolder({ "index.js": 'import font from "./a.woff2"; export default font;', "a.woff2": "" });
    expect((await app.loadError()).message).toMatch(/^index\.js:1:18: cannot import ".\/a\.woff2": nano loads JavaScript, TypeScript, JSON and text; [^]*\n {2}hint: [^\n]*"build": \{ "rules": /);
  });

  test.each([
    ["./a.css?inline", "of what bundlers say after ?, nano knows ?raw, which is the text of a file"],
    ["__STATIC_CONTENT_MANIFEST", "Workers Sites are not there: assets in the wrangler file are what serves files"],
    ["cloudflare:email", "nano has cloudflare:workers"],
  ])("an import of %s says the way out", async (name, hint) => {
    using app = new AppFolder({ "index.js": `import what from "${name}"; export default what;`, "a.css": "" });
    expect((await app.loadError()).hint).toBe(hint);
  });

  test.each(["./x.wasm", "./x.wasm?module"])("an import of WebAssembly (%s) says that there is none, and the way out", async (name) => {
    using app = new AppFolder({ "index.js": `import wasm from "${name}"; export default wasm;`, "x.wasm": "" });
    expect((await app.loadError()).message).toMatch(/^index\.js:1:18: cannot import "\.\/x\.wasm(\?module)?": an app has no WebAssembly\n[^]*\n {2}hint: look for a build of the package in JavaScript/);
  });

  test("a failed load names what it read, so that a change can be waited for", async () => {
    using app = new AppFolder({ "index.ts": 'import "./a.ts"; import "./gone.ts";', "a.ts": "export {};" });
    expect((await app.loadError()).files).toEqual([`${app.path}/index.ts`, `${app.path}/a.ts`]);
  });

  test("a message is text even when the app's names are not", async () => {
    using app = new AppFolder({ "index.js": 'import "./\\u001b[31mred\\n.js";' });
    const { message } = await app.loadError();
    expect(message).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });

  test("an error made by hand needs only file and message", () => {
    expect(new LoadError({ file: "a.js", message: "its top level threw" }).message).toBe("a.js: its top level threw");
  });
});
