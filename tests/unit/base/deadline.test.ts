import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import { DeadlineSweeper, type Due } from "../../../src/base/deadline.ts";

let nowMs = 0;
let sweeper: DeadlineSweeper;

beforeEach(() => {
  jest.useFakeTimers();
  nowMs = 0;
  sweeper = new DeadlineSweeper(25, () => nowMs);
});
afterEach(() => {
  sweeper.close();
  jest.useRealTimers();
});

class Alarm implements Due {
  dueAt: number;
  rings = 0;
  readonly #ring: (alarm: Alarm) => void;
  constructor(dueAt: number, ring: (alarm: Alarm) => void = (alarm) => sweeper.unwatch(alarm)) {
    this.dueAt = dueAt;
    this.#ring = ring;
    sweeper.watch(this);
  }
  onDue(): void {
    this.rings++;
    this.#ring(this);
  }
}

/** Time passes for the clock and for timers alike. */
function pass(ms: number): void {
  for (let i = 0; i < ms; i++) {
    nowMs++;
    jest.advanceTimersByTime(1);
  }
}

test("a deadline is never early and at most one tick late", () => {
  const alarm = new Alarm(60);
  pass(59);
  expect(alarm.rings).toBe(0);
  pass(26);
  expect(alarm.rings).toBe(1);
});

test("a deadline that was moved rings at the new time, one that was taken back never", () => {
  const moved = new Alarm(30, (alarm) => {
    alarm.dueAt = Number.POSITIVE_INFINITY;
  });
  const dropped = new Alarm(30);
  moved.dueAt = 200;
  sweeper.unwatch(dropped);
  pass(199);
  expect(moved.rings).toBe(0);
  pass(26);
  expect(moved.rings).toBe(1);
  pass(300);
  expect(moved.rings).toBe(1);
  expect(dropped.rings).toBe(0);
});

test("nothing runs while nothing is watched, and watching again starts again", () => {
  new Alarm(10);
  pass(100);
  expect(jest.getTimerCount()).toBe(0);
  const later = new Alarm(nowMs + 10);
  pass(40);
  expect(later.rings).toBe(1);
});

test("a deadline set from inside another one is kept", () => {
  let inner: Alarm | null = null;
  new Alarm(10, (alarm) => {
    sweeper.unwatch(alarm);
    inner = new Alarm(nowMs + 50);
  });
  pass(30);
  expect((inner as Alarm | null)?.rings).toBe(0);
  pass(80);
  expect((inner as Alarm | null)?.rings).toBe(1);
});

test("one that fails does not keep the others from being told", () => {
  const failing = new Alarm(10, (alarm) => {
    sweeper.unwatch(alarm);
    throw new Error("a defect");
  });
  const other = new Alarm(10);
  nowMs = 20;
  expect(() => sweeper.sweep()).toThrow("a defect");
  expect(failing.rings).toBe(1);
  expect(other.rings).toBe(1);
});

test("a closed sweeper tells nobody", () => {
  const alarm = new Alarm(10);
  sweeper.close();
  pass(100);
  expect(alarm.rings).toBe(0);
  expect(jest.getTimerCount()).toBe(0);
});
