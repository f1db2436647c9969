import { describe, expect, test } from "bun:test";
import { Dispatcher, type DispatchRequest } from "../../../src/apps/dispatch.ts";
import type { ByteSource } from "../../../src/base/wire.ts";
import { silent } from "../../../src/observe/observer.ts";
import { TestRuntime, until } from "../../harness/runtime.ts";

const app = `export default { async fetch(request, env, ctx) {
  const path = new URL(request.url).pathname;
  if (path === "/throw") throw new RangeError("secret is " + env.KEY);
  if (path === "/odd") return { status: 200 };
  if (path === "/spin") for (;;) {}
  if (path === "/never") await new Promise(() => {});
  if (path === "/memory") { const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1)); }
  if (path === "/body") return new Response(await request.text());
  if (path === "/gone") { request.signal.addEventListener("abort", () => console.log("told")); await new Promise((resolve) => setTimeout(resolve, 5000)); }
  if (path === "/later") ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 40)).then(() => console.log("later")));
  return new Response("ok");
} };`;

const start = (limits: Record<string, number> = {}, showsErrors = false) =>
  TestRuntime.start([{ name: "app", source: app, env: { KEY: "the-secret" }, limits: { cpu_ms: 20, wall_ms: 1500, memory_mb: 32, wait_until_ms: 2000, ...limits } }], { showsErrors });

describe("how a request ended is told to client, log and operator", () => {
  test.each([
    ["/", 200, "ok", "ok"],
    ["/throw", 500, "app_exception", "exception"],
    ["/odd", 502, "bad_response", "badResponse"],
    ["/spin", 503, "cpu_limit", "exceededCpu"],
    ["/never", 504, "wall_limit", "exceededWallTime"],
    ["/memory", 503, "memory_limit", "exceededMemory"],
  ])("%s", async (path, status, text, outcome) => {
    using nano = await start();
    const response = await nano.get("app", path);
    expect(response.status).toBe(status);
    expect(await response.text()).toContain(text);
    await until(() => nano.told.requests.length === 1, "the record");
    expect(nano.told.requests[0]).toMatchObject({ app: "app", status, outcome });
    await until(() => nano.app("app").inFlight === 0, "the end");
  });

  test("a client learns nothing of what the app threw, and the log nothing of its secrets", async () => {
    using nano = await start();
    const text = await nano.text("app", "/throw");
    expect(text).not.toContain("secret");
    expect(text).not.toContain("RangeError");
    expect(nano.told.failures).toEqual([expect.objectContaining({ app: "app", name: "RangeError", message: "secret is [redacted]" })]);
  });

  test("a kill tells which limit it was and what would raise it", async () => {
    using nano = await start();
    await nano.text("app", "/spin");
    expect(nano.told.kills).toEqual([expect.objectContaining({ app: "app", reason: "exceededCpu", limitKey: "cpu_ms", limit: 20, unit: "ms" })]);
    await nano.text("app", "/memory");
    expect(nano.told.kills[1]).toMatchObject({ reason: "exceededMemory", limitKey: "memory_mb", limit: 32 << 20, unit: "bytes" });
  });
});

describe("admission", () => {
  test("what neither runs nor fits in the queue is shed, and everyone else is served", async () => {
    using nano = await start({ concurrency: 2, queue: 3, wall_ms: 5000 });
    await nano.text("app");
    const responses = await Promise.all(Array.from({ length: 10 }, () => nano.get("app", "/later")));
    const shed = responses.filter(({ status }) => status === 503);
    expect(shed.length).toBe(5);
    expect(responses.filter(({ status }) => status === 200).length).toBe(5);
    for (const response of shed) expect([response.headers.get("retry-after"), await response.text()]).toEqual(["1", expect.stringContaining("overloaded")]);
    await until(() => nano.app("app").inFlight === 0, "the end");
  });

  test("waitUntil work keeps its place", async () => {
    using nano = await start({ concurrency: 1, queue: 0 });
    expect(await nano.text("app", "/later")).toBe("ok");
    expect((await nano.get("app")).status).toBe(503);
    await until(() => nano.told.consoles.length === 1, "the work");
    await until(() => nano.app("app").inFlight === 0, "the end");
    expect((await nano.get("app")).status).toBe(200);
  });
});

describe("a request in wire form", () => {
  const request = (path: string, body: DispatchRequest["body"] = null, onAbort: DispatchRequest["onAbort"] = () => {}): DispatchRequest => ({ method: body === null ? "GET" : "POST", url: `http://app.test${path}`, headers: "", body, requestId: "r", hops: 0, onAbort });

  test.each<[string, DispatchRequest["body"], string]>([
    ["text", "héllo", "héllo"],
    ["bytes", new TextEncoder().encode("bytes"), "bytes"],
    ["no bytes", new Uint8Array(0), ""],
    ["a source", sourceOf("one ", "two"), "one two"],
  ])("its body may be %s", async (_what, body, expected) => {
    using nano = await start();
    await nano.text("app");
    const result = await new Dispatcher(silent, false).dispatch(nano.app("app"), request("/body", body));
    expect(result.outcome === "ok" && result.response.body).toBe(expected);
  });

  test("a body that the app does not read is cancelled with the request", async () => {
    using nano = await start();
    await nano.text("app");
    let canceled = 0;
    const body: ByteSource = { pull: () => new Promise(() => {}), cancel: () => void canceled++ };
    await new Dispatcher(silent, false).dispatch(nano.app("app"), request("/", body));
    await until(() => nano.app("app").inFlight === 0, "the end");
    expect(canceled).toBe(1);
  });

  test("a client that leaves ends the request, and the app is told", async () => {
    using nano = await start({ wall_ms: 10_000, wait_until_ms: 0 });
    await nano.text("app");
    let leave: (() => void) | null = null;
    const result = new Dispatcher(silent, false).dispatch(nano.app("app"), request("/gone", null, (listener) => {
      leave = listener;
    }));
    await until(() => leave !== null, "the watch");
    (leave as unknown as () => void)();
    expect((await result).outcome).toBe("canceled");
    await until(() => nano.app("app").inFlight === 0, "the end");
    expect(nano.told.consoles.map(({ text }) => text)).toEqual(["told"]);
  });

  test("nothing is dispatched to an app that drains", async () => {
    using nano = await start();
    void nano.app("app").drain("removed");
    const result = await new Dispatcher(silent, false).dispatch(nano.app("app"), request("/"));
    expect(result).toMatchObject({ outcome: "loadShed", code: "draining", retryAfterS: 30 });
  });
});

function sourceOf(...texts: string[]): ByteSource {
  return { pull: () => Promise.resolve(texts.length === 0 ? null : new TextEncoder().encode(texts.shift())), cancel() {} };
}
