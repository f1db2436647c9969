import { expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

const guest = new TestIsolate();

test("aborting sets the reason and tells listeners once", async () => {
  expect(
    await guest.run(`
      const a = new AbortController(); let told = 0;
      a.signal.addEventListener("abort", (e) => { told++; if (!e.isTrusted) told = -9 });
      a.abort(); a.abort("again");
      let thrown; try { a.signal.throwIfAborted() } catch (e) { thrown = e }
      return [a.signal.aborted, told, thrown.name, thrown.code, thrown === a.signal.reason, AbortSignal.abort(7).reason];`),
  ).toEqual([true, 1, "AbortError", 20, true, 7]);
});

test("any() follows all its sources, through other dependent signals too", async () => {
  expect(
    await guest.run(`
      const a = new AbortController(), b = new AbortController(), order = [];
      const inner = AbortSignal.any([a.signal, b.signal]), outer = AbortSignal.any([inner]);
      inner.onabort = () => order.push("inner " + outer.aborted); outer.onabort = () => order.push("outer"); a.signal.onabort = () => order.push("a " + inner.aborted);
      a.abort("why"); b.abort("late");
      return [order, inner.reason, outer.reason, AbortSignal.any([]).aborted, AbortSignal.any([AbortSignal.abort(1), a.signal]).reason];`),
  ).toEqual([["a true", "inner true", "outer"], "why", "why", false, 1]);
});

test("a signal of any() that only its listener holds still fires, and one that nobody holds is let go", async () => {
  expect(
    await guest.run(`
      const a = new AbortController(); let fired = 0;
      AbortSignal.any([a.signal]).addEventListener("abort", () => fired++);
      let held = new WeakRef(AbortSignal.any([a.signal]));
      await new Promise((resolve) => setTimeout(resolve, 1));
      const gone = held.deref() === undefined;
      a.abort();
      return [fired, gone];`),
  ).toEqual([1, true]);
});

test("timeout() aborts with a TimeoutError and refuses what is no delay", async () => {
  expect(
    await guest.run(`
      const signal = AbortSignal.timeout(1);
      await new Promise((resolve) => { signal.onabort = resolve });
      const errors = []; for (const bad of [-1, NaN, Infinity, 2 ** 60]) try { AbortSignal.timeout(bad); errors.push("none") } catch (e) { errors.push(e.name) }
      return [signal.reason.name, errors];`),
  ).toEqual(["TimeoutError", ["TypeError", "TypeError", "TypeError", "TypeError"]]);
});
