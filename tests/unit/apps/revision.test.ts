import { describe, expect, test } from "bun:test";
import { TestRuntime } from "../../harness/runtime.ts";

const ok = `export default { fetch: () => new Response("ok") };`;

describe("an app whose top level goes wrong is not served, and its operator is told why", () => {
  test.each([
    ["throws", `throw new RangeError("no luck");`, "RangeError: no luck"],
    ["throws what is no error", `throw { odd: 1 };`, "Error: { odd: 1 }"],
    ["has no handler", `export const fetch = 1;`, "handler"],
    ["does not parse", `export default {`, "SyntaxError"],
    ["waits for something that never comes", `await new Promise(() => {}); ${ok}`, "did not finish (exceededWallTime)"],
    ["spins", `for (;;) {}`, "startup_cpu_ms"],
    ["takes all memory", `const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1));`, "memory_mb"],
  ])("it %s", async (_what, source, reason) => {
    using nano = await TestRuntime.start([{ name: "app", source, limits: { startup_cpu_ms: 50, wall_ms: source.includes("await") ? 100 : 30_000, memory_mb: 16 } }]);
    const response = await nano.get("app");
    expect(response.status).toBe(503);
    expect(await response.text()).toContain("app_failed");
    expect(nano.told.loaded).toEqual([]);
    expect(nano.told.failedLoads.map(({ app }) => app)).toEqual(["app"]);
    expect(nano.told.failedLoads[0]?.error).toContain(reason);
    expect(nano.told.faults).toEqual([]);
    expect(nano.app("app").gate.running).toBe(0);
  });
});
