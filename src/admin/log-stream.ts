/** Log lines as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). A reader that is slow loses lines, which are counted; it never holds up the log. */

const MOST_PENDING_BYTES = 256 << 10;
/** So that whoever is between keeps a quiet connection, and a reader that has gone is noticed. */
const HEARTBEAT_MS = 15_000;

export class LogStream {
  readonly #follow: (listener: (line: string) => void) => () => void;
  #pending: string[] = [];
  #pendingBytes = 0;
  #dropped = 0;
  #stop: (() => void) | null = null;
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  #wake: (() => void) | null = null;
  #isClosed = false;

  constructor(follow: (listener: (line: string) => void) => () => void) {
    this.#follow = follow;
  }

  /** Follows from now until the reader cancels or `close`. */
  toReadable(): ReadableStream<Uint8Array> {
    const encoder = new TextEncoder();
    return new ReadableStream<Uint8Array>(
      {
        start: () => {
          this.#stop = this.#follow((line) => this.#add(`data: ${line}\n\n`));
          this.#add(": nano log\n\n");
          this.#heartbeat = setInterval(() => this.#pendingBytes === 0 && this.#add(":\n\n"), HEARTBEAT_MS);
        },
        pull: async (controller) => {
          if (this.#pending.length === 0 && !this.#isClosed) await new Promise<void>((resolve) => (this.#wake = resolve));
          if (this.#isClosed) {
            controller.close();
            return;
          }
          const lost = this.#dropped === 0 ? "" : `event: dropped\ndata: ${this.#dropped}\n\n`;
          const text = this.#pending.join("") + lost;
          this.#pending = [];
          this.#pendingBytes = 0;
          this.#dropped = 0;
          controller.enqueue(encoder.encode(text));
        },
        cancel: () => this.close(),
      },
      { highWaterMark: 0 },
    );
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#heartbeat);
    this.#stop?.();
    this.#stop = null;
    this.#wake?.();
  }

  #add(event: string): void {
    if (this.#pendingBytes + event.length > MOST_PENDING_BYTES) {
      this.#dropped++;
      return;
    }
    this.#pending.push(event);
    this.#pendingBytes += event.length;
    this.#wake?.();
    this.#wake = null;
  }
}
