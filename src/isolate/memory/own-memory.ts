/** The linear memory of one isolate: what it starts from and shares, what the budget counts it for, and what goes back to the system while it rests and when it ends. */
import type { Blank } from "./blanks.ts";
import type { EngineInstance } from "../engine/engine.ts";
import type { GuestMemory, MemoryHolder } from "./guest-memory.ts";
import type { GuestPages, SharedPages } from "./guest-pages.ts";
import type { Renewal } from "./renewal.ts";
import type { Patch } from "./patch.ts";
import { INSTANCE_BYTES, residentBytes, restoreSnapshot, type Snapshot } from "./snapshot.ts";

/** The allocator asks for 64 KB at a time. */
const GROWTH_BYTES = 1 << 20;

interface MemoryHost {
  readonly pages: GuestPages;
  readonly memory: GuestMemory;
}

export class OwnMemory {
  readonly #host: MemoryHost;
  readonly #engine: EngineInstance;
  readonly #snapshot: Snapshot;
  readonly #holder: MemoryHolder;
  /** Null where it is a copy. */
  readonly #shared: SharedPages | null;
  #renewal: Renewal | null = null;
  #countedBytes: number;
  #rest: "active" | "quiet" | "trimmed" = "active";
  /** What it is not counted for while it rests. */
  #givenBytes = 0;
  /** What it holds beyond its image, while its pages are not there. */
  #stash: Patch | null = null;

  /** Makes what is blank but for the image the snapshot. Throws when that does not fit. */
  constructor(host: MemoryHost, { engine, shared }: Blank, snapshot: Snapshot, holder: MemoryHolder) {
    this.#host = host;
    this.#engine = engine;
    this.#shared = shared;
    this.#snapshot = snapshot;
    this.#holder = holder;
    if (!restoreSnapshot(engine, snapshot, () => {})) throw new Error("the snapshot does not fit in the isolate's memory");
    this.#countedBytes = residentBytes(snapshot);
  }

  /** What the process' budget is told. */
  get countedBytes(): number {
    return this.#countedBytes;
  }

  /** See `Isolate.rest`; only while nothing goes on. */
  rest(): boolean {
    if (this.#rest === "trimmed") return false;
    if (this.#rest === "active") {
      this.#rest = "quiet";
      return false;
    }
    this.#rest = "trimmed";
    const { bytes, stash } = this.#host.pages.trim(this.#engine, this.#snapshot.image, this.#shared);
    this.#stash = stash;
    this.#givenBytes = Math.max(0, this.#countedBytes - bytes - INSTANCE_BYTES);
    this.#countedBytes -= this.#givenBytes;
    this.#host.memory.giveBack(this.#givenBytes);
    return true;
  }

  /** Before anybody looks at it again: it is what it was, and may have all that it had. */
  wake(): void {
    if (this.#rest === "trimmed") {
      this.#stash?.applyTo(this.#engine.bytes);
      this.#stash = null;
      this.#host.memory.takeBack(this.#givenBytes);
      this.#countedBytes += this.#givenBytes;
      this.#givenBytes = 0;
    }
    this.#rest = "active";
  }

  /** Grows linear memory to `bytes`, if the budget and its maximum allow. From then on all of it counts. */
  grow(bytes: number): boolean {
    const { memory } = this.#host;
    const counted = bytes - this.#countedBytes;
    if (!memory.grow(this.#holder, counted)) return false;
    if (this.#engine.grow(bytes)) {
      this.#countedBytes = bytes;
      return true;
    }
    memory.grow(this.#holder, -counted);
    return false;
  }

  /** Makes it what it was at first. False where it is a copy, or has grown. */
  restore(): boolean {
    const { bytes, pointers } = this.#engine;
    const { patch, memoryBytes } = this.#snapshot;
    if (bytes.byteLength !== memoryBytes) return false;
    this.wake();
    this.#renewal ??= this.#host.pages.renewalOf(bytes, this.#shared);
    if (this.#renewal?.run(bytes, () => patch?.applyTo(bytes)) !== true) return false;
    Object.assign(pointers, this.#snapshot.pointers);
    return true;
  }

  /** It is never looked at again. */
  release(): void {
    const { pages, memory } = this.#host;
    pages.release(this.#engine.memory.buffer as ArrayBuffer, this.#shared, memory.remove(this.#holder));
  }
}

/** What memory grows to when it has to reach `bytes`. */
export function roundedGrowth(bytes: number, limitBytes: number): number {
  return Math.min(limitBytes, Math.ceil(bytes / GROWTH_BYTES) * GROWTH_BYTES);
}
