/**
 * The memory of all isolates of a process together, against a budget. Past it idle isolates go first, then nothing new is begun, and when what runs needs more still, the app
 * that has most loses its largest isolate. Counts what isolates have written to at most: their snapshot, and from their first growth on all of their linear memory.
 */
import type { Account } from "../scheduler.ts";

export interface MemoryHolder {
  readonly account: Account;
  readonly countedBytes: number;
  /** See `Isolate.rest`. */
  rest(): boolean;
  /** Ends it, because the process has no more. */
  endForMemory(): void;
}

/** Memory of isolates that are gone goes back to the system in the background. Together with that, something new may find the budget overdrawn by this factor. */
const MOST_OVERDRAWN = 1.2;
/** An app that has so many times as much as another one has to give. */
const FAR_MORE = 4;

export class GuestMemory {
  readonly limitBytes: number;
  /** Drops idle isolates, those first that have been idle for longest, until `isEnough` or none is left. */
  onPressure: (isEnough: () => boolean) => void = () => {};
  /** What is only kept for others to be quick goes before that. */
  onShort: () => void = () => {};
  readonly #mostHolders: number;
  readonly #holders = new Set<MemoryHolder>();
  #usedBytes = 0;
  #leavingBytes = 0;

  /** Infinity for no limit. `mostHolders`: each is mappings and addresses of the process besides, of which there are so many. */
  constructor(limitBytes: number, mostHolders = Number.POSITIVE_INFINITY) {
    this.limitBytes = limitBytes;
    this.#mostHolders = mostHolders;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** May `account` begin something new that needs `bytes`? Makes room for it where that costs nobody anything, or only an app that has far more. */
  admits(account: Account, bytes: number): boolean {
    if (this.#usedBytes + this.#leavingBytes + bytes > this.limitBytes * MOST_OVERDRAWN) return false;
    const hasPlace = () => this.#holders.size < this.#mostHolders;
    if (!hasPlace()) this.onPressure(hasPlace);
    if (!hasPlace()) return false;
    while (!this.#makeRoom(bytes)) {
      const victim = this.#largest();
      if (victim === null || this.#sumOf(victim.account) < FAR_MORE * (this.#sumOf(account) + bytes)) return false;
      victim.endForMemory();
      if (this.#holders.has(victim)) return false;
    }
    return true;
  }

  get holders(): Iterable<MemoryHolder> {
    return this.#holders;
  }

  /** A holder is counted for so much less. */
  giveBack(bytes: number): void {
    this.#usedBytes -= bytes;
  }

  /** It runs again, and may have what it gave back. Nobody can refuse it: what is idle goes. */
  takeBack(bytes: number): void {
    this.#makeRoom(bytes);
    this.#usedBytes += bytes;
  }

  add(holder: MemoryHolder): void {
    this.#holders.add(holder);
    this.#usedBytes += holder.countedBytes;
  }

  /** May `holder`, which runs, have `bytes` more? If so they are counted. */
  grow(holder: MemoryHolder, bytes: number): boolean {
    while (!this.#makeRoom(bytes)) {
      const victim = this.#largest();
      if (victim === null || victim === holder) return false;
      victim.endForMemory();
      if (this.#holders.has(victim)) return false;
    }
    this.#usedBytes += bytes;
    return true;
  }

  /** `holder` is gone; its pages are, once the returned function is called. */
  remove(holder: MemoryHolder): () => void {
    if (!this.#holders.delete(holder)) return () => {};
    const bytes = holder.countedBytes;
    this.#usedBytes -= bytes;
    this.#leavingBytes += bytes;
    return () => {
      this.#leavingBytes -= bytes;
    };
  }

  #sumOf(account: Account): number {
    let sum = 0;
    for (const holder of this.#holders) if (holder.account === account) sum += holder.countedBytes;
    return sum;
  }

  #makeRoom(bytes: number): boolean {
    const isEnough = () => this.#usedBytes + bytes <= this.limitBytes;
    if (!isEnough()) this.onShort();
    if (!isEnough()) this.onPressure(isEnough);
    return isEnough();
  }

  /** The largest isolate of the app that has most. */
  #largest(): MemoryHolder | null {
    const sums = new Map<Account, number>();
    for (const { account, countedBytes } of this.#holders) sums.set(account, (sums.get(account) ?? 0) + countedBytes);
    let most: Account | null = null;
    for (const [account, sum] of sums) if (most === null || sum > (sums.get(most) as number)) most = account;
    let largest: MemoryHolder | null = null;
    for (const holder of this.#holders) if (holder.account === most && (largest === null || holder.countedBytes > largest.countedBytes)) largest = holder;
    return largest;
  }
}
