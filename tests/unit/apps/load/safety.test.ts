import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AppFiles, UnsafeFile } from "../../../../src/apps/load/app-files.ts";
import { loadBundle } from "../../../../src/apps/load/bundle.ts";
import { LoadError } from "../../../../src/apps/load/load-error.ts";
import { AppFolder, exportsOf, LIMITS } from "./app-folder.ts";

const CANARY = "CANARY-good1-0123456789abcdef";

describe("an app cannot import what is not its own", () => {
  test.each([
    ["../good1/index.js", "leads out of the app's folder"],
    ["./sub/../../good1/index.js", "leads out of the app's folder"],
    ["..", "leads out of the app's folder"],
    ["/etc/passwd", "absolute path"],
    ["//etc/passwd", "files in its folder and npm packages"],
    ["C:/secret.js", "absolute path"],
    ["\\\\\\\\host\\\\share", "absolute path"],
    ["file:///etc/passwd", "files in its folder and npm packages"],
    ["https://evil.example/x.js", "files in its folder and npm packages"],
    ["data:text/javascript,export default 1", "files in its folder and npm packages"],
    ["bun:sqlite", "files in its folder and npm packages"],
    ["./link.js", "symbolic link that leads out"],
    ["./linked-folder/index.js", "symbolic link that leads out"],
    ["linked-package", "symbolic link that leads out"],
    ["escaping-main", "not installed|no such file"],
    ["escaping-exports", "does not export"],
    ["good-package/../../../good1/index.js", "not the name of a package"],
    ["node:fs", "node:fs is not available in an app"],
    ["fs", "node:fs is not available in an app"],
    ["fs/promises", "node:fs/promises is not available in an app"],
    ["bun", "is not installed"],
  ])("import %p is refused, with its place", async (specifier, why) => {
    using app = new AppFolder({
      "index.js": `\nimport * as it from "${specifier}";\nexport default it;`,
      "../good1/index.js": `export default "${CANARY}";`,
      "../index.js": `export default "${CANARY}";`,
      "node_modules/good-package/index.js": "",
      "node_modules/escaping-main/package.json": '{"main":"../../../good1/index.js"}',
      "node_modules/escaping-exports/package.json": '{"exports":"./../../../good1/index.js"}',
    });
    const good = join(app.parent, "good1");
    symlinkSync(join(good, "index.js"), join(app.path, "link.js"));
    symlinkSync(good, join(app.path, "linked-folder"));
    symlinkSync(good, join(app.path, "node_modules/linked-package"));
    const error = await app.loadError();
    expect(error).toMatchObject({ file: "index.js", line: 2, column: 21, problems: { length: 1 } });
    expect(error.message).toContain(JSON.stringify(eval(`"${specifier}"`)));
    expect(error.message).toMatch(new RegExp(why));
    expect(error.message).not.toContain("CANARY");
    expect(error.message).not.toContain(app.parent);
  });

  test("a link to a folder as node_modules of the app widens nothing", async () => {
    using app = new AppFolder({ "index.js": "export { default } from 'good1';", "../elsewhere/good1/index.js": `export default "${CANARY}";` });
    symlinkSync(join(app.parent, "elsewhere"), join(app.path, "node_modules"));
    expect((await app.loadError()).message).toContain("symbolic link");
  });

  test("path aliases of tsconfig.json and its extends lead nowhere else", async () => {
    using app = new AppFolder({
      "tsconfig.json": '{"extends":"../good1/tsconfig.json","compilerOptions":{"paths":{"good/*":["../good1/*"]}}}',
      "index.ts": "export { default } from 'good/index.js';",
      "../good1/index.js": `export default "${CANARY}";`,
      "../good1/tsconfig.json": '{"compilerOptions":{"jsx":"react"}}',
    });
    expect((await app.loadError()).message).toContain("leads out of the app's folder");
  });

  test("an entry file that is a link out of its folder is refused", async () => {
    using app = new AppFolder({ "../good1/index.js": `export default "${CANARY}";` });
    symlinkSync(join(app.parent, "good1/index.js"), join(app.path, "index.js"));
    expect((await app.loadError()).message).toContain("symbolic link");
    expect((await app.loadError("index.js")).message).toContain("symbolic link");
  });

  test("import() of such a module rejects with a TypeError when it runs, and loads nothing", async () => {
    using app = new AppFolder({
      "index.js": `export const all = Promise.all([import("../good1/index.js"), import("file:///etc/passwd"), import("https://evil.example/"), import("node:fs")].map((p) => p.then(() => "loaded", (e) => e.name)));`,
      "../good1/index.js": `export default "${CANARY}";`,
    });
    const bundle = await app.load();
    expect(bundle.warnings).toHaveLength(4);
    expect(exportsOf(bundle)).toEqual({ all: ["TypeError", "TypeError", "TypeError", "TypeError"] });
  });

  test("a FIFO or a device does not hang the load", async () => {
    using app = new AppFolder({ "index.js": "import './pipe.js';" });
    execFileSync("mkfifo", [join(app.path, "pipe.js")]);
    expect((await app.loadError()).message).toContain("not a plain file");
  });
});

