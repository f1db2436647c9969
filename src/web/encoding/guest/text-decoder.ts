/** TextDecoder (https://encoding.spec.whatwg.org/#interface-textdecoder). Unicode streams keep the rest of a character here; other encodings a decoder on the host. */
import { hostOps } from "../../infra/guest/host-ops.ts";
import { SafeRangeError, SafeUint8Array, stringToLowerCase, typedArrayBuffer, typedArrayByteOffset, typedArrayLength, typedArraySet, uncurryThis } from "../../infra/guest/primordials.ts";
import { defineInterface } from "../../infra/guest/webidl.ts";
import { toBufferSource, toDictionary, toDOMString } from "../../infra/guest/webidl-convert.ts";
import { encodingOps, FATAL, IGNORE_BOM } from "../ops.ts";
import { incompleteUtf16, incompleteUtf8 } from "./incomplete.ts";

const { text_encoding, text_decode, text_decoder_open, text_decoder_push } = hostOps(encodingOps);

const MAX_LABEL = 64;
const NOTHING = new SafeUint8Array(0);

/** https://encoding.spec.whatwg.org/#concept-encoding-get, lower-cased. "replacement" is no encoding for a decoder. */
function encodingOf(label: string): string {
  if (label === "utf-8" || label === "utf8" || label === "UTF-8") return "utf-8";
  const encoding = label.length > MAX_LABEL ? null : text_encoding(label);
  if (encoding === null || encoding === "replacement") throw new SafeRangeError("TextDecoder: '" + label + "' is not the label of an encoding");
  return stringToLowerCase(encoding);
}

export class TextDecoder {
  #encoding: string;
  #flags = 0;
  /** Bytes that wait for the next chunk. */
  #rest: Uint8Array<ArrayBuffer> = NOTHING;
  /** In the middle of a stream: its first characters, and with them any BOM, have been decoded. */
  #started = false;
  #rid = 0;

  constructor(label?: unknown, options?: unknown) {
    this.#encoding = label === undefined ? "utf-8" : encodingOf(toDOMString(label));
    const dictionary = toDictionary(options, "TextDecoder: options");
    if (dictionary === undefined) return;
    if (dictionary["fatal"]) this.#flags |= FATAL;
    if (dictionary["ignoreBOM"]) this.#flags |= IGNORE_BOM;
  }

  get encoding(): string {
    return this.#encoding;
  }
  get fatal(): boolean {
    return (this.#flags & FATAL) !== 0;
  }
  get ignoreBOM(): boolean {
    return (this.#flags & IGNORE_BOM) !== 0;
  }

  decode(input?: unknown, options?: unknown): string {
    const encoding = this.#encoding;
    const bytes = input === undefined ? NOTHING : toBufferSource(input, "TextDecoder.decode");
    const stream = !!toDictionary(options, "TextDecoder.decode: options")?.["stream"];
    switch (encoding) {
      case "utf-8":
      case "utf-16le":
      case "utf-16be":
        return this.#decodeUnicode(bytes, stream);
    }
    if (this.#rid === 0 && !stream) return text_decode(encoding, bytes, this.#flags);
    if (this.#rid === 0) this.#rid = text_decoder_open(encoding, this.#flags);
    const rid = this.#rid;
    this.#rid = 0;
    const text = text_decoder_push(rid, bytes, !stream);
    if (stream) this.#rid = rid;
    return text;
  }

  #decodeUnicode(chunk: Uint8Array<ArrayBuffer>, stream: boolean): string {
    let bytes = chunk;
    const before = typedArrayLength(this.#rest);
    if (before > 0) {
      bytes = new SafeUint8Array(before + typedArrayLength(chunk));
      typedArraySet(bytes, this.#rest);
      typedArraySet(bytes, chunk, before);
    }
    const flags = this.#started ? this.#flags | IGNORE_BOM : this.#flags;
    this.#rest = NOTHING;
    this.#started = false;
    if (!stream) return text_decode(this.#encoding, bytes, flags);
    const waiting = this.#encoding === "utf-8" ? incompleteUtf8(bytes) : incompleteUtf16(bytes, this.#encoding === "utf-16be");
    const end = typedArrayLength(bytes) - waiting;
    const text = end === 0 ? "" : text_decode(this.#encoding, view(bytes, 0, end), flags);
    if (waiting > 0) {
      this.#rest = new SafeUint8Array(waiting);
      typedArraySet(this.#rest, view(bytes, end, waiting));
    }
    this.#started = end > 0 || flags !== this.#flags;
    return text;
  }
}
defineInterface(TextDecoder, "TextDecoder", { lengths: { decode: 0 }, inspected: ["encoding", "fatal", "ignoreBOM"] });

/** `decoder.decode(input, options)`, out of the app's reach. */
export const decodeWith = uncurryThis(TextDecoder.prototype.decode as (this: TextDecoder, input?: unknown, options?: unknown) => string);

function view(bytes: Uint8Array<ArrayBuffer>, offset: number, length: number): Uint8Array<ArrayBuffer> {
  return new SafeUint8Array(typedArrayBuffer(bytes), typedArrayByteOffset(bytes) + offset, length);
}
