/** An isolate that is ended between the grant of its next slice and that slice: nobody tells the guest, which runs on until it asks for something. */
import { expect, test } from "bun:test";
import { setImmediate } from "node:timers/promises";
import { DeadlineSweeper } from "../../../src/base/deadline.ts";
import { BlankPool } from "../../../src/isolate/memory/blanks.ts";
import { GuestMemory } from "../../../src/isolate/memory/guest-memory.ts";
import { GuestPages } from "../../../src/isolate/memory/guest-pages.ts";
import { Isolate } from "../../../src/isolate/isolate.ts";
import { Account, type Grant, Scheduler } from "../../../src/isolate/scheduler.ts";
import { SlicePlan } from "../../../src/isolate/slice.ts";
import { openSystemMemory } from "../../../src/isolate/memory/system-memory.ts";
import { createOps } from "../../../src/runtime/catalogue.ts";
import { artifacts } from "../../harness/isolate.ts";

const { engine, base, lazyRooms } = artifacts;
const LIMITS = { cpuMs: 60_000, wallMs: 60_000, streamMs: 1, waitUntilMs: 1, subrequests: 0, subrequestsAtOnce: 1, timers: 0, kdfIterations: 1, logBytes: 1, logLineBytes: 1, streamBufferBytes: 1 };

test("an isolate that is ended when its next slice is granted grows no more: its memory goes back whole, and counts for nothing", async () => {
  let onGranted = (): void => {};
  class Watched extends Scheduler {
    override requestLater(account: Account, grant: Grant): void {
      super.requestLater(account, () => {
        const isResumed = grant();
        onGranted();
        return isResumed;
      });
    }
  }
  const scheduler = new Watched({ now: () => performance.now(), defer: (turn) => void globalThis.setImmediate(turn), turnMs: 2 });
  const pages = new GuestPages({ system: openSystemMemory(), isShared: true });
  const memory = new GuestMemory(Number.POSITIVE_INFINITY);
  const sweeper = new DeadlineSweeper(25);
  const faults: unknown[] = [];
  const refuse = () => Promise.reject(new Error("there is no network"));
  const isolate = new Isolate({
    host: {
      engine,
      ops: createOps({ lazyRooms, clock: { origin: () => 0, now: () => 0 }, sink: () => {}, budgetOf: () => null, cachesOf: () => null as never, assetsOf: () => undefined, egress: { fetch_start: refuse, fetch_abort: () => {} } }),
      scheduler,
      sweeper,
      slices: new SlicePlan(1, 50_000),
      fuelPerMs: 500_000,
      events: base.events,
      now: () => 0,
      pages,
      memory,
      blanks: new BlankPool({ engine, pages, memory }, 0),
      reportFault: (error) => `fault ${faults.push(error)}`,
    },
    snapshot: base.snapshot,
    account: new Account("app"),
    memoryBytes: 128 << 20,
    onCondemned: () => {},
  });
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const invocation = isolate.open({ requestId: "request", app: "app", limits: LIMITS, startupCpuMs: 60_000, onAnswer: () => {}, onFailure: () => {}, onOver: () => resolve() });
  const before = isolate.memoryBytes;
  let grown = 0;
  onGranted = () => {
    // Only once it grows all the time: whatever comes next is another growth.
    if (isolate.memoryBytes === before) return;
    onGranted = () => {};
    isolate.dispose();
    grown = isolate.memoryBytes;
  };
  isolate.evaluate(invocation, "const all = []; for (;;) { const chunk = new Uint8Array(100_000); chunk.fill(1); all.push(chunk); }", "app.js", "app");
  await over;
  for (let turn = 0; turn < 50; turn++) await setImmediate();
  expect(grown).toBeGreaterThan(before);
  expect(isolate.memoryBytes).toBe(grown);
  expect(memory.usedBytes).toBe(0);
  expect(pages.sharing).toBe(0);
  expect(faults).toEqual([]);
  sweeper.close();
});
