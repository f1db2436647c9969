/**
 * The pages under linear memory. Isolates of one image share its pages until they write: a fresh one has next to none of its own, and an idle one gives back those in
 * which it has changed nothing. Dead ones give back all: a WebAssembly memory is unmapped only when a garbage collection gets to it, which its size does not
 * hurry. Where the system offers none of that, or refuses, isolates get copies.
 */
import { readFileSync } from "node:fs";
import { setImmediate } from "node:timers";
import type { EngineInstance } from "../engine/engine.ts";
import { copyImage, type MemoryImage, OS_PAGE } from "./image.ts";
import { Renewal } from "./renewal.ts";
import type { SystemMemory } from "./system-memory.ts";
import { trimCopy, type Trimmed, trimShared } from "./trim.ts";

/** What an isolate shares. */
export interface SharedPages {
  readonly image: MemoryImage;
  /** Where linear memory was when it was mapped. */
  readonly address: number;
}

/** What is given back in one call: a fraction of a millisecond when all of it was in use, next to nothing when it was not. */
const CHUNK_BYTES = 4 << 20;
/** How long the event loop is kept from the next thing. Apps that load at the same time leave memory behind faster than one chunk a turn gives it back. */
const STEP_MS = 0.5;
/** Of the mappings that the system allows a process, those that are left for all else: other memory, and isolates that wait for a garbage collection. */
const MAPPINGS_LEFT = 0.2;
/** Three of every WebAssembly memory, the image, and what is between it and the rest. */
const MAPPINGS_PER_ISOLATE = 5;
const STANDARD_MAPPINGS = 65_530;
/** An app of one line writes to some 70. */
const MOST_TOUCHED = 128;

export interface GuestPagesOptions {
  /** Null where there is none to use. */
  readonly system: SystemMemory | null;
  /** Whether isolates share. */
  readonly isShared: boolean;
  /** So many isolates share at most. */
  readonly mostShared?: number;
}

export class GuestPages {
  readonly #system: SystemMemory | null;
  readonly #isShared: boolean;
  readonly #mostShared: number;
  /** Null: the system refused. */
  readonly #files = new WeakMap<MemoryImage, number | null>();
  readonly #closeFiles: FinalizationRegistry<number>;
  /** The pages that the last isolate of an image had written to when it came to rest. */
  readonly #written = new WeakMap<MemoryImage, Uint8Array>();
  #sharing = 0;
  readonly #leaving: { readonly buffer: ArrayBuffer; readonly shared: SharedPages | null; from: number; readonly onReleased: () => void }[] = [];
  #isScheduled = false;

  constructor({ system, isShared, mostShared = mostSharedHere() }: GuestPagesOptions) {
    this.#system = system;
    this.#isShared = isShared && system !== null;
    this.#mostShared = mostShared;
    this.#closeFiles = new FinalizationRegistry((file) => system?.closeFile(file));
  }

  /** Isolates that share now. */
  get sharing(): number {
    return this.#sharing;
  }

  /** Puts `image` into fresh linear memory. Null when it is a copy. */
  fill(engine: EngineInstance, image: MemoryImage): SharedPages | null {
    const shared = this.#map(engine, image);
    if (shared === null) copyImage(engine.bytes, image);
    return shared;
  }

