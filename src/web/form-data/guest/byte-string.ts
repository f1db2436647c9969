/** Bytes as a string with one code unit per octet, and the search for one in bytes. */
import { hostOps } from "../../infra/guest/host-ops.ts";
import { mathMin, SafeUint8Array, typedArrayBuffer, typedArrayByteLength, typedArrayByteOffset } from "../../infra/guest/primordials.ts";
import { formDataOps } from "../ops.ts";

const { byte_string, bytes_find } = hostOps(formDataOps);

const FIRST_BYTES = 1_024;
const MOST_BYTES = 262_144;
const GROWTH = 4;

export const byteString: (bytes: Uint8Array<ArrayBuffer>) => string = byte_string;

/** Where `what`, a byte string, first is in `bytes` at or after `from`; -1 when it is not. The host looks at pieces, ever larger ones: what is near costs little, and what is far holds nobody up. */
export function findBytes(bytes: Uint8Array<ArrayBuffer>, what: string, from: number): number {
  const length = typedArrayByteLength(bytes);
  for (let at = from, size = FIRST_BYTES; at + what.length <= length; size = mathMin(MOST_BYTES, size * GROWTH)) {
    const piece = new SafeUint8Array(typedArrayBuffer(bytes), typedArrayByteOffset(bytes) + at, mathMin(size, length - at));
    const found = bytes_find(piece, what);
    if (found !== null) return at + found;
    at += typedArrayByteLength(piece) - what.length + 1;
  }
  return -1;
}
