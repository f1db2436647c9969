import { expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

/** What an app logs in one request, once everything has happened. */
async function logsOf(body: string): Promise<string[]> {
  using guest = await TestIsolate.load(`globalThis.log = (...parts) => console.log(parts.join(" "));
    export default { async fetch(request, env, ctx) { ctx.waitUntil(new Promise((done) => setTimeout(done, 300))); ${body}\n; return new Response("ok") } }`);
  const exchange = guest.send();
  expect(await (await exchange.answer).text()).toBe("ok");
  await exchange.over;
  return guest.logs.map(({ text }) => text.split("\n")[0] as string);
}

test("a rejection that nobody handles is told to listeners with the promise and the reason, and logged", async () => {
  expect(
    await logsOf(`addEventListener("unhandledrejection", (event) => log(event instanceof PromiseRejectionEvent, event.isTrusted, event.cancelable, event.promise === globalThis.promise, event.reason.message));
      globalThis.promise = Promise.reject(new TypeError("lost"))`),
  ).toEqual(["true true true true lost", "Uncaught (in promise) TypeError: lost"]);
});

test("preventDefault keeps it out of the log", async () => {
  expect(await logsOf(`onunhandledrejection = (event) => { event.preventDefault(); log("seen", event.reason) }; Promise.reject(1)`)).toEqual(["seen 1"]);
});

test("is not told of a promise that gets a handler before the microtasks are done", async () => {
  expect(await logsOf(`onunhandledrejection = () => log("told"); const promise = Promise.reject(1); await null; await null; promise.catch(() => {}); try { await Promise.reject(2) } catch {} await Promise.allSettled([Promise.reject(3)])`)).toEqual([]);
});

test("a handler that comes later is told as rejectionhandled", async () => {
  expect(
    await logsOf(`onunhandledrejection = (event) => { event.preventDefault(); log("unhandled") }; onrejectionhandled = (event) => log("handled", event.promise === promise, event.reason, event.cancelable);
      const promise = Promise.reject(7); await new Promise((done) => setTimeout(done, 1)); promise.catch(() => {})`),
  ).toEqual(["unhandled", "handled true 7 false"]);
});

test("a promise that a listener handles, of the same turn, is told as neither", async () => {
  expect(
    await logsOf(`onrejectionhandled = () => log("handled"); let second;
      onunhandledrejection = (event) => { event.preventDefault(); log(event.reason); second.catch(() => {}) };
      Promise.reject("first"); second = Promise.reject("second")`),
  ).toEqual(["first"]);
});

test("one that is left behind by the answer is logged too", async () => {
  using guest = await TestIsolate.load(`export default { fetch() { (async () => { throw new RangeError("behind") })(); return new Response("ok") } }`);
  expect((await guest.request()).text).toBe("ok");
  for (let i = 0; i < 1000 && guest.logs.length === 0; i++) await new Promise((resolve) => setImmediate(resolve));
  expect(guest.logs.map(({ level, text }) => [level, text.split("\n")[0]])).toEqual([["error", "Uncaught (in promise) RangeError: behind"]]);
});

test("an app whose stack is used up loses the notice, not itself", async () => {
  expect(await logsOf(`let deep = 0; const dive = () => { deep++; Promise.reject(deep).catch(() => {}); dive() }; try { dive() } catch {} log(deep > 10)`)).toContain("true");
});

test("many at once are one line in the log, which says how many", async () => {
  expect(await logsOf(`for (let i = 0; i < 1_000; i++) Promise.reject(new Error("lost " + i))`)).toEqual(["Uncaught (in promise, the first of 1000) Error: lost 0"]);
});