describe("no code of the app runs on the host", () => {
  const attempts = {
    attribute: (path: string) => `import { evil } from ${path} with { type: "macro" }; export default evil();`,
    "old attribute": (path: string) => `import { evil } from ${path} assert { type: "macro" }; export default evil();`,
    "escaped attribute": (path: string) => `import { evil } from ${path} with { "t\\u0079pe": "\\x6dacro" }; export default evil();`,
    namespace: (path: string) => `import * as macro from ${path} with { type: "macro" }; export default macro.evil();`,
    prefix: (path: string) => `import { evil } from ${path.replace('"', '"macro:')}; export default evil();`,
  };
  test.each(Object.entries(attempts))("macros by %s are load errors", async (_, attempt) => {
    using app = new AppFolder({});
    const trace = join(app.parent, "pwned");
    const macro = app.write("macro.ts", `import { writeFileSync } from "node:fs"; export function evil() { writeFileSync(${JSON.stringify(trace)}, ""); return 1; }`);
    app.write("index.ts", attempt(JSON.stringify(macro)));
    expect((await app.loadError()).message).toContain("macros cannot be used");
    app.write("node_modules/p/index.js", attempt(JSON.stringify(macro)));
    app.write("index.ts", "export { default } from 'p';");
    await app.loadError();
    expect(existsSync(trace)).toBe(false);
  });
});

describe("nothing of the host is in what the app gets", () => {
  test("environment, host paths and the host's NODE_ENV stay out of code, source map and URLs", async () => {
    using app = new AppFolder({
      "src/index.ts": `import lib from "lib"; import shared from "shared";
        export const seen = [import.meta.url, __filename, __dirname, process.env.NODE_ENV, lib, shared];
        export const unseen = () => [process.env.NANO_LOAD_CANARY, process.env.HOME, import.meta.dir, import.meta.path, import.meta.env];`,
      "package.json": '{"main":"src/index.ts"}',
      "node_modules/lib/index.js": "module.exports = [__filename, __dirname, () => require.resolve('lib')].length;",
      "../node_modules/shared/index.js": "export default 'shared';",
    });
    process.env.NANO_LOAD_CANARY = CANARY;
    const bundle = await app.load();
    delete process.env.NANO_LOAD_CANARY;
    const everything = JSON.stringify([bundle.code, bundle.sourceMap?.sourceText("src/index.ts"), bundle.entry]);
    expect(everything).not.toContain(app.parent);
    expect(everything).not.toContain(CANARY);
    expect(everything).not.toContain(process.cwd());
    expect(exportsOf(bundle).seen).toEqual(["file:///app/src/index.ts", "/app/src/index.ts", "/app/src", "production", 3, "shared"]);
  });
});

