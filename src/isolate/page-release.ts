/**
 * Gives the pages of dead isolates back to the system. A WebAssembly memory is unmapped only when a garbage collection gets to it, which its size does not hurry: a
 * thousand kills of 64 MB would wait for that together. Linux under Bun; elsewhere the collection has to do.
 */
import { setImmediate } from "node:timers";

/** What is given back in one call: a fraction of a millisecond when all of it was in use, next to nothing when it was not. */
const CHUNK_BYTES = 4 << 20;
/** How long the event loop is kept from the next thing. Apps that load at the same time leave memory behind faster than one chunk a turn gives it back. */
const STEP_MS = 0.5;
const MADV_DONTNEED = 4;

type Advise = (view: Uint8Array) => void;

export class PageReleaser {
  #advise: Advise | null = null;
  readonly #pending: { readonly buffer: ArrayBuffer; from: number; readonly onReleased: () => void }[] = [];
  #isScheduled = false;

  constructor() {
    void loadAdvise().then((advise) => {
      this.#advise = advise;
    });
  }

  /** `buffer` is never looked at again. Its pages go later, bit by bit, when nothing of its isolate is on the stack any more; `onReleased` is told when all have. */
  release(buffer: ArrayBuffer, onReleased: () => void = () => {}): void {
    if (this.#advise === null) {
      onReleased();
      return;
    }
    this.#pending.push({ buffer, from: 0, onReleased });
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#step();
    });
  }

  #step(): void {
    const until = performance.now() + STEP_MS;
    do this.#releaseChunk();
    while (this.#pending.length > 0 && performance.now() < until);
    if (this.#pending.length > 0) this.#schedule();
  }

  #releaseChunk(): void {
    const next = this.#pending[0];
    if (next === undefined) return;
    const { buffer, from } = next;
    const length = Math.min(CHUNK_BYTES, buffer.byteLength - from);
    if (length > 0) this.#advise?.(new Uint8Array(buffer, from, length));
    next.from += length;
    if (next.from < buffer.byteLength) return;
    this.#pending.shift();
    next.onReleased();
  }
}

/** `madvise`, where there is one to call. */
async function loadAdvise(): Promise<Advise | null> {
  if (process.platform !== "linux" || process.versions["bun"] === undefined) return null;
  const { dlopen, FFIType, ptr } = await import("bun:ffi");
  for (const name of ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`])
    try {
      const { symbols } = dlopen(name, { madvise: { args: [FFIType.ptr, FFIType.u64, FFIType.i32], returns: FFIType.i32 } });
      return (view) => void symbols.madvise(ptr(view), BigInt(view.byteLength), MADV_DONTNEED);
    } catch {
      // The other C library, or none.
    }
  return null;
}
