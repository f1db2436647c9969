import { expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

test("the clock is the one the host gives, in steps of a tenth of a millisecond", async () => {
  let now = 12.3456;
  using guest = new TestIsolate({ now: () => now });
  expect(await guest.run("return [performance.now(), performance.timeOrigin, performance.toJSON(), new Event('a').timeStamp, performance instanceof EventTarget];")).toEqual([12.3, 1_000_000, { timeOrigin: 1_000_000 }, 12.3, true]);
  now = 20;
  expect(await guest.run("return performance.now();")).toBe(20);
});

test("navigator names nano", async () => {
  using guest = new TestIsolate();
  expect(await guest.run("return [navigator.userAgent, String(navigator), self === globalThis];")).toEqual(["nano", "[object Navigator]", true]);
});
