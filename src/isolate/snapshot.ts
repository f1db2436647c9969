/**
 * A snapshot: the pages of a booted isolate's linear memory that differ from an empty memory, or from the snapshot it builds on.
 * Cloning is a new instance plus these copies. Taken only while no guest frame is on the stack.
 */
import { Buffer } from "node:buffer";
import { clearFreeMemory } from "./free-memory.ts";
import type { EngineInstance, EnginePointers } from "./engine.ts";

const OS_PAGE = 4096;
const ZERO_PAGE = new Uint8Array(OS_PAGE);

interface Run {
  /** Byte offset in linear memory. */
  readonly at: number;
  readonly data: Uint8Array;
}

export interface Snapshot {
  readonly base: Snapshot | null;
  /** Every fresh instance holds these pages already. */
  readonly pristine: boolean;
  /** Length of linear memory in bytes. */
  readonly memoryBytes: number;
  readonly pointers: Readonly<EnginePointers>;
  readonly runs: readonly Run[];
}

/** Bytes that `snapshot` itself holds, its base not counted. */
export function snapshotBytes(snapshot: Snapshot): number {
  return snapshot.runs.reduce((sum, run) => sum + run.data.byteLength, 0);
}

/** What an isolate made of `snapshot` has written to: the snapshot's own pages and those it builds on. */
export function residentBytes(snapshot: Snapshot): number {
  return snapshotBytes(snapshot) + (snapshot.base === null ? 0 : residentBytes(snapshot.base));
}

/** `base` is what the instance was cloned from, or the snapshot of the pristine instance it was booted in. */
export function takeSnapshot(engine: EngineInstance, base: Snapshot | null = null): Snapshot {
  if (engine.pointers.runtime !== 0) clearFreeMemory(engine);
  const reference = base === null ? null : flatten(base);
  const pages = engine.bytes.byteLength / OS_PAGE;
  const memory = Buffer.from(engine.memory.buffer);
  const runs: { start: number; end: number }[] = [];
  for (let page = 0; page < pages; page++) {
    const expected = reference?.get(page) ?? ZERO_PAGE;
    if (memory.compare(expected, 0, OS_PAGE, page * OS_PAGE, (page + 1) * OS_PAGE) === 0) continue;
    const last = runs.at(-1);
    if (last?.end === page) last.end++;
    else runs.push({ start: page, end: page + 1 });
  }
  return {
    base,
    pristine: false,
    memoryBytes: engine.memory.buffer.byteLength,
    pointers: { ...engine.pointers },
    runs: runs.map(({ start, end }) => ({ at: start * OS_PAGE, data: engine.bytes.slice(start * OS_PAGE, end * OS_PAGE) })),
  };
}

/** What instantiation itself writes. Building on it keeps the module's own data out of every snapshot. */
export function takePristine(engine: EngineInstance): Snapshot {
  return { ...takeSnapshot(engine), pristine: true };
}

function flatten(snapshot: Snapshot): Map<number, Uint8Array> {
  const pages = snapshot.base === null ? new Map<number, Uint8Array>() : flatten(snapshot.base);
  for (const { at, data } of snapshot.runs)
    for (let offset = 0; offset < data.byteLength; offset += OS_PAGE) pages.set((at + offset) / OS_PAGE, data.subarray(offset, offset + OS_PAGE));
  return pages;
}

/** Turns a fresh instance into a copy of the snapshot. Returns false when its memory may not grow that far. */
export function restoreSnapshot(engine: EngineInstance, snapshot: Snapshot): boolean {
  if (!engine.grow(snapshot.memoryBytes)) return false;
  copyRuns(engine.bytes, snapshot);
  Object.assign(engine.pointers, snapshot.pointers);
  return true;
}

function copyRuns(bytes: Uint8Array, snapshot: Snapshot): void {
  if (snapshot.pristine) return;
  if (snapshot.base !== null) copyRuns(bytes, snapshot.base);
  for (const { at, data } of snapshot.runs) bytes.set(data, at);
}
