/** Hands fuel to one engine, a slice at a time, and charges what was burnt: to the invocation for its limit, to the app's account for its share of the thread. */
import type { EngineInstance } from "./engine/engine.ts";
import type { Account, Scheduler } from "./scheduler.ts";
import type { Slices } from "./slice.ts";

export class FuelMeter {
  readonly #engine: EngineInstance;
  readonly #slices: Slices;
  readonly #scheduler: Scheduler;
  readonly #account: Account;
  #granted = 0;
  #startedAt = 0;
  /** While a profile is made: how much may be burnt before somebody looks, whatever the slices say; null for what they say. */
  quantum: (() => number | null) | null = null;

  constructor(engine: EngineInstance, slices: Slices, scheduler: Scheduler, account: Account) {
    this.#engine = engine;
    this.#slices = slices;
    this.#scheduler = scheduler;
    this.#account = account;
  }

  start(): void {
    this.#granted = this.quantum?.() ?? this.#slices.fuel;
    this.#engine.fuel = this.#granted;
    this.#startedAt = performance.now();
  }

  /** What the slice that runs had burnt, and nobody has been charged for, when it had `left`. */
  unsettledAt(left: number): number {
    return this.#granted === 0 ? 0 : this.#granted - left;
  }

  /** Charges what the slice burnt, and lets the host drive the engine from here. */
  settle(payer: { charge(fuel: number): void } | null): void {
    const burnt = this.#granted - this.#engine.fuel;
    this.#granted = 0;
    this.#engine.driveFromHost();
    if (burnt <= 0) return;
    payer?.charge(burnt);
    this.#scheduler.charge(this.#account, burnt);
  }

  /** The slice was burnt to its end: the next ones are sized by how long it took. */
  ranOut(payer: { charge(fuel: number): void }): void {
    this.#slices.ended(performance.now() - this.#startedAt, this.#granted);
    this.settle(payer);
  }

  /** Host work shortens the slice, as if the guest had done it. Its invocation has been charged already. */
  shorten(fuel: number): void {
    if (fuel <= 0) return;
    this.#scheduler.charge(this.#account, fuel);
    if (this.#granted === 0) return;
    const left = this.#engine.fuel;
    // Below 0 the slice has ended. Further down the engine's 32 bits would wrap around to a slice of seconds.
    const cut = Math.max(0, Math.min(Math.ceil(fuel), left + 1));
    this.#granted -= cut;
    this.#engine.fuel = left - cut;
  }
}
