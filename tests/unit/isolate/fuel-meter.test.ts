import { expect, test } from "bun:test";
import type { EngineInstance } from "../../../src/isolate/engine/engine.ts";
import { FuelMeter } from "../../../src/isolate/fuel-meter.ts";
import { Account, Scheduler } from "../../../src/isolate/scheduler.ts";

const SLICE = 50_000;

class Bench {
  /** What a 32-bit global of the engine holds. */
  #fuel = 0;
  paid = 0;
  readonly slices: [elapsedMs: number, burnt: number][] = [];
  readonly account = new Account("app");
  readonly engine: { fuel: number; driveFromHost(): number };
  readonly meter: FuelMeter;

  constructor() {
    const bench = this;
    this.engine = {
      get fuel() {
        return bench.#fuel;
      },
      set fuel(units) {
        bench.#fuel = units | 0;
      },
      driveFromHost() {
        const before = bench.#fuel;
        bench.#fuel = 0x7fff_0000;
        return before;
      },
    };
    const scheduler = new Scheduler({ now: () => 0, defer: () => {}, turnMs: 1 });
    const slices = { fuel: SLICE, ended: (elapsedMs: number, burnt: number) => void this.slices.push([elapsedMs, burnt]) };
    this.meter = new FuelMeter(this.engine as unknown as EngineInstance, slices, scheduler, this.account);
  }

  burn(units: number): void {
    this.engine.fuel -= units;
  }
  settle(): void {
    this.meter.settle({ charge: (fuel) => void (this.paid += fuel) });
  }
}

test("what the guest burnt is paid by the invocation and counted for the app, once", () => {
  const bench = new Bench();
  bench.meter.start();
  bench.burn(1234);
  bench.settle();
  bench.settle();
  expect(bench.paid).toBe(1234);
  expect(bench.account.virtualFuel).toBe(1234);
});

test("a slice that ran out tells how much it held", () => {
  const bench = new Bench();
  bench.meter.start();
  bench.burn(SLICE + 3);
  bench.meter.ranOut({ charge: (fuel) => void (bench.paid += fuel) });
  expect(bench.slices.map(([, burnt]) => burnt)).toEqual([SLICE]);
  expect(bench.paid).toBe(SLICE + 3);
});

test("host work leaves the guest less of its slice, and is not charged to its invocation a second time", () => {
  const bench = new Bench();
  bench.meter.start();
  bench.burn(1000);
  bench.meter.shorten(20_000);
  expect(bench.engine.fuel).toBe(SLICE - 21_000);
  bench.burn(500);
  bench.settle();
  expect(bench.paid).toBe(1500);
  expect(bench.account.virtualFuel).toBe(21_500);
});

test("many small pieces of host work cost what they are, not what they are rounded to", () => {
  const bench = new Bench();
  bench.meter.start();
  for (let i = 0; i < 1000; i++) bench.meter.shorten(0.0625);
  bench.settle();
  expect(bench.paid).toBe(0);
  expect(bench.account.virtualFuel).toBeCloseTo(62.5);
});

test.each([SLICE * 10, 2 ** 31, 3_000_000_000, 2 ** 40])("host work worth %d ends the slice, however much it was: the guest gets no more than it had", (fuel) => {
  const bench = new Bench();
  bench.meter.start();
  bench.burn(1000);
  bench.meter.shorten(fuel);
  expect(bench.engine.fuel).toBeLessThan(0);
  bench.settle();
  expect(bench.paid).toBe(1000);
  expect(bench.account.virtualFuel).toBe(fuel + 1000);
});

test("host work between slices counts for the app and touches no slice", () => {
  const bench = new Bench();
  bench.meter.shorten(500);
  bench.meter.start();
  expect(bench.engine.fuel).toBe(SLICE);
  expect(bench.account.virtualFuel).toBe(500);
});

test("what a slice has burnt is known before it ends, and is nothing between slices", () => {
  const bench = new Bench();
  expect(bench.meter.unsettledAt(7)).toBe(0);
  bench.meter.start();
  bench.burn(1200);
  bench.meter.shorten(500);
  expect(bench.meter.unsettledAt(bench.engine.fuel)).toBe(1200);
  bench.settle();
  expect([bench.paid, bench.meter.unsettledAt(7)]).toEqual([1200, 0]);
});
