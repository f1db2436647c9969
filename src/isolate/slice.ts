/** How much fuel a slice holds, so that it lasts about its target time. WebAssembly is ten times slower before it tiers up, so the size follows what slices take. */
const REMEMBERED = 33;

export class SlicePlan {
  readonly #targetMs: number;
  readonly #least: number;
  readonly #most: number;
  readonly #rates: number[] = [];
  fuel: number;

  constructor(targetMs: number, initialFuel: number, least = 2_000, most = 20_000_000) {
    this.#targetMs = targetMs;
    this.#least = least;
    this.#most = most;
    this.fuel = initialFuel;
  }

  /** A whole slice of `burnt` fuel took `elapsedMs`. Shrinks at once, grows gently: a slice too long stalls neighbours, one too short only costs a switch. */
  ended(elapsedMs: number, burnt: number): void {
    const factor = Math.min(1.25, Math.max(0.2, this.#targetMs / Math.max(elapsedMs, 0.01)));
    this.fuel = Math.round(Math.min(this.#most, Math.max(this.#least, this.fuel * factor)));
    this.#rates.push(burnt / Math.max(elapsedMs, 0.01));
    if (this.#rates.length > REMEMBERED) this.#rates.shift();
  }

  /** Fuel per millisecond of the faster of the latest slices, for the slower ones shared their core; undefined before there were enough to tell. */
  get undisturbedRate(): number | undefined {
    if (this.#rates.length < REMEMBERED) return undefined;
    return [...this.#rates].sort((a, b) => a - b)[Math.floor(REMEMBERED * 0.9)];
  }
}
