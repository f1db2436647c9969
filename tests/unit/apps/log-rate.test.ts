import { expect, test } from "bun:test";
import { LogRate } from "../../../src/apps/log-rate.ts";

test("an app logs so many bytes a second, and what is past that is told once, with the next line of a later second", () => {
  const rate = new LogRate();
  expect(rate.take(60, 100, 1_000)).toEqual({ isAllowed: true, dropped: 0 });
  expect(rate.take(40, 100, 1_500)).toEqual({ isAllowed: true, dropped: 0 });
  expect(rate.take(1, 100, 1_600)).toEqual({ isAllowed: false, dropped: 0 });
  expect(rate.take(1, 100, 1_999)).toEqual({ isAllowed: false, dropped: 0 });
  expect(rate.take(1, 100, 2_000)).toEqual({ isAllowed: true, dropped: 2 });
  expect(rate.take(1, 100, 2_001)).toEqual({ isAllowed: true, dropped: 0 });
  expect(rate.take(1, 100, 9_000)).toEqual({ isAllowed: true, dropped: 0 });
});

test("one line that is larger than a second's worth is dropped, and so is what follows in that second", () => {
  const rate = new LogRate();
  expect(rate.take(101, 100, 1_000).isAllowed).toBe(false);
  expect(rate.take(1, 100, 1_001).isAllowed).toBe(false);
  expect(rate.take(1, 100, 2_000)).toEqual({ isAllowed: true, dropped: 2 });
});
