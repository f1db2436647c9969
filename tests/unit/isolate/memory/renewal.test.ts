/** The memory of an isolate after a renewal, byte for byte, whatever was written to it and whatever the system tells of that. */
import { describe, expect, test } from "bun:test";
import { EngineInstance } from "../../../../src/isolate/engine/engine.ts";
import { GuestPages, type SharedPages } from "../../../../src/isolate/memory/guest-pages.ts";
import { OS_PAGE } from "../../../../src/isolate/memory/image.ts";
import type { Renewal } from "../../../../src/isolate/memory/renewal.ts";
import { restoreSnapshot } from "../../../../src/isolate/memory/snapshot.ts";
import { openSystemMemory, type SystemMemory } from "../../../../src/isolate/memory/system-memory.ts";
import { artifacts } from "../../../harness/isolate.ts";

const { engine, base } = artifacts;
const system = openSystemMemory();
const refuse = () => {
  throw new Error("nothing runs in this test");
};

interface Calls {
  discards: number;
  looks: number;
}

function start(own: Partial<SystemMemory> = {}): { readonly instance: EngineInstance; readonly renewal: Renewal; readonly original: Uint8Array; readonly calls: Calls } {
  const calls: Calls = { discards: 0, looks: 0 };
  const real = { ...(system as SystemMemory), ...own };
  const counted: SystemMemory = {
    ...real,
    discard: (view) => {
      calls.discards++;
      return real.discard(view);
    },
    writtenPages: (view) => {
      calls.looks++;
      return real.writtenPages(view);
    },
  };
  const pages = new GuestPages({ system: counted, isShared: true });
  const instance = new EngineInstance(engine, { callFunction: refuse, interrupt: refuse, grow: refuse, now: refuse }, 64 << 20);
  let shared: SharedPages | null = null;
  restoreSnapshot(instance, base.snapshot, (fresh, image) => {
    shared = pages.fill(fresh, image);
  });
  const original = instance.bytes.slice();
  return { instance, renewal: pages.renewalOf(instance.bytes, shared) as Renewal, original, calls };
}

const nothing = () => {};
const isSame = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
/** A generator of its own, so that a failure can be seen again. */
function* numbers(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state;
  }
}

const ways: readonly [name: string, own: Partial<SystemMemory>][] = [
  ["what the system tells", {}],
  ["giving all back, where no faults are counted", { faults: () => null }],
  ["giving all back, where nobody tells which pages were written to", { writtenPages: () => null }],
];

describe.skipIf(system === null).each(ways)("memory that is renewed by %s", (_name, own) => {
  test("is as at first, in hundreds of rounds with writes here and there, in the image and beyond", () => {
    const { instance, renewal, original } = start(own);
    const pages = instance.bytes.byteLength / OS_PAGE;
    const random = numbers(1);
    const next = (below: number) => (random.next().value as number) % below;
    for (let round = 0; round < 300; round++) {
      for (let i = next(40); i > 0; i--) instance.bytes[next(pages) * OS_PAGE + next(OS_PAGE)]! ^= 1 + next(255);
      expect(renewal.run(instance.bytes, nothing)).toBe(true);
      if (round % 20 === 0) expect(isSame(instance.bytes, original)).toBe(true);
    }
    expect(isSame(instance.bytes, original)).toBe(true);
  });

  test("has what was to come on top of it, each time", () => {
    const { instance, renewal, original } = start(own);
    const at = original.byteLength - OS_PAGE * 3;
    const patched = original.slice();
    patched[at] = 9;
    for (let round = 0; round < 5; round++) {
      instance.bytes[at + 1] = 1;
      renewal.run(instance.bytes, () => {
        instance.bytes[at] = 9;
      });
      expect(isSame(instance.bytes, patched)).toBe(true);
    }
  });
});

describe.skipIf(system === null)("a renewal", () => {
  test("looks for pages that were written to only when there may be new ones, and gives nothing back", () => {
    let faults = 0;
    const { instance, renewal, calls } = start({ faults: () => faults });
    const write = (page: number) => {
      instance.bytes[page * OS_PAGE] = 7;
    };
    // The copy in this test has read every page there is.
    renewal.run(instance.bytes, nothing);
    calls.discards = 0;
    calls.looks = 0;
    write(900);
    renewal.run(instance.bytes, nothing);
    for (let i = 0; i < 10; i++) {
      write(900);
      renewal.run(instance.bytes, nothing);
    }
    expect(calls).toEqual({ discards: 0, looks: 0 });
    write(901);
    faults++;
    renewal.run(instance.bytes, nothing);
    expect(calls).toEqual({ discards: 0, looks: 1 });
    expect(instance.bytes[901 * OS_PAGE]).toBe(0);
  });

  test("gives all back after something has written to very many pages", () => {
    const { instance, renewal, original, calls } = start();
    for (let page = 0; page < instance.bytes.byteLength / OS_PAGE; page++) instance.bytes[page * OS_PAGE]! ^= 1;
    expect(renewal.run(instance.bytes, nothing)).toBe(true);
    expect(calls.discards).toBe(1);
    expect(isSame(instance.bytes, original)).toBe(true);
  });

  test("says so when the system refuses", () => {
    const { instance, renewal } = start({ faults: () => null, discard: () => false });
    expect(renewal.run(instance.bytes, nothing)).toBe(false);
  });
});

test("isolates that are copies are not renewed", () => {
  const pages = new GuestPages({ system, isShared: false });
  const instance = new EngineInstance(engine, { callFunction: refuse, interrupt: refuse, grow: refuse, now: refuse }, 64 << 20);
  expect(pages.renewalOf(instance.bytes, null)).toBeNull();
});
