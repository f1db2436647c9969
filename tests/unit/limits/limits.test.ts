import { describe, expect, test } from "bun:test";
import { type Limit, limitKeys, limits, limitValue, resolveAppLimits, resolveServerLimits } from "../../../src/limits.ts";

const all = Object.entries(limits) as [string, Limit][];

describe("limits", () => {
  test.each(all)("%s has a default within its bounds and says what happens past it", (_, limit) => {
    expect(limit.default).toBeGreaterThanOrEqual(limit.least);
    expect(limit.default).toBeLessThanOrEqual(limit.most);
    expect(limit.help).not.toBe("");
    expect(limit.past).not.toBe("");
  });

  test.each(all)("the name of %s ends in its unit", (name, { unit }) => {
    const suffix = /_(ms|us|mb|kb|s)$/.exec(name)?.[1] ?? "count";
    expect(suffix).toBe(unit);
  });

  test("the floors are low enough for the hostile suite", () => {
    expect([limits.cpu_ms.least, limits.memory_mb.least, limits.wall_ms.least]).toEqual([5, 16, 100]);
  });

  test("defaults and ceilings are those that operators were promised", () => {
    const promised = (key: keyof typeof limits) => [limits[key].default, limits[key].most];
    expect(promised("cpu_ms")).toEqual([5_000, 300_000]);
    expect(promised("memory_mb")).toEqual([128, 1_024]);
    expect(promised("max_body_mb")).toEqual([10, 1_024]);
    expect(promised("subrequests")).toEqual([50, 1_000]);
    expect(promised("isolates")).toEqual([8, 64]);
    expect(promised("keep_alive_s")).toEqual([10, 255]);
  });

  test("every limit that an app may set reaches its resolved limits, in base units", () => {
    for (const key of limitKeys("app")) {
      const { default: standard, least }: Limit = limits[key];
      const other = standard === least ? least + 1 : least;
      const memory = key === "memory_mb" ? {} : { memory_mb: 1_024 };
      const changed = Object.entries(resolveAppLimits({ ...memory, [key]: other })).filter(([name, value]) => value !== (resolveAppLimits(memory) as Record<string, number>)[name]);
      expect([key, changed.map(([, value]) => value)]).toEqual([key, key === "memory_mb" ? [16 << 20, 16 << 20] : [limitValue(key, { [key]: other })]]);
    }
  });

  test("every limit that the server may set reaches its resolved limits, in base units", () => {
    for (const key of limitKeys("server")) {
      const { default: standard, most }: Limit = limits[key];
      const value = standard === most ? most - 1 : most;
      const changed = Object.entries(resolveServerLimits({ [key]: value })).filter(([name, number]) => number !== (resolveServerLimits({}) as Record<string, number>)[name]);
      expect([key, changed.map(([, number]) => number)]).toEqual([key, [limitValue(key, { [key]: value })]]);
    }
  });

  test("an app's own number wins over the one of the defaults", () => {
    expect(resolveAppLimits({ cpu_ms: 50 }, { cpu_ms: 100, wall_ms: 2_000 })).toMatchObject({ cpuMs: 50, wallMs: 2_000, streamMs: 300_000 });
  });

  test("an app with little memory buffers no more than that", () => {
    expect(resolveAppLimits({ memory_mb: 16 })).toMatchObject({ memoryBytes: 16 << 20, maxBufferBytes: 16 << 20 });
    expect(resolveAppLimits({})).toMatchObject({ memoryBytes: 128 << 20, maxBufferBytes: 64 << 20 });
  });

  test("resolved limits cannot be changed afterwards", () => {
    expect(Object.isFrozen(resolveAppLimits())).toBe(true);
    expect(Object.isFrozen(resolveServerLimits({}))).toBe(true);
  });

  test("a microsecond limit comes out in milliseconds", () => {
    expect(resolveServerLimits({ slice_us: 500 }).sliceMs).toBe(0.5);
  });
});
