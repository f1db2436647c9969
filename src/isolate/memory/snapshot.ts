/**
 * A snapshot: what a booted isolate's linear memory holds, as an image that many share and what one app changed in it. Cloning is a new instance, the image
 * under it and that patch on top. Taken only while no guest frame is on the stack.
 */
import { clearFreeMemory } from "./free-memory.ts";
import type { EngineInstance, EnginePointers } from "../engine/engine.ts";
import { copyImage, isZeroPage, type MemoryImage, OS_PAGE, takeImage } from "./image.ts";
import { type Patch, takePatch } from "./patch.ts";

/** What is looked through for the rests of calls: the guest's own stack limit and what C functions use beyond. */
const STACK_BYTES = 256 << 10;

export interface Snapshot {
  readonly image: MemoryImage;
  /** Null where the image is all. */
  readonly patch: Patch | null;
  /** Length of linear memory in bytes. */
  readonly memoryBytes: number;
  readonly pointers: Readonly<EnginePointers>;
  /** What it was taken of had asked the engine for a random number. */
  readonly hasDrawn?: boolean;
}

/** Puts an image into fresh linear memory. */
export type FillMemory = (engine: EngineInstance, image: MemoryImage) => void;

/** Bytes that `snapshot` itself holds: its patch, or its image where it has none. */
export function snapshotBytes({ patch, image }: Snapshot): number {
  return patch === null ? image.bytes : patch.bytes;
}

/** What the host keeps for each instance: measured 37 KB, and 20 KB of page tables. */
export const INSTANCE_BYTES: number = 57 << 10;

/** What an isolate made of `snapshot` has at most before it grows. */
export function residentBytes({ patch, image }: Snapshot): number {
  return INSTANCE_BYTES + image.bytes + (patch?.bytes ?? 0);
}

/** What others build on. */
export function takeBase(engine: EngineInstance): Snapshot {
  clear(engine);
  return { image: takeImage(engine.bytes), patch: null, memoryBytes: engine.bytes.byteLength, pointers: { ...engine.pointers } };
}

/** `image` is what the instance was filled with. */
export function takeSnapshot(engine: EngineInstance, image: MemoryImage): Snapshot {
  const { hasDrawn } = engine;
  clear(engine);
  return { image, patch: takePatch(engine.bytes, image), memoryBytes: engine.bytes.byteLength, pointers: { ...engine.pointers }, hasDrawn };
}

/** What is dead is nobody's affair, and equal everywhere: memory that the allocator holds free, and the stack while nothing is on it. */
function clear(engine: EngineInstance): void {
  if (engine.pointers.runtime !== 0) {
    clearFreeMemory(engine);
    engine.forgetSeed();
  }
  const { stackTop } = engine.layout;
  for (let end = stackTop; end > stackTop - STACK_BYTES; ) {
    const page = Math.ceil(end / OS_PAGE) - 1;
    if (!isZeroPage(engine.bytes, page)) engine.bytes.fill(0, page * OS_PAGE, end);
    end = page * OS_PAGE;
  }
}

/** Turns a fresh instance into a copy of the snapshot. Returns false when its memory may not grow that far. */
export function restoreSnapshot(engine: EngineInstance, snapshot: Snapshot, fill: FillMemory = copyInto): boolean {
  if (!engine.grow(snapshot.memoryBytes)) return false;
  fill(engine, snapshot.image);
  snapshot.patch?.applyTo(engine.bytes);
  Object.assign(engine.pointers, snapshot.pointers);
  return true;
}

export function copyInto(engine: EngineInstance, image: MemoryImage): void {
  copyImage(engine.bytes, image);
}
