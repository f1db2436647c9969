import { describe, expect, test } from "bun:test";
import { BlankPool } from "../../../../src/isolate/memory/blanks.ts";
import { GuestMemory } from "../../../../src/isolate/memory/guest-memory.ts";
import { GuestPages } from "../../../../src/isolate/memory/guest-pages.ts";
import { type MemoryImage, takeImage } from "../../../../src/isolate/memory/image.ts";
import { openSystemMemory } from "../../../../src/isolate/memory/system-memory.ts";
import { artifacts } from "../../../harness/isolate.ts";

const { engine } = artifacts;
const { image } = artifacts.base.snapshot;
const MB = 2 ** 20;
const MOST = 3;

function start(limitBytes = Number.POSITIVE_INFINITY) {
  const memory = new GuestMemory(limitBytes);
  const pages = new GuestPages({ system: openSystemMemory(), isShared: true });
  return { memory, pages, blanks: new BlankPool({ engine, pages, memory }, MOST) };
}

async function until(isDone: () => boolean): Promise<void> {
  for (let turn = 0; !isDone(); turn++) {
    if (turn > 1_000) throw new Error("it does not happen");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const isImage = (bytes: Uint8Array, { segments }: MemoryImage) => segments.every(({ at, data }) => Buffer.compare(bytes.subarray(at, at + data.byteLength), data) === 0);

describe("instances that wait for an app", () => {
  test("are made once one has been needed, up to a number, and counted", async () => {
    const { blanks, memory } = start();
    expect([blanks.size, memory.usedBytes]).toEqual([0, 0]);
    blanks.take(image, 64 * MB);
    await until(() => blanks.size === MOST);
    const each = memory.usedBytes / MOST;
    expect(each).toBeGreaterThan(image.bytes);
    blanks.take(image, 64 * MB);
    expect([blanks.size, memory.usedBytes]).toEqual([MOST - 1, (MOST - 1) * each]);
    blanks.close();
    expect([blanks.size, memory.usedBytes]).toEqual([0, 0]);
  });

  test("hold the image, and may grow as far as was asked for", async () => {
    const { blanks } = start();
    blanks.take(image, 64 * MB);
    await until(() => blanks.size > 0);
    const { engine: instance } = blanks.take(image, 64 * MB);
    expect(isImage(instance.bytes, image)).toBe(true);
    expect([instance.grow(64 * MB), instance.grow(65 * MB)]).toEqual([true, false]);
    blanks.close();
  });

  test("are nobody's who asks for another image, or for more memory", async () => {
    const { blanks } = start();
    blanks.take(image, 64 * MB);
    await until(() => blanks.size === MOST);
    expect(blanks.take(image, 32 * MB).engine.grow(33 * MB)).toBe(false);
    const bytes = new Uint8Array(image.memoryBytes).fill(3, 4096, 8192);
    expect(isImage(blanks.take(takeImage(bytes), 64 * MB).engine.bytes, takeImage(bytes))).toBe(true);
    expect(blanks.size).toBe(MOST);
    blanks.close();
  });

  test("become those that most ask for", async () => {
    const { blanks } = start();
    blanks.take(image, 64 * MB);
    await until(() => blanks.size === MOST);
    for (let i = 0; i < 10; i++) blanks.take(image, 32 * MB);
    await until(() => blanks.size === MOST);
    expect(blanks.take(image, 32 * MB).engine.grow(33 * MB)).toBe(false);
    expect(blanks.size).toBe(MOST - 1);
    blanks.close();
  });

  test("go when memory is short, before anything else does, and are not made again while it is", async () => {
    const { blanks, memory } = start(8 * MB);
    const asked: number[] = [];
    memory.onPressure = () => void asked.push(blanks.size);
    blanks.take(image, 64 * MB);
    await until(() => blanks.size === MOST);
    memory.takeBack(7 * MB);
    expect([blanks.size, memory.usedBytes, asked]).toEqual([0, 7 * MB, []]);
    blanks.take(image, 64 * MB);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(blanks.size).toBe(0);
    blanks.close();
  });

  test("are not made where the system has none to give, and whoever asks is told", async () => {
    const { memory, pages } = start();
    let made = 0;
    const broken = { ...engine, get module(): WebAssembly.Module {
      if (++made > 1) throw new RangeError("out of memory");
      return engine.module;
    } };
    const blanks = new BlankPool({ engine: broken, pages, memory }, MOST);
    blanks.take(image, 64 * MB);
    await until(() => made > 1);
    expect([blanks.size, memory.usedBytes]).toEqual([0, 0]);
    expect(() => blanks.take(image, 64 * MB)).toThrow("out of memory");
    blanks.close();
  });
});
