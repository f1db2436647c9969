/** A bounded pipe from one writer to one puller. Streams of an isolate leave through it, so a slow client slows the guest instead of filling the host. */
import { Buffer } from "node:buffer";
import type { ByteSource } from "./wire.ts";

/** Chunks that are no more than this together cost their reader less as one. */
const MERGED_BYTES = 16_384;

type Waiter = { resolve: () => void; reject: (reason: unknown) => void };

/** What several pipes may hold together. A pipe always may hold one chunk, so that none waits for another. */
export interface ByteBudget {
  usedBytes: number;
  readonly limitBytes: number;
}

export class BytePipe implements ByteSource {
  readonly #highWaterBytes: number;
  readonly #budget: ByteBudget | null;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #ended = false;
  #failure: { reason: unknown } | null = null;
  #puller: { resolve: (chunk: Uint8Array | null) => void; reject: (reason: unknown) => void } | null = null;
  #writers: Waiter[] = [];
  #finish!: () => void;
  /** Resolves once the last chunk has been pulled, or the pipe was cancelled or aborted. Never rejects. */
  readonly finished: Promise<void>;
  /** Called once when the puller cancels. */
  onCancel: ((reason: unknown) => void) | null = null;

  constructor(highWaterBytes: number, budget: ByteBudget | null = null) {
    this.#highWaterBytes = highWaterBytes;
    this.#budget = budget;
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }
  get closed(): boolean {
    return this.#ended || this.#failure !== null;
  }

  /** True when the pipe wants more; else `ready` tells when it does. Throws when the puller has cancelled. Empty chunks are dropped. */
  push(chunk: Uint8Array): boolean {
    if (this.#failure !== null) throw this.#failure.reason;
    if (this.#ended) throw new Error("the pipe is closed");
    if (chunk.byteLength > 0) {
      this.#queue.push(chunk);
      this.#hold(chunk.byteLength);
      // What the writer brings in the same turn leaves together.
      if (this.#puller !== null && this.#queue.length === 1) queueMicrotask(() => this.#satisfy());
    }
    return this.#wantsMore();
  }

  /** Resolves when the pipe wants more. Rejects when the puller has cancelled. */
  ready(): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure.reason);
    if (this.#wantsMore()) return Promise.resolve();
    return new Promise((resolve, reject) => this.#writers.push({ resolve, reject }));
  }

  /** Both: resolves when the pipe wants more. */
  async write(chunk: Uint8Array): Promise<void> {
    if (!this.push(chunk)) await this.ready();
  }

  close(): void {
    if (this.closed) return;
    this.#ended = true;
    if (this.#queue.length > 0) return;
    this.#puller?.resolve(null);
    this.#puller = null;
    this.#finish();
  }

  /** The writer failed: what is queued is dropped and the puller gets `reason`. */
  abort(reason: unknown): void {
    if (this.closed) return;
    this.#fail(reason);
  }

  pull(): Promise<Uint8Array | null> {
    const chunk = this.#take();
    if (chunk !== null) return Promise.resolve(chunk);
    if (this.#failure !== null) return Promise.reject(this.#failure.reason);
    if (this.#ended) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      this.#puller = { resolve, reject };
    });
  }

  cancel(reason?: unknown): void {
    if (this.#failure !== null || (this.#ended && this.#queue.length === 0)) return;
    const wasOpen = !this.#ended;
    this.#fail(reason ?? new Error("canceled"));
    if (wasOpen) this.onCancel?.(reason);
  }

  #satisfy(): void {
    const puller = this.#puller;
    const chunk = puller === null ? null : this.#take();
    if (chunk === null) return;
    this.#puller = null;
    puller?.resolve(chunk);
  }

  /** The next chunk; small ones become one. */
  #take(): Uint8Array | null {
    const first = this.#queue.shift();
    if (first === undefined) return null;
    let bytes = first.byteLength;
    let count = 0;
    for (; count < this.#queue.length; count++) {
      const next = (this.#queue[count] as Uint8Array).byteLength;
      if (bytes + next > MERGED_BYTES) break;
      bytes += next;
    }
    const chunk = count === 0 ? first : Buffer.concat([first, ...this.#queue.splice(0, count)], bytes);
    this.#hold(-bytes);
    if (this.#ended && this.#queue.length === 0) this.#finish();
    if (this.#wantsMore()) for (const writer of this.#writers.splice(0)) writer.resolve();
    return chunk;
  }

  #wantsMore(): boolean {
    if (this.#queuedBytes === 0) return true;
    return this.#queuedBytes < this.#highWaterBytes && (this.#budget === null || this.#budget.usedBytes < this.#budget.limitBytes);
  }

  #hold(bytes: number): void {
    this.#queuedBytes += bytes;
    if (this.#budget !== null) this.#budget.usedBytes += bytes;
  }

  #fail(reason: unknown): void {
    this.#failure = { reason };
    this.#finish();
    this.#queue = [];
    this.#hold(-this.#queuedBytes);
    this.#puller?.reject(reason);
    this.#puller = null;
    for (const writer of this.#writers.splice(0)) writer.reject(reason);
  }
}
