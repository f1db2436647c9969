/** Log lines to standard output, in batches and never in the way: a reader that is slow or gone costs lines, which are counted, and nothing else. */
import { write } from "node:fs";

const MOST_BYTES = 4 << 20;

export class LogWriter {
  readonly #fd: number;
  #pending: (string | Uint8Array)[] = [];
  #pendingBytes = 0;
  #isWriting = false;
  #dropped = 0;
  /** Told how many lines were lost, once there is room again. */
  onDropped: (lines: number) => void = () => {};

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** `line` ends with LF. */
  readonly write = (line: string): void => this.#take(line, 1);

  /** Lines of another process: the last one whole. */
  readonly writeBytes = (lines: Uint8Array): void => this.#take(lines, 0);

  #take(data: string | Uint8Array, lines: number): void {
    if (this.#pendingBytes + data.length > MOST_BYTES) {
      this.#dropped += lines || countLines(data as Uint8Array);
      return;
    }
    this.#pending.push(data);
    this.#pendingBytes += data.length;
    if (this.#isWriting) return;
    this.#isWriting = true;
    setImmediate(() => this.#drain());
  }

  /** Resolves when everything has been written or given up, after `ms` at most. */
  async flush(ms: number): Promise<void> {
    const until = performance.now() + ms;
    while (this.#isWriting && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  #drain(): void {
    if (this.#dropped > 0) {
      this.#pending.push(`${JSON.stringify({ ts: new Date().toISOString(), level: "warn", event: "log_dropped", lines: this.#dropped })}\n`);
      this.onDropped(this.#dropped);
      this.#dropped = 0;
    }
    const data = joined(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#send(data, 0);
  }

  #send(data: Buffer, at: number): void {
    write(this.#fd, data, at, data.byteLength - at, null, (error, written) => {
      const code = (error as { code?: string } | null)?.code;
      if (code === "EAGAIN") setTimeout(() => this.#send(data, at), 10);
      else if (error === null && at + written < data.byteLength) this.#send(data, at + written);
      else if (this.#pending.length > 0) this.#drain();
      else this.#isWriting = false;
    });
  }
}

function joined(parts: readonly (string | Uint8Array)[]): Buffer {
  return parts.every((part) => typeof part === "string") ? Buffer.from(parts.join("")) : Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
}

function countLines(data: Uint8Array): number {
  let count = 0;
  for (let at = data.indexOf(10); at >= 0; at = data.indexOf(10, at + 1)) count++;
  return count;
}
