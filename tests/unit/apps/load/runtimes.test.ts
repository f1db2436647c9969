import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AppFolder } from "./app-folder.ts";

const BUNDLE = fileURLToPath(new URL("../../../../src/apps/load/bundle.ts", import.meta.url));
const NODE = fileURLToPath(new URL("../../../../node_modules/.bin/node", import.meta.url));
const PROBE = `import { loadBundle } from ${JSON.stringify(BUNDLE)};
for (const path of process.argv.slice(2)) {
  await loadBundle(path, { maxBundleBytes: 1e7, maxModules: 100 }).then((bundle) => console.log(JSON.stringify({ code: bundle.code, kind: bundle.kind })), (error) => console.log(JSON.stringify({ error: error.name, message: error.message })));
}`;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nano-load-runtimes-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(command: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Record<string, unknown>[] {
  const { stdout, stderr, exitCode } = Bun.spawnSync([...command], { cwd, env: { PATH: process.env.PATH ?? "", HOME: folder, ...env } });
  if (exitCode !== 0) throw new Error(stderr.toString());
  return stdout.toString().trim().split("\n").map((line) => JSON.parse(line));
}

describe("in the compiled executable", () => {
  const executable = () => join(folder, "probe");
  beforeAll(() => {
    writeFileSync(join(folder, "probe.ts"), PROBE);
    const flags = ["--compile", "--minify", "--bytecode", "--format=esm", "--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"];
    const { exitCode, stderr } = Bun.spawnSync([process.execPath, "build", ...flags, join(folder, "probe.ts"), "--outfile", executable()], { cwd: folder });
    if (exitCode !== 0) throw new Error(stderr.toString());
  }, 60_000);

  test("apps load the same from anywhere, and files of the working directory or the app's folder change nothing", () => {
    const hostile: Readonly<Record<string, string>> = {
      "bunfig.toml": 'preload = ["./preload.ts"]\n[define]\n"process.env.SECRET" = "\'DEFINED\'"\n[macros]\nlib = { value = "./macro.ts" }\n',
      "preload.ts": 'require("node:fs").writeFileSync("pwned", ""); Bun.plugin({ name: "x", setup(b) { b.onLoad({ filter: /.*/ }, () => ({ contents: "HOSTILE" })); } });',
      "macro.ts": 'require("node:fs").writeFileSync("pwned", ""); export const value = () => "HOSTILE";',
      ".env": "SECRET=CANARY-dotenv\nNODE_ENV=HOSTILE\n",
      "tsconfig.json": '{"compilerOptions":{"jsx":"react","jsxFactory":"HOSTILE","paths":{"*":["./macro.ts"]}}}',
    };
    using app = new AppFolder({
      "app/index.tsx": "/** @jsxImportSource lib */ import { value } from 'lib'; export default [value(), <p/>, process.env.SECRET, process.env.NODE_ENV];",
      "app/node_modules/lib/index.js": "export const value = () => 'own';",
      "app/node_modules/lib/jsx-runtime.js": "export const jsx = () => 'own jsx';",
    });
    const env = { SECRET: "CANARY-environment", NODE_ENV: "HOSTILE" };
    const path = join(app.path, "app");
    const [expected] = run([executable(), path], "/");
    expect(expected?.code).toContain("own jsx");
    for (const [name, text] of Object.entries(hostile)) app.write(`cwd/${name}`, text);
    app.write("cwd/package.json", '{"bun":{"macros":{"lib":{"value":"./macro.ts"}}},"browser":{"lib":"./macro.ts"}}');
    app.write("broken/package.json", '{ "broken"');
    app.write("broken/tsconfig.json", '{ "extends": "/etc/passwd", broken');
    for (const cwd of ["cwd", "broken"]) expect(run([executable(), path], join(app.path, cwd), env)).toEqual([expected as Record<string, unknown>]);
    for (const name of ["bunfig.toml", "preload.ts", "macro.ts", ".env"]) app.write(`app/${name}`, hostile[name] as string);
    app.write("app/package.json", '{"bun":{"macros":{"lib":{"value":"./macro.ts"}}}}');
    expect(run([executable(), path], path, env)).toEqual([expected as Record<string, unknown>]);
    for (const place of ["cwd", "broken", "app"]) expect(Bun.file(join(app.path, place, "pwned")).size).toBe(0);
    expect(JSON.stringify(expected)).not.toMatch(/CANARY|HOSTILE|DEFINED/);
  });
});

describe("under Node, where there is no bundler", () => {
  test("one bundled file loads; anything else says how to bundle it", () => {
    mkdirSync(join(folder, "apps"), { recursive: true });
    writeFileSync(join(folder, "probe-node.ts"), PROBE);
    const apps = {
      "one.mjs": "const meta = import.meta.url; export default { fetch() { return import('./later.js'); } };",
      "listens.js": 'addEventListener("fetch", () => {});',
      "imports.js": 'import x from "./x.js"; export default x;',
      "types.ts": "export default 1 as number;",
    };
    for (const [name, text] of Object.entries(apps)) writeFileSync(join(folder, "apps", name), text);
    const [one, listens, imports, types] = run([NODE, join(folder, "probe-node.ts"), ...Object.keys(apps).map((name) => join(folder, "apps", name))], folder);
    expect(one).toEqual({ code: apps["one.mjs"], kind: "module" });
    expect(listens).toMatchObject({ kind: "service-worker" });
    for (const result of [imports, types]) expect(result).toMatchObject({ error: "BundlerMissing", message: expect.stringContaining("bundle it first") });
  });
});
