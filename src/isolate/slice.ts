/** How much fuel a slice holds, so that it lasts about its target time. WebAssembly is ten times slower before it tiers up, so the size follows what slices take. */
export interface Slices {
  readonly fuel: number;
  /** A whole slice of `burnt` fuel took `elapsedMs`. */
  ended(elapsedMs: number, burnt: number): void;
}

export class SlicePlan implements Slices {
  readonly #targetMs: number;
  readonly #least: number;
  readonly #most: number;
  fuel: number;

  constructor(targetMs: number, initialFuel: number, least = 2_000, most = 20_000_000) {
    this.#targetMs = targetMs;
    this.#least = least;
    this.#most = most;
    this.fuel = initialFuel;
  }

  /** Shrinks at once, grows gently: a slice too long stalls neighbours, one too short only costs a switch. */
  ended(elapsedMs: number): void {
    const factor = Math.min(1.25, Math.max(0.2, this.#targetMs / Math.max(elapsedMs, 0.01)));
    this.fuel = Math.round(Math.min(this.#most, Math.max(this.#least, this.fuel * factor)));
  }
}
