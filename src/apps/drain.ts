/**
 * Drain, the one way in which anything stops: an app that is removed, a revision that was replaced, the whole process. Nothing new is taken, its code is told, what
 * runs may finish until a deadline, and what is left then is ended and named in the log.
 */
import type { Observer } from "../observe/observer.ts";

export type DrainReason = "shutdown" | "removed" | "replaced";

/** What can be drained. */
export interface Drainable {
  readonly name: string;
  /** Requests that are not over, and work on being told. */
  readonly inFlight: number;
  /** What these are called in the log. */
  readonly unfinished: readonly string[];
  /** Tells the app's code. `deadline` is in Unix milliseconds, `graceMs` what is left until then. */
  announce(reason: DrainReason, deadline: number, graceMs: number): void;
  /** Ends everything at once. */
  close(): void;
}

/** What an operator sees of a drain. */
export interface DrainProgress {
  readonly reason: DrainReason;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly deadline: number;
  readonly inFlight: number;
}

const POLL_MS = 20;
/** Requests that are named one by one. */
const MOST_NAMED = 10;

export class Drain {
  readonly #subject: Drainable;
  readonly #reason: DrainReason;
  readonly #observer: Pick<Observer, "event">;
  readonly #startedAt = Date.now();
  readonly #startedMs = performance.now();
  #graceMs: number;
  /** Resolves once the subject is closed, with whether all of it was done by then. Never rejects. */
  readonly done: Promise<boolean>;

  constructor(subject: Drainable, reason: DrainReason, graceMs: number, observer: Pick<Observer, "event">) {
    this.#subject = subject;
    this.#reason = reason;
    this.#graceMs = graceMs;
    this.#observer = observer;
    subject.announce(reason, this.#startedAt + graceMs, graceMs);
    this.done = this.#run();
  }

  get progress(): DrainProgress {
    return { reason: this.#reason, startedAt: this.#startedAt, deadline: this.#startedAt + this.#graceMs, inFlight: this.#subject.inFlight };
  }

  /** Ends no later than `graceMs` from now. */
  hurry(graceMs: number): void {
    this.#graceMs = Math.min(this.#graceMs, performance.now() - this.#startedMs + graceMs);
  }

  async #run(): Promise<boolean> {
    // Whoever made this has a name for it before it is over.
    await null;
    const fields = { app: this.#subject.name, reason: this.#reason };
    const inFlight = this.#subject.inFlight;
    if (inFlight > 0) this.#observer.event("drain_started", { ...fields, in_flight: inFlight, drain_ms: Math.round(this.#graceMs) });
    // By the monotonic clock: a step of the wall clock ends nobody.
    while (this.#subject.inFlight > 0 && this.#elapsedMs < this.#graceMs) await new Promise((resolve) => setTimeout(resolve, Math.min(POLL_MS, this.#graceMs - this.#elapsedMs)));
    const { unfinished } = this.#subject;
    const isDone = this.#subject.inFlight === 0;
    if (!isDone) this.#observer.event("drain_aborted", { ...fields, after_ms: Math.round(this.#elapsedMs), aborted: unfinished.length, requests: named(unfinished) });
    else if (inFlight > 0) this.#observer.event("drain_finished", { ...fields, after_ms: Math.round(this.#elapsedMs) });
    this.#subject.close();
    return isDone;
  }

  get #elapsedMs(): number {
    return performance.now() - this.#startedMs;
  }
}

function named(ids: readonly string[]): string {
  const rest = ids.length - MOST_NAMED;
  return ids.slice(0, MOST_NAMED).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}
