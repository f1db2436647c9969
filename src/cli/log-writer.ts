/** Log lines to standard output, in batches and never in the way: a reader that is slow or gone costs lines, which are counted, and nothing else. */
import { write } from "node:fs";

const MOST_BYTES = 4 << 20;

export class LogWriter {
  readonly #fd: number;
  #pending: string[] = [];
  #pendingBytes = 0;
  #isWriting = false;
  #dropped = 0;
  /** Told how many lines were lost, once there is room again. */
  onDropped: (lines: number) => void = () => {};

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** `line` ends with LF. */
  readonly write = (line: string): void => {
    if (this.#pendingBytes + line.length > MOST_BYTES) {
      this.#dropped++;
      return;
    }
    this.#pending.push(line);
    this.#pendingBytes += line.length;
    if (this.#isWriting) return;
    this.#isWriting = true;
    setImmediate(() => this.#drain());
  };

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
    const data = Buffer.from(this.#pending.join(""));
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
