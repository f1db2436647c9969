/** The base snapshot as one file: made by the build, embedded in the executable. Only ever read from there, never from outside. */
import { Buffer } from "node:buffer";
// As a namespace: where zstd is missing the module still loads, and says so in its own words.
import * as zlib from "node:zlib";
import type { EnginePointers } from "../engine/engine.ts";
import type { Base } from "../engine/bootstrap.ts";
import { createImage } from "./image.ts";

interface Header {
  /** Hash of engine, layout and ops: a snapshot fits nothing else. */
  readonly key: string;
  readonly memoryBytes: number;
  readonly pointers: EnginePointers;
  readonly events: readonly string[];
  /** Offset in linear memory and length of each segment, in the order of the data. */
  readonly segments: readonly (readonly [at: number, length: number])[];
}

/** Layout: header length (u32 LE), header JSON, the segments' bytes; all of it zstd-compressed. */
export function writeBase(base: Base, key: string): Uint8Array {
  const { snapshot, events } = base;
  const { segments } = snapshot.image;
  const header: Header = {
    key,
    memoryBytes: snapshot.memoryBytes,
    pointers: snapshot.pointers,
    events: [...events.keys()],
    segments: segments.map(({ at, data }) => [at, data.byteLength] as const),
  };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.byteLength);
  return zlib.zstdCompressSync(Buffer.concat([length, json, ...segments.map(({ data }) => data)]));
}

/** Throws when the file was made for another engine or other ops. */
export function readBase(file: Uint8Array, key: string): Base {
  const data = zlib.zstdDecompressSync(file);
  const end = 4 + data.readUInt32LE(0);
  const { key: found, memoryBytes, pointers, events, segments } = JSON.parse(data.toString("utf8", 4, end)) as Header;
  if (found !== key) throw new Error(`the embedded snapshot was made for ${found}, not for ${key}: build again`);
  let offset = end;
  const image = createImage(
    memoryBytes,
    segments.map(([at, length]) => {
      // Own buffers: `data` may sit at an offset that is not aligned, and it is freed sooner.
      const segment = { at, data: new Uint8Array(data.subarray(offset, offset + length)) };
      offset += length;
      return segment;
    }),
  );
  return { snapshot: { image, patch: null, memoryBytes, pointers }, events: new Map(events.map((name, i) => [name, i + 1])) };
}
