/** Reads HTTP/1.1 responses off one connection, as they come in pieces: status, nano's error code, and where the body ends. Bodies are not kept. */

const HEAD_END = Buffer.from("\r\n\r\n");
const NEWLINE = 10;

export class ResponseReader {
  /** Of the response being read, or read last: its status, and the code in `x-nano-error` after it. */
  answer = "";
  #head: Buffer = Buffer.alloc(0);
  #isInBody = false;
  #isChunked = false;
  #isLastChunk = false;
  /** Bytes of the body, or of the chunk, still to come. */
  #left = 0;
  /** A line of chunk framing that has not come in whole. */
  #line = "";

  /** True when `data` completed a response. Throws on bytes that nobody asked for, and on a body that only ends with the connection. */
  push(data: Buffer): boolean {
    let at = 0;
    if (!this.#isInBody) {
      const joined = this.#head.byteLength === 0 ? data : Buffer.concat([this.#head, data]);
      const end = joined.indexOf(HEAD_END);
      if (end < 0) {
        this.#head = Buffer.from(joined);
        return false;
      }
      at = end + 4 - this.#head.byteLength;
      this.#head = Buffer.alloc(0);
      this.#readHead(joined.toString("latin1", 0, end));
    }
    const isComplete = this.#isChunked ? this.#skipChunks(data, at) : this.#skipBody(data, at);
    this.#isInBody = !isComplete;
    return isComplete;
  }

  #readHead(text: string): void {
    const status = text.slice(9, 12);
    this.answer = status === "200" ? status : `${status} ${/\r\nx-nano-error: *([a-z_]+)/i.exec(text)?.[1] ?? ""}`.trimEnd();
    const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
    this.#isChunked = length === undefined;
    this.#isLastChunk = false;
    this.#left = Number(length ?? 0);
    if (this.#isChunked && !/\r\ntransfer-encoding: *chunked/i.test(text)) throw new Error("a body without a length");
  }

  #skipBody(data: Buffer, from: number): boolean {
    this.#left -= data.byteLength - from;
    if (this.#left < 0) throw new Error("bytes after the response");
    return this.#left === 0;
  }

  #skipChunks(data: Buffer, from: number): boolean {
    let at = from;
    while (at < data.byteLength) {
      if (this.#left > 0) {
        const skipped = Math.min(this.#left, data.byteLength - at);
        this.#left -= skipped;
        at += skipped;
        continue;
      }
      const newline = data.indexOf(NEWLINE, at);
      this.#line += data.toString("latin1", at, newline < 0 ? data.byteLength : newline);
      if (newline < 0) return false;
      const line = this.#line;
      this.#line = "";
      at = newline + 1;
      if (this.#isLastChunk) {
        if (line !== "\r") continue;
        if (at < data.byteLength) throw new Error("bytes after the response");
        return true;
      }
      const size = Number.parseInt(line, 16);
      if (Number.isNaN(size)) throw new Error("a chunk without a size");
      if (size === 0) this.#isLastChunk = true;
      else this.#left = size + 2;
    }
    return false;
  }
}
