/**
 * Clears what the engine's allocator holds free, so that no snapshot keeps what was in it. The allocator is dlmalloc: chunks follow each other, the second word
 * of each is its size and, in the low bits, whether it is in use; a free one has at most six words of links after that.
 */
import type { EngineInstance } from "../engine/engine.ts";
import { OS_PAGE } from "./image.ts";

const IN_USE = 2;
const FLAGS = 7;
const LEAST_CHUNK = 16;
const LINKS_BYTES = 32;

const HEADER_BYTES = 8;

/** Calls `visit` for each chunk from that of `block` on, in order of address, up to the end of the heap, or until it returns false. */
export function eachChunk({ view, bytes }: { readonly view: DataView; readonly bytes: Uint8Array }, block: number, visit: (at: number, size: number, isFree: boolean) => unknown): void {
  for (let at = block - HEADER_BYTES; at + LEAST_CHUNK <= bytes.byteLength; ) {
    const head = view.getUint32(at + 4, true);
    const size = (head & ~FLAGS) >>> 0;
    if (size < LEAST_CHUNK || at + size > bytes.byteLength) return;
    if (visit(at, size, (head & IN_USE) === 0) === false) return;
    at += size;
  }
}

/** Only between calls into the engine. The runtime is among its first allocations: nothing of note lies before it. */
export function clearFreeMemory({ view, bytes, pointers }: EngineInstance): void {
  eachChunk({ view, bytes }, pointers.runtime, (at, size, isFree) => {
    if (isFree && size > LINKS_BYTES) bytes.fill(0, at + LINKS_BYTES, at + size);
  });
}

/** The whole pages in what is free, as far as the first `mostChunks` chunks tell, and where the heap ends. Only between calls into the engine. */
export function freePages({ view, bytes, pointers }: EngineInstance, mostChunks: number): { readonly first: readonly number[]; readonly end: readonly number[]; readonly heapEnd: number } {
  const first: number[] = [];
  const end: number[] = [];
  let heapEnd = 0;
  let chunks = 0;
  eachChunk({ view, bytes }, pointers.runtime, (at, size, isFree) => {
    heapEnd = at + size;
    if (isFree) {
      const from = Math.ceil((at + LINKS_BYTES) / OS_PAGE);
      const to = Math.floor(heapEnd / OS_PAGE);
      if (to > from) {
        first.push(from);
        end.push(to);
      }
    }
    return ++chunks < mostChunks;
  });
  return { first, end, heapEnd: chunks < mostChunks ? heapEnd : bytes.byteLength };
}

/** A free chunk keeps one word of its header for itself when it is in use. */
const OVERHEAD_BYTES = 4;

/**
 * Takes every hole of less than `bytes` out of use. What an app allocates then lies together on pages of its own instead of in holes all over the base's, so
 * that its snapshot is half of what it would be.
 */
export function plugHoles(engine: EngineInstance, bytes: number): void {
  const sizes: number[] = [];
  eachChunk(engine, engine.pointers.runtime, (_at, size, isFree) => void (isFree && size < bytes && sizes.push(size)));
  for (const size of sizes) engine.allocate(size - OVERHEAD_BYTES);
}
