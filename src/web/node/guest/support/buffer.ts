/** Buffer: the `buffer` package for the numbers and the comparing, the host's coders for text. */
import { Buffer as Base } from "buffer";
import { decode, encode, type Encoding, lengthIn, normalize } from "./encodings.ts";
import { outOfRange, typeError, wrongType } from "./errors.ts";
import { web } from "./globals.ts";

type Bytes = Uint8Array<ArrayBuffer>;
interface BufferClass {
  readonly prototype: Record<string, unknown>;
  from(value: unknown, encodingOrOffset?: unknown, length?: unknown): NodeBuffer;
  [key: string]: unknown;
}
export type NodeBuffer = Bytes & { toString(encoding?: string): string };

export const kMaxLength = 2 ** 31 - 1;
export const kStringMaxLength = 2 ** 29 - 24;
export const constants = { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: kStringMaxLength };
export const INSPECT_MAX_BYTES = 50;

const unknownEncoding = (name: unknown) => typeError("ERR_UNKNOWN_ENCODING", `Unknown encoding: ${String(name)}`);

function toEncoding(name: unknown): Encoding {
  const encoding = normalize(name);
  if (encoding === undefined) throw unknownEncoding(name);
  return encoding;
}

const asBuffer = (bytes: Bytes): NodeBuffer => Object.setPrototypeOf(bytes, Buffer.prototype) as NodeBuffer;
const baseFrom = Base.from as unknown as BufferClass["from"];
const baseFill = Base.prototype.fill as unknown as (this: Bytes, ...args: unknown[]) => Bytes;

export const Buffer = Base as unknown as BufferClass;

Buffer.from = (value, encodingOrOffset, length) => {
  if (typeof value === "string") return asBuffer(encode(value, toEncoding(encodingOrOffset)));
  if ((typeof value !== "object" && typeof value !== "function") || value === null) throw wrongType("first argument", "of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object", value);
  return baseFrom(value, encodingOrOffset, length);
};
for (const name of ["alloc", "allocUnsafe", "allocUnsafeSlow"]) {
  const make = Buffer[name] as (...args: unknown[]) => NodeBuffer;
  Buffer[name] = (size: unknown, fill?: unknown, encoding?: unknown): NodeBuffer => {
    if (typeof size !== "number") throw wrongType("size", "of type number", size);
    if (!(size >= 0 && size <= kMaxLength)) throw outOfRange("size", `>= 0 && <= ${kMaxLength}`, size);
    const made = make(size);
    return name === "alloc" && fill !== undefined && fill !== 0 && size > 0 ? ((made as unknown as { fill(value: unknown, encoding: unknown): NodeBuffer }).fill(fill, encoding)) : made;
  };
}
Buffer["isEncoding"] = (name: unknown) => typeof name === "string" && name !== "" && normalize(name) !== undefined;
Buffer["byteLength"] = (value: unknown, encoding?: unknown): number => {
  if (typeof value === "string") return lengthIn(value, normalize(encoding) ?? "utf8");
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength;
  throw typeError("ERR_INVALID_ARG_TYPE", 'The "string" argument must be of type string or an instance of Buffer or ArrayBuffer.');
};
Buffer["copyBytesFrom"] = (view: ArrayBufferView & ArrayLike<unknown>, offset = 0, length = view.length - offset): NodeBuffer => {
  const size = view.byteLength / (view.length || 1);
  return Buffer.from(new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset + offset * size, Math.max(0, Math.min(length, view.length - offset)) * size).slice());
};

/** A part that `start` and `end`, both of any number, name. */
function range(length: number, start: unknown, end: unknown): readonly [from: number, to: number] {
  const clamp = (value: unknown, otherwise: number) => (value === undefined ? otherwise : Math.max(0, Math.min(length, Math.trunc(Number(value)) || 0)));
  return [clamp(start, 0), clamp(end, length)];
}

function slice(this: Bytes, encoding: Encoding, start: unknown, end: unknown): string {
  const [from, to] = range(this.length, start, end);
  return to <= from ? "" : decode(new Uint8Array(this.buffer, this.byteOffset + from, to - from), encoding);
}

/** Writes whole characters only. */
function write(target: Bytes, text: string, offset: number, length: number, encoding: Encoding): number {
  const room = Math.min(length, target.length - offset);
  let bytes = encode(encoding === "utf8" && text.length > room ? text.slice(0, room) : text, encoding);
  if (bytes.length > room) {
    let end = encoding === "utf16le" ? room & ~1 : room;
    if (encoding === "utf8") while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--;
    bytes = bytes.subarray(0, end);
  }
  target.set(bytes, offset);
  return bytes.length;
}

const methods = {
  toString(this: Bytes, encoding?: unknown, start?: unknown, end?: unknown): string {
    return slice.call(this, toEncoding(encoding), start, end);
  },
  toLocaleString(this: Bytes, encoding?: unknown, start?: unknown, end?: unknown): string {
    return slice.call(this, toEncoding(encoding), start, end);
  },
  /** (text, encoding), (text, offset, encoding) or (text, offset, length, encoding). */
  write(this: Bytes, text: unknown, ...rest: unknown[]): number {
    if (typeof text !== "string") throw typeError("ERR_INVALID_ARG_TYPE", 'The "string" argument must be of type string.');
    const numbers = rest.filter((value) => typeof value === "number");
    const [offset = 0, length = this.length - offset] = numbers;
    if (offset < 0 || offset > this.length || length < 0) throw new RangeError("Attempt to write outside buffer bounds");
    return write(this, text, offset, length, toEncoding(rest.find((value) => typeof value === "string")));
  },
  fill(this: Bytes, value: unknown, ...rest: unknown[]): Bytes {
    if (typeof value !== "string") return baseFill.call(this, value, ...rest);
    const [start, end] = rest.filter((item) => typeof item === "number");
    const pattern = encode(value, toEncoding(rest.find((item) => typeof item === "string")));
    return baseFill.call(this, pattern.length === 0 ? 0 : asBuffer(pattern), start ?? 0, end ?? this.length);
  },
};
const codings = { utf8: "utf8", latin1: "latin1", ascii: "ascii", base64: "base64", base64url: "base64url", hex: "hex", ucs2: "utf16le", utf16le: "utf16le" } as const;
const define = (name: string, value: unknown) => Object.defineProperty(Buffer.prototype, name, { value, writable: true, enumerable: true, configurable: true });
for (const [name, method] of Object.entries(methods)) define(name, method);
for (const [name, encoding] of Object.entries(codings)) {
  define(`${name}Slice`, function (this: Bytes, start?: unknown, end?: unknown) {
    return slice.call(this, encoding, start, end);
  });
  define(`${name}Write`, function (this: Bytes, text: string, offset = 0, length = this.length - offset) {
    return write(this, text, offset, length, encoding);
  });
}

export function isUtf8(bytes: Bytes): boolean {
  try {
    new web.TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
export const isAscii = (bytes: Bytes): boolean => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).every((byte) => byte < 0x80);

export function transcode(bytes: Bytes, from: string, to: string): NodeBuffer {
  const text = decode(bytes, toEncoding(from));
  const target = toEncoding(to);
  return asBuffer(encode(target === "latin1" || target === "ascii" ? text.replace(target === "latin1" ? /[^\0-\xff]/g : /[^\0-\x7f]/g, "?") : text, target));
}
