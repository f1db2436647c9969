/**
 * Reads guest values straight from linear memory: no call into the engine, no allocation there. The guest wrote what is read here, so
 * every pointer and length is checked against the memory before it is used, with unsigned arithmetic.
 */
import { Buffer } from "node:buffer";
import type { EngineLayout } from "./layout.ts";

/** Tags of boxed values (`JS_TAG_*`). Words above `shortBigInt` are doubles. */
export const TAG = { string: -7, rope: -6, object: -1, int: 0, bool: 1, null: 2, undefined: 3, exception: 6, shortBigInt: 7 } as const;

export interface LinearMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly layout: EngineLayout;
}

export function tagOf(memory: LinearMemory, at: number): number {
  return memory.view.getInt32(at + 4, true);
}

/** The number at `at`, or undefined when it is none. */
export function readNumber({ view, layout }: LinearMemory, at: number): number | undefined {
  const tag = view.getInt32(at + 4, true);
  if (tag === TAG.int) return view.getInt32(at, true);
  if (tag >= TAG.string - 2 && tag <= TAG.shortBigInt) return undefined;
  word.setUint32(0, view.getUint32(at, true), true);
  word.setInt32(4, (tag + layout.float64Addend) | 0, true);
  return word.getFloat64(0, true);
}
const word = new DataView(new ArrayBuffer(8));

/** The string at `at` if it has at most `max` UTF-16 units; null when it is no string, undefined when it is too long. */
export function readString(memory: LinearMemory, at: number, max: number): string | null | undefined {
  const tag = tagOf(memory, at);
  const pointer = memory.view.getUint32(at, true);
  if (tag === TAG.string) return readFlat(memory, pointer, max);
  if (tag !== TAG.rope) return null;
  if (memory.view.getUint32(pointer + memory.layout.ropeLength, true) > max) return undefined;
  return readRope(memory, pointer, max);
}

function readFlat({ bytes, view, layout }: LinearMemory, string: number, max: number): string | undefined {
  const word = view.getUint32(string + layout.stringLength, true);
  const length = word & 0x7fff_ffff;
  if (length > max) return undefined;
  const start = string + layout.stringData;
  const wide = word >>> 31 === 1;
  const end = start + (wide ? length * 2 : length);
  if (end > bytes.byteLength) throw new RangeError("guest string outside linear memory");
  if (length === 0) return "";
  const data = Buffer.from(bytes.buffer, start, end - start);
  return data.toString(wide ? "utf16le" : "latin1");
}

/** Walks the tree of a concatenation left to right. Its depth is bounded by the engine; the total length was checked by the caller. */
function readRope(memory: LinearMemory, rope: number, max: number): string {
  const { view, layout } = memory;
  const parts: string[] = [];
  let budget = max;
  let nodes = 0;
  const pending = [rope + layout.ropeRight, rope + layout.ropeLeft];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    if (++nodes > 1 << 22) throw new RangeError("guest rope has too many nodes");
    const pointer = view.getUint32(at, true);
    if (tagOf(memory, at) === TAG.rope) pending.push(pointer + layout.ropeRight, pointer + layout.ropeLeft);
    else {
      const part = readFlat(memory, pointer, budget);
      if (part === undefined) throw new RangeError("guest rope is longer than it says");
      budget -= part.length;
      parts.push(part);
    }
  }
  return parts.join("");
}

/** A view (not a copy) of the Uint8Array at `at`; null when it is none. Valid until the guest runs again. */
export function readBytes(memory: LinearMemory, at: number): Uint8Array | null {
  const { bytes, view, layout } = memory;
  if (tagOf(memory, at) !== TAG.object) return null;
  const object = view.getUint32(at, true);
  if (view.getUint16(object + layout.objectClass, true) !== layout.uint8ArrayClass) return null;
  const length = view.getUint32(object + layout.arrayCount, true);
  if (length === 0) return new Uint8Array(0);
  const start = view.getUint32(object + layout.arrayData, true);
  if (start + length > bytes.byteLength) throw new RangeError("guest bytes outside linear memory");
  return bytes.subarray(start, start + length);
}
