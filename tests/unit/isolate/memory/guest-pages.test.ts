import { describe, expect, test } from "bun:test";
import { ftruncateSync, readFileSync, readSync, writeSync } from "node:fs";
import { EngineInstance } from "../../../../src/isolate/engine/engine.ts";
import { GuestPages, type SharedPages } from "../../../../src/isolate/memory/guest-pages.ts";
import { createImage, type MemoryImage, OS_PAGE } from "../../../../src/isolate/memory/image.ts";
import { restoreSnapshot } from "../../../../src/isolate/memory/snapshot.ts";
import { openSystemMemory, type SystemMemory } from "../../../../src/isolate/memory/system-memory.ts";
import { artifacts } from "../../../harness/isolate.ts";

const { engine, base } = artifacts;
const { image } = base.snapshot;
const system = openSystemMemory();
const isLinux = system !== null;
const MB = 2 ** 20;

const refuse = () => {
  throw new Error("nothing runs in this test");
};
const fresh = (maxBytes = 64 * MB) => new EngineInstance(engine, { callFunction: refuse, interrupt: refuse, grow: refuse, now: refuse }, maxBytes);

interface Filled {
  readonly instance: EngineInstance;
  readonly shared: SharedPages | null;
}

function filled(pages: GuestPages): Filled {
  const instance = fresh();
  let shared: SharedPages | null = null;
  restoreSnapshot(instance, base.snapshot, (engine, image) => (shared = pages.fill(engine, image)));
  return { instance, shared };
}

function holds(bytes: Uint8Array, { segments }: MemoryImage): boolean {
  return segments.every(({ at, data }) => Buffer.compare(bytes.subarray(at, at + data.byteLength), data) === 0);
}

