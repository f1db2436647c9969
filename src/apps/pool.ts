/** The isolates of one revision: which of them takes the next invocation, when there is a new one, and when one goes. */
import type { Kill } from "../isolate/invocation.ts";
import type { Isolate } from "../isolate/isolate.ts";
import type { Revision } from "./revision.ts";

export class IsolatePool {
  readonly #revision: Revision;
  readonly #onKill: (kill: Kill) => void;
  readonly #live = new Set<Isolate>();
  /** When each isolate became idle; absent while it works. */
  readonly #idleSince = new Map<Isolate, number>();

  constructor(revision: Revision, onKill: (kill: Kill) => void) {
    this.#revision = revision;
    this.#onKill = onKill;
  }

  /** No isolate takes two invocations without being renewed in between. */
  get #isForOne(): boolean {
    return this.#revision.config.isolation === "request";
  }

  get size(): number {
    return this.#live.size;
  }
  get idle(): number {
    return this.#idleSince.size;
  }
  get memoryBytes(): number {
    let sum = 0;
    for (const isolate of this.#live) sum += isolate.memoryBytes;
    return sum;
  }
  /** Of the fullest isolate. */
  get mostMemoryBytes(): number {
    let most = 0;
    for (const isolate of this.#live) most = Math.max(most, isolate.memoryBytes);
    return most;
  }
  get invocations(): number {
    let sum = 0;
    for (const isolate of this.#live) sum += isolate.invocationCount;
    return sum;
  }

  /** What runs, by the names of its requests. */
  get requestIds(): readonly string[] {
    return [...this.#live].flatMap((isolate) => isolate.requestIds);
  }

  /** Every isolate, to open an invocation in each. */
  borrowAll(): readonly Isolate[] {
    this.#idleSince.clear();
    return [...this.#live];
  }

  /** Isolates without work, and since when. */
  get idlers(): readonly (readonly [isolate: Isolate, sinceMs: number])[] {
    return [...this.#idleSince];
  }

  drop(isolate: Isolate): void {
    this.#remove(isolate);
    isolate.dispose();
  }

  /**
   * An isolate for one more invocation. One that is in the middle of guest code, or short of memory, is passed over while a fresh one may be had. Null when there is none
   * and the process has no memory for another.
   */
  take(): Isolate | null {
    if (this.#isForOne) return this.#takeFresh();
    let best: Isolate | null = null;
    for (const isolate of this.#live) {
      if (best === null || rank(isolate) < rank(best)) best = isolate;
      if (rank(best) === 0) break;
    }
    const wantsMore = best === null || ((best.isBusy || best.isCrowded) && this.#live.size < this.#revision.config.limits.isolates);
    if (wantsMore && this.#revision.mayCreateIsolate()) best = this.#create();
    if (best !== null) this.#idleSince.delete(best);
    return best;
  }

  /** The one that was renewed last: its memory is the warmest. As many as requests run, for nobody shares; what bounds them is `concurrency` and the memory. */
  #takeFresh(): Isolate | null {
    const fresh = [...this.#idleSince.keys()].at(-1) ?? (this.#revision.mayCreateIsolate() ? this.#create() : null);
    if (fresh !== null) this.#idleSince.delete(fresh);
    return fresh;
  }

  /** Drops isolates that have been idle since before `since`, on the clock of `performance.now()`. */
  evict(since: number): void {
    if (this.#live.size === 0) return;
    for (const [isolate, idleSince] of this.#idleSince) if (idleSince <= since) this.drop(isolate);
    if (this.#live.size === 0) this.#revision.pack();
  }

  close(): void {
    for (const isolate of [...this.#live]) this.drop(isolate);
  }

  #create(): Isolate {
    const isolate: Isolate = this.#revision.createIsolate({
      onCondemned: (kill) => {
        this.#remove(isolate);
        this.#onKill(kill);
      },
      onIdle: () => {
        if (!this.#live.has(isolate)) return;
        if (!this.#isForOne || this.#revision.renew(isolate)) this.#idleSince.set(isolate, performance.now());
        else this.drop(isolate);
      },
    });
    this.#live.add(isolate);
    return isolate;
  }

  #remove(isolate: Isolate): void {
    this.#live.delete(isolate);
    this.#idleSince.delete(isolate);
  }
}

/** Idle first, then the one with the least to do; one that used up a slice comes last, for nobody knows how long it will take. */
function rank(isolate: Isolate): number {
  if (isolate.isSuspended) return 2_000_000 + isolate.invocationCount;
  return isolate.isBusy || isolate.isCrowded ? 1_000_000 + isolate.invocationCount : isolate.invocationCount;
}
