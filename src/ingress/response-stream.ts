/**
 * An app's byte source as the stream that a server writes. One chunk is in flight at a time, so a slow client slows the app;
 * a client that takes nothing for `stallMs` is dropped. Tells its owner once how the stream ended.
 */
import type { DeadlineSweeper, Due } from "../base/deadline.ts";
import type { ByteSource } from "../base/wire.ts";

export type StreamEnd = "complete" | "failed" | "stalled" | "canceled";

export class ResponseStream implements Due {
  dueAt = Number.POSITIVE_INFINITY;
  readonly #source: ByteSource;
  readonly #stallMs: number;
  readonly #sweeper: DeadlineSweeper;
  readonly #onEnd: (end: StreamEnd, bytes: number, reason: unknown) => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #bytes = 0;
  #isEnded = false;

  constructor(source: ByteSource, stallMs: number, sweeper: DeadlineSweeper, onEnd: (end: StreamEnd, bytes: number, reason: unknown) => void) {
    this.#source = source;
    this.#stallMs = stallMs;
    this.#sweeper = sweeper;
    this.#onEnd = onEnd;
  }

  toReadable(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>({ pull: (controller) => this.#pull(controller), cancel: (reason) => this.#cancel(reason) }, { highWaterMark: 0 });
  }

  /** Ends the stream from our side: the client sees a cut connection, never a response that looks whole. */
  abort(end: StreamEnd, reason: Error): void {
    if (this.#isEnded) return;
    this.#end(end);
    this.#source.cancel(reason);
    this.#controller?.error(reason);
  }

  onDue(): void {
    this.abort("stalled", new Error("the client stopped reading the response"));
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    this.#controller = controller;
    this.#sweeper.unwatch(this);
    this.dueAt = Number.POSITIVE_INFINITY;
    let chunk: Uint8Array | null;
    try {
      chunk = await this.#source.pull();
    } catch (error) {
      // Bun prints the error of a stream that fails before the response has left; a turn later it only cuts the connection.
      if (this.#bytes === 0) await new Promise((resolve) => setImmediate(resolve));
      if (this.#isEnded) return;
      this.#end("failed", error);
      controller.error(error);
      return;
    }
    if (this.#isEnded) return;
    if (chunk === null) {
      this.#end("complete");
      controller.close();
      return;
    }
    this.#bytes += chunk.byteLength;
    controller.enqueue(chunk);
    this.dueAt = this.#sweeper.now() + this.#stallMs;
    this.#sweeper.watch(this);
  }

  #cancel(reason: unknown): void {
    if (this.#isEnded) return;
    this.#end("canceled");
    this.#source.cancel(reason);
  }

  /** `reason`: what the source failed with. */
  #end(end: StreamEnd, reason: unknown = null): void {
    this.#isEnded = true;
    this.#sweeper.unwatch(this);
    this.#onEnd(end, this.#bytes, reason);
  }
}
