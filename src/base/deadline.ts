/** Coarse deadlines for many short-lived things: one timer sweeps them all, so arming and disarming costs a Set operation. Late by at most one tick, never early. */
export interface Due {
  /** On the sweeper's clock, milliseconds. Infinity while nothing is due. */
  dueAt: number;
  onDue(): void;
}

export class DeadlineSweeper {
  readonly #tickMs: number;
  readonly #now: () => number;
  readonly #watched = new Set<Due>();
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(tickMs: number, now: () => number = () => performance.now()) {
    this.#tickMs = tickMs;
    this.#now = now;
  }

  now(): number {
    return this.#now();
  }

  watch(due: Due): void {
    this.#watched.add(due);
    this.#timer ??= setInterval(() => this.sweep(), this.#tickMs);
  }

  unwatch(due: Due): void {
    this.#watched.delete(due);
  }

  /** Tells everyone who is due. A fault in one of them is thrown once all have been told. */
  sweep(): void {
    if (this.#watched.size === 0 && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
      return;
    }
    const now = this.#now();
    const faults: unknown[] = [];
    for (const due of this.#watched)
      if (due.dueAt <= now)
        try {
          due.onDue();
        } catch (error) {
          faults.push(error);
        }
    if (faults.length > 0) throw faults[0];
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#watched.clear();
  }
}
