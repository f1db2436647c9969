/** Text from bytes and back, in the encodings of Buffer. Whatever is long is done by the host. */
import { web } from "./globals.ts";

export type Encoding = "utf8" | "utf16le" | "latin1" | "ascii" | "base64" | "base64url" | "hex";
type Bytes = Uint8Array<ArrayBuffer>;
/** Not yet in the types of the language. */
type Coding = Bytes & { toBase64(options?: { alphabet: string; omitPadding?: boolean }): string; toHex(): string };
const Coder = Uint8Array as unknown as { fromBase64(text: string): Bytes; fromHex(text: string): Bytes };

const NAMES: Readonly<Record<string, Encoding>> = {
  utf8: "utf8", "utf-8": "utf8", ucs2: "utf16le", "ucs-2": "utf16le", utf16le: "utf16le", "utf-16le": "utf16le", latin1: "latin1", binary: "latin1", ascii: "ascii", base64: "base64", base64url: "base64url", hex: "hex",
};
/** Code units of one `String.fromCharCode`: its arguments are on the engine's stack. */
const PIECE = 4096;

const encoder = new web.TextEncoder();
const decoder = new web.TextDecoder("utf-8", { ignoreBOM: true });

/** Undefined for what is no encoding. */
export function normalize(name: unknown): Encoding | undefined {
  if (name === undefined || name === null || name === "") return "utf8";
  return typeof name === "string" ? (NAMES[name] ?? NAMES[name.toLowerCase()]) : undefined;
}

function fromUnits(units: Uint8Array | Uint16Array): string {
  let text = "";
  for (let at = 0; at < units.length; at += PIECE) text += String.fromCharCode.apply(null, units.subarray(at, at + PIECE) as unknown as number[]);
  return text;
}

export function decode(bytes: Bytes, encoding: Encoding): string {
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) as Coding;
  switch (encoding) {
    case "utf8":
      return decoder.decode(plain);
    case "utf16le":
      // A copy, because a view of 16-bit units must lie at an even place.
      return fromUnits(new Uint16Array(plain.slice(0, plain.length & ~1).buffer));
    case "latin1":
      return fromUnits(plain);
    case "ascii":
      return fromUnits(plain.map((byte) => byte & 0x7f));
    case "base64":
      return plain.toBase64();
    case "base64url":
      return plain.toBase64({ alphabet: "base64url", omitPadding: true });
    case "hex":
      return plain.toHex();
  }
}

export function encode(text: string, encoding: Encoding): Bytes {
  switch (encoding) {
    case "utf8":
      return encoder.encode(text);
    case "utf16le": {
      const units = new Uint16Array(text.length);
      for (let i = 0; i < text.length; i++) units[i] = text.charCodeAt(i);
      return new Uint8Array(units.buffer);
    }
    case "latin1":
    case "ascii": {
      const bytes = new Uint8Array(text.length);
      for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
      return bytes;
    }
    case "base64":
    case "base64url":
      return fromBase64(text);
    case "hex":
      return fromHex(text);
  }
}

/** Node takes both alphabets at once, skips what is in neither and ends at the first "=". */
function fromBase64(text: string): Bytes {
  const end = text.indexOf("=");
  let data = end < 0 ? text : text.slice(0, end);
  if (/[-_]/.test(data)) data = data.replaceAll("-", "+").replaceAll("_", "/");
  if (/[^A-Za-z0-9+/]/.test(data)) data = data.replace(/[^A-Za-z0-9+/]+/g, "");
  return Coder.fromBase64(data.length % 4 === 1 ? data.slice(0, -1) : data);
}

/** Node ends at the first pair that is none. */
function fromHex(text: string): Bytes {
  const wrong = /[^0-9a-fA-F]/.exec(text)?.index ?? text.length;
  return Coder.fromHex(text.slice(0, wrong & ~1));
}

/** Bytes that `text` has in `encoding`. */
export function lengthIn(text: string, encoding: Encoding): number {
  switch (encoding) {
    case "utf16le":
      return text.length * 2;
    case "latin1":
    case "ascii":
      return text.length;
    case "hex":
      return text.length >>> 1;
    case "base64":
    case "base64url":
      return Math.floor((text.replace(/=+$/, "").length * 3) / 4);
    default:
      return encoder.encode(text).length;
  }
}
