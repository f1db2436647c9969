/** Host side of Compression Streams: zlib, read as fast as the guest asks and not faster. */
import { constants, createBrotliCompress, createBrotliDecompress, createDeflate, createDeflateRaw, createGunzip, createGzip, createInflate, createInflateRaw } from "node:zlib";
import { GuestError } from "../../isolate/guest-error.ts";
import type { OpContext } from "../../isolate/invocation.ts";
import type { Handlers } from "../../isolate/op.ts";
import type { compressionOps } from "./ops.ts";

const CODEC = "codec";
const MAX_CODECS = 16;
/** What a codec has done at most before the guest reads it. */
const CHUNK_BYTES = 65_536;
const OPEN_FUEL = 10_000;
const FUEL_PER_INPUT_BYTE = { compress: 8, decompress: 2 } as const;
const FUEL_PER_OUTPUT_BYTE = 1 / 2;

const OPTIONS = { chunkSize: CHUNK_BYTES, highWaterMark: CHUNK_BYTES };
/** Brotli's own defaults cost a hundred times more than gzip, and 16 MB of window. */
const BROTLI_OPTIONS = { ...OPTIONS, params: { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_LGWIN]: 18 } };
const brotli = () => createBrotliCompress(BROTLI_OPTIONS);
const unbrotli = () => createBrotliDecompress(OPTIONS);
type Zlib = ReturnType<typeof createGzip>;
const COMPRESS = new Map<string, (options: typeof OPTIONS) => unknown>([["brotli", brotli], ["gzip", createGzip], ["deflate", createDeflate], ["deflate-raw", createDeflateRaw]]);
const DECOMPRESS = new Map<string, (options: typeof OPTIONS) => unknown>([["brotli", unbrotli], ["gzip", createGunzip], ["deflate", createInflate], ["deflate-raw", createInflateRaw]]);

class Codec {
  readonly isDecompressing: boolean;
  readonly #zlib: Zlib;
  #givenBytes = 0;
  #isIdle = true;
  /** There will be no more input. */
  isFinished = false;
  #hasEnded = false;
  #hasFailed = false;
  #wake: (() => void) | null = null;

  constructor(zlib: Zlib, isDecompressing: boolean) {
    this.#zlib = zlib;
    this.isDecompressing = isDecompressing;
    zlib.on("readable", () => this.#notify());
    zlib.on("end", () => {
      this.#hasEnded = true;
      this.#notify();
    });
    zlib.on("error", () => {
      this.#hasFailed = true;
      this.#notify();
    });
  }

  write(input: Uint8Array | null): void {
    if (!this.#isIdle || this.isFinished) throw new GuestError("TypeError", "the codec is busy");
    if (input === null) {
      this.isFinished = true;
      this.#zlib.end();
      return;
    }
    if (input.byteLength === 0) return;
    this.#givenBytes += input.byteLength;
    // The compressed data was complete already.
    if (this.#hasEnded) this.#hasFailed = true;
    else {
      this.#isIdle = false;
      this.#zlib.write(input, () => {
        this.#isIdle = true;
        this.#notify();
      });
    }
  }

  async read(): Promise<Uint8Array | null> {
    for (;;) {
      if (this.#hasFailed) throw damaged();
      const chunk = this.#zlib.read() as Uint8Array | null;
      if (chunk !== null) return chunk;
      if (this.#isDone()) {
        if (this.isDecompressing && this.#hasEnded && this.#zlib.bytesWritten < this.#givenBytes) throw damaged();
        return null;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#hasFailed = true;
    this.#zlib.destroy();
    this.#notify();
  }

  #isDone(): boolean {
    return this.isFinished ? this.#hasEnded : this.#isIdle;
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = null;
  }
}

const damaged = () => new GuestError("TypeError", "the compressed data is damaged, cut off, or followed by something else");

export const compressionHost: Handlers<typeof compressionOps, OpContext> = {
  codec_open(ctx, format, isDecompressing) {
    const { resources } = ctx.invocation;
    const create = (isDecompressing ? DECOMPRESS : COMPRESS).get(format);
    if (create === undefined) throw new GuestError("TypeError", "there is no such compression format");
    if (resources.count(CODEC) >= MAX_CODECS) throw new GuestError("RangeError", `more than ${MAX_CODECS} compression streams at once`);
    ctx.charge(OPEN_FUEL);
    const codec = new Codec(create(OPTIONS) as Zlib, isDecompressing);
    return resources.add(CODEC, codec, () => codec.close());
  },
  codec_write(ctx, rid, input) {
    const codec = ctx.invocation.resources.get<Codec>(rid, CODEC);
    ctx.charge((input?.byteLength ?? 0) * FUEL_PER_INPUT_BYTE[codec.isDecompressing ? "decompress" : "compress"]);
    codec.write(input);
  },
  async codec_read(ctx, rid) {
    const { resources } = ctx.invocation;
    try {
      const codec = resources.get<Codec>(rid, CODEC);
      const chunk = await codec.read();
      if (chunk === null && codec.isFinished) resources.close(rid);
      if (chunk !== null) ctx.charge(chunk.byteLength * FUEL_PER_OUTPUT_BYTE);
      return chunk as Uint8Array<ArrayBuffer> | null;
    } catch (error) {
      resources.close(rid);
      throw error;
    }
  },
  codec_close: (ctx, rid) => ctx.invocation.resources.close(rid),
};
