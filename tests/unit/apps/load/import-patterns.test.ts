/** import() of names that are made at run time. */
import { describe, expect, test } from "bun:test";
import { withImportPatterns } from "../../../../src/apps/load/import-patterns.ts";
import { withJsxRuntime } from "../../../../src/apps/load/jsx-pragma.ts";
import { entryModule, nodeGlobalsIn } from "../../../../src/apps/load/node-globals.ts";
import { AppFolder, exportsOf } from "./app-folder.ts";

const LANGUAGES = { "languages/de.ts": "export const hello: string = 'Hallo';", "languages/en.js": "export const hello = 'Hello';", "languages/more/at.ts": "export const hello: string = 'Servus';", "languages/note.txt": "text", "languages/x.wasm": "", "languages/.hidden.js": "", "other.js": "export const hello = 'other';" };

describe("a name that begins with a folder", () => {
  test.each([
    ["a template", "import(`./languages/${name}.ts`)", "de", "Hallo"],
    ["a template in two parts", "import(`./${'languages'}/${name}.js`)", "en", "Hello"],
    ["texts that are added up", "import('./languages/' + name + '.ts')", "de", "Hallo"],
    ["with the whole name", "import('./languages/' + name)", "more/at.ts", "Servus"],
    ["in another folder below", "import(`./languages/${name}.ts`)", "more/at", "Servus"],
  ])("%s", async (_, call, name, hello) => {
    using app = new AppFolder({ "index.js": `const name = ${JSON.stringify(name)}; export const result = ${call}.then((found) => found.hello);`, ...LANGUAGES });
    expect(exportsOf(await app.load())).toEqual({ result: hello });
  });

  test("that no file has is rejected, and says what there is", async () => {
    using app = new AppFolder({ "index.js": "const name = 'fr'; export const result = import(`./languages/${name}.ts`).catch(({ name, message }) => `${name}: ${message}`);", ...LANGUAGES });
    expect(exportsOf(await app.load())).toEqual({ result: 'TypeError: cannot import "./languages/fr.ts": there is no such file beside ./languages/de.ts' });
  });

  test("runs no module before it is asked for, and gets text as what it is", async () => {
    using app = new AppFolder({ "index.js": "const name = 'b'; export const result = import(`./parts/${name}.txt`).then((found) => [found.default, typeof globalThis.ran]);", "parts/a.txt": "A", "parts/b.txt": "B", "parts/c.js": "globalThis.ran = true;" });
    expect(exportsOf(await app.load())).toEqual({ result: ["B", "undefined"] });
  });

  test("never leads out of the app, into packages, or to the module itself", async () => {
    using app = new AppFolder({ "index.js": "const name = 'secret'; export const results = Promise.all([import(`../${name}.js`), import(`./${name}/index.js`)].map((one) => one.catch(() => 'refused')));", "node_modules/secret/index.js": "export default 1;", "lib/a.js": "" });
    app.write("../secret.js", "export default 1;");
    const { code } = await app.load();
    expect(code).not.toContain("default = 1");
  });

  test("moves no place of the source", () => {
    const source = "const a = await import(`./x/${b}.js`);\nthrow new Error('here');";
    const changed = withImportPatterns(source, "/app/index.js", () => ["/app/x/1.js"]);
    expect(changed.indexOf("throw")).toBe(source.indexOf("throw"));
    expect(changed.split("\n").slice(0, 2).map((line) => line.length)).toEqual(source.split("\n").map((line) => line.length));
  });

  test.each(["import(name)", "import('./a.js')", "import(`./a.js`)", "import(`${name}.js`)", "import('pkg/' + name)", "import(`./${name}.js`, { with: {} })", "x.import(`./${name}.js`)", "import(`./a\\`${name}.js`)"])("%s is left as it is", (call) => {
    expect(withImportPatterns(call, "/app/index.js", () => ["/app/a.js"])).toBe(call);
  });
});

test("a file that comes to such a folder is one of those that the load depends on", async () => {
  using app = new AppFolder({ "index.js": "export const load = (name) => import(`./parts/${name}.js`);", "parts/a.js": "export default 'a';" });
  expect((await app.load()).missing).toContain(`${app.path}/parts`);
});

test("source that is made to be looked at for long is looked at for a moment", () => {
  // Code that went over it again and again would take minutes.
  for (const text of ["import(", "import(`./${", "/* @jsx ", "{default ", "export {default "]) {
    const source = text.repeat(1_000_000 / text.length);
    expect(withImportPatterns(source, "/app/index.js", () => [])).toBe(source);
    expect(withJsxRuntime(source).length).toBeLessThanOrEqual(source.length + 30);
    expect(nodeGlobalsIn(source)).toEqual([]);
    expect(entryModule("globals", "entry", source)).toStartWith('import "globals";');
  }
});
