/**
 * App images on disk, for the other workers of a nano and for its next start. Only of apps whose top level did nothing but compute: a time, a random number or a console line from
 * days ago would be wrong. And not of apps with secrets, which would lie there in the image.
 */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
// As a namespace: see `isolate/memory/snapshot-file.ts`.
import * as zlib from "node:zlib";
import type { EnginePointers } from "../isolate/engine/engine.ts";
import type { IsolateHost } from "../isolate/isolate-host.ts";
import type { MemoryImage } from "../isolate/memory/image.ts";
import { Patch } from "../isolate/memory/patch.ts";
import type { Snapshot } from "../isolate/memory/snapshot.ts";
import type { AppImage, ImageOptions } from "./app-image.ts";
import type { DiskCache } from "./cache/disk-cache.ts";

interface Header {
  readonly memoryBytes: number;
  readonly pointers: EnginePointers;
  readonly clockMs: number;
  readonly startupCpuMs: number;
  readonly runs: number;
}

/** Ops whose answer follows from their arguments, and that nobody notices. */
const PURE = /^(?:app_loaded|event_failed|context_follow|stack_map|room_\w+|url_\w+|bytes?_\w+|base64_\w+|utf8_\w+|text_\w+|hash_\w+|codec_\w+|intl_\w+|crypto_(?!random|rsa_generate|curve_generate)\w+)$/;
const WORD = 4;
const LENGTH_BYTES = 4;
/** Fast: an image is waited for. */
const FAST = { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } };
/** What a larger one takes of the thread that serves, to be copied, read and verified, is too long. How large it is, the app decides. */
const MOST_BYTES = 16 << 20;

export class ImageCache {
  readonly #cache: DiskCache;
  readonly #build: string;
  readonly #hashes = new WeakMap<MemoryImage, string>();

  /** `build`: what tells this executable from others. */
  constructor(cache: DiskCache, build: string) {
    this.#cache = cache;
    this.#build = build;
  }

  /** All that an image depends on, besides what its top level might ask of the world. */
  nameOf({ base, limits, bundle, env, bindings, hasPlaces }: Pick<ImageOptions, "base" | "limits" | "bundle" | "env" | "bindings" | "hasPlaces">): string {
    const parts = [this.#build, this.#hashOf(base.image), bundle.hash, bundle.doorName, env, bindings, hasPlaces, limits, createHash("sha256").update(bundle.code).digest("hex")];
    return createHash("sha256").update(JSON.stringify(["image", ...parts])).digest("hex");
  }

  async get(name: string, { image }: Snapshot): Promise<AppImage | null> {
    const file = this.#cache.get(name);
    if (file === null) return null;
    const data = await promisify(zlib.zstdDecompress)(file);
    const end = LENGTH_BYTES + data.readUInt32LE(0);
    const { memoryBytes, pointers, clockMs, startupCpuMs, runs } = JSON.parse(data.toString("utf8", LENGTH_BYTES, end)) as Header;
    const words = new Int32Array((data.byteLength - end) / WORD);
    new Uint8Array(words.buffer).set(data.subarray(end));
    return { snapshot: { image, patch: words.length === 0 ? null : new Patch(runs, words), memoryBytes, pointers }, clockMs, startupCpuMs };
  }

  /** Large ones are not kept. */
  async put(name: string, { snapshot: { patch, memoryBytes, pointers }, clockMs, startupCpuMs }: AppImage): Promise<void> {
    if (patch !== null && patch.bytes > MOST_BYTES) return;
    const header: Header = { memoryBytes, pointers, clockMs, startupCpuMs, runs: patch?.runs ?? 0 };
    const json = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32LE(json.byteLength);
    const words = patch?.words ?? new Int32Array(0);
    const whole = Buffer.concat([length, json, new Uint8Array(words.buffer, words.byteOffset, words.byteLength)]);
    await this.#cache.put(name, await promisify((data: Uint8Array, done: (error: Error | null, packed: Uint8Array) => void) => zlib.zstdCompress(data, FAST, done))(whole));
  }

  /** Nobody will ask for it again. */
  drop(name: string): void {
    this.#cache.drop(name);
  }

  #hashOf(image: MemoryImage): string {
    let hash = this.#hashes.get(image);
    if (hash === undefined) {
      const hashing = createHash("sha256");
      for (const { at, data } of image.segments) hashing.update(`${at} ${data.byteLength} `).update(data);
      hash = hashing.digest("hex");
      this.#hashes.set(image, hash);
    }
    return hash;
  }
}

/** A host for one load, and whether it has been asked for anything that would be another thing another time. */
export function watchedHost(host: IsolateHost): { readonly host: IsolateHost; readonly isPure: () => boolean } {
  let isPure = true;
  const spoil = (): void => {
    isPure = false;
  };
  const now = (): number => {
    spoil();
    return host.now();
  };
  return { host: { ...host, now, ops: host.ops.watched((name) => !PURE.test(name), spoil) }, isPure: () => isPure };
}
