import { describe, expect, test } from "bun:test";
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

describe("marks and measures", () => {
  test("are kept, found by name and type in order of their start, and cleared", async () => {
    using guest = new TestIsolate();
    expect(
      await guest.run(`performance.mark("b", { startTime: 2, detail: { n: [1] } }); performance.mark("a", { startTime: 1 });
        const measured = performance.measure("m", { start: "a", end: "b", detail: 1 });
        const all = performance.getEntries().map((entry) => [entry.name, entry.entryType, entry.startTime, entry.duration, entry.detail]);
        performance.clearMarks("a");
        return [measured instanceof PerformanceMeasure, all, performance.getEntriesByType("mark").length, performance.getEntriesByName("a").length, performance.getEntriesByName("m", "mark").length, JSON.stringify(measured)]`),
    ).toEqual([true, [["a", "mark", 1, 0, null], ["m", "measure", 1, 1, 1], ["b", "mark", 2, 0, { n: [1] }]], 1, 0, 0, '{"name":"m","entryType":"measure","startTime":1,"duration":1}']);
  });

  test("refuse what the standard refuses", async () => {
    using guest = new TestIsolate();
    expect(
      await guest.run(`const nameOf = (work) => { try { work(); return "none" } catch (error) { return error.name } };
        return [() => performance.mark("x", { startTime: -1 }), () => performance.measure("x", "missing"), () => performance.measure("x", {  duration: 1 }), () => performance.measure("x", { start: 1, end: 2, duration: 1 }),
          () => performance.mark("x", { detail: () => {} }), () => new PerformanceObserver(() => {}).observe({}), () => performance.mark()].map(nameOf)`),
    ).toEqual(["TypeError", "SyntaxError", "TypeError", "TypeError", "DataCloneError", "TypeError", "TypeError"]);
  });

  test("are told to observers, those from before too where they ask for them", async () => {
    using guest = new TestIsolate();
    expect(
      await guest.run(`performance.mark("before", { startTime: 1 });
        const seen = [];
        const told = new Promise((done) => new PerformanceObserver(function (list, observer, options) { seen.push(list.getEntries().map(({ name }) => name), this === observer, options.droppedEntriesCount); done() }).observe({ type: "mark", buffered: true }));
        const other = new PerformanceObserver(() => seen.push("never")); other.observe({ entryTypes: ["measure", "unknown"] });
        performance.mark("after", { startTime: 2 }); performance.measure("m", "before");
        const records = other.takeRecords().map(({ name }) => name); other.disconnect();
        await told; return [seen, records, PerformanceObserver.supportedEntryTypes]`),
    ).toEqual([[["before", "after"], true, 0], ["m"], ["mark", "measure"]]);
  });

  test("beyond ten thousand are dropped, and the observer is told how many", async () => {
    using guest = new TestIsolate();
    expect(
      await guest.run(`for (let i = 0; i < 10_007; i++) performance.mark("x");
        const dropped = await new Promise((done) => new PerformanceObserver((list, observer, options) => done(options.droppedEntriesCount)).observe({ type: "mark", buffered: true }));
        return [performance.getEntries().length, dropped]`),
    ).toEqual([10_000, 7]);
  });
});
