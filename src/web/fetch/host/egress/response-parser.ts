/**
 * A strict reader of one HTTP/1.1 response (https://www.rfc-editor.org/rfc/rfc9112), fed in pieces of any size. What two readers could understand
 * differently is refused, never repaired. It holds no more than one unfinished line.
 */
import { ChunkedDecoder } from "./chunked-decoder.ts";
import { networkError } from "./network-error.ts";
import { isFieldValue, isToken } from "./field.ts";

export type Fields = readonly (readonly [name: string, value: string])[];

export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  readonly fields: Fields;
}

export interface ResponseListener {
  onHead(head: ResponseHead): void;
  /** What was fed in, as a view where that is possible. */
  onData(chunk: Uint8Array): void;
}

const MAX_HEAD_BYTES = 64 << 10;
const MAX_FIELDS = 256;
const MAX_INTERIM_HEADS = 10;
const MAX_TRAILER_BYTES = 16 << 10;

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const DECIMAL = /^\d{1,15}$/;

type State = "statusLine" | "fields" | "counted" | "chunked" | "trailers" | "untilClose" | "done";

export class ResponseParser {
  readonly #listener: ResponseListener;
  readonly #isHead: boolean;
  #state: State = "statusLine";
  #line = "";
  #lineBudget = MAX_HEAD_BYTES;
  #interimHeads = 0;
  #version = "1";
  #status = 0;
  #statusText = "";
  #fields: [string, string][] = [];
  /** Bytes of the body that are still to come. */
  #remaining = 0;
  #chunks: ChunkedDecoder | null = null;
  #persists = false;
  #hasExcess = false;

  constructor(method: string, listener: ResponseListener) {
    this.#isHead = method === "HEAD";
    this.#listener = listener;
  }

  get isDone(): boolean {
    return this.#state === "done";
  }

  /** The response is complete, nothing came behind it, and its sender goes on listening (https://www.rfc-editor.org/rfc/rfc9112#section-9.3). */
  get leavesConnectionOpen(): boolean {
    return this.isDone && this.#persists && !this.#hasExcess;
  }

  /** Throws a guest TypeError when the bytes are no response. What follows the response is ignored. */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.byteLength && this.#state !== "done") {
      if (this.#state === "chunked") at = this.#takeChunks(bytes, at);
      else if (this.#state === "counted" || this.#state === "untilClose") at = this.#takeBody(bytes, at);
      else at = this.#takeLine(bytes, at);
    }
    if (at < bytes.byteLength) this.#hasExcess = true;
  }

  /** The sender has closed. Throws a guest TypeError unless that is where the response ends. */
  end(): void {
    if (this.#state === "untilClose") this.#state = "done";
    this.#persists = false;
    if (this.#state !== "done") throw networkError("the upstream closed the connection before its response was complete");
  }

  #takeBody(bytes: Uint8Array, at: number): number {
    const rest = bytes.byteLength - at;
    const length = this.#state === "untilClose" ? rest : Math.min(rest, this.#remaining);
    this.#listener.onData(bytes.subarray(at, at + length));
    if (this.#state === "counted") {
      this.#remaining -= length;
      if (this.#remaining === 0) this.#state = "done";
    }
    return at + length;
  }

  #takeChunks(bytes: Uint8Array, at: number): number {
    this.#chunks ??= new ChunkedDecoder();
    const next = this.#chunks.push(bytes, at, (data) => this.#listener.onData(data));
    if (this.#chunks.isDone) {
      this.#state = "trailers";
      this.#lineBudget = MAX_TRAILER_BYTES;
    }
    return next;
  }

  #takeLine(bytes: Uint8Array, at: number): number {
    const end = bytes.indexOf(0x0a, at);
    const stop = end < 0 ? bytes.byteLength : end + 1;
    if (stop - at > this.#lineBudget) throw networkError("the head of the upstream's response, or a line of it, is too large");
    this.#lineBudget -= stop - at;
    this.#line += Buffer.from(bytes.buffer, bytes.byteOffset + at, stop - at).toString("latin1");
    if (end < 0) return stop;
    const line = this.#line;
    this.#line = "";
    if (!line.endsWith("\r\n")) throw networkError("the upstream's response has a line that ends without CR");
    this.#onLine(line.slice(0, -2));
    return stop;
  }

  #onLine(line: string): void {
    if (this.#state === "statusLine") this.#onStatusLine(line);
    else if (this.#state === "fields") {
      if (line === "") this.#onHeadEnd();
      else this.#onField(line);
    } else if (line === "") this.#state = "done";
  }

  #onStatusLine(line: string): void {
    const [, version, status, text = ""] = STATUS_LINE.exec(line) ?? [];
    if (version === undefined) throw networkError("the upstream does not answer in HTTP/1.1");
    this.#version = version;
    this.#status = Number(status);
    this.#statusText = text;
    this.#fields = [];
    this.#state = "fields";
  }

  #onField(line: string): void {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0));
    const value = trimmed(line.slice(colon + 1));
    if (!isToken(name) || !isFieldValue(value)) throw networkError("the upstream's response has a malformed header field");
    if (this.#fields.push([name, value]) > MAX_FIELDS) throw networkError(`the upstream's response has more than ${MAX_FIELDS} header fields`);
  }

  #onHeadEnd(): void {
    const status = this.#status;
    if (status === 101) throw networkError("the upstream switches to a protocol that nobody asked for");
    if (status < 200) {
      if (++this.#interimHeads > MAX_INTERIM_HEADS) throw networkError("the upstream sends too many interim responses");
      this.#state = "statusLine";
      return;
    }
    this.#frame();
    this.#listener.onHead({ status, statusText: this.#statusText, fields: this.#fields });
  }

  /** https://www.rfc-editor.org/rfc/rfc9112#section-6.3, without its allowances for a length beside a transfer coding. */
  #frame(): void {
    const codings = this.#valuesOf("transfer-encoding");
    const lengths = this.#valuesOf("content-length");
    if (codings.length > 0 && (lengths.length > 0 || this.#version === "0" || codings.length > 1 || codings[0]?.toLowerCase() !== "chunked")) throw networkError("the upstream's response is framed in two ways, or in one that is unknown");
    const [length] = lengths;
    if (lengths.some((other) => other !== length || !DECIMAL.test(other))) throw networkError("the upstream's response has a malformed content-length");
    this.#persists = this.#version === "1" && !this.#valuesOf("connection").some((option) => option.toLowerCase() === "close");
    if (this.#isHead || this.#status === 204 || this.#status === 304) this.#state = "done";
    else if (codings.length > 0) this.#state = "chunked";
    else if (length === undefined) this.#state = "untilClose";
    else {
      this.#remaining = Number(length);
      this.#state = this.#remaining === 0 ? "done" : "counted";
    }
  }

  #valuesOf(wanted: string): string[] {
    return this.#fields.filter(([name]) => name.toLowerCase() === wanted).flatMap(([, value]) => value.split(",").map(trimmed));
  }
}

/** By hand: a pattern for trailing blanks takes quadratic time on a value that is full of them. */
function trimmed(text: string): string {
  const isBlank = (at: number): boolean => text[at] === " " || text[at] === "\t";
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(start)) start++;
  while (end > start && isBlank(end - 1)) end--;
  return text.slice(start, end);
}
