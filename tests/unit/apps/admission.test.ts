import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import fc from "fast-check";
import { type Admission, AdmissionGate } from "../../../src/apps/admission.ts";

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** Enters, and remembers what came of it under `name`. */
function entering(gate: AdmissionGate): { readonly told: string[]; enter(name: string): void } {
  const told: string[] = [];
  return {
    told,
    enter(name) {
      const answer = gate.enter();
      if (typeof answer === "string") told.push(`${name} ${answer}`);
      else void answer.then((admission) => told.push(`${name} ${admission}`));
    },
  };
}

async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await null;
}

test("so many run at once, so many wait, the rest is shed at once", async () => {
  const gate = new AdmissionGate({ concurrency: 2, queue: 1, queueMs: 1000 });
  const { told, enter } = entering(gate);
  for (const name of ["a", "b", "c", "d"]) enter(name);
  await settled();
  expect(told).toEqual(["a admitted", "b admitted", "d shed"]);
  expect([gate.running, gate.queued]).toEqual([2, 1]);
});

test("who waits is admitted in the order of coming, one for each that leaves", async () => {
  const gate = new AdmissionGate({ concurrency: 1, queue: 10, queueMs: 1000 });
  const { told, enter } = entering(gate);
  for (const name of ["a", "b", "c", "d"]) enter(name);
  gate.release();
  await settled();
  expect(told).toEqual(["a admitted", "b admitted"]);
  gate.release();
  await settled();
  expect(told).toEqual(["a admitted", "b admitted", "c admitted"]);
  expect([gate.running, gate.queued]).toEqual([1, 1]);
});

test("who waited too long is shed, and those behind keep their place", async () => {
  const gate = new AdmissionGate({ concurrency: 1, queue: 10, queueMs: 1000 });
  const { told, enter } = entering(gate);
  enter("a");
  enter("b");
  jest.advanceTimersByTime(600);
  enter("c");
  jest.advanceTimersByTime(400);
  await settled();
  expect(told).toEqual(["a admitted", "b shed"]);
  gate.release();
  await settled();
  expect(told).toEqual(["a admitted", "b shed", "c admitted"]);
  jest.advanceTimersByTime(10_000);
  await settled();
  expect(gate.running).toBe(1);
  expect(jest.getTimerCount()).toBe(0);
});

test("a queue of no length sheds at once", () => {
  const gate = new AdmissionGate({ concurrency: 1, queue: 0, queueMs: 1000 });
  gate.enter();
  expect(gate.enter()).toBe("shed");
});

test("closing turns away who waits, and leaves who runs alone", async () => {
  const gate = new AdmissionGate({ concurrency: 1, queue: 10, queueMs: 1000 });
  const { told, enter } = entering(gate);
  for (const name of ["a", "b", "c"]) enter(name);
  gate.close();
  await settled();
  expect(told).toEqual(["a admitted", "b canceled", "c canceled"]);
  expect([gate.running, gate.queued]).toEqual([1, 0]);
  expect(jest.getTimerCount()).toBe(0);
});

describe("limits that change while requests wait", () => {
  test("a higher concurrency lets the waiting in at once", async () => {
    const gate = new AdmissionGate({ concurrency: 1, queue: 10, queueMs: 1000 });
    const { told, enter } = entering(gate);
    for (const name of ["a", "b", "c", "d"]) enter(name);
    gate.limits = { concurrency: 3, queue: 10, queueMs: 1000 };
    await settled();
    expect(told).toEqual(["a admitted", "b admitted", "c admitted"]);
    expect([gate.running, gate.queued]).toEqual([3, 1]);
  });

  test("a lower concurrency holds for those to come: nobody is thrown out", async () => {
    const gate = new AdmissionGate({ concurrency: 3, queue: 10, queueMs: 1000 });
    const { told, enter } = entering(gate);
    for (const name of ["a", "b", "c", "d"]) enter(name);
    gate.limits = { concurrency: 1, queue: 10, queueMs: 1000 };
    gate.release();
    gate.release();
    await settled();
    expect(told).not.toContain("d admitted");
    gate.release();
    await settled();
    expect(told).toContain("d admitted");
    expect(gate.running).toBe(1);
  });
});

test("whatever happens in whatever order, everyone is told once, the limit holds and nobody waits beside a free place", async () => {
  const steps = fc.array(fc.constantFrom("enter", "release", "wait", "close", "raise", "lower"), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(steps, async (commands) => {
      let concurrency = 2;
      const gate = new AdmissionGate({ concurrency, queue: 3, queueMs: 100 });
      const told: Admission[] = [];
      let entered = 0;
      let running = 0;
      let most = concurrency;
      const hear = (admission: Admission) => {
        told.push(admission);
        if (admission === "admitted") running++;
      };
      for (const command of commands) {
        if (command === "enter") {
          entered++;
          const answer = gate.enter();
          if (typeof answer === "string") hear(answer);
          else void answer.then(hear);
        } else if (command === "release" && running > 0) {
          running--;
          gate.release();
        } else if (command === "wait") jest.advanceTimersByTime(60);
        else if (command === "close") gate.close();
        else if (command === "raise" || command === "lower") {
          concurrency = Math.max(1, concurrency + (command === "raise" ? 1 : -1));
          gate.limits = { concurrency, queue: 3, queueMs: 100 };
        }
        await settled();
        most = Math.max(concurrency, Math.min(most, gate.running));
        expect(gate.running).toBe(running);
        expect(running).toBeLessThanOrEqual(most);
        expect(gate.queued === 0 || gate.running >= concurrency).toBe(true);
        expect(told.length + gate.queued).toBe(entered);
      }
    }),
    { numRuns: 300 },
  );
});
