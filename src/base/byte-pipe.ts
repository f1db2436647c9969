/** A bounded pipe from one writer to one puller. Streams of an isolate leave through it, so a slow client slows the guest instead of filling the host. */
import type { ByteSource } from "./wire.ts";

/** Smaller chunks that follow each other become one: each costs its reader, and more memory than it holds. */
const SMALL_BYTES = 4_096;
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
  /** The last of the queue, while small chunks may still be added to it. */
  #open: Uint8Array | null = null;
  #openBytes = 0;
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
      this.#append(chunk);
      // What the writer brings in the same turn leaves together.
      if (this.#puller !== null && this.#queuedBytes === chunk.byteLength) queueMicrotask(() => this.#satisfy());
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
    if (this.#queuedBytes > 0) return;
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
    if (this.#failure !== null || (this.#ended && this.#queuedBytes === 0)) return;
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

  #append(chunk: Uint8Array): void {
    const size = chunk.byteLength;
    this.#hold(size);
    const last = this.#queue.at(-1);
    if (size >= SMALL_BYTES || (this.#open === null && (last === undefined || last.byteLength >= SMALL_BYTES))) {
      this.#seal();
      this.#queue.push(chunk);
      return;
    }
    if (this.#open !== null && this.#openBytes + size > MERGED_BYTES) this.#seal();
    if (this.#open === null) {
      this.#open = new Uint8Array(MERGED_BYTES);
      this.#openBytes = 0;
      if (last !== undefined && last.byteLength < SMALL_BYTES) {
        this.#queue.pop();
        this.#open.set(last);
        this.#openBytes = last.byteLength;
      }
    }
    this.#open.set(chunk, this.#openBytes);
    this.#openBytes += size;
  }

  /** What small chunks have become takes its place in the queue, without the room that was left. */
  #seal(): void {
    if (this.#open === null) return;
    this.#queue.push(this.#open.slice(0, this.#openBytes));
    this.#open = null;
  }

  #take(): Uint8Array | null {
    if (this.#queue.length === 0) this.#seal();
    const chunk = this.#queue.shift();
    if (chunk === undefined) return null;
    this.#hold(-chunk.byteLength);
    if (this.#ended && this.#queuedBytes === 0) this.#finish();
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
    this.#open = null;
    this.#hold(-this.#queuedBytes);
    this.#puller?.reject(reason);
    this.#puller = null;
    for (const writer of this.#writers.splice(0)) writer.reject(reason);
  }
}
