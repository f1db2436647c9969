/** How long the place of a worker that ended stays empty: not at all at first, and longer the more workers ended lately, so that nothing can make a storm of processes. */
import { limitValue } from "../limits.ts";

const WINDOW_MS = limitValue("worker_deaths_window_ms");
const FREE_DEATHS = limitValue("worker_deaths");
const FIRST_MS = limitValue("worker_back_off_ms");
const MOST_MS = limitValue("worker_back_off_most_ms");

export class BackOff {
  readonly #now: () => number;
  #deaths: number[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A worker ended: milliseconds until the next may start. */
  next(): number {
    const now = this.#now();
    this.#deaths = [...this.#deaths.filter((at) => now - at < WINDOW_MS), now];
    const excess = this.#deaths.length - FREE_DEATHS;
    return excess <= 0 ? 0 : Math.min(MOST_MS, FIRST_MS * 2 ** (excess - 1));
  }
}
