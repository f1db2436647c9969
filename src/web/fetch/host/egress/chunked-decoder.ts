/**
 * Undoes the chunked transfer coding (https://www.rfc-editor.org/rfc/rfc9112#section-7.1). It goes byte by byte and makes no string or view of a chunk: a sender that puts
 * every byte into a chunk of its own must not cost more than the bytes it sends.
 */
import { networkError } from "./network-error.ts";

const MAX_LINE_BYTES = 1 << 10;
const MAX_SIZE_DIGITS = 13;
/** Below this a loop is faster than a call to copy. */
const SMALL_COPY_BYTES = 32;

const HT = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const SEMICOLON = 0x3b;

type Expected = "size" | "blanks" | "extension" | "sizeLf" | "data" | "dataCr" | "dataLf" | "nothing";

export class ChunkedDecoder {
  #expected: Expected = "size";
  /** Of the chunk: its size as far as it has been read, then what is still to come of it. */
  #remaining = 0;
  #digits = 0;
  #lineBytes = 0;

  /** The last chunk has been read; trailers follow. */
  get isDone(): boolean {
    return this.#expected === "nothing";
  }

  /** Reads from `at` to the end of `bytes` or of the last chunk and returns where it stopped. What it found goes to `onData`, in one piece, even when it throws for what came after. */
  push(bytes: Uint8Array, at: number, onData: (data: Uint8Array) => void): number {
    const found = new Found(bytes);
    try {
      let next = at;
      while (next < bytes.byteLength && this.#expected !== "nothing") {
        if (this.#expected !== "data") this.#take(bytes[next++] as number);
        else {
          const end = Math.min(bytes.byteLength, next + this.#remaining);
          found.add(next, end);
          this.#remaining -= end - next;
          next = end;
          if (this.#remaining === 0) this.#expected = "dataCr";
        }
      }
      return next;
    } finally {
      const data = found.take();
      if (data !== null) onData(data);
    }
  }

  #take(byte: number): void {
    switch (this.#expected) {
      case "size":
      case "blanks":
      case "extension":
        this.#takeOfLine(byte);
        return;
      case "sizeLf":
        if (byte !== LF) throw malformed();
        this.#expected = this.#remaining === 0 ? "nothing" : "data";
        return;
      case "dataCr":
        if (byte !== CR) throw networkError("the upstream's response has a chunk of another length than it says");
        this.#expected = "dataLf";
        return;
      default:
        if (byte !== LF) throw networkError("the upstream's response has a chunk of another length than it says");
        this.#expected = "size";
        this.#digits = 0;
        this.#lineBytes = 0;
    }
  }

  #takeOfLine(byte: number): void {
    if (++this.#lineBytes > MAX_LINE_BYTES) throw malformed();
    const digit = this.#expected === "size" ? hexDigit(byte) : -1;
    if (digit >= 0) {
      if (++this.#digits > MAX_SIZE_DIGITS) throw malformed();
      this.#remaining = (this.#digits === 1 ? 0 : this.#remaining * 16) + digit;
    } else if (this.#digits === 0) throw malformed();
    else if (byte === CR) this.#expected = "sizeLf";
    else if (this.#expected === "extension") {
      if (!isText(byte)) throw malformed();
    } else if (byte === SEMICOLON) this.#expected = "extension";
    else if (byte === SPACE || byte === HT) this.#expected = "blanks";
    else throw malformed();
  }
}

/** Pieces of one buffer, put together: the only one as a view, several as a copy. */
class Found {
  readonly #bytes: Uint8Array;
  #start = 0;
  #end = 0;
  #copy: Uint8Array | null = null;
  #copied = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  add(start: number, end: number): void {
    if (this.#copy === null) {
      if (this.#end === 0) {
        this.#start = start;
        this.#end = end;
        return;
      }
      this.#copy = new Uint8Array(this.#bytes.byteLength - this.#start);
      this.#append(this.#copy, this.#start, this.#end);
    }
    this.#append(this.#copy, start, end);
  }

  take(): Uint8Array | null {
    if (this.#copy !== null) return this.#copy.subarray(0, this.#copied);
    return this.#end === 0 ? null : this.#bytes.subarray(this.#start, this.#end);
  }

  #append(copy: Uint8Array, start: number, end: number): void {
    if (end - start >= SMALL_COPY_BYTES) copy.set(this.#bytes.subarray(start, end), this.#copied);
    else for (let at = start; at < end; at++) copy[this.#copied + at - start] = this.#bytes[at] as number;
    this.#copied += end - start;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function isText(byte: number): boolean {
  return byte === HT || (byte >= SPACE && byte !== 0x7f);
}

function malformed(): Error {
  return networkError("the upstream's response has a malformed chunk");
}
