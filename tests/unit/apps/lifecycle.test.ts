import { describe, expect, test } from "bun:test";
import { TestRuntime, until } from "../../harness/runtime.ts";

const saying = (text: string) => `export default { fetch: () => new Response(${JSON.stringify(text)}) };`;
const broken = `throw new Error("broken");`;
/** Answers long after anything else here has happened. */
const slow = (text: string) => `
export default { async fetch() {
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  return new Response(${JSON.stringify(text)});
} };`;

/** Holds loads back until told, path by path in the order they began. */
function holdLoads(nano: TestRuntime): (() => void)[] {
  const held: (() => void)[] = [];
  nano.beforeLoad = () => new Promise((resolve) => void held.push(resolve));
  return held;
}

describe("replacing an app", () => {
  test("serves the new revision once it is ready, and the old one until then", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: saying("old") }]);
    expect(await nano.text("app")).toBe("old");
    const held = holdLoads(nano);
    const replaced = nano.replace({ name: "app", source: saying("new") });
    expect(await nano.text("app")).toBe("old");
    held[0]?.();
    expect((await replaced).state).toBe("ready");
    expect(await nano.text("app")).toBe("new");
  });

  test("requests that are held are answered by the new revision, and by the old one when it takes too long", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: saying("old") }]);
    await nano.text("app");
    const release = nano.app("app").hold(60_000);
    const asked = nano.text("app");
    await nano.replace({ name: "app", source: saying("new") });
    release();
    expect(await asked).toBe("new");
    nano.app("app").hold(20);
    expect(await nano.text("app")).toBe("new");
    // Whoever holds last decides, about those that wait already too.
    const first = nano.app("app").hold(60_000);
    const waiting = nano.text("app");
    const second = nano.app("app").hold(60_000);
    first();
    expect(nano.app("app").held).not.toBeNull();
    second();
    expect(await waiting).toBe("new");
    const third = nano.app("app").hold(60_000);
    const patient = nano.text("app");
    nano.app("app").hold(60_000)();
    expect(await patient).toBe("new");
    third();
  });

  test("keeps serving the old revision when the new one fails to load, and says why", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: saying("old") }]);
    await nano.text("app");
    const revision = await nano.replace({ name: "app", source: broken });
    expect(revision.state).toBe("failed");
    expect(revision.error?.message).toContain("broken");
    expect(await nano.text("app")).toBe("old");
  });

  test("shows the failure until it is mended, where somebody edits the app", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: saying("old") }], { showsErrors: true });
    await nano.text("app");
    await nano.replace({ name: "app", source: broken }, true);
    expect(await nano.text("app")).toContain("broken");
    await nano.replace({ name: "app", source: saying("mended") }, true);
    expect(await nano.text("app")).toBe("mended");
  });

  test("keeps the old revision that is still loading when the new one fails", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: saying("old") }]);
    const held = holdLoads(nano);
    const asked = nano.text("app");
    await until(() => held.length === 1, "the first load");
    const replaced = nano.replace({ name: "app", source: broken });
    await until(() => held.length === 2, "the second load");
    held[1]?.();
    await until(() => nano.told.failedLoads.length === 1, "the failure");
    held[0]?.();
    expect((await replaced).state).toBe("failed");
    expect(await asked).toBe("old");
    expect(await nano.text("app")).toBe("old");
  });

  test("a request that waits for the old revision's load is answered by the new one when that is ready first", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: saying("old") }]);
    const held = holdLoads(nano);
    const asked = nano.text("app");
    await until(() => held.length === 1, "the first load");
    const replaced = nano.replace({ name: "app", source: saying("new") });
    await until(() => held.length === 2, "the second load");
    held[1]?.();
    expect((await replaced).state).toBe("ready");
    held[0]?.();
    expect(await asked).toBe("new");
  });

  test("a first load that failed is replaced by whatever comes, so that the newest error is the one shown", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: broken }], { showsErrors: true });
    expect(await nano.text("app")).toContain("broken");
    await nano.replace({ name: "app", source: `throw new Error("still not");` });
    expect(await nano.text("app")).toContain("still not");
    await nano.replace({ name: "app", source: saying("works") });
    expect(await nano.text("app")).toBe("works");
  });

  test("the latest of several replacements wins, whichever is ready first", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: saying("old") }]);
    await nano.text("app");
    const held = holdLoads(nano);
    const slow = nano.replace({ name: "app", source: saying("slow") });
    const quick = nano.replace({ name: "app", source: saying("quick") });
    held[1]?.();
    await quick;
    held[0]?.();
    await slow;
    expect(await nano.text("app")).toBe("quick");
  });

  test("says nothing of a replacement that was overtaken, not even that it failed", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: saying("old") }]);
    await nano.text("app");
    const held = holdLoads(nano);
    const slow = nano.replace({ name: "app", source: broken });
    const quick = nano.replace({ name: "app", source: saying("quick") });
    held[1]?.();
    await quick;
    held[0]?.();
    expect((await slow).state).toBe("closed");
    expect([nano.told.failedLoads, nano.told.loaded]).toEqual([[], ["app", "app"]]);
    expect(await nano.text("app")).toBe("quick");
  });

  test("lets requests of the old revision finish on it, and forgets it after that", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: slow("old") }]);
    const asked = nano.text("app");
    await until(() => nano.app("app").serving.revision.state === "ready", "the load");
    const old = nano.app("app").serving;
    await nano.replace({ name: "app", source: saying("new") });
    expect(await nano.text("app")).toBe("new");
    expect(old.revision.state).toBe("ready");
    expect(await asked).toBe("old");
    await until(() => nano.app("app").retiring.length === 0, "the end of the old revision");
    expect([old.revision.state, old.pool.size]).toEqual(["closed", 0]);
  });

  test("takes the new limits for requests to come", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: saying("x"), limits: { concurrency: 1, queue: 0 } }]);
    await nano.text("app");
    await nano.replace({ name: "app", source: saying("x"), limits: { concurrency: 5, queue: 0 } });
    const statuses = await Promise.all(Array.from({ length: 5 }, async () => (await nano.get("app")).status));
    expect(statuses).toEqual([200, 200, 200, 200, 200]);
  });
});

