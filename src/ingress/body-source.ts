/** A request body as a pulled source. Counts what it lets through, and gives up on a client that stalls or trickles while we wait for it. */
import type { DeadlineSweeper, Due } from "../base/deadline.ts";
import type { ByteSource } from "../base/wire.ts";

export interface BodyLimits {
  readonly maxBytes: number;
  /** Waiting for one chunk this long is a stall. */
  readonly idleMs: number;
  /** Judged over the time spent waiting for the client, once that exceeds `idleMs`: while the app is not reading, nobody is blamed. */
  readonly minBytesPerSecond: number;
}

export type BodyFault = "payload_too_large" | "request_timeout";

export class BodyError extends Error {
  readonly fault: BodyFault;

  constructor(fault: BodyFault) {
    super(fault === "payload_too_large" ? "the request body exceeds the limit" : "the client stopped sending the request body");
    this.fault = fault;
  }
}

/** What of a stream's reader is needed here. */
export interface BodyReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(reason?: unknown): Promise<void>;
}

/** Above this, what has come is passed on before the rest is there. */
const MOST_WHOLE_BYTES = 16_384;

/** The reader of a request's body of `length` bytes; null for a length that is not known. */
export function bodyReader(request: Request, length: number | null, { idleMs, minBytesPerSecond }: BodyLimits): BodyReader | null {
  // One that may take no longer than one chunk is one: a server's stream costs more than all that nano does about a small body.
  if (length !== null && length <= MOST_WHOLE_BYTES && length * 1000 <= idleMs * minBytesPerSecond) return new WholeReader(request);
  return request.body?.getReader() ?? null;
}

class WholeReader implements BodyReader {
  readonly #request: Request;
  #end: (() => void) | null = null;

  constructor(request: Request) {
    this.#request = request;
  }

  read(): ReturnType<BodyReader["read"]> {
    if (this.#end !== null) return Promise.resolve({ done: true });
    return new Promise((resolve, reject) => {
      this.#end = () => resolve({ done: true });
      this.#request.arrayBuffer().then((buffer) => resolve({ done: false, value: new Uint8Array(buffer) }), reject);
    });
  }

  async cancel(): Promise<void> {
    this.#end?.();
  }
}

export class BodySource implements ByteSource, Due {
  dueAt = Number.POSITIVE_INFINITY;
  readonly #reader: BodyReader;
  readonly #limits: BodyLimits;
  readonly #sweeper: DeadlineSweeper;
  readonly #onFault: (error: BodyError) => void;
  #bytes = 0;
  #waitedMs = 0;
  #failure: unknown = null;
  #isClosed = false;

  /** `onFault` is called once, before the pull in progress rejects. */
  constructor(reader: BodyReader, limits: BodyLimits, sweeper: DeadlineSweeper, onFault: (error: BodyError) => void) {
    this.#reader = reader;
    this.#limits = limits;
    this.#sweeper = sweeper;
    this.#onFault = onFault;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async pull(): Promise<Uint8Array | null> {
    while (!this.#isClosed) {
      const chunk = await this.#read();
      if (chunk === null) {
        this.#close();
        break;
      }
      this.#bytes += chunk.byteLength;
      if (this.#bytes > this.#limits.maxBytes) this.#fail("payload_too_large");
      else if (chunk.byteLength > 0) return chunk;
    }
    if (this.#failure !== null) throw this.#failure;
    return null;
  }

  cancel(reason?: unknown): void {
    if (this.#isClosed) return;
    this.#close();
    // The client having gone already is no news here: whoever waits for the body learns it from the pull.
    this.#reader.cancel(reason).catch(() => {});
  }

  onDue(): void {
    this.#fail("request_timeout");
  }

  async #read(): Promise<Uint8Array | null> {
    const startedMs = this.#sweeper.now();
    this.dueAt = startedMs + this.#patienceMs();
    this.#sweeper.watch(this);
    try {
      const { value, done } = await this.#reader.read();
      return done || value === undefined ? null : value;
    } catch (error) {
      this.#failure ??= error;
      return null;
    } finally {
      this.#sweeper.unwatch(this);
      this.#waitedMs += this.#sweeper.now() - startedMs;
    }
  }

  /** How long the next chunk may take: the idle limit, less once what has come so far pays for less. */
  #patienceMs(): number {
    const { idleMs, minBytesPerSecond } = this.#limits;
    const paidMs = Math.max(idleMs, (this.#bytes * 1000) / minBytesPerSecond);
    return Math.min(idleMs, Math.max(0, paidMs - this.#waitedMs));
  }

  #fail(fault: BodyFault): void {
    if (this.#isClosed) return;
    const error = new BodyError(fault);
    this.#failure = error;
    this.#onFault(error);
    this.cancel(error);
  }

  #close(): void {
    this.#isClosed = true;
    this.#sweeper.unwatch(this);
    this.dueAt = Number.POSITIVE_INFINITY;
  }
}
