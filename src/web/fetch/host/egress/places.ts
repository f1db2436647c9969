/** A number of places that many want: whoever finds none waits in order. */
interface Waiter {
  readonly most: number;
  readonly admit: () => void;
}

export class Places {
  readonly #waiters: Waiter[] = [];
  #taken = 0;

  get isIdle(): boolean {
    return this.#taken === 0 && this.#waiters.length === 0;
  }

  /** Resolves with what gives the place back (idempotent) once fewer than `most` are taken. Rejects, without a place, when `signal` aborts first. */
  take(most: number, signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#waiters.length === 0 && this.#taken < most) return Promise.resolve(this.#occupy());
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(signal.reason);
        this.#admit();
      };
      const waiter: Waiter = {
        most,
        admit: () => {
          signal.removeEventListener("abort", onAbort);
          resolve(this.#occupy());
        },
      };
      this.#waiters.push(waiter);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  #occupy(): () => void {
    this.#taken++;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#taken--;
      this.#admit();
    };
  }

  #admit(): void {
    for (let first = this.#waiters[0]; first !== undefined && this.#taken < first.most; first = this.#waiters[0]) {
      this.#waiters.shift();
      first.admit();
    }
  }
}
