import { expect, test } from "bun:test";
import { SlicePlan } from "../../../src/isolate/slice.ts";

/** Slices of an engine that burns `fuelPerMs`. */
function run(plan: SlicePlan, fuelPerMs: number, slices: number): number {
  let longestMs = 0;
  for (let i = 0; i < slices; i++) {
    const elapsedMs = plan.fuel / fuelPerMs;
    longestMs = Math.max(longestMs, elapsedMs);
    plan.ended(elapsedMs);
  }
  return longestMs;
}

test.each([
  ["cold and slow", 20_000],
  ["warm and fast", 2_000_000],
])("a slice soon lasts about its target on an engine that is %s", (_what, fuelPerMs) => {
  const plan = new SlicePlan(1, 50_000);
  run(plan, fuelPerMs, 60);
  expect(plan.fuel / fuelPerMs).toBeCloseTo(1, 1);
});

test("when the engine slows down, one slice is too long and the next few are right again", () => {
  const plan = new SlicePlan(1, 50_000);
  run(plan, 1_000_000, 60);
  expect(plan.fuel / 50_000).toBeGreaterThan(15);
  run(plan, 50_000, 2);
  expect(plan.fuel / 50_000).toBeLessThan(1.5);
});

test("when it speeds up, slices grow step by step", () => {
  const plan = new SlicePlan(1, 50_000);
  plan.ended(0);
  expect(plan.fuel).toBe(62_500);
});

test("a slice stays within bounds, whatever the clock says", () => {
  const plan = new SlicePlan(1, 50_000, 2_000, 100_000);
  for (let i = 0; i < 50; i++) plan.ended(10_000);
  expect(plan.fuel).toBe(2_000);
  for (let i = 0; i < 50; i++) plan.ended(0);
  expect(plan.fuel).toBe(100_000);
});
