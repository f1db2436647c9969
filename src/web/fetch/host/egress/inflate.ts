/** Content codings of a response body, undone as it is pulled. A body that grows out of all proportion is cut before it fills anything. */
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from "node:zlib";
import type { ByteSource } from "../../../../base/wire.ts";
import { limitValue } from "../../../../limits.ts";
import { networkError } from "./network-error.ts";

type Inflater = ReturnType<typeof createGunzip>;
/** `first`: the first bytes of the body. */
type CreateInflater = (first: Uint8Array) => Inflater;

const RATIO = limitValue("inflate_ratio");
const FREE_BYTES = limitValue("inflate_free_mb");
const MAX_CODINGS = 5;

const INFLATERS: Readonly<Record<string, CreateInflater>> = {
  gzip: () => createGunzip(),
  "x-gzip": () => createGunzip(),
  br: () => createBrotliDecompress(),
  // Some servers send it without the zlib wrapper.
  deflate: ([first = 0]) => ((first & 0x0f) === 8 ? createInflate() : createInflateRaw()),
};

/** The codings of a `content-encoding` value, outermost last; null when one of them is unknown, so that the body stays as it is. */
export function knownCodings(value: string): readonly string[] | null {
  const codings = value.split(",").map((coding) => coding.trim().toLowerCase()).filter((coding) => coding !== "" && coding !== "identity");
  if (codings.length > MAX_CODINGS) throw networkError("the upstream's response is encoded too many times");
  return codings.every((coding) => Object.hasOwn(INFLATERS, coding)) ? codings : null;
}

/** `onInflated` is told of every piece, in bytes. */
export function inflated(source: ByteSource, codings: readonly string[], onInflated: (bytes: number) => void): ByteSource {
  const wire = new CountedSource(source);
  return codings.reduceRight<ByteSource>((inner, coding) => new InflatingSource(inner, INFLATERS[coding] as CreateInflater, wire, onInflated), wire);
}

class CountedSource implements ByteSource {
  bytes = 0;
  readonly #source: ByteSource;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  async pull(): Promise<Uint8Array | null> {
    const chunk = await this.#source.pull();
    this.bytes += chunk?.byteLength ?? 0;
    return chunk;
  }

  cancel(reason?: unknown): void {
    this.#source.cancel(reason);
  }
}

class InflatingSource implements ByteSource {
  readonly #source: ByteSource;
  readonly #create: CreateInflater;
  /** What came over the wire, under all codings: codings inside each other share one ratio. */
  readonly #wire: CountedSource;
  readonly #onInflated: (bytes: number) => void;
  #inflater: Inflater | null = null;
  #inflatedBytes = 0;
  #failure: { readonly reason: unknown } | null = null;
  #isEnded = false;
  #wakePuller: (() => void) | null = null;
  #wakeFeeder: (() => void) | null = null;

  constructor(source: ByteSource, create: CreateInflater, wire: CountedSource, onInflated: (bytes: number) => void) {
    this.#source = source;
    this.#create = create;
    this.#wire = wire;
    this.#onInflated = onInflated;
  }

  async pull(): Promise<Uint8Array | null> {
    if (this.#inflater === null && !this.#isEnded && this.#failure === null) await this.#start();
    for (;;) {
      if (this.#failure !== null) throw this.#failure.reason;
      if (this.#isEnded) return null;
      const chunk = this.#inflater?.read() as Uint8Array | null;
      if (chunk !== null) return this.#counted(chunk);
      await new Promise<void>((resolve) => {
        this.#wakePuller = resolve;
      });
    }
  }

  cancel(reason?: unknown): void {
    this.#fail(reason ?? networkError("the body was canceled"));
  }

  /** A body without a single byte is an empty body in any coding. */
  async #start(): Promise<void> {
    const first = await this.#source.pull();
    if (first === null) {
      this.#isEnded = true;
      return;
    }
    if (this.#failure !== null) return;
    const inflater = this.#create(first);
    this.#inflater = inflater;
    inflater.on("readable", () => this.#resumePuller());
    inflater.on("end", () => {
      this.#isEnded = true;
      this.#source.cancel();
      this.#wake();
    });
    inflater.on("error", () => this.#fail(networkError("the upstream's body is not encoded as it says")));
    inflater.on("drain", () => this.#resumeFeeder());
    this.#feed(inflater, first).catch((error) => this.#fail(error));
  }

  async #feed(inflater: Inflater, first: Uint8Array): Promise<void> {
    for (let chunk: Uint8Array | null = first; chunk !== null; chunk = await this.#source.pull()) {
      if (this.#isEnded || this.#failure !== null) return;
      if (inflater.write(chunk)) continue;
      await new Promise<void>((resolve) => {
        this.#wakeFeeder = resolve;
      });
    }
    if (!this.#isEnded && this.#failure === null) inflater.end();
  }

  #counted(chunk: Uint8Array): Uint8Array {
    this.#inflatedBytes += chunk.byteLength;
    this.#onInflated(chunk.byteLength);
    if (this.#inflatedBytes <= FREE_BYTES || this.#inflatedBytes <= RATIO * this.#wire.bytes) return chunk;
    const error = networkError("the upstream's body inflates beyond all proportion");
    this.#fail(error);
    throw error;
  }

  #fail(reason: unknown): void {
    if (this.#failure !== null || this.#isEnded) return;
    this.#failure = { reason };
    this.#inflater?.destroy();
    this.#source.cancel(reason);
    this.#wake();
  }

  #wake(): void {
    this.#resumePuller();
    this.#resumeFeeder();
  }

  #resumePuller(): void {
    this.#wakePuller?.();
    this.#wakePuller = null;
  }

  #resumeFeeder(): void {
    this.#wakeFeeder?.();
    this.#wakeFeeder = null;
  }
}
