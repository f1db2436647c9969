/** Base64 and hexadecimal of Uint8Array (https://tc39.es/ecma262/#sec-uint8array-objects). The coding is done by the host, piece by piece. */
import { hostOps } from "../../infra/guest/host-ops.ts";
import {
  arrayBufferDetached,
  arrayBufferTransfer,
  arrayIndexOf,
  mathCeil,
  mathMin,
  SafeSyntaxError,
  SafeTypeError,
  SafeUint8Array,
  stringSlice,
  typedArrayBuffer,
  typedArrayByteOffset,
  typedArrayLength,
  typedArrayName,
  typedArraySet,
} from "../../infra/guest/primordials.ts";
import { isObject } from "../../infra/guest/webidl-convert.ts";
import { ecmascriptOps, LAST_CHUNKS, PIECE, TRAILER_BYTES } from "../ops.ts";
import { defineMethods } from "./define.ts";

const { bytes_to_base64, bytes_to_hex, bytes_from_base64, bytes_from_hex } = hostOps(ecmascriptOps);

type Bytes = Uint8Array<ArrayBuffer>;
interface Progress {
  read: number;
  written: number;
  failed: boolean;
}

const ALPHABETS = ["base64", "base64url"] as const;
const STOP_BEFORE_PARTIAL = 2;
const BASE64_GROUP = 3;

function toBytes(value: unknown, where: string): Bytes {
  if (typedArrayName(value) !== "Uint8Array") throw new SafeTypeError(where + ": not a Uint8Array");
  return value as Bytes;
}

/** Asked after the options, whose getters may detach. */
function checkAttached(bytes: Bytes, where: string): void {
  if (arrayBufferDetached(typedArrayBuffer(bytes))) throw new SafeTypeError(where + ": the buffer is detached");
}

function toText(value: unknown, where: string): string {
  if (typeof value !== "string") throw new SafeTypeError(where + ": not a string");
  return value;
}

function toOptions(value: unknown, where: string): Readonly<Record<string, unknown>> | undefined {
  if (value === undefined) return undefined;
  if (!isObject(value)) throw new SafeTypeError(where + ": the options are not an object");
  return value as Record<string, unknown>;
}

/** Options of this API are not converted: a String object is no name. */
function toChoice(value: unknown, choices: readonly string[], where: string): number {
  const choice = value === undefined ? 0 : arrayIndexOf(choices, value as string);
  if (choice < 0) throw new SafeTypeError(where + ": an option has none of its values");
  return choice;
}

const view = (bytes: Bytes, from: number, length: number): Bytes => new SafeUint8Array(typedArrayBuffer(bytes), typedArrayByteOffset(bytes) + from, length);

function encode(bytes: Bytes, piece: (part: Bytes, isLast: boolean) => string): string {
  const length = typedArrayLength(bytes);
  let text = "";
  for (let at = 0; at < length; at += PIECE) text += piece(view(bytes, at, mathMin(PIECE, length - at)), at + PIECE >= length);
  return text;
}

/** Takes over the bytes of one answer, and what its trailer says. Returns the characters read. */
function take(answer: Bytes, target: Bytes, progress: Progress): number {
  const length = typedArrayLength(answer) - TRAILER_BYTES;
  typedArraySet(target, view(answer, 0, length), progress.written);
  progress.written += length;
  progress.failed = answer[length + 4] === 1;
  const read = (answer[length] as number) + (answer[length + 1] as number) * 0x100 + (answer[length + 2] as number) * 0x10000 + (answer[length + 3] as number) * 0x1000000;
  progress.read += read;
  return read;
}

