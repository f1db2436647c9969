/** The clock that a test file and its apps live by: the real one, until a test stops it. Deadlines of nano's own stay on the real one. */
import type { TimerService } from "../web/timers/host.ts";
import type { GuestClock } from "../web/performance/host.ts";

interface Waiting {
  readonly run: () => void;
  dueAt: number;
}

class Timer {
  constructor(cancel: () => void) {
    this.cancel = cancel;
  }
  cancel: () => void;
}

export class StoppableClock implements TimerService {
  readonly #settle: () => Promise<void>;
  /** What waits while the clock stands, in the order in which it began to. */
  readonly #waiting = new Set<Waiting>();
  #stoppedAt: number | null = null;
  /** What `performance.now()` read when the clock was stopped, and how far it has been moved since. */
  #performanceAt = 0;
  #movedMs = 0;
  #era = 0;
  readonly performance: GuestClock = {
    origin: () => performance.timeOrigin,
    now: () => (this.#stoppedAt === null ? performance.now() : this.#performanceAt + this.#movedMs),
  };

  /** `settle` resolves when everything that could run has run. */
  constructor(settle: () => Promise<void>) {
    this.#settle = settle;
  }

  readonly now = (): number => this.#stoppedAt ?? Date.now();

  get pending(): number {
    return this.#waiting.size;
  }

  /** Stands still at `timeMs`, whatever it was before. */
  stop(timeMs: number): void {
    if (this.#stoppedAt === null) {
      this.#performanceAt = performance.now();
      this.#movedMs = 0;
    } else for (const timer of this.#waiting) timer.dueAt += timeMs - this.#stoppedAt;
    this.#stoppedAt = timeMs;
  }

  /** Goes on with the real time. */
  go(): void {
    if (this.#stoppedAt === null) return;
    const waiting = [...this.#waiting];
    const at = this.#stoppedAt;
    this.#waiting.clear();
    this.#stoppedAt = null;
    this.#era++;
    for (const { run, dueAt } of waiting) setTimeout(run, dueAt - at);
  }

  /** Ends what `advance` is at. */
  interrupt(): void {
    this.#era++;
  }

  start(run: () => void, ms: number): Timer {
    if (this.#stoppedAt === null) {
      const handle = setTimeout(run, ms);
      return new Timer(() => clearTimeout(handle));
    }
    const waiting: Waiting = { run, dueAt: this.#stoppedAt + ms };
    this.#waiting.add(waiting);
    return new Timer(() => this.#waiting.delete(waiting));
  }

  cancel(timer: unknown): void {
    (timer as Timer).cancel();
  }

  /** Runs what comes due within `ms`, one after the other, each at its time. False when the clock goes by itself. */
  async advance(ms: number): Promise<boolean> {
    if (this.#stoppedAt === null) return false;
    const era = this.#era;
    await this.#settle();
    const until = this.#stoppedAt + ms;
    for (let next = this.#next(until); era === this.#era && next !== null; next = this.#next(until)) {
      this.#moveTo(next.dueAt);
      this.#waiting.delete(next);
      next.run();
      await this.#settle();
    }
    if (era === this.#era) this.#moveTo(until);
    return true;
  }

  #next(until: number): Waiting | null {
    let next: Waiting | null = null;
    for (const timer of this.#waiting) if (timer.dueAt <= until && (next === null || timer.dueAt < next.dueAt)) next = timer;
    return next;
  }

  #moveTo(timeMs: number): void {
    this.#movedMs += timeMs - (this.#stoppedAt ?? timeMs);
    this.#stoppedAt = timeMs;
  }
}