describe("removing an app", () => {
  test("tells whoever asks for it that it drains, lets its requests finish, and then nobody serves the host", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: slow("done") }, { name: "other", source: saying("other") }, { name: "third", source: saying("third") }]);
    const asked = nano.text("app");
    await until(() => nano.app("app").serving.pool.invocations === 1, "the invocation");
    const removed = nano.runtime.registry.remove("app", 5_000);
    const refused = await nano.get("app");
    expect([refused.status, refused.headers.get("retry-after"), refused.headers.get("connection"), refused.headers.get("x-nano-error")]).toEqual([503, "30", "close", "draining"]);
    expect(await refused.json()).toEqual({ error: "draining", request_id: refused.headers.get("x-request-id"), retry_after_s: 30 });
    expect(await asked).toBe("done");
    await removed;
    expect((await nano.get("app")).status).toBe(404);
    expect(await nano.text("other")).toBe("other");
  });

  test("lets a request finish that still waits for the app to load", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: saying("done") }, { name: "other", source: saying("other") }, { name: "third", source: saying("third") }]);
    const held = holdLoads(nano);
    const asked = nano.text("app");
    await until(() => held.length === 1, "the load");
    const removed = nano.runtime.registry.remove("app", 5_000);
    await Bun.sleep(50);
    held[0]?.();
    expect(await asked).toBe("done");
    await removed;
  });

  test("ends what is not done when the grace is over", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: `export default { fetch: () => new Promise(() => {}) };` }, { name: "other", source: saying("other") }, { name: "third", source: saying("third") }]);
    const asked = nano.get("app");
    await until(() => nano.app("app").serving.pool.invocations === 1, "the invocation");
    const app = nano.app("app");
    await nano.runtime.registry.remove("app", 0);
    const response = await asked;
    expect(response.status).toBe(503);
    expect(response.headers.get("x-nano-error")).toBe("draining");
    expect(app.inFlight).toBe(0);
    expect(app.serving.pool.size).toBe(0);
  });

  test("requests that finish meanwhile keep their permissions, and their secrets stay out of the log", async () => {
    const secret = "a-secret-of-the-app";
    const source = `export default { async fetch(request, env) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      console.log("key " + env.KEY);
      return new Response(await fetch("http://127.0.0.1:PORT/").then((response) => response.text(), (error) => error.message));
    } };`;
    using upstream = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("reached") });
    using nano = await TestRuntime.start([{ name: "app", source: source.replace("PORT", String(upstream.port)), env: { KEY: secret }, egressAllow: ["127.0.0.1"] }, { name: "other", source: saying("other") }, { name: "third", source: saying("third") }]);
    expect(await nano.text("app")).toBe("reached");
    const asked = nano.text("app");
    await until(() => nano.app("app").serving.pool.invocations === 1, "the invocation");
    const removed = nano.runtime.registry.remove("app", 5_000);
    expect(await asked).toBe("reached");
    await removed;
    expect(nano.told.consoles.map(({ text }) => text)).toEqual(["key [redacted]", "key [redacted]"]);
  });
});

