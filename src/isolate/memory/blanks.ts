/**
 * Instances of the engine that wait for an app, with an image in place: what takes longest of making an isolate is done before somebody waits for it. Few, and counted; the first to
 * go when memory is short.
 */
import { type Engine, type EngineHooks, EngineInstance } from "../engine/engine.ts";
import type { GuestMemory } from "./guest-memory.ts";
import type { GuestPages, SharedPages } from "./guest-pages.ts";
import type { MemoryImage } from "./image.ts";
import { INSTANCE_BYTES } from "./snapshot.ts";

export interface Blank {
  readonly engine: EngineInstance;
  readonly image: MemoryImage;
  /** Null where its memory is a copy. */
  readonly shared: SharedPages | null;
}

export interface BlankHost {
  readonly engine: Engine;
  readonly pages: GuestPages;
  readonly memory: GuestMemory;
}

/** Not in the way of the request for which the last one was taken. */
const PAUSE_MS = 3;
/** Memory that nobody uses is kept only where there is more. */
const MOST_SHARE = 1 / 2;
/** So many others in a row are no exception. */
const MANY_OTHERS = 8;

const notYet = (): never => {
  throw new Error("an instance without an isolate was entered");
};
const NO_HOOKS: EngineHooks = { callFunction: notYet, interrupt: notYet, grow: notYet, now: notYet };

export class BlankPool {
  readonly #host: BlankHost;
  readonly #most: number;
  readonly #blanks: Blank[] = [];
  /** What is kept: apps mostly agree. */
  #wanted: { readonly image: MemoryImage; readonly memoryBytes: number } | null = null;
  #others = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(host: BlankHost, most: number) {
    this.#host = host;
    this.#most = most;
    host.memory.onShort = () => this.#drop();
  }

  get size(): number {
    return this.#blanks.length;
  }

  /** An instance whose memory may have `memoryBytes` and holds `image`. Throws where that does not fit. */
  take(image: MemoryImage, memoryBytes: number): Blank {
    const isWanted = this.#wanted?.image === image && this.#wanted.memoryBytes === memoryBytes;
    this.#others = isWanted ? 0 : this.#others + 1;
    if (this.#wanted === null || this.#others >= MANY_OTHERS) {
      this.#drop();
      this.#wanted = { image, memoryBytes };
    }
    const blank = isWanted ? this.#blanks.pop() : undefined;
    if (blank !== undefined) this.#host.memory.giveBack(this.#bytesOf(image));
    this.#schedule();
    return blank ?? this.#make(image, memoryBytes);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#wanted = null;
    this.#drop();
  }

  #make(image: MemoryImage, memoryBytes: number): Blank {
    const { engine, pages } = this.#host;
    const instance = new EngineInstance(engine, NO_HOOKS, memoryBytes);
    if (!instance.grow(image.memoryBytes)) throw new Error("the snapshot does not fit in the isolate's memory");
    return { engine: instance, image, shared: pages.fill(instance, image) };
  }

  #schedule(): void {
    if (this.#timer !== null || this.#blanks.length >= this.#most) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#refill();
    }, PAUSE_MS);
    this.#timer.unref?.();
  }

  #refill(): void {
    const { memory, pages } = this.#host;
    if (this.#wanted === null) return;
    const { image, memoryBytes } = this.#wanted;
    const bytes = this.#bytesOf(image);
    if (memory.usedBytes + bytes > memory.limitBytes * MOST_SHARE) return;
    let blank: Blank;
    try {
      blank = this.#make(image, memoryBytes);
    } catch {
      // The system has no more: whoever needs one is told so, and nobody does yet.
      return;
    }
    if (blank.shared !== null) pages.touch(blank.engine.bytes, image);
    memory.giveBack(-bytes);
    this.#blanks.push(blank);
    this.#schedule();
  }

  #drop(): void {
    for (const { engine, image, shared } of this.#blanks.splice(0)) {
      this.#host.memory.giveBack(this.#bytesOf(image));
      this.#host.pages.release(engine.memory.buffer as ArrayBuffer, shared);
    }
  }

  #bytesOf(image: MemoryImage): number {
    return INSTANCE_BYTES + image.bytes;
  }
}
