/**
 * Makes the memory of an isolate what it was at first, in microseconds. What the system would have to give anew costs a page fault each, which is the dearest part of a small
 * request: pages that have been written to stay, and get the image's content back. Which those are the system tells, and as long as it has counted no page fault of this thread
 * there are no others: nothing can be written to a page for the first time without one.
 */
import { type MemoryImage, OS_PAGE, pageOf } from "./image.ts";
import type { SystemMemory } from "./system-memory.ts";

/** Past it, they are given back, and cost page faults again: three megabytes. */
const MOST_KEPT_PAGES = 768;
/** No count of page faults. */
const UNSURE = -1;

interface WrittenRun {
  readonly at: number;
  /** What belongs there. */
  readonly data: Uint8Array;
}

export class Renewal {
  readonly #system: SystemMemory;
  readonly #image: MemoryImage;
  #written: readonly WrittenRun[] = [];
  /** When `written` was all. */
  #faults = UNSURE;

  constructor(system: SystemMemory, image: MemoryImage) {
    this.#system = system;
    this.#image = image;
  }

  /** `bytes` is all of linear memory, with the image mapped into it; `finish` writes what comes on top. False when it could not be done: then nothing of it is to be used. */
  run(bytes: Uint8Array, finish: () => void): boolean {
    const before = this.#system.faults();
    const written = before === null ? null : before === this.#faults ? this.#written : this.#look(bytes);
    if (written === null) {
      this.#faults = UNSURE;
      if (!this.#system.discard(bytes)) return false;
    } else {
      this.#written = written;
      for (const { at, data } of written) bytes.set(data, at);
    }
    finish();
    if (written !== null) this.#faults = this.#system.faults() === before ? (before as number) : UNSURE;
    return true;
  }

  /** Null when the system does not tell, or there are too many. */
  #look(bytes: Uint8Array): readonly WrittenRun[] | null {
    const isWritten = this.#system.writtenPages(bytes);
    if (isWritten === null) return null;
    const runs: WrittenRun[] = [];
    for (let page = isWritten.indexOf(1); page !== -1; page = isWritten.indexOf(1, page + 1)) {
      if (runs.length === MOST_KEPT_PAGES) return null;
      runs.push({ at: page * OS_PAGE, data: pageOf(this.#image, page) });
    }
    return runs;
  }
}
