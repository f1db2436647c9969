/**
 * Gives back what an isolate at rest does not need: pages that hold only what is dead, and pages that it shares and has changed nothing in, for much of what a request
 * writes to are counts that end as they were. Where few others are left these go too, and what they hold is kept as words, to be put back before anybody looks.
 */
import type { EngineInstance } from "../engine/engine.ts";
import { freePages } from "./free-memory.ts";
import { isEqualPage, type MemoryImage, OS_PAGE, pageOf } from "./image.ts";
import { type Patch, takePatch } from "./patch.ts";
import type { SystemMemory } from "./system-memory.ts";

export interface Trimmed {
  /** What is left at most. */
  readonly bytes: number;
  /** To be applied before the memory is looked at again. */
  readonly stash: Patch | null;
  /** 1 for each page that it had written to; null where nobody knows. */
  readonly isWritten: Uint8Array | null;
}

/** Of its heap, what is looked through in one go: about half a millisecond. */
const MOST_CHUNKS = 50_000;
/** An app of one line has 30 after a request, with 5 KB of words that differ. Each is a page fault when it is asked again. */
const MOST_STASHED_PAGES = 128;
/** With no more than these it is not worth while to go through the heap for what is dead: that takes longer than all the rest. */
const FEW_PAGES = 48;

/** Of an isolate whose memory is an image that others share. */
export function trimShared(system: SystemMemory, engine: EngineInstance, image: MemoryImage): Trimmed {
  const { bytes } = engine;
  const isWritten = system.writtenPages(bytes);
  const changed = changedPages(engine, image, isWritten);
  if (changed.length <= MOST_STASHED_PAGES) {
    const stash = takePatch(bytes, image, changed);
    system.discard(bytes);
    return { bytes: stash?.bytes ?? 0, stash, isWritten };
  }
  const isChanged = new Uint8Array(bytes.byteLength / OS_PAGE);
  for (const page of changed) isChanged[page] = 1;
  discardRuns(system, bytes, isChanged, 0);
  return { bytes: changed.length * OS_PAGE, stash: null, isWritten };
}

/** Of an isolate whose memory is all its own. */
export function trimCopy(system: SystemMemory, engine: EngineInstance, image: MemoryImage): Trimmed {
  const isDead = deadPages(engine, image);
  discardRuns(system, engine.bytes, isDead, 1);
  return { bytes: isDead.reduce((live, is) => live + 1 - is, 0) * OS_PAGE, stash: null, isWritten: null };
}

/** In order: the pages that differ from the image, but for those that hold only what is dead. `isWritten`: those that may. */
function changedPages(engine: EngineInstance, image: MemoryImage, isWritten: Uint8Array | null): readonly number[] {
  const { bytes } = engine;
  const differing = (isCandidate: (page: number) => boolean, pages: number) => {
    const found: number[] = [];
    for (let page = 0; page < pages; page++) if (isCandidate(page) && !isEqualPage(bytes, page, pageOf(image, page))) found.push(page);
    return found;
  };
  if (isWritten !== null) {
    const [from, to] = stackPages(engine, image);
    const found = differing((page) => isWritten[page] === 1 && (page < from || page >= to), isWritten.length);
    if (found.length <= FEW_PAGES) return found;
  }
  const isDead = deadPages(engine, image);
  return differing((page) => isDead[page] === 0 && isWritten?.[page] !== 0, isDead.length);
}

/** Between the engine's own data and its heap is the stack. */
function stackPages({ layout }: EngineInstance, { segments: [data] }: MemoryImage): readonly [from: number, to: number] {
  const to = Math.floor(layout.stackTop / OS_PAGE);
  return [data === undefined ? to : (data.at + data.data.byteLength) / OS_PAGE, to];
}

/** 1 for each page up to the end of the heap that holds only what is dead. */
function deadPages(engine: EngineInstance, image: MemoryImage): Uint8Array {
  const { first, end, heapEnd } = freePages(engine, MOST_CHUNKS);
  const isDead = new Uint8Array(Math.ceil(heapEnd / OS_PAGE));
  for (let i = 0; i < first.length; i++) isDead.fill(1, first[i], end[i]);
  isDead.fill(1, ...stackPages(engine, image));
  return isDead;
}

function discardRuns(system: SystemMemory, bytes: Uint8Array, flags: Uint8Array, wanted: 0 | 1): void {
  for (let from = flags.indexOf(wanted); from !== -1; ) {
    const end = flags.indexOf(1 - wanted, from);
    const to = end === -1 ? flags.length : end;
    system.discard(bytes.subarray(from * OS_PAGE, to * OS_PAGE));
    from = flags.indexOf(wanted, to);
  }
}
