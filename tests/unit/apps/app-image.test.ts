/** What an app's top level may leave behind for its isolates, which are clones of the one that it ran in. */
import { describe, expect, test } from "bun:test";
import { TestRuntime } from "../../harness/runtime.ts";

/** Answers of `count` isolates of one app, each made for its request. */
async function fromClones(source: string, count = 2, limits: Record<string, number> = {}): Promise<string[]> {
  using nano = await TestRuntime.start([{ name: "app", source, limits }]);
  const answers: string[] = [];
  for (let i = 0; i < count; i++) {
    answers.push(await nano.text("app"));
    nano.app("app").evict(Number.POSITIVE_INFINITY);
  }
  return answers;
}

async function loadError(source: string, limits: Record<string, number> = {}): Promise<string> {
  using nano = await TestRuntime.start([{ name: "app", source, limits }]);
  const { revision } = nano.app("app").serving;
  expect(await revision.load()).toBe("failed");
  return revision.error?.message ?? "";
}

describe("what the top level began is done in every isolate", () => {
  test("a key whose promise nobody awaited is there, and is the same", async () => {
    const answers = await fromClones(`
      const key = crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
      export default { fetch: async () => new Response(new Uint8Array(await crypto.subtle.exportKey("raw", await key)).join()) };`);
    expect(answers[0]).toMatch(/^\d+(,\d+){63}$/);
    expect(answers[1]).toBe(answers[0] as string);
  });

  test("so is what follows from it, in as many steps as it takes", async () => {
    const answers = await fromClones(`
      let steps = 0;
      const chain = (async () => { for (let i = 0; i < 5; i++) { await crypto.subtle.digest("SHA-256", new Uint8Array(8)); steps++; } })();
      const seen = Promise.race([chain.then(() => "done"), new Promise(() => {})]);
      export default { fetch: async () => new Response(steps + await seen) };`);
    expect(answers).toEqual(["5done", "5done"]);
  });

  test("a key pair made with await signs in one isolate what another one verifies", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: `
      const { privateKey, publicKey } = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
      const data = new Uint8Array([1, 2, 3]);
      export default { fetch: async (request) => new URL(request.url).pathname === "/sign"
        ? new Response(await crypto.subtle.sign("Ed25519", privateKey, data))
        : new Response(String(await crypto.subtle.verify("Ed25519", publicKey, await request.bytes(), data))) };` }]);
    const signature = await (await nano.get("app", "/sign")).bytes();
    nano.app("app").evict(Number.POSITIVE_INFINITY);
    expect(await (await nano.get("app", "/", { method: "POST", body: signature })).text()).toBe("true");
    signature[0]! ^= 1;
    expect(await (await nano.get("app", "/", { method: "POST", body: signature })).text()).toBe("false");
  });

  test("an exception in it that nobody handles is told once, at the load", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: `
      crypto.subtle.digest("SHA-256", new Uint8Array(8)).then(() => { throw new Error("after the digest"); });
      export default { fetch: () => new Response("served") };` }]);
    for (let i = 0; i < 2; i++) {
      expect(await nano.text("app")).toBe("served");
      nano.app("app").evict(Number.POSITIVE_INFINITY);
    }
    expect(nano.told.consoles.filter(({ text }) => text.includes("after the digest"))).toHaveLength(1);
  });

  test("work without end is the app's start-up CPU", async () => {
    const message = await loadError(`
      (async () => { for (;;) await crypto.subtle.digest("SHA-256", new Uint8Array(8)); })();
      export default { fetch: () => new Response("") };`, { startup_cpu_ms: 50, wall_ms: 20_000 });
    expect(message).toContain("startup_cpu_ms");
  }, 30_000);
});

describe("what cannot be in a snapshot is refused by name", () => {
  test.each([
    ["setTimeout", "setTimeout(() => {}, 1);"],
    ["setInterval", "setInterval(() => {}, 1);"],
    ["scheduler.wait", "await scheduler.wait(1);"],
    ["fetch", 'await fetch("http://example.com/");'],
  ])("%s at module scope", async (_name, code) => {
    expect(await loadError(`${code}\nexport default { fetch: () => new Response("") };`)).toMatch(/only (be called )?while (an event|a request) is handled/);
  });

  test("fetch() that nobody awaits fails all the same, where the app can see it", async () => {
    const answers = await fromClones(`
      let why = "nothing";
      const answer = fetch("http://example.com/").catch((error) => { why = error.message; });
      export default { fetch: () => new Response(why) };`);
    for (const answer of answers) expect(answer).toContain("only be called while a request is handled");
  });
});

describe("no two isolates share", () => {
  test.each([
    ["Math.random()", "[Math.random(), Math.random()]"],
    ["crypto.randomUUID()", "crypto.randomUUID()"],
    ["crypto.getRandomValues()", "crypto.getRandomValues(new Uint8Array(16))"],
    ["performance.timeOrigin", "performance.timeOrigin"],
  ])("%s, though the top level has used it", async (_name, expression) => {
    const answers = await fromClones(`let atLoad = ${expression}; export default { fetch: () => new Response(String(${expression})) };`, 3);
    expect(new Set(answers).size).toBe(3);
  });

  test("a clock that ran backwards: what was read at the top level is never in the future", async () => {
    const answers = await fromClones(`
      const [atLoad, dateAtLoad] = [performance.now(), Date.now()];
      export default { fetch: () => new Response([performance.now() >= atLoad, Date.now() >= dateAtLoad, Math.abs(performance.timeOrigin + performance.now() - Date.now()) < 1000].join()) };`, 3);
    expect(answers).toEqual(Array(3).fill("true,true,true"));
  });

  test("how long nano runs: the clock of an isolate begins with it", async () => {
    const [first = ""] = await fromClones(`export default { fetch: () => new Response(String(performance.now())) };`, 1);
    // Whoever runs this has run for longer: the whole harness was built before.
    expect(Number(first)).toBeLessThan(performance.now() / 2);
  });
});
