import { describe, expect, test } from "bun:test";
import { Quarantine } from "../../../src/apps/quarantine.ts";
import { TestRuntime } from "../../harness/runtime.ts";

const LIMITS = { kills: 3, windowMs: 1_000, firstMs: 10_000, mostMs: 35_000 };
function clocked(limits = LIMITS) {
  const clock = { ms: 1_000_000 };
  const quarantine = new Quarantine(() => limits, () => clock.ms);
  const killed = (times: number) => Array.from({ length: times }, () => quarantine.kill());
  return { clock, quarantine, killed };
}

describe("an app that is ended", () => {
  test("so often in a row rests, longer each time, up to a most", () => {
    const { clock, quarantine, killed } = clocked();
    const rests: (number | null | undefined)[] = [];
    for (let i = 0; i < 4; i++) {
      rests.push(killed(3).at(-1));
      clock.ms += quarantine.remainingMs;
      expect(quarantine.remainingMs).toBe(0);
    }
    expect(rests).toEqual([10_000, 20_000, 35_000, 35_000]);
  });

  test("less often than the window allows never rests", () => {
    const { clock, quarantine, killed } = clocked();
    for (let i = 0; i < 20; i++) {
      expect(killed(1)).toEqual([null]);
      clock.ms += 600;
    }
    expect(quarantine.remainingMs).toBe(0);
  });

  test("but answers in between never rests", () => {
    const { quarantine, killed } = clocked();
    for (let i = 0; i < 20; i++) {
      expect(killed(2)).toEqual([null, null]);
      quarantine.answered();
    }
    expect(killed(3).at(-1)).toBe(10_000);
  });

  test("is forgiven once it has behaved for as long as it rested, and not before", () => {
    const { clock, quarantine, killed } = clocked();
    killed(3);
    clock.ms += 10_001 + 9_000;
    quarantine.answered();
    expect(killed(3).at(-1)).toBe(20_000);
    clock.ms += 20_000 + 20_001;
    quarantine.answered();
    expect(killed(3).at(-1)).toBe(10_000);
  });

  test("can be let out", () => {
    const { quarantine, killed } = clocked();
    killed(3);
    quarantine.lift();
    expect(quarantine.remainingMs).toBe(0);
    expect(killed(3).at(-1)).toBe(10_000);
  });

  test("never rests when that is turned off", () => {
    expect(clocked({ ...LIMITS, kills: 0 }).killed(50).every((rest) => rest === null)).toBe(true);
  });
});

describe("in quarantine", () => {
  const spinning = `export default { fetch(request) { if (request.url.endsWith("/spin")) for (;;); return new Response("fine"); } };`;
  const start = (limits = {}) => TestRuntime.start([{ name: "evil", source: spinning, limits: { cpu_ms: 5, ...limits } }, { name: "good", source: `export default { fetch: () => new Response("good") };` }]);
  const spin = async (nano: TestRuntime, times: number) => {
    for (let i = 0; i < times; i++) await nano.get("evil", "/spin");
  };

  test("an app is not asked, clients are told for how long, and its neighbours are served", async () => {
    using nano = await start();
    await spin(nano, 5);
    expect(nano.app("evil").state).toBe("quarantined");
    const response = await nano.get("evil");
    expect([response.status, response.headers.get("retry-after"), (await response.json()).error]).toEqual([503, "10", "quarantined"]);
    expect(nano.told.kills.length).toBe(5);
    expect(await nano.text("good")).toBe("good");
  });

  test("a lift, or a new revision, lets it answer again", async () => {
    using nano = await start();
    await spin(nano, 5);
    nano.app("evil").quarantine.lift();
    expect([await nano.text("evil"), nano.app("evil").state]).toEqual(["fine", "ready"]);
    await spin(nano, 5);
    await nano.replace({ name: "evil", source: spinning });
    expect(await nano.text("evil")).toBe("fine");
  });

  test("is no app of which only some requests are bad", async () => {
    using nano = await start();
    for (let i = 0; i < 4; i++) {
      await spin(nano, 4);
      expect(await nano.text("evil")).toBe("fine");
    }
  });

  test("is no app whose quarantine_kills is 0", async () => {
    using nano = await start({ quarantine_kills: 0 });
    await spin(nano, 8);
    expect(await nano.text("evil")).toBe("fine");
  });
});
