/** When a worker that says nothing is taken for stuck. */
import { describe, expect, test } from "bun:test";
import { BackOff } from "../../../src/supervisor/back-off.ts";
import { Pulse, type ThreadState, threadStateOf } from "../../../src/supervisor/heartbeat.ts";

/** A pulse whose clock and thread are ours; looked at every 100 ms. */
function watched() {
  let now = 0;
  let cpuMs = 0;
  let state: ThreadState["state"] = "S";
  const pulse = new Pulse({ now: () => now, threadState: () => ({ state, cpuMs }) });
  return {
    pulse,
    /** The first fault within `ms`, during which the thread uses `share` of the CPU. */
    pass(ms: number, share: number, as: ThreadState["state"] = "S") {
      state = as;
      for (let i = 0; i < ms; i += 100) {
        now += 100;
        cpuMs += 100 * share;
        const fault = pulse.fault();
        if (fault !== null) return { fault, afterMs: now };
      }
      return null;
    },
  };
}

describe("a silent worker", () => {
  test("that uses CPU all the time is stuck before a second is over", () => {
    const { pass } = watched();
    expect(pass(5_000, 1, "R")).toEqual({ fault: expect.stringContaining("ms of CPU"), afterMs: 600 });
  });
  test("that is stopped is stuck", () => {
    const { pass } = watched();
    expect(pass(5_000, 0, "T")).toEqual({ fault: expect.stringContaining("stopped"), afterMs: 600 });
  });
  test("that the machine gives no time is left alone, but not for ever", () => {
    const { pass } = watched();
    expect(pass(9_000, 0.02, "R")).toBeNull();
    expect(pass(5_000, 0.02, "R")?.fault).toContain("said nothing");
  });
  test("that beats again starts anew", () => {
    const { pass, pulse } = watched();
    for (let i = 0; i < 20; i++) {
      expect(pass(500, 1, "R")).toBeNull();
      pulse.beat();
    }
  });
});

test("the state of a thread is read from the kernel", () => {
  expect(threadStateOf(process.pid)).toEqual({ state: expect.stringMatching(/^[RSD]$/), cpuMs: expect.any(Number) });
  expect(threadStateOf(process.pid)?.cpuMs).toBeGreaterThan(0);
  expect(threadStateOf(2 ** 22 + 1)).toBeNull();
});

test("of twenty deaths in a minute the first ones are replaced at once, the others ever later; after a quiet minute all is forgiven", () => {
  let now = 0;
  const backOff = new BackOff(() => now);
  const waits = Array.from({ length: 20 }, () => {
    now += 3_000;
    return backOff.next();
  });
  expect(waits.slice(0, 10)).toEqual([0, 0, 0, 0, 0, 250, 500, 1_000, 2_000, 4_000]);
  expect(Math.max(...waits)).toBe(5_000);
  now += 60_000;
  expect(backOff.next()).toBe(0);
});