/** https://tc39.es/ecma262/#sec-frombase64 */
function decodeBase64(text: string, isUrl: boolean, lastChunk: number, target: Bytes): Progress {
  const progress: Progress = { read: 0, written: 0, failed: false };
  const room = typedArrayLength(target);
  let piece = PIECE;
  if (room === 0) return progress;
  for (;;) {
    const left = room - progress.written;
    const isLast = text.length - progress.read <= piece || left < BASE64_GROUP;
    const part = isLast ? stringSlice(text, progress.read) : stringSlice(text, progress.read, progress.read + piece);
    const read = take(bytes_from_base64(part, isUrl, isLast ? lastChunk : STOP_BEFORE_PARTIAL, left), target, progress);
    if (isLast || progress.failed || progress.written === room) return progress;
    // Nothing but white space: a longer piece gets past it.
    if (read === 0) piece *= 2;
  }
}

/** https://tc39.es/ecma262/#sec-fromhex */
function decodeHex(text: string, target: Bytes): Progress {
  const progress: Progress = { read: 0, written: 0, failed: text.length % 2 !== 0 };
  const end = mathMin(text.length, typedArrayLength(target) * 2);
  while (progress.read < end && !progress.failed) take(bytes_from_hex(stringSlice(text, progress.read, mathMin(end, progress.read + PIECE)), typedArrayLength(target) - progress.written), target, progress);
  return progress;
}

function base64Into(text: string, options: unknown, where: string, target: () => Bytes): Progress {
  const given = toOptions(options, where);
  const isUrl = toChoice(given?.["alphabet"], ALPHABETS, where) === 1;
  const lastChunk = toChoice(given?.["lastChunkHandling"], LAST_CHUNKS, where);
  return checked(decodeBase64(text, isUrl, lastChunk, target()), where);
}

function checked(progress: Progress, where: string): Progress {
  if (progress.failed) throw new SafeSyntaxError(where + ": the text is malformed");
  return progress;
}

/** The first bytes of `room`, as an array of their own. */
const cut = (room: Bytes, length: number): Bytes => new SafeUint8Array(arrayBufferTransfer(typedArrayBuffer(room), length));
const resultOf = ({ read, written }: Progress) => ({ read, written });

defineMethods(
  SafeUint8Array,
  {
    fromBase64(string: unknown, options?: unknown): Bytes {
      const where = "Uint8Array.fromBase64";
      const text = toText(string, where);
      const room = new SafeUint8Array(mathCeil(text.length / 4) * BASE64_GROUP);
      return cut(room, base64Into(text, options, where, () => room).written);
    },
    fromHex(string: unknown): Bytes {
      const where = "Uint8Array.fromHex";
      const text = toText(string, where);
      const room = new SafeUint8Array(text.length >> 1);
      return cut(room, checked(decodeHex(text, room), where).written);
    },
  },
  { fromBase64: 1 },
);

defineMethods(
  SafeUint8Array.prototype,
  {
    toBase64(this: unknown, options?: unknown): string {
      const where = "Uint8Array.toBase64";
      const bytes = toBytes(this, where);
      const given = toOptions(options, where);
      const isUrl = toChoice(given?.["alphabet"], ALPHABETS, where) === 1;
      const omitsPadding = !!given?.["omitPadding"];
      checkAttached(bytes, where);
      return encode(bytes, (part, isLast) => bytes_to_base64(part, isUrl, omitsPadding && isLast));
    },
    toHex(this: unknown): string {
      const bytes = toBytes(this, "Uint8Array.toHex");
      checkAttached(bytes, "Uint8Array.toHex");
      return encode(bytes, bytes_to_hex);
    },
    setFromBase64(this: unknown, string: unknown, options?: unknown): { read: number; written: number } {
      const where = "Uint8Array.setFromBase64";
      const bytes = toBytes(this, where);
      const text = toText(string, where);
      return resultOf(
        base64Into(text, options, where, () => {
          checkAttached(bytes, where);
          return bytes;
        }),
      );
    },
    setFromHex(this: unknown, string: unknown): { read: number; written: number } {
      const bytes = toBytes(this, "Uint8Array.setFromHex");
      const text = toText(string, "Uint8Array.setFromHex");
      checkAttached(bytes, "Uint8Array.setFromHex");
      return resultOf(checked(decodeHex(text, bytes), "Uint8Array.setFromHex"));
    },
  },
  { toBase64: 0, setFromBase64: 1 },
);
