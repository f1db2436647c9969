/** A number of places that many want: whoever finds none waits in order. Those that rest while somebody waits are asked to move, so that nobody waits for ever. */
export interface Place {
  /** Gives it back. Idempotent. */
  leave(): void;
  /** Nothing moves here for now. `relieve` is called, at most once, when somebody waits and all others rest too: it has to see to it that the place is left some time. */
  rest(relieve: () => void): void;
  wake(): void;
}

interface Waiter {
  readonly most: number;
  readonly admit: () => void;
}

export class Places {
  readonly #waiters: Waiter[] = [];
  /** In the order in which they came to rest. */
  readonly #resting = new Map<Place, () => void>();
  #taken = 0;

  get isIdle(): boolean {
    return this.#taken === 0 && this.#waiters.length === 0;
  }

  /** Resolves once fewer than `most` are taken. Rejects, without a place, when `signal` aborts first. */
  take(most: number, signal: AbortSignal): Promise<Place> {
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
      this.#relieve();
    });
  }

  #occupy(): Place {
    this.#taken++;
    let isHeld = true;
    const place: Place = {
      leave: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#taken--;
        this.#resting.delete(place);
        this.#admit();
      },
      rest: (relieve) => {
        if (!isHeld) return;
        this.#resting.set(place, relieve);
        this.#relieve();
      },
      wake: () => void this.#resting.delete(place),
    };
    return place;
  }

  #admit(): void {
    for (let first = this.#waiters[0]; first !== undefined && this.#taken < first.most; first = this.#waiters[0]) {
      this.#waiters.shift();
      first.admit();
    }
    this.#relieve();
  }

  /** As long as one of them moves, a place will be left. */
  #relieve(): void {
    const [oldest] = this.#resting;
    if (this.#waiters.length === 0 || oldest === undefined || this.#resting.size < this.#taken) return;
    const [place, relieve] = oldest;
    this.#resting.delete(place);
    relieve();
  }
}
