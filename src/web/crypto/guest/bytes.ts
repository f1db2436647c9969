/** Bytes of keys, out of the app's reach. */
import { hostOps } from "../../infra/guest/host-ops.ts";
import { mathMin, promiseThen, SafeUint8Array, typedArrayBuffer, typedArrayByteLength, typedArrayByteOffset, typedArraySet } from "../../infra/guest/primordials.ts";
import { cryptoOps } from "../ops.ts";
import type { Kept } from "./algorithm.ts";
import type { Bytes } from "./crypto-key.ts";

const { crypto_take } = hostOps(cryptoOps);

export const byteLength: (bytes: Bytes) => number = typedArrayByteLength;

/** A copy of `bytes[start … end)`. */
export function copyOf(bytes: Bytes, start = 0, end = byteLength(bytes)): Bytes {
  const copy = new SafeUint8Array(end - start);
  typedArraySet(copy, new SafeUint8Array(typedArrayBuffer(bytes), typedArrayByteOffset(bytes) + start, end - start));
  return copy;
}

/** At most `most` bytes from `at` on, not copied. */
export const chunkOf = (bytes: Bytes, at: number, most: number): Bytes =>
  new SafeUint8Array(typedArrayBuffer(bytes), typedArrayByteOffset(bytes) + at, mathMin(most, byteLength(bytes) - at));

/** Big-endian. */
export function readU32(bytes: Bytes, at: number): number {
  return (bytes[at] as number) * 0x1000000 + ((bytes[at + 1] as number) << 16) + ((bytes[at + 2] as number) << 8) + (bytes[at + 3] as number);
}

/** What `use` makes of bytes that wait on the host. It must not resolve to the bytes of a key. */
export const taken = <T>(kept: Kept, use: (bytes: Bytes) => T | PromiseLike<T>): Promise<T> => promiseThen(kept, (rid) => use(crypto_take(rid)));
