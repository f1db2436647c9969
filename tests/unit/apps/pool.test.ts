import { describe, expect, test } from "bun:test";
import { TestRuntime, until } from "../../harness/runtime.ts";

const app = `export default { async fetch(request) {
  const path = new URL(request.url).pathname;
  if (path === "/spin") for (;;) {}
  if (path === "/work") { for (let i = 0; i < 3e5; i++); }
  if (path === "/wait") await new Promise((resolve) => setTimeout(resolve, 50));
  if (path === "/count") globalThis.count = (globalThis.count ?? 0) + 1;
  return new Response(String(globalThis.count ?? "done"));
} };`;

const start = (limits: Record<string, number> = {}) => TestRuntime.start([{ name: "app", source: app, limits: { cpu_ms: 100, ...limits } }]);
const poolOf = (nano: TestRuntime) => nano.app("app").serving.pool;

describe("which isolate takes a request", () => {
  test("one is enough for requests that come one after the other", async () => {
    using nano = await start();
    for (let i = 1; i <= 20; i++) expect(await nano.text("app", "/count")).toBe(String(i));
    expect(poolOf(nano).size).toBe(1);
  });

  test("one is enough for requests that only wait", async () => {
    using nano = await start();
    await nano.text("app");
    const waiting: Promise<string>[] = [];
    for (let i = 0; i < 20; i++) {
      waiting.push(nano.text("app", "/wait"));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(waiting);
    expect(poolOf(nano).size).toBe(1);
  });

  test("one that is in the middle of guest code is passed over for a new one, up to the app's limit", async () => {
    using nano = await start({ isolates: 3 });
    await nano.text("app");
    const spinning = [nano.get("app", "/spin"), nano.get("app", "/spin"), nano.get("app", "/spin"), nano.get("app", "/spin")];
    await until(() => nano.told.kills.length > 0, "a kill");
    expect(poolOf(nano).size).toBeLessThanOrEqual(3);
    for (const response of await Promise.all(spinning)) expect(response.status).toBe(503);
    await until(() => nano.app("app").inFlight === 0, "the end");
    expect(poolOf(nano).invocations).toBe(0);
  });

  test("a neighbour in another isolate is not hurt by one that spins", async () => {
    using nano = await start();
    await nano.text("app");
    const spinning = nano.get("app", "/spin");
    await until(() => poolOf(nano).invocations === 1, "the spinner");
    expect(await nano.text("app")).toBe("done");
    expect((await spinning).status).toBe(503);
  });
});

describe("an isolate goes", () => {
  test("when a limit ended it: the next request gets a fresh one, without what the old one knew", async () => {
    using nano = await start();
    expect(await nano.text("app", "/count")).toBe("1");
    expect((await nano.get("app", "/spin")).status).toBe(503);
    expect(poolOf(nano).size).toBe(0);
    expect(await nano.text("app", "/count")).toBe("1");
  });

  test("when it has been idle for long, and not before", async () => {
    using nano = await start();
    await nano.text("app");
    await until(() => nano.app("app").inFlight === 0, "the end");
    const idleSince = performance.now();
    nano.app("app").evict(0);
    expect(poolOf(nano).size).toBe(1);
    nano.app("app").evict(idleSince);
    expect(poolOf(nano).size).toBe(0);
    expect(await nano.text("app")).toBe("done");
  });

  test("and when it was the last, a large snapshot is packed until somebody asks again", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: `const all = Array.from({ length: 3000 }, (_, i) => ({ name: "item " + i, get: () => i })); export default { fetch: () => new Response(String(all[2999].get())) };` }]);
    await nano.text("app");
    await until(() => nano.app("app").inFlight === 0, "the end");
    const { revision } = nano.app("app").serving;
    const whole = revision.snapshotBytes;
    expect(whole).toBeGreaterThan(200_000);
    nano.app("app").evict(Number.POSITIVE_INFINITY);
    await until(() => revision.snapshotBytes < whole / 2, "the packed snapshot");
    expect(await nano.text("app")).toBe("2999");
    expect(revision.snapshotBytes).toBe(whole);
  });

  test("but never while it works", async () => {
    using nano = await start();
    const asked = nano.text("app", "/wait");
    await until(() => poolOf(nano).invocations === 1, "the invocation");
    nano.app("app").evict(Number.POSITIVE_INFINITY);
    expect(poolOf(nano).size).toBe(1);
    expect(await asked).toBe("done");
  });

  test("with its revision, and what runs in it is told so", async () => {
    using nano = await start();
    const asked = nano.get("app", "/wait");
    await until(() => poolOf(nano).invocations === 1, "the invocation");
    poolOf(nano).close();
    expect((await asked).status).toBe(503);
    expect(poolOf(nano).size).toBe(0);
    expect(nano.app("app").gate.running).toBe(0);
  });
});
