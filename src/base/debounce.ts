/** One call for many, once it has been quiet for a while, or when the first of them has waited long enough. */
export class Debounce {
  readonly #run: () => void;
  readonly #quietMs: number;
  readonly #mostMs: number;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #firstAt = 0;

  constructor(run: () => void, quietMs: number, mostMs: number) {
    this.#run = run;
    this.#quietMs = quietMs;
    this.#mostMs = mostMs;
  }

  trigger(): void {
    const now = performance.now();
    if (this.#timer === null) this.#firstAt = now;
    else clearTimeout(this.#timer);
    const ms = Math.max(0, Math.min(this.#quietMs, this.#firstAt + this.#mostMs - now));
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#run();
    }, ms);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
