/**
 * Files that save work, shared by all processes of this user's nanos: what is in them could always be made again. Nothing is believed because it lies there: the folder is
 * this user's alone, and every entry carries a MAC over its name and content, with a key that lies in the same folder. Whatever does not fit is ignored, told and removed.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { closeSync, constants, fstatSync, futimesSync, linkSync, lstatSync, mkdirSync, openSync, readSync, rmSync, type Stats, statSync, writeFileSync } from "node:fs";
import { readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

export interface DiskCacheOptions {
  /** Past it, what was used least recently goes. */
  readonly mostBytes: number;
  /** Something an operator should know, each at most once per entry. */
  readonly tell: (what: "disk_cache_off" | "disk_cache_ignored" | "disk_cache_unwritten", fields: Readonly<Record<string, string>>) => void;
}

const MAGIC = Buffer.from("NANOCCH1");
const MAC_BYTES = 32;
const HEAD_BYTES = MAGIC.byteLength + MAC_BYTES;
const KEY_BYTES = 32;
const KEY_FILE = "key";
/** Beside nothing else in there: where the folder is not made by us, it may be open to others. */
const PRIVATE_FOLDER = "nano-cache-1";
/** What a single entry may have: larger ones are made again. */
const MOST_ENTRY_BYTES = 256 << 20;
/** An entry that is used is marked as such once in so long. */
const TOUCH_MS = 60_000;
/** Unfinished files of whoever was killed while writing. */
const STALE_MS = 600_000;
/** A sweep leaves room for what comes next. */
const KEPT_SHARE = 0.9;
/** Bytes written, as a share of the most, after which somebody looks whether it is too much. */
const SWEEP_SHARE = 1 / 16;
const STICKY = 0o1000;
const ROOT = 0;
/** As whom a user namespace shows everybody whom it does not know, root too. */
const NOBODY = 65_534;

export class DiskCache {
  readonly #folder: string;
  readonly #key: Uint8Array;
  readonly #options: DiskCacheOptions;
  #isWritable = true;
  #unsweptBytes = 0;
  #sweeping: Promise<void> | null = null;

  private constructor(folder: string, key: Uint8Array, options: DiskCacheOptions) {
    this.#folder = folder;
    this.#key = key;
    this.#options = options;
  }

  /** Null, and told, where there can be none: a read-only file system, a folder that others may write to. */
  static open(parent: string, options: DiskCacheOptions): DiskCache | null {
    const folder = join(parent, PRIVATE_FOLDER);
    try {
      makePrivate(folder);
      return new DiskCache(folder, keyOf(join(folder, KEY_FILE)), options);
    } catch (error) {
      options.tell("disk_cache_off", { folder, error: error instanceof Unfit ? error.message : ((error as { code?: string }).code ?? String(error)) });
      return null;
    }
  }

  /** What was put under `name`; null when there is nothing, or nothing that can be believed. */
  get(name: string): Uint8Array | null {
    const path = this.#pathOf(name);
    let fd: number;
    try {
      fd = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    } catch (error) {
      if ((error as { code?: string }).code !== "ENOENT") this.#ignore(name, "it cannot be opened");
      return null;
    }
    try {
      const found = fstatSync(fd);
      const fault = faultOf(found) ?? (found.size > MOST_ENTRY_BYTES ? "it is too large" : null);
      const data = fault === null ? this.#verified(name, readWhole(fd, found.size)) : null;
      if (data === null) this.#ignore(name, fault ?? "it is damaged, or was written by somebody else");
      else if (found.mtimeMs < Date.now() - TOUCH_MS) touch(fd);
      return data;
    } catch {
      this.#ignore(name, "it cannot be read");
      return null;
    } finally {
      closeSync(fd);
    }
  }

