/** UTF-8 of whole texts (https://encoding.spec.whatwg.org/#utf-8-decode). Large ones are coded in pieces: nobody else runs while the host does one. */
import { hostOps } from "../../infra/guest/host-ops.ts";
import { arrayJoin, arrayPush, mathMin, SafeUint8Array, stringCharCodeAt, stringSlice, typedArrayBuffer, typedArrayByteLength, typedArrayByteOffset, typedArraySet } from "../../infra/guest/primordials.ts";
import { encodingOps, IGNORE_BOM } from "../ops.ts";
import { incompleteUtf8 } from "./incomplete.ts";

const { utf8_encode, text_decode } = hostOps(encodingOps);
const PIECE_BYTES = 262_144;
const PIECE_UNITS = 131_072;

/** Lone surrogates become U+FFFD. */
export function utf8Encode(text: string): Uint8Array<ArrayBuffer> {
  if (text.length <= PIECE_UNITS) return utf8_encode(text);
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for (let at = 0; at < text.length; ) {
    let end = mathMin(at + PIECE_UNITS, text.length);
    if (end < text.length && isHighSurrogate(stringCharCodeAt(text, end - 1))) end--;
    const piece = utf8_encode(stringSlice(text, at, end));
    arrayPush(pieces, piece);
    size += typedArrayByteLength(piece);
    at = end;
  }
  const bytes = new SafeUint8Array(size);
  let at = 0;
  for (let i = 0; i < pieces.length; i++) {
    const piece = pieces[i] as Uint8Array;
    typedArraySet(bytes, piece, at);
    at += typedArrayByteLength(piece);
  }
  return bytes;
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

/** Drops a byte order mark. */
export const utf8Decode = (bytes: Uint8Array<ArrayBuffer>): string => decode(bytes, 0);
/** Keeps a byte order mark. */
export const utf8DecodeWithoutBom = (bytes: Uint8Array<ArrayBuffer>): string => decode(bytes, IGNORE_BOM);

function decode(bytes: Uint8Array<ArrayBuffer>, flags: number): string {
  const length = typedArrayByteLength(bytes);
  if (length <= PIECE_BYTES) return text_decode("utf-8", bytes, flags);
  const buffer = typedArrayBuffer(bytes);
  const offset = typedArrayByteOffset(bytes);
  const pieces: string[] = [];
  for (let at = 0; at < length; ) {
    const isLast = length - at <= PIECE_BYTES;
    let size = isLast ? length - at : PIECE_BYTES;
    if (!isLast) size -= incompleteUtf8(new SafeUint8Array(buffer, offset + at, size));
    arrayPush(pieces, text_decode("utf-8", new SafeUint8Array(buffer, offset + at, size), at === 0 ? flags : IGNORE_BOM));
    at += size;
  }
  return arrayJoin(pieces, "");
}