describe("secrets in env", () => {
  const logging = `console.log("load", globalThis.leak); export default { fetch(request, env) { return new Promise((resolve) => setTimeout(() => { console.log(env.KEY); resolve(new Response("x")); }, 30)); } };`;

  test("of a revision that was replaced stay out of the log while its requests finish", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: logging, env: { KEY: "the-old-secret" } }]);
    const asked = nano.text("app");
    await until(() => nano.app("app").serving.pool.invocations === 1, "the invocation");
    await nano.replace({ name: "app", source: logging, env: { KEY: "the-new-secret" } });
    await asked;
    await nano.text("app");
    expect(nano.told.consoles.filter(({ text }) => !text.startsWith("load")).map(({ text }) => text)).toEqual(["[redacted]", "[redacted]"]);
  });

  test("stay out of the log and of the error while the app loads", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: `console.log(KEY); throw new Error("bad key " + KEY);`.replaceAll("KEY", `"the-secret-in-source"`), env: { KEY: "the-secret-in-source" } }]);
    await nano.get("app");
    expect(nano.told.consoles.map(({ text }) => text)).toEqual(["[redacted]"]);
    expect(nano.told.failedLoads[0]?.error).toContain("bad key [redacted]");
  });

  test("that begin alike are taken out whole", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: saying("x"), env: { A: "password", B: "password-and-more", C: { deep: ["nested-secret"] } } }]);
    expect(nano.app("app").redact("password-and-more, password, nested-secret")).toBe("[redacted], [redacted], [redacted]");
  });
});

describe("a request is answered, whatever happens to it on the way", () => {
  test("when no isolate can be made: its place is free again, and the operator hears of it", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: saying("x") }]);
    await nano.text("app");
    const { pool } = nano.app("app").serving;
    pool.take = () => {
      throw new RangeError("no memory");
    };
    const response = await nano.get("app");
    expect(response.status).toBe(500);
    expect(await response.text()).toContain("internal_error");
    expect(nano.app("app").gate.running).toBe(0);
    expect(nano.told.faults.map(String)).toEqual(["RangeError: no memory"]);
  });

  test("when it waited in the queue already of an app that is removed", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: slow("done"), limits: { concurrency: 1, queue: 5 } }, { name: "other", source: saying("other") }, { name: "third", source: saying("third") }]);
    const first = nano.text("app");
    await until(() => nano.app("app").serving.pool.invocations === 1, "the invocation");
    const second = nano.get("app");
    const removed = nano.runtime.registry.remove("app", 5_000);
    expect(await first).toBe("done");
    const response = await second;
    expect([response.status, await response.text()]).toEqual([200, "done"]);
    await removed;
  });

  test("a closed app loads no more", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: saying("x") }]);
    const { revision } = nano.app("app").serving;
    nano.app("app").close();
    expect(await revision.load()).toBe("closed");
    expect(revision.snapshot).toBeNull();
    expect(nano.told.loaded).toEqual([]);
  });
});
