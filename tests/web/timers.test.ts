import { expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

test("timers run in order of their delay, with their arguments, unless cleared", async () => {
  using guest = new TestIsolate();
  expect(
    await guest.run(`
      const seen = [];
      await new Promise((resolve) => {
        setTimeout((...args) => { seen.push(args); resolve() }, 20, 1, 2);
        setTimeout(() => seen.push("first"), 0);
        const cleared = setTimeout(() => seen.push("cleared"), 1);
        clearTimeout(cleared); clearTimeout(); clearTimeout("x"); clearInterval(-5);
      });
      return seen;`),
  ).toEqual(["first", [1, 2]]);
});

test("an interval repeats until it is cleared, and an exception in it is reported", async () => {
  using guest = new TestIsolate();
  expect(
    await guest.run(`
      let n = 0;
      await new Promise((resolve) => { const id = setInterval(() => { if (++n === 3) { clearInterval(id); resolve() } if (n === 1) throw new Error("tick") }, 1) });
      await new Promise((resolve) => setTimeout(resolve, 5));
      return n;`),
  ).toBe(3);
  expect(guest.logs[0]?.text).toStartWith("Uncaught Error: tick");
});

test("delays are coerced as the standard says, and text is never run as code", async () => {
  using guest = new TestIsolate();
  expect(
    await guest.run(`
      const outcome = (...args) => { try { const id = setTimeout(...args); clearTimeout(id); return typeof id } catch (e) { return e.name } };
      const f = () => {};
      return [outcome(f, -1), outcome(f, NaN), outcome(f, 1e20), outcome(f, "7"), outcome(f, null), outcome(f, Symbol()), outcome("globalThis.x = 1"), outcome(), outcome(f, { valueOf() { throw new RangeError() } })];`),
  ).toEqual(["number", "number", "number", "number", "number", "TypeError", "TypeError", "TypeError", "RangeError"]);
});

test("an invocation has no more timers at once than its limit", async () => {
  using guest = new TestIsolate({ limits: { timers: 3 } });
  expect(
    await guest.run(`
      const ids = [1, 2, 3].map(() => setTimeout(() => {}, 1e6));
      let name; try { setTimeout(() => {}, 1e6) } catch (e) { name = e.name }
      clearTimeout(ids[0]);
      return [name, typeof setTimeout(() => {}, 1e6)];`),
  ).toEqual(["QuotaExceededError", "number"]);
});

test("timers end with the invocation that started them, and leave nothing behind", async () => {
  using guest = new TestIsolate();
  await guest.run(`globalThis.fired = 0; globalThis.tokens = []; for (let i = 0; i < 40; i++) { const token = {}; tokens.push(new WeakRef(token)); setTimeout(() => { token; fired++ }, 1e6); } setTimeout(() => fired++, 1);`);
  expect(
    await guest.run(`
      await new Promise((resolve) => setTimeout(resolve, 5));
      for (let i = 0; i < 40; i++) clearTimeout(setTimeout(() => {}, 1e6));
      const ids = []; for (let i = 0; i < 70; i++) ids.push(setTimeout(() => {}, 1e6));
      ids.forEach(clearTimeout);
      return [fired, tokens.filter((ref) => ref.deref() !== undefined).length];`),
  ).toEqual([0, 0]);
});

test("queueMicrotask runs before timers and reports exceptions", async () => {
  using guest = new TestIsolate();
  expect(
    await guest.run(`
      const seen = [];
      setTimeout(() => seen.push("timer"), 0);
      queueMicrotask(() => { seen.push("micro"); throw 1 });
      await new Promise((resolve) => setTimeout(resolve, 10));
      let name; try { queueMicrotask(1) } catch (e) { name = e.name }
      return [seen, name];`),
  ).toEqual([["micro", "timer"], "TypeError"]);
  expect(guest.logs).toEqual([{ level: "error", text: "Uncaught 1" }]);
});

test("scheduler.wait is a timer as a promise, and ends with its signal", async () => {
  using guest = new TestIsolate();
  expect(
    await guest.run(`
      const order = [], controller = new AbortController();
      const aborted = scheduler.wait(60_000, { signal: controller.signal }).catch((error) => order.push(error));
      const waits = [scheduler.wait(20).then((value) => order.push("20", value === undefined)), scheduler.wait(1, { signal: new AbortController().signal }).then(() => order.push("1"))];
      await Promise.all(waits);
      controller.abort("left"); await aborted;
      for (const wrong of [() => scheduler.wait(), () => scheduler.wait(1, { signal: {} }), () => Scheduler.prototype.wait.call({}, 1), () => scheduler.wait(1, { signal: AbortSignal.abort("at once") })]) await wrong().catch((error) => order.push(error.name ?? error));
      return order;`),
  ).toEqual(["1", "20", true, "left", "TypeError", "TypeError", "TypeError", "at once"]);
});
