/** What the build makes and the executable embeds: the metered engine and the base snapshot, loaded into the form that the runtime uses. */
// As a namespace: see `isolate/memory/snapshot-file.ts`.
import * as zlib from "node:zlib";
import type { Base } from "./isolate/engine/bootstrap.ts";
import type { Engine } from "./isolate/engine/engine.ts";
import type { EngineLayout } from "./isolate/engine/layout.ts";
import { readBase } from "./isolate/memory/snapshot-file.ts";

export interface Manifest {
  readonly version: string;
  readonly commit: string;
  readonly engineHash: string;
  readonly layout: EngineLayout;
  /** What the snapshot was made for, see `snapshotKey`. */
  readonly key: string;
}

export interface Artifacts {
  readonly manifest: Manifest;
  /** The metered engine. */
  readonly wasm: Uint8Array;
  /** The base snapshot, see `isolate/memory/snapshot-file`. */
  readonly base: Uint8Array;
  /** The code of each lazy room, see `web/lazy-rooms`: zstd-compressed JSON. */
  readonly lazyRooms: Uint8Array;
  /** The node: modules, see `apps/load/node-modules`. */
  readonly nodeModules: Uint8Array;
}

/** All that the executable has in it. */
export interface Embedded extends Artifacts {
  /** What commands write for people: text by path, as in `templates/` and `types/`. Read when it is asked for. */
  readonly writtenFiles: () => Promise<Readonly<Record<string, string>>>;
}

export interface LoadedArtifacts {
  readonly manifest: Manifest;
  readonly engine: Engine;
  readonly base: Base;
  readonly lazyRooms: readonly string[];
  readonly nodeModules: Uint8Array;
}

/** Compiles the engine, on other threads, and unpacks the snapshot meanwhile; some 10 ms. */
export async function loadArtifacts({ manifest, wasm, base, lazyRooms, nodeModules }: Artifacts): Promise<LoadedArtifacts> {
  const compiling = WebAssembly.compile(wasm as Uint8Array<ArrayBuffer>);
  const unpacked = { manifest, base: readBase(base, manifest.key), lazyRooms: readRooms(lazyRooms), nodeModules };
  return { ...unpacked, engine: { module: await compiling, layout: manifest.layout, hash: manifest.engineHash } };
}

function readRooms(file: Uint8Array): readonly string[] {
  return JSON.parse(zlib.zstdDecompressSync(file).toString()) as string[];
}
