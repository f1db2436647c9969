/** The clock of test files: real until it is stopped, and then moved by hand. */
import { expect, test } from "bun:test";
import { StoppableClock } from "../../../src/testing/clock.ts";

const ctx = undefined as never;
const clockOf = () => new StoppableClock(() => Promise.resolve());

test("stands where it was stopped, and moves by what it is told", async () => {
  const clock = clockOf();
  clock.stop(1_000);
  const before = clock.performance.now(ctx);
  await clock.advance(250);
  expect([clock.now(), clock.performance.now(ctx) - before]).toEqual([1_250, 250]);
});

test("timers run in the order of their times, those of one time in the order of their start, each at its time", async () => {
  const clock = clockOf();
  const ran: string[] = [];
  const note = (name: string) => () => void ran.push(`${name}@${clock.now()}`);
  clock.stop(0);
  clock.start(note("c"), 30);
  clock.start(note("a"), 10);
  clock.start(note("b"), 10);
  clock.cancel(clock.start(note("never"), 5));
  clock.start(() => clock.start(note("nested"), 10), 15);
  expect(clock.pending).toBe(4);
  await clock.advance(29);
  expect(ran).toEqual(["a@10", "b@10", "nested@25"]);
  await clock.advance(1);
  expect([ran.at(-1), clock.pending, clock.now()]).toEqual(["c@30", 0, 30]);
});

test("set to another time, it keeps what timers still have to wait", async () => {
  const clock = clockOf();
  let ran = 0;
  clock.stop(0);
  clock.start(() => ran++, 100);
  await clock.advance(40);
  clock.stop(1_000_000);
  await clock.advance(59);
  expect(ran).toBe(0);
  await clock.advance(1);
  expect(ran).toBe(1);
});

test("let go, it reads the real time, and timers go on", async () => {
  const clock = clockOf();
  clock.stop(0);
  const waited = new Promise<void>((resolve) => clock.start(resolve, 5));
  clock.go();
  await waited;
  expect([clock.pending, Math.abs(clock.now() - Date.now()) < 1_000, await clock.advance(1)]).toEqual([0, true, false]);
});

test("a test that ends takes its advance with it: an interval does not hold up the next one", async () => {
  const turns = { left: 50 };
  const clock: StoppableClock = new StoppableClock(async () => {
    if (turns.left-- === 0) clock.interrupt();
  });
  clock.stop(0);
  const again = (): void => void clock.start(again, 1);
  again();
  await clock.advance(1e12);
  expect(clock.now()).toBeLessThan(100);
});