  /** While nothing of an isolate is on the stack: gives back what it can of its memory, see `trim.ts`. */
  trim(engine: EngineInstance, image: MemoryImage, shared: SharedPages | null): Trimmed {
    if (this.#system === null) return { bytes: engine.bytes.byteLength, stash: null, isWritten: null };
    if (shared === null || !this.#isInPlace(engine.bytes, shared)) return trimCopy(this.#system, engine, image);
    const trimmed = trimShared(this.#system, engine, image);
    if (trimmed.isWritten !== null) this.#written.set(image, trimmed.isWritten);
    return trimmed;
  }

  /** Makes pages of a fresh isolate its own that it is going to write to, going by one that had run: what is written to for the first time takes longest. */
  touch(bytes: Uint8Array, image: MemoryImage): void {
    const isWritten = this.#written.get(image)?.subarray(0, endOf(image) / OS_PAGE);
    if (isWritten === undefined) return;
    let touched = 0;
    for (let page = isWritten.indexOf(1); page !== -1 && touched < MOST_TOUCHED; page = isWritten.indexOf(1, page + 1), touched++) bytes[page * OS_PAGE] = bytes[page * OS_PAGE] as number;
  }

  /** What renews the memory of an isolate; null where it shares nothing, or is elsewhere by now. */
  renewalOf(bytes: Uint8Array, shared: SharedPages | null): Renewal | null {
    return shared !== null && this.#system !== null && this.#isInPlace(bytes, shared) ? new Renewal(this.#system, shared.image) : null;
  }

  /** `buffer` is never looked at again. Its pages go later, bit by bit, when nothing of its isolate is on the stack any more; `onReleased` is told when all have. */
  release(buffer: ArrayBuffer, shared: SharedPages | null, onReleased: () => void = () => {}): void {
    if (this.#system === null) {
      onReleased();
      return;
    }
    this.#leaving.push({ buffer, shared, from: 0, onReleased });
    this.#schedule();
  }

  #map({ bytes }: EngineInstance, image: MemoryImage): SharedPages | null {
    if (!this.#isShared || this.#sharing >= this.#mostShared) return null;
    const system = this.#system as SystemMemory;
    const file = this.#fileOf(system, image);
    if (file === null) return null;
    if (!system.mapFile(bytes.subarray(0, endOf(image)), file, 0)) return null;
    this.#sharing++;
    return { image, address: system.addressOf(bytes) };
  }

  #fileOf(system: SystemMemory, image: MemoryImage): number | null {
    let file = this.#files.get(image);
    if (file === undefined) {
      file = system.createFile(image.segments);
      this.#files.set(image, file);
      if (file !== null) this.#closeFiles.register(image, file);
    }
    return file;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#step();
    });
  }

  #step(): void {
    const until = performance.now() + STEP_MS;
    do this.#releaseChunk();
    while (this.#leaving.length > 0 && performance.now() < until);
    if (this.#leaving.length > 0) this.#schedule();
  }

  #releaseChunk(): void {
    const next = this.#leaving[0];
    if (next === undefined) return;
    const { buffer, from, shared } = next;
    if (from === 0 && shared !== null) this.#unmap(buffer, shared);
    const length = Math.min(CHUNK_BYTES, buffer.byteLength - from);
    if (length > 0) this.#system?.discard(new Uint8Array(buffer, from, length));
    next.from += length;
    if (next.from < buffer.byteLength) return;
    this.#leaving.shift();
    next.onReleased();
  }

  /** The engine gets its memory back as it gave it. */
  #unmap(buffer: ArrayBuffer, shared: SharedPages): void {
    this.#sharing--;
    const bytes = new Uint8Array(buffer);
    if (this.#isInPlace(bytes, shared)) this.#system?.mapEmpty(bytes.subarray(0, endOf(shared.image)));
  }

  /** A memory that has moved is a copy, and what it was is the engine's again. */
  #isInPlace(bytes: Uint8Array, { address }: SharedPages): boolean {
    return this.#system?.addressOf(bytes) === address;
  }
}

/** One mapping for all of it. The stack is in a hole of the file, where the few pages that are ever used come to be when they are first asked for. */
function endOf({ segments }: MemoryImage): number {
  const last = segments.at(-1);
  return last === undefined ? 0 : last.at + last.data.byteLength;
}

/** Of the mappings that a process may have. */
function mostSharedHere(): number {
  let most = STANDARD_MAPPINGS;
  try {
    most = Number(readFileSync("/proc/sys/vm/max_map_count", "utf8")) || STANDARD_MAPPINGS;
  } catch {
    // Not Linux, or no /proc: the standard it is.
  }
  return Math.floor((most * (1 - MAPPINGS_LEFT)) / MAPPINGS_PER_ISOLATE);
}
