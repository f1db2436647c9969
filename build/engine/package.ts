/** Reads the engine's npm package and insists on the one version that this build step was written against. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

export const ENGINE_PACKAGE = "@jitl/quickjs-wasmfile-release-sync";
export const ENGINE_VERSION = "0.32.0";

export interface EnginePackage {
  readonly version: string;
  readonly wasm: Uint8Array;
  /** The emscripten glue that ships beside the wasm; the only place that tells what the minified names mean. */
  readonly glue: string;
}

export async function readEnginePackage(): Promise<EnginePackage> {
  const require = createRequire(import.meta.url);
  const manifest = JSON.parse(await readFile(require.resolve(`${ENGINE_PACKAGE}/package.json`), "utf8")) as { version: string };
  if (manifest.version !== ENGINE_VERSION)
    throw new Error(`${ENGINE_PACKAGE} is ${manifest.version}, the engine build knows ${ENGINE_VERSION}: check every role and probe, then change the number here`);
  const wasmPath = require.resolve(`${ENGINE_PACKAGE}/wasm`);
  const [wasm, glue] = await Promise.all([readFile(wasmPath), readFile(join(dirname(wasmPath), "emscripten-module.mjs"), "utf8")]);
  return { version: manifest.version, wasm: new Uint8Array(wasm), glue };
}
