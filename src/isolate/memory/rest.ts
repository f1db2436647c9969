/** Goes round all isolates and has those that rest give back memory, a few at a time: it is never in the way of a request for long. */
import type { MemoryHolder } from "./guest-memory.ts";

/** An isolate without work for one to two rounds is trimmed. It pays for that when it is asked again, with page faults: about 0.2 ms. */
const ROUND_MS = 1_000;
/** A twentieth of a core at most, so that many apps that are asked about once a second do not wear it out. */
const STEP_MS = 0.5;
const PAUSE_MS = 10;
/** So many in one round are memory that is worth some more: a fifth. */
const MANY = 256;
const SHORT_PAUSE_MS = 2;

export class RestRounds {
  readonly #holders: () => Iterable<MemoryHolder>;
  readonly #timer: ReturnType<typeof setInterval>;
  #round: Iterator<MemoryHolder> | null = null;
  #trimmed = 0;

  constructor(holders: () => Iterable<MemoryHolder>) {
    this.#holders = holders;
    this.#timer = setInterval(() => this.#begin(), ROUND_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#round = null;
  }

  #begin(): void {
    if (this.#round !== null) return;
    this.#round = [...this.#holders()][Symbol.iterator]();
    this.#trimmed = 0;
    this.#step();
  }

  #step(): void {
    const until = performance.now() + STEP_MS;
    while (this.#round !== null) {
      const { value, done } = this.#round.next();
      if (done === true) this.#round = null;
      else if (value.rest()) {
        this.#trimmed++;
        if (performance.now() < until) continue;
        setTimeout(() => this.#step(), this.#trimmed < MANY ? PAUSE_MS : SHORT_PAUSE_MS).unref();
        return;
      }
    }
  }
}
