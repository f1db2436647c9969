/** node:string_decoder (https://nodejs.org/api/string_decoder.html). */
import { Buffer, type NodeBuffer } from "../support/buffer.ts";
import { decode, type Encoding, normalize } from "../support/encodings.ts";
import { typeError, wrongType } from "../support/errors.ts";
import { web } from "../support/globals.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes that make whole characters of text, for the encodings whose text can be cut anywhere between them. */
const GROUPS: Readonly<Partial<Record<Encoding, number>>> = { base64: 3, base64url: 3 };

function toBytes(chunk: unknown): Bytes {
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer as ArrayBuffer, chunk.byteOffset, chunk.byteLength);
  throw wrongType("buf", "an instance of Buffer, TypedArray, or DataView", chunk);
}

export class StringDecoder {
  readonly encoding: Encoding;
  #decoder: { decode(bytes?: Uint8Array, options?: { readonly stream: boolean }): string } | null = null;
  #rest: Bytes = new Uint8Array(0);

  constructor(encoding?: string) {
    const known = normalize(encoding);
    if (known === undefined) throw typeError("ERR_UNKNOWN_ENCODING", `Unknown encoding: ${encoding}`);
    this.encoding = known;
  }

  write(chunk: unknown): string {
    if (typeof chunk === "string") return chunk;
    const bytes = toBytes(chunk);
    const { encoding } = this;
    if (encoding === "utf8" || encoding === "utf16le") {
      this.#decoder ??= new web.TextDecoder(encoding === "utf8" ? "utf-8" : "utf-16le", { ignoreBOM: true });
      return this.#decoder.decode(bytes, { stream: true });
    }
    const group = GROUPS[encoding];
    if (group === undefined) return decode(bytes, encoding);
    const all: Bytes = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    const whole = all.length - (all.length % group);
    this.#rest = all.slice(whole);
    return decode(all.subarray(0, whole), encoding);
  }

  end(chunk?: unknown): string {
    const text = chunk === undefined ? "" : this.write(chunk);
    const rest = this.#decoder !== null ? this.#decoder.decode() : this.#rest.length > 0 ? decode(this.#rest, this.encoding) : "";
    this.#decoder = null;
    this.#rest = new Uint8Array(0);
    return text + rest;
  }

  /** What waits for the rest of its character. */
  get lastChar(): NodeBuffer {
    return Buffer.from(this.#rest);
  }
}
export default { StringDecoder };