  /** Resolves when it is there for everybody, or when it could not be written, which is told once. */
  async put(name: string, content: Uint8Array | Promise<Uint8Array>): Promise<void> {
    const data = await content;
    if (!this.#isWritable || data.byteLength > Math.min(MOST_ENTRY_BYTES, this.#options.mostBytes)) return;
    const path = this.#pathOf(name);
    const unfinished = `${path}.${process.pid}-${randomBytes(6).toString("hex")}`;
    try {
      await writeFile(unfinished, Buffer.concat([MAGIC, this.#macOf(name, data), data]), { mode: 0o600, flag: "wx" });
      await rename(unfinished, path);
      this.#unsweptBytes += data.byteLength;
      if (this.#unsweptBytes > this.#options.mostBytes * SWEEP_SHARE) await this.sweep();
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => {});
      if (this.#isWritable) this.#options.tell("disk_cache_unwritten", { folder: this.#folder, error: (error as { code?: string }).code ?? String(error) });
      this.#isWritable = false;
    }
  }

  /** It is of no use to anybody any more. */
  drop(name: string): void {
    rmSync(this.#pathOf(name), { force: true });
  }

  /** Removes what was used least recently, as far as there is too much. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep().finally(() => {
      this.#sweeping = null;
    });
    return this.#sweeping;
  }

  async #sweep(): Promise<void> {
    this.#unsweptBytes = 0;
    const entries: { readonly path: string; readonly bytes: number; readonly usedAt: number }[] = [];
    for (const name of await readdir(this.#folder)) {
      if (name === KEY_FILE) continue;
      const path = join(this.#folder, name);
      const found = await stat(path).catch(() => null);
      if (found === null) continue;
      if (name.includes(".")) {
        if (found.mtimeMs < Date.now() - STALE_MS) await rm(path, { force: true });
      } else entries.push({ path, bytes: found.size, usedAt: found.mtimeMs });
    }
    let sum = entries.reduce((total, { bytes }) => total + bytes, 0);
    if (sum <= this.#options.mostBytes) return;
    for (const { path, bytes } of entries.sort((a, b) => a.usedAt - b.usedAt)) {
      if (sum <= this.#options.mostBytes * KEPT_SHARE) return;
      await rm(path, { force: true });
      sum -= bytes;
    }
  }

  #pathOf(name: string): string {
    if (!/^[0-9a-f]{64}$/.test(name)) throw new Error(`not the name of an entry: ${name}`);
    return join(this.#folder, name);
  }

  #macOf(name: string, data: Uint8Array): Uint8Array {
    return createHmac("sha256", this.#key).update(name).update("\n").update(data).digest();
  }

  #verified(name: string, file: Uint8Array): Uint8Array | null {
    if (file.byteLength < HEAD_BYTES || !MAGIC.equals(file.subarray(0, MAGIC.byteLength))) return null;
    const data = file.subarray(HEAD_BYTES);
    return timingSafeEqual(file.subarray(MAGIC.byteLength, HEAD_BYTES), this.#macOf(name, data)) ? data : null;
  }

  #ignore(name: string, why: string): void {
    this.#options.tell("disk_cache_ignored", { file: this.#pathOf(name), why });
    // A folder in its place stays: it is ignored again, and told again.
    try {
      rmSync(this.#pathOf(name), { force: true });
    } catch {}
  }
}

/** The folder is not one that can be trusted. */
class Unfit extends Error {}

function makePrivate(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Where a link leads to is what counts. Whoever may write there could put a folder in its place, and so could its owner.
  const parent = statSync(dirname(folder));
  if ((parent.mode & 0o022) !== 0 && (parent.mode & STICKY) === 0) throw new Unfit(`others may write to ${dirname(folder)}`);
  if (process.getuid !== undefined && parent.uid !== process.getuid() && parent.uid !== ROOT && parent.uid !== NOBODY) throw new Unfit(`${dirname(folder)} belongs to somebody else`);
  const found = lstatSync(folder);
  if (!found.isDirectory()) throw new Unfit("it is no folder");
  if (!isOurs(found)) throw new Unfit("it belongs to somebody else, or others may look into it (it needs mode 0700)");
}

function keyOf(path: string): Uint8Array {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) createKey(path);
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    const found = fstatSync(fd);
    if (faultOf(found) !== null || found.size !== KEY_BYTES) throw new Unfit(`${path} is not what nano wrote: remove it`);
    return readWhole(fd, KEY_BYTES);
  } finally {
    closeSync(fd);
  }
}

/** Whole from the first moment on, and only by the first who tries. */
function createKey(path: string): void {
  const unfinished = `${path}.${process.pid}-${randomBytes(6).toString("hex")}`;
  writeFileSync(unfinished, randomBytes(KEY_BYTES), { mode: 0o600, flag: "wx" });
  try {
    linkSync(unfinished, path);
  } catch (error) {
    if ((error as { code?: string }).code !== "EEXIST") throw error;
  } finally {
    rmSync(unfinished, { force: true });
  }
}

function isOurs({ uid, mode }: Stats): boolean {
  // Windows has neither.
  return process.getuid === undefined || (uid === process.getuid() && (mode & 0o077) === 0);
}

function faultOf(found: Stats): string | null {
  if (!found.isFile()) return "it is not a plain file";
  return isOurs(found) ? null : "it belongs to somebody else, or others may read it";
}

function readWhole(fd: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let length = 0;
  for (let read = -1; read !== 0 && length < size; length += read) read = readSync(fd, bytes, length, size - length, null);
  return bytes.subarray(0, length);
}

function touch(fd: number): void {
  try {
    const now = new Date();
    futimesSync(fd, now, now);
  } catch {
    // On a file system that has become read-only everything is as old as it was.
  }
}
