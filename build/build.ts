/** `bun build/build.ts [--target bun-linux-x64] [--out dist/nano]`: builds the executable. All targets: `--all`. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildArtifacts } from "./artifacts.ts";
import { ensureTarget, TARGETS } from "./targets.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DIST = join(ROOT, "dist");
const EMBED = join(DIST, "embed");

/** What runs first is small: a process that is about to be replaced need not load the rest. */
const ENTRY = `import { takeEngineOptions } from "../../src/cli/early.ts";
await takeEngineOptions(process.argv.slice(2));
await import("./whole.ts");
`;

/** The same `main` as everywhere, with the artifacts embedded beside it. */
const WHOLE = `import wasm from "./engine.wasm" with { type: "file" };
import base from "./base.snapshot" with { type: "file" };
import lazyRooms from "./lazy-rooms.zst" with { type: "file" };
import nodeModules from "./node-modules.json" with { type: "file" };
import writtenFiles from "./written-files.json" with { type: "file" };
import manifest from "./manifest.json";
import { main } from "../../src/main.ts";
const read = async (path) => new Uint8Array(await Bun.file(path).arrayBuffer());
await main(process.argv.slice(2), async () => ({ manifest, wasm: await read(wasm), base: await read(base), lazyRooms: await read(lazyRooms), nodeModules: await read(nodeModules), writtenFiles: () => Bun.file(writtenFiles).json() }));
`;

async function commitOf(root: string): Promise<string> {
  const git = Bun.spawnSync(["git", "rev-parse", "--short=12", "HEAD"], { cwd: root, stderr: "ignore" });
  return git.exitCode === 0 ? git.stdout.toString().trim() : "unknown";
}

/** Writes engine, snapshot, manifest and entry to `dist/embed`. */
export async function writeEmbed(): Promise<void> {
  const { manifest, wasm, base, lazyRooms, nodeModules, writtenFiles } = await buildArtifacts(await commitOf(ROOT));
  await mkdir(EMBED, { recursive: true });
  await Bun.write(join(EMBED, "engine.wasm"), wasm);
  await Bun.write(join(EMBED, "base.snapshot"), base);
  await Bun.write(join(EMBED, "lazy-rooms.zst"), lazyRooms);
  await Bun.write(join(EMBED, "node-modules.json"), nodeModules);
  await Bun.write(join(EMBED, "written-files.json"), JSON.stringify(await writtenFiles()));
  await Bun.write(join(EMBED, "manifest.json"), JSON.stringify(manifest));
  await Bun.write(join(EMBED, "main.ts"), ENTRY);
  await Bun.write(join(EMBED, "whole.ts"), WHOLE);
}

/** Compiles the executable. Bun embeds itself; for another target its Bun comes from the npm package of that target. */
async function compile(target: string | null, out: string): Promise<void> {
  const flags = ["--compile", "--minify", "--sourcemap", "--bytecode", "--format=esm", "--splitting", "--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"];
  const cross = target === null ? [] : [`--target=${target}`, `--compile-executable-path=${await ensureTarget(target, DIST)}`];
  const built = Bun.spawn([process.execPath, "build", ...flags, ...cross, join(EMBED, "main.ts"), "--outfile", out], { cwd: ROOT, stdout: "pipe", stderr: "pipe" });
  const [status, text] = await Promise.all([built.exited, new Response(built.stderr).text()]);
  if (status !== 0) throw new Error(`bun build failed for ${target ?? "this machine"}:\n${text}`);
  await rm(`${out}.map`, { force: true });
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { target: { type: "string" }, out: { type: "string" }, all: { type: "boolean", default: false } } });
  const started = performance.now();
  await writeEmbed();
  const jobs = values.all
    ? TARGETS.map((target) => ({ target: target as string | null, out: join(DIST, `nano-${target.replace("bun-", "")}${target.includes("windows") ? ".exe" : ""}`) }))
    : [{ target: values.target ?? null, out: values.out ?? join(DIST, "nano") }];
  for (const { target, out } of jobs) {
    await compile(target, out);
    const { size } = Bun.file(out);
    console.log(`built ${out.replace(ROOT, "")} (${Math.round(size / 1e6)} MB)`);
  }
  console.log(`in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
