/** `isolation: "request"`: every request finds the app as its top level left it. */
import { describe, expect, test } from "bun:test";
import { TestRuntime, until } from "../../harness/runtime.ts";

const APP = `
  let count = 0;
  const seen = new Map();
  const atLoad = Math.random();
  export default { async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    count++;
    seen.set(count, request);
    globalThis.leaked = (globalThis.leaked ?? 0) + 1;
    Array.prototype.leaked = (Array.prototype.leaked ?? 0) + 1;
    if (pathname === "/grow") globalThis.ballast = new Uint8Array(8 << 20).fill(1);
    if (pathname === "/throw") throw new Error("on purpose");
    if (pathname === "/spin") for (;;) {}
    if (pathname === "/wait") await new Promise((resolve) => setTimeout(resolve, 20));
    if (pathname === "/later") ctx.waitUntil((async () => { await scheduler.wait(20); console.log("later", ++count); })());
    if (pathname === "/pending") { setInterval(() => console.log("a timer of another request"), 1); crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]).then(() => console.log("a key of another request")); }
    if (pathname === "/stream") return new Response(new ReadableStream({ async pull(controller) {
      await scheduler.wait(1);
      controller.enqueue(new TextEncoder().encode(String(count)));
      if (++count > 5) controller.close();
    } }));
    if (pathname === "/random") return Response.json([atLoad, Math.random(), crypto.randomUUID(), performance.timeOrigin]);
    return Response.json([count, seen.size, globalThis.leaked, [].leaked]);
  } };`;
const FRESH = "[1,1,1,1]";

const start = (limits: Record<string, number> = {}, isolation: "app" | "request" = "request") => TestRuntime.start([{ name: "app", source: APP, limits: { cpu_ms: 100, ...limits }, isolation }]);
const poolOf = (nano: TestRuntime) => nano.app("app").serving.pool;
const settled = (nano: TestRuntime) => until(() => nano.app("app").inFlight === 0, "the end of all requests");

describe("with isolation per request, nothing is left of", () => {
  test.each(["/", "/grow", "/throw", "/spin", "/wait", "/later", "/pending", "/stream", "/random"])("a request of %s", async (path) => {
    using nano = await start();
    for (let i = 0; i < 3; i++) {
      await nano.text("app", path);
      expect(await nano.text("app")).toBe(FRESH);
      await settled(nano);
      expect(await nano.text("app")).toBe(FRESH);
    }
    await Bun.sleep(5);
    expect(nano.told.consoles.map(({ text }) => text).filter((text) => text.includes("another request") && path !== "/pending")).toEqual([]);
    expect(nano.told.faults).toEqual([]);
  });

  test("another one that runs at the same time", async () => {
    using nano = await start();
    const answers = await Promise.all(Array.from({ length: 30 }, () => nano.text("app", "/wait")));
    expect(new Set(answers)).toEqual(new Set([FRESH]));
  });

  test("the randomness and the clock of another one, while what the top level drew is the app's", async () => {
    using nano = await start();
    const answers = [];
    for (let i = 0; i < 4; i++) answers.push(JSON.parse(await nano.text("app", "/random")));
    for (const column of [1, 2, 3]) expect(new Set(answers.map((answer) => answer[column])).size).toBe(4);
    expect(new Set(answers.map(([atLoad]) => atLoad)).size).toBe(1);
  });
});

describe("with isolation per request", () => {
  test("the same memory serves one request after the other", async () => {
    using nano = await start();
    for (let i = 0; i < 20; i++) expect(await nano.text("app")).toBe(FRESH);
    expect(poolOf(nano).size).toBe(1);
    expect(poolOf(nano).idle).toBe(1);
  });

  test("work of waitUntil is done before the isolate goes, and is its request's", async () => {
    using nano = await start();
    await nano.text("app", "/later");
    expect(await nano.text("app")).toBe(FRESH);
    await settled(nano);
    expect(nano.told.consoles.map(({ text }) => text)).toEqual(["later 2"]);
  });

  test("a response that is streamed is whole", async () => {
    using nano = await start();
    const streams = await Promise.all([nano.text("app", "/stream"), nano.text("app", "/stream")]);
    expect(streams).toEqual(["12345", "12345"]);
  });

  test("isolates for as many requests as ran at once stay, until they have been idle for long", async () => {
    using nano = await start({ concurrency: 5 });
    await Promise.all(Array.from({ length: 20 }, () => nano.text("app", "/wait")));
    await settled(nano);
    expect(poolOf(nano).size).toBe(5);
    expect(poolOf(nano).idle).toBe(5);
    nano.app("app").evict(Number.POSITIVE_INFINITY);
    expect(poolOf(nano).size).toBe(0);
    expect(await nano.text("app")).toBe(FRESH);
  });

  test("the same request burns the same fuel", async () => {
    using nano = await start();
    const fuel = new Set<number>();
    for (let i = 0; i < 100; i++) {
      await nano.text("app");
      fuel.add(nano.told.requests.at(-1)?.cpuMs ?? 0);
    }
    expect(fuel.size).toBe(1);
  });
});

test("with isolation per app, which is the default, requests share what modules keep", async () => {
  using nano = await start({}, "app");
  const counts = [];
  for (let i = 0; i < 3; i++) counts.push(JSON.parse(await nano.text("app"))[0]);
  expect(counts).toEqual([1, 2, 3]);
});
