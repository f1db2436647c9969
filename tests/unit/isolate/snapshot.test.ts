import { expect, test } from "bun:test";
import { pristineOf } from "../../../src/isolate/bootstrap.ts";
import { EngineInstance } from "../../../src/isolate/engine.ts";
import { restoreSnapshot, type Snapshot, snapshotBytes, takePristine, takeSnapshot } from "../../../src/isolate/snapshot.ts";
import { readBase, writeBase } from "../../../src/isolate/snapshot-file.ts";
import { artifacts, TestIsolate } from "../../harness/isolate.ts";

const PAGE = 4096;
const { engine, base } = artifacts;

function freshInstance(maxBytes = 64 << 20): EngineInstance {
  const refuse = () => {
    throw new Error("nothing runs in this test");
  };
  return new EngineInstance(engine, { callFunction: refuse, interrupt: refuse, grow: refuse, now: refuse }, maxBytes);
}

function pagesOf(snapshot: Snapshot): Map<number, Uint8Array> {
  const pages = snapshot.base === null ? new Map<number, Uint8Array>() : pagesOf(snapshot.base);
  for (const { at, data } of snapshot.runs) for (let offset = 0; offset < data.byteLength; offset += PAGE) pages.set((at + offset) / PAGE, data.subarray(offset, offset + PAGE));
  return pages;
}

test("a clone's memory equals, byte for byte, the memory that the snapshot was taken of", () => {
  const original = freshInstance();
  restoreSnapshot(original, base.snapshot);
  original.bytes.fill(7, 3_000_000, 3_010_000);
  const snapshot = takeSnapshot(original, base.snapshot);
  const clone = freshInstance();
  expect(restoreSnapshot(clone, snapshot)).toBe(true);
  expect(Buffer.compare(clone.bytes, original.bytes)).toBe(0);
  expect(clone.pointers).toEqual(original.pointers);
});

test("a snapshot holds the pages that differ from its base, and those only", () => {
  const instance = freshInstance();
  const at = 8 << 20;
  const first = takeSnapshot(instance, takePristine(freshInstance()));
  expect(snapshotBytes(first)).toBe(0);
  instance.bytes[at] = 1;
  instance.bytes[at + PAGE] = 1;
  instance.bytes[at + 3 * PAGE] = 1;
  const second = takeSnapshot(instance, first);
  expect(second.runs.map((run) => [run.at, run.data.byteLength])).toEqual([[at, 2 * PAGE], [at + 3 * PAGE, PAGE]]);
});

test("a page that has become empty again is empty in the clone too", () => {
  const instance = freshInstance();
  const at = 8 << 20;
  instance.bytes[at] = 1;
  const before = takeSnapshot(instance, takePristine(freshInstance()));
  instance.bytes[at] = 0;
  const clone = freshInstance();
  restoreSnapshot(clone, takeSnapshot(instance, before));
  expect(clone.bytes[at]).toBe(0);
});

test("what an isolate does after its snapshot was taken does not change the snapshot", () => {
  const instance = freshInstance();
  instance.bytes[8 << 20] = 1;
  const snapshot = takeSnapshot(instance, takePristine(freshInstance()));
  instance.bytes[8 << 20] = 2;
  expect(snapshot.runs.at(-1)?.data[0]).toBe(1);
});

test("an instance whose memory may not grow to the snapshot's size is not filled", () => {
  const large = freshInstance();
  large.grow(32 << 20);
  const snapshot = takeSnapshot(large, takePristine(freshInstance()));
  const small = freshInstance(20 << 20);
  expect(restoreSnapshot(small, snapshot)).toBe(false);
  expect(small.memory.buffer.byteLength).toBe(engine.layout.initialPages * 65_536);
});

test("an app's snapshot repeats no page of the engine's own data or of the base", async () => {
  using isolate = new TestIsolate();
  await isolate.evaluate(`export default { fetch: () => new Response("ok") };`);
  const snapshot = isolate.snapshot();
  const known = pagesOf({ ...base.snapshot, base: pristineOf(engine) });
  const repeated = [...pagesOf({ ...snapshot, base: null })].filter(([page, data]) => Buffer.compare(known.get(page) ?? new Uint8Array(PAGE), data) === 0);
  expect(repeated.map(([page]) => page)).toEqual([]);
});

test("a base snapshot comes back from its file as it was", () => {
  const pristine = pristineOf(engine);
  const file = writeBase(base, "key");
  const read = readBase(file, "key", pristine);
  expect([...read.events]).toEqual([...base.events]);
  expect(read.snapshot.pointers).toEqual(base.snapshot.pointers);
  expect(read.snapshot.memoryBytes).toBe(base.snapshot.memoryBytes);
  expect(read.snapshot.runs.length).toBe(base.snapshot.runs.length);
  for (const [i, run] of read.snapshot.runs.entries()) {
    expect(run.at).toBe(base.snapshot.runs[i]?.at as number);
    expect(Buffer.compare(run.data, base.snapshot.runs[i]?.data as Uint8Array)).toBe(0);
  }
  const clone = freshInstance();
  restoreSnapshot(clone, read.snapshot);
  const expected = freshInstance();
  restoreSnapshot(expected, base.snapshot);
  expect(Buffer.compare(clone.bytes, expected.bytes)).toBe(0);
});

test("a base snapshot of another engine or of other ops is refused by name", () => {
  expect(() => readBase(writeBase(base, "one"), "another", pristineOf(engine))).toThrow("made for one, not for another");
});

test("two clones of one snapshot do not repeat each other's random numbers", async () => {
  using isolate = await TestIsolate.load(`export default { fetch: () => new Response(String([Math.random(), Math.random()])) };`);
  const { text } = await isolate.request();
  isolate.restart();
  expect((await isolate.request()).text).not.toBe(text);
});