async function until(isDone: () => boolean): Promise<void> {
  for (let turn = 0; !isDone(); turn++) {
    if (turn > 20_000) throw new Error("it does not happen");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Mappings in an instance's memory that are of an image. */
function mappedSegments({ bytes }: EngineInstance): number {
  const from = (system as SystemMemory).addressOf(bytes);
  const maps = readFileSync("/proc/self/maps", "utf8").matchAll(/^([0-9a-f]+)-\S+ .*nano-image/gm);
  return [...maps].map(([, start]) => Number.parseInt(start as string, 16)).filter((start) => start >= from && start < from + bytes.byteLength).length;
}

const isAll = (bytes: Uint8Array, value: number) => Buffer.compare(bytes, new Uint8Array(bytes.byteLength).fill(value)) === 0;

/** A system on which the call of the given number, counted from 1, and all after it fail. */
function failingFrom(call: "createFile" | "mapFile", number: number): SystemMemory {
  const real = system as SystemMemory;
  let calls = 0;
  const fails = () => ++calls >= number;
  return {
    ...real,
    createFile: (segments) => (call === "createFile" && fails() ? null : real.createFile(segments)),
    mapFile: (view, file, offset) => !(call === "mapFile" && fails()) && real.mapFile(view, file, offset),
  };
}

const ways: readonly (readonly [name: string, make: () => GuestPages])[] = [
  ["copies", () => new GuestPages({ system, isShared: false })],
  ["copies without a system", () => new GuestPages({ system: null, isShared: true })],
  ...(isLinux
    ? ([
        ["shared pages", () => new GuestPages({ system, isShared: true })],
        ["a system without files in memory", () => new GuestPages({ system: failingFrom("createFile", 1), isShared: true })],
        ["a system that maps nothing", () => new GuestPages({ system: failingFrom("mapFile", 1), isShared: true })],
        ["no place for more that share", () => new GuestPages({ system, isShared: true, mostShared: 0 })],
      ] as const)
    : []),
];

describe.each(ways)("an isolate's memory, by way of %s", (_name, make) => {
  test("holds the image, and zeros elsewhere", () => {
    const { instance } = filled(make());
    const expected = fresh();
    restoreSnapshot(expected, base.snapshot);
    expect(Buffer.compare(instance.bytes, expected.bytes)).toBe(0);
  });

  test("is its own: what it writes, no other sees, nor does the image", () => {
    const pages = make();
    const before = filled(pages).instance;
    const writer = filled(pages).instance;
    writer.bytes.fill(0xaa);
    const after = filled(pages).instance;
    expect(holds(before.bytes, image)).toBe(true);
    expect(holds(after.bytes, image)).toBe(true);
    expect(isAll(writer.bytes, 0xaa)).toBe(true);
  });

  test("keeps what it holds while it grows, to its limit and not beyond", () => {
    const { instance } = filled(make());
    instance.bytes[image.segments[0]?.at as number] = 0x55;
    const before = instance.bytes.slice();
    for (let bytes = instance.bytes.byteLength; bytes < 64 * MB; bytes += 4 * MB) expect(instance.grow(bytes + 4 * MB)).toBe(true);
    expect(instance.grow(65 * MB)).toBe(false);
    expect(Buffer.compare(instance.bytes.subarray(0, before.byteLength), before)).toBe(0);
    expect(isAll(instance.bytes.subarray(before.byteLength), 0)).toBe(true);
  });

  test("holds after a trim what it held, but for what is dead", () => {
    const pages = make();
    const { instance, shared } = filled(pages);
    const { stackTop } = engine.layout;
    // A page of the image changed, all others written to with what they held, rests of calls on the stack.
    for (const { at, data } of image.segments) for (let place = at; place < at + data.byteLength; place += OS_PAGE) instance.bytes[place] = instance.bytes[place] as number;
    instance.reseed();
    instance.bytes.fill(3, stackTop - 10 * OS_PAGE, stackTop);
    const used = { ...instance.pointers };
    const before = instance.bytes.slice();
    const { bytes: kept, stash } = pages.trim(instance, image, shared);
    if (shared !== null) expect(holds(instance.bytes, image)).toBe(true);
    stash?.applyTo(instance.bytes);
    const isDead = (page: number) => page * OS_PAGE < stackTop && (page + 1) * OS_PAGE > stackTop - 10 * OS_PAGE;
    const changed = Array.from({ length: before.byteLength / OS_PAGE }, (_, page) => page).filter((page) => !isDead(page) && Buffer.compare(instance.bytes.subarray(page * OS_PAGE, (page + 1) * OS_PAGE), before.subarray(page * OS_PAGE, (page + 1) * OS_PAGE)) !== 0);
    expect(changed.filter((page) => !isFree(instance, page))).toEqual([]);
    expect(instance.pointers).toEqual(used);
    // The seed, and what the page in which the stack begins has of it.
    if (shared !== null) expect(kept).toBeLessThan(256);
  });

  test("goes back to the system, all of it, in the background", async () => {
    const pages = make();
    const dead = Array.from({ length: 10 }, () => filled(pages));
    let released = 0;
    for (const { instance, shared } of dead) {
      instance.bytes.fill(7);
      pages.release(instance.memory.buffer as ArrayBuffer, shared, () => released++);
    }
    await until(() => released === dead.length);
    expect(pages.sharing).toBe(0);
    if (isLinux && _name !== "copies without a system") for (const { instance } of dead) expect(isAll(instance.bytes, 0)).toBe(true);
  });
});

/** Whether the allocator has all of the page to give. */
function isFree({ view, bytes, pointers }: EngineInstance, page: number): boolean {
  for (let at = pointers.runtime - 8; at + 16 <= bytes.byteLength; ) {
    const head = view.getUint32(at + 4, true);
    const size = (head & ~7) >>> 0;
    if (size < 16) return false;
    if (at <= page * OS_PAGE && at + size >= (page + 1) * OS_PAGE) return (head & 2) === 0;
    at += size;
  }
  return false;
}

describe.skipIf(!isLinux)("pages that isolates share", () => {
  test("are not copied before somebody writes", () => {
    const pages = new GuestPages({ system, isShared: true });
    const { shared } = filled(pages);
    expect(shared).not.toBeNull();
    expect(pages.sharing).toBe(1);
  });

  test("come from a file that nobody can write to, shorten or lengthen", () => {
    const { createFile, closeFile } = system as SystemMemory;
    const file = createFile([{ at: 0, data: new Uint8Array(OS_PAGE).fill(5) }]) as number;
    expect(() => writeSync(file, new Uint8Array(1), 0, 1, 0)).toThrow("EPERM");
    expect(() => ftruncateSync(file, 0)).toThrow("EPERM");
    const read = new Uint8Array(OS_PAGE + 1);
    expect(readSync(file, read, 0, read.byteLength, 0)).toBe(OS_PAGE);
    expect(read[100]).toBe(5);
    closeFile(file);
  });

  test("are mapped in no more isolates than there is room for, and the others get copies", async () => {
    const pages = new GuestPages({ system, isShared: true, mostShared: 2 });
    const three = [filled(pages), filled(pages), filled(pages)] as const;
    expect(three.map(({ shared }) => shared !== null)).toEqual([true, true, false]);
    pages.release(three[0].instance.memory.buffer as ArrayBuffer, three[0].shared);
    await until(() => pages.sharing === 1);
    expect(filled(pages).shared).not.toBeNull();
  });

  test("leave no mapping behind in an isolate that has gone", async () => {
    const pages = new GuestPages({ system, isShared: true });
    const { instance, shared } = filled(pages);
    expect(mappedSegments(instance)).toBe(1);
    pages.release(instance.memory.buffer as ArrayBuffer, shared);
    await until(() => pages.sharing === 0);
    expect(mappedSegments(instance)).toBe(0);
  });

  test("are given back by a trim where they are as they were, and their content is the image's again", () => {
    const pages = new GuestPages({ system, isShared: true });
    const { instance, shared } = filled(pages);
    const { at, data } = image.segments.at(-1) as (typeof image.segments)[number];
    for (let place = at; place < at + data.byteLength; place += OS_PAGE) instance.bytes[place] = instance.bytes[place] as number;
    expect(pages.trim(instance, image, shared)).toMatchObject({ bytes: 0, stash: null });
    expect(holds(instance.bytes, image)).toBe(true);
  });

  test("stay, as they are, where an isolate has made many its own", () => {
    const pages = new GuestPages({ system, isShared: true });
    const { instance, shared } = filled(pages);
    const at = instance.exports.malloc(MB);
    instance.bytes.fill(9, at, at + MB);
    const { bytes, stash } = pages.trim(instance, image, shared);
    expect(stash).toBeNull();
    expect(bytes).toBeGreaterThan(MB - 1);
    expect(isAll(instance.bytes.subarray(at, at + MB), 9)).toBe(true);
  });

  test("are looked at one by one where the system does not tell which were written to", () => {
    const silent = new GuestPages({ system: { ...(system as SystemMemory), writtenPages: () => null }, isShared: true });
    const { instance, shared } = filled(silent);
    instance.reseed();
    const seed = instance.pointers.context + engine.layout.randomState;
    const before = instance.view.getBigUint64(seed, true);
    const { stash } = silent.trim(instance, image, shared);
    expect(holds(instance.bytes, image)).toBe(true);
    stash?.applyTo(instance.bytes);
    expect(instance.view.getBigUint64(seed, true)).toBe(before);
  });

  test("are known to have been written to, one by one", () => {
    const { instance } = filled(new GuestPages({ system, isShared: true }));
    const { at, data } = image.segments.at(-1) as (typeof image.segments)[number];
    const view = instance.bytes.subarray(at, at + data.byteLength);
    expect((system as SystemMemory).writtenPages(view)).toEqual(new Uint8Array(data.byteLength / OS_PAGE));
    for (const page of [0, 3, 7]) view[page * OS_PAGE + 5] = view[page * OS_PAGE + 5] as number;
    const written = (system as SystemMemory).writtenPages(view) as Uint8Array;
    expect([...written.entries()].filter(([, is]) => is === 1).map(([page]) => page)).toEqual([0, 3, 7]);
  });

  test("a memory that is somewhere else than it was is not touched as if it shared", () => {
    const pages = new GuestPages({ system, isShared: true });
    const { instance, shared } = filled(new GuestPages({ system, isShared: false }));
    const elsewhere: SharedPages = { image, address: 4096 };
    expect(shared).toBeNull();
    pages.trim(instance, image, elsewhere);
    expect(holds(instance.bytes.subarray(0, (image.segments[0]?.at as number) + OS_PAGE), createImage(0, [{ at: 0, data: (image.segments[0] as { data: Uint8Array }).data.subarray(0, OS_PAGE) }]))).toBe(true);
  });

  test("nothing is mapped at an address that is no page's", () => {
    const { mapFile, mapEmpty, createFile, closeFile } = system as SystemMemory;
    const bytes = fresh().bytes;
    const file = createFile([{ at: 0, data: new Uint8Array(OS_PAGE) }]) as number;
    expect(mapFile(bytes.subarray(1, OS_PAGE + 1), file, 0)).toBe(false);
    expect(mapFile(bytes.subarray(0, OS_PAGE - 1), file, 0)).toBe(false);
    expect(mapEmpty(bytes.subarray(8, OS_PAGE + 8))).toBe(false);
    closeFile(file);
    expect(mapFile(bytes.subarray(0, OS_PAGE), file, 0)).toBe(false);
  });
});
