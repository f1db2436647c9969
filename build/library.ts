/** `bun build/library.ts`: nano as a library for Node and Bun, one module with engine and snapshot beside it, in `dist/library`. */
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeEmbed } from "./build.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const OUT = join(ROOT, "dist", "library");

/** For Node the bundler takes a package's `main`, which for this one is a wrapper that no bundler can follow. */
function preferModules(build: Bun.PluginBuilder): void {
  build.onResolve({ filter: /^jsonc-parser$/ }, () => ({ path: fileURLToPath(import.meta.resolve("jsonc-parser/lib/esm/main.js")) }));
}

export async function buildLibrary(): Promise<void> {
  await writeEmbed();
  await mkdir(OUT, { recursive: true });
  const built = await Bun.build({ entrypoints: [join(ROOT, "src/library/nano.ts")], outdir: OUT, target: "node", format: "esm", naming: "index.js", plugins: [{ name: "modules-of-packages", setup: preferModules }] });
  if (!built.success) throw new AggregateError(built.logs, "the library does not build");
  for (const name of ["engine.wasm", "base.snapshot", "lazy-rooms.zst", "node-modules.json", "manifest.json"]) await copyFile(join(ROOT, "dist", "embed", name), join(OUT, name));
  await Bun.write(join(OUT, "package.json"), JSON.stringify({ name: "nano", type: "module", exports: "./index.js" }));
}

if (import.meta.main) {
  await buildLibrary();
  console.log("built dist/library");
}
