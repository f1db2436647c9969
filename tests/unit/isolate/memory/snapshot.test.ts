import { expect, test } from "bun:test";
import { EngineInstance } from "../../../../src/isolate/engine/engine.ts";
import { isEqualPage, OS_PAGE, pageOf } from "../../../../src/isolate/memory/image.ts";
import { restoreSnapshot, type Snapshot, snapshotBytes, takeBase, takeSnapshot } from "../../../../src/isolate/memory/snapshot.ts";
import { readBase, writeBase } from "../../../../src/isolate/memory/snapshot-file.ts";
import { artifacts, TestIsolate } from "../../../harness/isolate.ts";

const { engine, base } = artifacts;
/** Beyond the base's heap. */
const FREE_AT = 3 << 20;

function freshInstance(maxBytes = 64 << 20): EngineInstance {
  const refuse = () => {
    throw new Error("nothing runs in this test");
  };
  return new EngineInstance(engine, { callFunction: refuse, interrupt: refuse, grow: refuse, now: refuse }, maxBytes);
}

function restored(snapshot: Snapshot): EngineInstance {
  const instance = freshInstance();
  restoreSnapshot(instance, snapshot);
  return instance;
}

/** Pairs of byte offset and length. */
function runsOf({ patch }: Snapshot): readonly (readonly [at: number, length: number])[] {
  if (patch === null) return [];
  return Array.from({ length: patch.runs }, (_, run) => [(patch.words[run * 2] as number) * 4, (patch.words[run * 2 + 1] as number) * 4] as const);
}

test("a clone's memory equals, byte for byte, the memory that the snapshot was taken of", () => {
  const original = restored(base.snapshot);
  original.bytes.fill(7, FREE_AT, FREE_AT + 10_000);
  for (let at = FREE_AT + 20_000; at < FREE_AT + 60_000; at += 52) original.bytes[at] = at;
  const snapshot = takeSnapshot(original, base.snapshot.image);
  const clone = freshInstance();
  expect(restoreSnapshot(clone, snapshot)).toBe(true);
  expect(Buffer.compare(clone.bytes, original.bytes)).toBe(0);
  expect(clone.pointers).toEqual(original.pointers);
});

test("a snapshot holds the words that differ from its image, and those only", () => {
  const instance = restored(base.snapshot);
  expect(takeSnapshot(instance, base.snapshot.image).patch).toBeNull();
  instance.bytes[FREE_AT] = 1;
  instance.bytes[FREE_AT + 1000] = 1;
  const snapshot = takeSnapshot(instance, base.snapshot.image);
  expect(runsOf(snapshot)).toEqual([[FREE_AT, 4], [FREE_AT + 1000, 4]]);
  expect(snapshotBytes(snapshot)).toBe(24);
});

test("words that lie close together are kept as one run, across the border of pages as well", () => {
  const instance = restored(base.snapshot);
  const border = FREE_AT + OS_PAGE;
  for (const at of [border - 12, border + 4]) instance.bytes[at] = 1;
  expect(runsOf(takeSnapshot(instance, base.snapshot.image))).toEqual([[border - 12, 20]]);
});

test("a word that has become 0 is 0 in the clone too", () => {
  const instance = restored(base.snapshot);
  const { at, data } = base.snapshot.image.segments[0] as { at: number; data: Uint8Array };
  const place = at + data.findIndex((byte) => byte !== 0);
  instance.bytes[place] = 0;
  expect(restored(takeSnapshot(instance, base.snapshot.image)).bytes[place]).toBe(0);
});

test("what an isolate does after its snapshot was taken does not change the snapshot", () => {
  const instance = restored(base.snapshot);
  instance.bytes[FREE_AT] = 1;
  const snapshots = [takeSnapshot(instance, base.snapshot.image), takeBase(instance)];
  instance.bytes[FREE_AT] = 2;
  for (const snapshot of snapshots) expect(restored(snapshot).bytes[FREE_AT]).toBe(1);
});

test("what is left of calls on the stack is in no snapshot", () => {
  const instance = restored(base.snapshot);
  const { stackTop } = engine.layout;
  instance.bytes.fill(7, stackTop - 10_000, stackTop);
  expect(takeSnapshot(instance, base.snapshot.image).patch).toBeNull();
});

test("an instance whose memory may not grow to the snapshot's size is not filled", () => {
  const large = freshInstance();
  large.grow(32 << 20);
  const snapshot = takeBase(large);
  const small = freshInstance(20 << 20);
  const before = small.bytes.slice();
  expect(restoreSnapshot(small, snapshot)).toBe(false);
  expect(Buffer.compare(small.bytes, before)).toBe(0);
});

test("a large snapshot that nobody needs is packed, and unpacked as it was", async () => {
  const instance = restored(base.snapshot);
  for (let at = FREE_AT; at < FREE_AT + (1 << 20); at += 8) instance.view.setUint32(at, at, true);
  const snapshot = takeSnapshot(instance, base.snapshot.image);
  const whole = snapshotBytes(snapshot);
  expect(whole).toBeGreaterThan(1 << 20);
  await snapshot.patch?.pack();
  expect(snapshotBytes(snapshot)).toBeLessThan(whole / 2);
  expect(Buffer.compare(restored(snapshot).bytes, instance.bytes)).toBe(0);
  expect(snapshotBytes(snapshot)).toBe(whole);
});

test("a snapshot that is cloned while it is packed stays as it is", async () => {
  const instance = restored(base.snapshot);
  instance.bytes.fill(7, FREE_AT, FREE_AT + (1 << 20));
  const snapshot = takeSnapshot(instance, base.snapshot.image);
  const whole = snapshotBytes(snapshot);
  const packing = snapshot.patch?.pack();
  restored(snapshot);
  await packing;
  expect(snapshotBytes(snapshot)).toBe(whole);
});

test("an app's snapshot repeats nothing of what it builds on but words between others", async () => {
  using isolate = new TestIsolate();
  await isolate.evaluate(`export default { fetch: () => new Response("ok") };`);
  const snapshot = isolate.snapshot();
  const clone = restored(snapshot);
  for (const [at, length] of runsOf(snapshot))
    for (const edge of [at, at + length - 4]) expect(new DataView(clone.bytes.buffer).getInt32(edge, true)).not.toBe(Buffer.from(pageOf(snapshot.image, Math.floor(edge / OS_PAGE))).readInt32LE(edge % OS_PAGE));
});

test("a base snapshot comes back from its file as it was", () => {
  const read = readBase(writeBase(base, "key"), "key");
  expect([...read.events]).toEqual([...base.events]);
  expect(read.snapshot.pointers).toEqual(base.snapshot.pointers);
  expect(snapshotBytes(read.snapshot)).toBe(snapshotBytes(base.snapshot));
  const clone = restored(read.snapshot);
  const expected = restored(base.snapshot);
  for (let page = 0; page < expected.bytes.byteLength / OS_PAGE; page++) if (!isEqualPage(clone.bytes, page, expected.bytes.subarray(page * OS_PAGE, (page + 1) * OS_PAGE))) throw new Error(`page ${page} differs`);
});

test("a base snapshot of another engine or of other ops is refused by name", () => {
  expect(() => readBase(writeBase(base, "one"), "another")).toThrow("made for one, not for another");
});

test("two clones of one snapshot do not repeat each other's random numbers", async () => {
  using isolate = await TestIsolate.load(`export default { fetch: () => new Response(String([Math.random(), Math.random()])) };`);
  const { text } = await isolate.request();
  isolate.restart();
  expect((await isolate.request()).text).not.toBe(text);
});
