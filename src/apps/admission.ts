/** May this invocation start now? At most so many run at once per app, a bounded number waits a bounded time, the rest is shed. */

export interface AdmissionLimits {
  readonly concurrency: number;
  readonly queue: number;
  readonly queueMs: number;
}

/** `admitted`: the caller owns a place and must `release()` it. */
export type Admission = "admitted" | "shed" | "canceled";

interface Waiter {
  readonly settle: (admission: Admission) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

export class AdmissionGate {
  #limits: AdmissionLimits;
  #running = 0;
  readonly #waiting: Waiter[] = [];

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  get running(): number {
    return this.#running;
  }
  get queued(): number {
    return this.#waiting.length;
  }

  /** Holds for whoever is admitted from now on. */
  set limits(limits: AdmissionLimits) {
    this.#limits = limits;
    this.#admitWaiting();
  }

  /** Answers at once when it can; a promise means that the request waits in the queue. */
  enter(): Admission | Promise<Admission> {
    if (this.#running < this.#limits.concurrency && this.#waiting.length === 0) {
      this.#running++;
      return "admitted";
    }
    if (this.#waiting.length >= this.#limits.queue) return "shed";
    return new Promise((settle) => {
      const waiter: Waiter = {
        settle,
        timer: setTimeout(() => {
          const at = this.#waiting.indexOf(waiter);
          if (at < 0) return;
          this.#waiting.splice(at, 1);
          settle("shed");
        }, this.#limits.queueMs),
      };
      this.#waiting.push(waiter);
    });
  }

  release(): void {
    this.#running--;
    this.#admitWaiting();
  }

  /** Nothing new will be admitted: whoever waits is turned away. */
  close(): void {
    for (const { settle, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      settle("canceled");
    }
  }

  #admitWaiting(): void {
    while (this.#running < this.#limits.concurrency) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      clearTimeout(next.timer);
      this.#running++;
      next.settle("admitted");
    }
  }
}