describe("files that change under the loader", () => {
  test("a file exchanged for a link to a secret between check and read is never read", () => {
    using app = new AppFolder({ "index.js": "export default 1;", "a.js": "export const a = 'own';", "../secret/a.js": CANARY, "sub/a.js": "own" });
    const files = new AppFiles(app.path);
    const file = files.look(join(app.path, "a.js"))?.realPath as string;
    rmSync(file);
    symlinkSync(join(app.parent, "secret/a.js"), file);
    expect(() => files.readText(file, 1_000)).toThrow(UnsafeFile);
    const below = files.look(join(app.path, "sub/a.js"))?.realPath as string;
    renameSync(join(app.path, "sub"), join(app.path, "moved"));
    symlinkSync(join(app.parent, "secret"), join(app.path, "sub"));
    expect(() => files.readText(below, 1_000)).toThrow("it was replaced while it was loaded");
  });

  test("swapping a module for a link to a secret during many loads never brings it in", async () => {
    using app = new AppFolder({ "index.ts": "export { a } from './sub/a.ts';", "../secret/a.ts": `export const a = "${CANARY}";` });
    const outcomes = { own: 0, refused: 0 };
    const own = () => {
      rmSync(join(app.path, "sub"), { recursive: true, force: true });
      mkdirSync(join(app.path, "sub"));
      writeFileSync(join(app.path, "sub/a.ts"), "export const a = 'own';");
    };
    const swap = () => {
      rmSync(join(app.path, "sub"), { recursive: true, force: true });
      symlinkSync(join(app.parent, "secret"), join(app.path, "sub"));
    };
    for (let round = 0; round < 100; round++) {
      (round % 2 === 0 ? own : swap)();
      const load = app.load();
      (round % 2 === 0 ? swap : own)();
      try {
        const bundle = await load;
        expect(bundle.code).not.toContain(CANARY);
        outcomes.own++;
      } catch (error) {
        expect(error).toBeInstanceOf(LoadError);
        expect((error as Error).message).not.toContain(CANARY);
        outcomes.refused++;
      }
    }
    expect(outcomes.own).toBeGreaterThan(0);
    expect(outcomes.refused).toBeGreaterThan(0);
  });
});

describe("limits", () => {
  test("an app with too many modules, too large a file, too large a bundle or too many imports is refused", async () => {
    using app = new AppFolder({ "index.js": "import './a.js'; import './b.js'; import './c.js';", "a.js": "", "b.js": "", "c.js": "" });
    expect((await app.loadError("", { ...LIMITS, maxModules: 3 })).message).toContain("more than 3 modules");
    app.write("a.js", `export const a = "${"x".repeat(2_000)}";`);
    expect((await app.loadError("", { ...LIMITS, maxBundleBytes: 1_000 })).message).toContain("larger than 1000 bytes");
    app.write("index.js", "export const a = '".concat("x".repeat(600), "'; export { b } from './b.js'"));
    app.write("b.js", "export const b = '".concat("x".repeat(600), "'"));
    expect((await app.loadError("", { ...LIMITS, maxBundleBytes: 1_000 })).message).toMatch(/the bundle has \d+ bytes, which is more than the 1000 allowed/);
    app.write("index.js", Array.from({ length: 100 }, (_, index) => `import "./x/${"../x/".repeat(index)}../c.js";`).join("\n"));
    expect((await app.loadError("", { ...LIMITS, maxModules: 2 })).message).toContain("too many imports");
  });

  test("a thousand broken imports are reported as a bounded list", async () => {
    using app = new AppFolder({ "index.js": Array.from({ length: 1_000 }, (_, index) => `import "./missing-${index}.js";`).join("\n") });
    const error = await app.loadError();
    expect(error.problems.length).toBeLessThanOrEqual(50);
    expect(error.message).toContain("more problems");
  });

  test("sources made to exhaust the parser are load errors", async () => {
    using app = new AppFolder({ "index.ts": `export default ${"(".repeat(500_000)}1`, "tsconfig.json": `{"compilerOptions":${"[".repeat(200_000)}`, "package.json": "[".repeat(200_000) });
    await app.loadError();
    await loadBundle(app.write("ok.ts", "export const ok: number = 1;"), LIMITS);
  });
});
