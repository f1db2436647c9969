/**
 * Quarantine: an app whose isolates are ended again and again, with nothing answered in between, rests for a while, for longer each time. It costs its neighbours less, and
 * nobody waits for what will not come. One answer between two kills shows that it is some requests that are bad and not the app.
 */
import { limitValue } from "../limits.ts";

export interface QuarantineLimits {
  /** So many in a row are too many. 0: never. */
  readonly kills: number;
  readonly windowMs: number;
  readonly firstMs: number;
  readonly mostMs: number;
}

const FIXED = { windowMs: limitValue("quarantine_window_ms"), firstMs: limitValue("quarantine_ms"), mostMs: limitValue("quarantine_most_ms") };

/** With `kills` in a row for an app whose `quarantine_kills` says so. */
export const quarantineLimits = (kills: number): QuarantineLimits => ({ ...FIXED, kills });

export class Quarantine {
  readonly #limitsOf: () => QuarantineLimits;
  readonly #now: () => number;
  /** Kills with no answer after them, by time. */
  #kills: number[] = [];
  #until = 0;
  #lastMs = 0;

  /** `now`: a clock that never jumps, in milliseconds. */
  constructor(limitsOf: () => QuarantineLimits, now: () => number = () => performance.now()) {
    this.#limitsOf = limitsOf;
    this.#now = now;
  }

  /** How much longer it lasts, in milliseconds; 0 when there is none. */
  get remainingMs(): number {
    return this.#until === 0 ? 0 : Math.max(0, this.#until - this.#now());
  }

  /** Counts a kill; gives the length of the quarantine that it begins, if it does. */
  kill(): number | null {
    const { kills, windowMs, firstMs, mostMs } = this.#limitsOf();
    const now = this.#now();
    if (kills === 0 || this.remainingMs > 0) return null;
    this.#kills = [...this.#kills.filter((at) => at > now - windowMs), now];
    if (this.#kills.length < kills) return null;
    this.#lastMs = Math.min(mostMs, this.#lastMs === 0 ? firstMs : this.#lastMs * 2);
    this.#until = now + this.#lastMs;
    this.#kills = [];
    return this.#lastMs;
  }

  /** The app answered: what was before is forgotten; and how long the last quarantine was, once that is as long ago. */
  answered(): void {
    if (this.#kills.length > 0) this.#kills = [];
    if (this.#lastMs > 0 && this.#now() > this.#until + this.#lastMs) this.#lastMs = 0;
  }

  lift(): void {
    this.#kills = [];
    this.#until = 0;
    this.#lastMs = 0;
  }
}
