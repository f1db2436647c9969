/**
 * One file of an app's assets, opened anew for every answer that memory does not have. What is sent is what was checked: the descriptor, not the path, is asked where
 * it is, so exchanging the file or a folder above it for a link gains nothing. Its tag is always that of the bytes sent.
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, readlink, realpath, stat } from "node:fs/promises";
import type { ByteSource } from "../../../base/wire.ts";

/** A file that is sent whole. */
export interface AssetContent {
  readonly bytes: Uint8Array;
  readonly etag: string;
  readonly stamp: string;
}

/** An open file that is sent in pieces. Whoever has it closes it. */
export interface OpenAsset {
  readonly handle: FileHandle;
  readonly size: number;
  readonly etag: string;
}

const CHUNK_BYTES = 256 << 10;

export class AssetFile {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #wholeBytes: number;
  /** Of a large file: hashing takes its time, and once is enough. */
  #tag: { readonly stamp: string; readonly etag: Promise<string> } | null = null;

  /** Files of up to `wholeBytes` are read whole; those that have grown past `maxBytes` are no longer there. */
  constructor(path: string, maxBytes: number, wholeBytes: number) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#wholeBytes = wholeBytes;
  }

  /** Whether `content` is still what is there. */
  async isCurrent(content: AssetContent): Promise<boolean> {
    return stat(this.#path).then((found) => stampOf(found) === content.stamp, () => false);
  }

  /** Null when the file is not there any more, or is something else. Rejects when the system has no descriptor left, or fails otherwise. */
  async open(): Promise<AssetContent | OpenAsset | null> {
    const handle = await openPlain(this.#path);
    if (handle === null) return null;
    let isHandedOver = false;
    try {
      const found = await handle.stat();
      if (!found.isFile() || found.size > this.#maxBytes || !(await isAt(handle, this.#path, found.ino))) return null;
      const stamp = stampOf(found);
      if (found.size <= this.#wholeBytes) {
        const bytes = await readWhole(handle, found.size);
        return { bytes, stamp, etag: tagOf(createHash("sha256").update(bytes).digest()) };
      }
      const etag = await this.#tagOf(handle, stamp, found.size);
      isHandedOver = true;
      return { handle, size: found.size, etag };
    } finally {
      if (!isHandedOver) await handle.close();
    }
  }

  async #tagOf(handle: FileHandle, stamp: string, size: number): Promise<string> {
    if (this.#tag?.stamp !== stamp) this.#tag = { stamp, etag: hashOf(handle, size) };
    const tag = this.#tag;
    try {
      return await tag.etag;
    } catch (error) {
      if (this.#tag === tag) this.#tag = null;
      throw error;
    }
  }
}

/** Reads `length` bytes from `start` on as they are asked for, and closes the file. A file that turns out shorter fails: a cut answer must not look whole. */
export class AssetSource implements ByteSource {
  readonly #handle: FileHandle;
  readonly #onClose: () => void;
  #at: number;
  #left: number;
  #reading: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(handle: FileHandle, start: number, length: number, onClose: () => void) {
    this.#handle = handle;
    this.#at = start;
    this.#left = length;
    this.#onClose = onClose;
  }

  async pull(): Promise<Uint8Array | null> {
    if (this.#isClosed) throw new Error("the file has been closed");
    if (this.#left === 0) {
      this.cancel();
      return null;
    }
    const chunk = new Uint8Array(Math.min(CHUNK_BYTES, this.#left));
    const reading = this.#handle.read(chunk, 0, chunk.byteLength, this.#at);
    this.#reading = reading;
    try {
      const { bytesRead } = await reading;
      if (bytesRead === 0) throw new Error("the file became shorter while it was sent");
      this.#at += bytesRead;
      this.#left -= bytesRead;
      return chunk.subarray(0, bytesRead);
    } catch (error) {
      this.cancel();
      throw error;
    }
  }

  cancel(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const close = (): void => void this.#handle.close().then(this.#onClose, this.#onClose);
    this.#reading.then(close, close);
  }
}

async function openPlain(path: string): Promise<FileHandle | null> {
  try {
    // Not blocking: opening a FIFO would otherwise wait for its writer.
    return await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (["ENOENT", "ENOTDIR", "ELOOP", "EISDIR", "ENXIO", "EACCES", "EPERM", "ENAMETOOLONG"].includes(code)) return null;
    throw error;
  }
}

/** Linux knows where an open file is; elsewhere the path is looked up again and must lead to the same file. */
async function isAt(handle: FileHandle, path: string, ino: number): Promise<boolean> {
  if (process.platform === "linux") return (await readlink(`/proc/self/fd/${handle.fd}`)) === path;
  const real = await realpath(path).catch(() => null);
  return real === path && (await stat(path)).ino === ino;
}

async function readWhole(handle: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let length = 0;
  for (let read = -1; read !== 0 && length < size; length += read) read = (await handle.read(bytes, length, size - length, length)).bytesRead;
  return bytes.subarray(0, length);
}

async function hashOf(handle: FileHandle, size: number): Promise<string> {
  const hash = createHash("sha256");
  const chunk = new Uint8Array(CHUNK_BYTES);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.byteLength, at);
    if (bytesRead === 0) break;
    hash.update(chunk.subarray(0, bytesRead));
    at += bytesRead;
  }
  return tagOf(hash.digest());
}

const tagOf = (digest: Buffer): string => `"${digest.toString("base64url").slice(0, 22)}"`;
const stampOf = ({ ino, size, mtimeMs }: { readonly ino: number; readonly size: number; readonly mtimeMs: number }): string => `${ino}/${size}/${mtimeMs}`;
