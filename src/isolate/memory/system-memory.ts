/**
 * The calls of Linux that move the pages under linear memory, through Bun. Every one is told memory as a view, which it never leaves; where one fails it has changed
 * nothing, and says so. WebAssembly memories keep their address while they grow and are unmapped as a whole, whatever has been mapped into them.
 */
import { Buffer } from "node:buffer";
import { closeSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { OS_PAGE, type Segment } from "./image.ts";

export interface SystemMemory {
  /** A file without a name that holds the segments at their offsets, and that nobody can change any more. Null where the system has none. */
  createFile(segments: readonly Segment[]): number | null;
  closeFile(file: number): void;
  addressOf(view: Uint8Array): number;
  /** Puts the file's pages from `offset` on under `view`: shared until written, and what is written is the view's alone. */
  mapFile(view: Uint8Array, file: number, offset: number): boolean;
  /** Puts fresh empty pages under `view`. */
  mapEmpty(view: Uint8Array): boolean;
  /** Which pages of a view that a file is mapped under have been written to: 1 for each that has. Null where the system does not tell. */
  writtenPages(view: Uint8Array): Uint8Array | null;
  /** Page faults of this thread so far, of either kind. Null where they are not counted. */
  faults(): number | null;
  /** Gives the view's own pages back: it holds what its file does, or zeros. */
  discard(view: Uint8Array): boolean;
}

const PROT_READ_WRITE = 3;
const MAP_PRIVATE = 2;
const MAP_FIXED = 16;
const MAP_ANONYMOUS = 32;
const MAP_NORESERVE = 0x4000;
const MADV_DONTNEED = 4;
const MFD_CLOEXEC_ALLOW_SEALING = 3;
const F_ADD_SEALS = 1033;
/** F_SEAL_SEAL, _SHRINK, _GROW, _WRITE. */
const ALL_SEALS = 15;
const NO_FILE = -1;
/** Of the thread alone: what another one does is no business of linear memory. The structure begins with two times of two words and four sizes. */
const RUSAGE = { thread: 1, words: 18, minorFaults: 8, majorFaults: 9 } as const;
const PR_SET_THP_DISABLE = 41;
/** Eight bytes for each page; in the second word: present, swapped, of a file (https://docs.kernel.org/admin-guide/mm/pagemap.html). */
const PAGEMAP = { file: "/proc/self/pagemap", entry: 8, isThere: 0xc000_0000 | 0, isOfFile: 0x2000_0000 } as const;

/** Null but on Linux under Bun. */
export function openSystemMemory(): SystemMemory | null {
  if (process.platform !== "linux" || process.versions["bun"] === undefined) return null;
  // Neither an import, which Node could not follow, nor a promise: the first isolates share as well.
  const { dlopen, ptr } = process.getBuiltinModule("bun:ffi") as typeof import("bun:ffi");
  const signatures = {
    mmap: { args: ["ptr", "u64", "i32", "i32", "i32", "i64"], returns: "i64" },
    madvise: { args: ["ptr", "u64", "i32"], returns: "i32" },
    memfd_create: { args: ["ptr", "u32"], returns: "i32" },
    fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
    getrusage: { args: ["i32", "ptr"], returns: "i32" },
    prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" },
  } as const;
  const open = (name: string) => {
    try {
      return dlopen(name, signatures).symbols;
    } catch {
      return null;
    }
  };
  const libc = open("libc.so.6") ?? open(`libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`);
  if (libc === null) return null;
  // An isolate touches pages here and there: with huge ones it would have megabytes in place of kilobytes.
  libc.prctl(PR_SET_THP_DISABLE, 1n, 0n, 0n, 0n);
  const place = (view: Uint8Array, flags: number, file: number, offset: number): boolean => {
    const address = ptr(view);
    if (view.byteLength === 0 || address % OS_PAGE !== 0 || view.byteLength % OS_PAGE !== 0) return false;
    return Number(libc.mmap(address, BigInt(view.byteLength), PROT_READ_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE | flags, file, BigInt(offset))) === address;
  };
  const pagemap = openPagemap();
  const usage = new BigInt64Array(RUSAGE.words);
  const memory: SystemMemory = {
    createFile(segments) {
      const file = libc.memfd_create(ptr(Buffer.from("nano-image\0")), MFD_CLOEXEC_ALLOW_SEALING);
      if (file < 0) return null;
      try {
        ftruncateSync(file, segments.reduce((end, { at, data }) => Math.max(end, at + data.byteLength), 0));
        for (const { at, data } of segments) for (let done = 0; done < data.byteLength; ) done += writeSync(file, data, done, data.byteLength - done, at + done);
        if (libc.fcntl(file, F_ADD_SEALS, ALL_SEALS) === 0) return file;
      } catch {
        // No memory for it: whoever asks copies.
      }
      closeSync(file);
      return null;
    },
    closeFile: closeSync,
    addressOf: (view) => ptr(view),
    mapFile: (view, file, offset) => place(view, 0, file, offset),
    mapEmpty: (view) => place(view, MAP_ANONYMOUS, NO_FILE, 0),
    writtenPages: (view) => (pagemap === null ? null : readPagemap(pagemap, ptr(view), view.byteLength)),
    faults: () => (libc.getrusage(RUSAGE.thread, ptr(usage)) === 0 ? Number(usage[RUSAGE.minorFaults]) + Number(usage[RUSAGE.majorFaults]) : null),
    discard: (view) => view.byteLength > 0 && libc.madvise(ptr(view), BigInt(view.byteLength), MADV_DONTNEED) === 0,
  };
  return trial(memory);
}

/** Not every Linux is one: what is not as it should be is not used. */
function trial(memory: SystemMemory): SystemMemory {
  const data = new Uint8Array(2 * OS_PAGE).fill(1);
  const file = memory.createFile([{ at: 0, data }]);
  if (file === null) return memory;
  const view = new Uint8Array(new WebAssembly.Memory({ initial: 1, maximum: 1 }).buffer, 0, data.byteLength);
  const isMapped = memory.mapFile(view, file, 0) && view[0] === 1 && view[OS_PAGE] === 1;
  const before = memory.faults();
  if (isMapped) view[OS_PAGE] = 2;
  const isCounted = before !== null && memory.faults() !== before;
  const written = isMapped ? memory.writtenPages(view) : null;
  const isGivenBack = isMapped && memory.discard(view) && view[0] === 1 && view[OS_PAGE] === 1;
  memory.mapEmpty(view);
  memory.closeFile(file);
  return {
    ...memory,
    ...(isGivenBack ? {} : { createFile: () => null }),
    ...(isCounted ? {} : { faults: () => null }),
    ...(written !== null && written[0] === 0 && written[1] === 1 ? {} : { writtenPages: () => null }),
  };
}

function openPagemap(): number | null {
  try {
    return openSync(PAGEMAP.file, "r");
  } catch {
    return null;
  }
}

function readPagemap(pagemap: number, address: number, length: number): Uint8Array | null {
  const pages = length / OS_PAGE;
  const entries = new Int32Array((pages * PAGEMAP.entry) / Int32Array.BYTES_PER_ELEMENT);
  try {
    if (readSync(pagemap, new Uint8Array(entries.buffer), 0, entries.byteLength, (address / OS_PAGE) * PAGEMAP.entry) !== entries.byteLength) return null;
  } catch {
    return null;
  }
  const isWritten = new Uint8Array(pages);
  for (let page = 0; page < pages; page++) {
    const flags = entries[page * 2 + 1] as number;
    if ((flags & PAGEMAP.isThere) !== 0 && (flags & PAGEMAP.isOfFile) === 0) isWritten[page] = 1;
  }
  return isWritten;
}
