/**
 * The calls of Linux that move the pages under linear memory, through Bun. Every one is told memory as a view, which it never leaves; where one fails it has changed
 * nothing, and says so. WebAssembly memories keep their address while they grow and are unmapped as a whole, whatever has been mapped into them.
 */
import { Buffer } from "node:buffer";
import { closeSync, ftruncateSync, writeSync } from "node:fs";
import { OS_PAGE, type Segment } from "./memory-image.ts";

export interface SystemMemory {
  /** A file without a name that holds the segments at their offsets, and that nobody can change any more. Null where the system has none. */
  createFile(segments: readonly Segment[]): number | null;
  closeFile(file: number): void;
  addressOf(view: Uint8Array): number;
  /** Puts the file's pages from `offset` on under `view`: shared until written, and what is written is the view's alone. */
  mapFile(view: Uint8Array, file: number, offset: number): boolean;
  /** Puts fresh empty pages under `view`. */
  mapEmpty(view: Uint8Array): boolean;
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
const PR_SET_THP_DISABLE = 41;

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
  return {
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
    discard: (view) => view.byteLength > 0 && libc.madvise(ptr(view), BigInt(view.byteLength), MADV_DONTNEED) === 0,
  };
}
