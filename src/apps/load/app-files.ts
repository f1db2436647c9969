/**
 * The files an app may be made of: those in its root folder, and those in a node_modules folder at or above it. Every read of an app's source goes
 * through here, so that no symbolic link, absolute path or race can bring in a file from anywhere else.
 */
import { createHash } from "node:crypto";
import { closeSync, constants, type Dirent, fstatSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, realpathSync, type Stats, statSync } from "node:fs";
import { dirname, join, sep } from "node:path";

const READ_ATTEMPTS = 3;
/** In place of a digest. */
const UNREAD = "";
const MOST_MISSING = 2_000;
const MOST_LISTED = 5_000;
const MOST_LISTS = 100;

interface Zone {
  /** A real path. */
  readonly path: string;
  /** What the app sees in its place. Host paths must not reach the guest, so names never repeat what is above the root. */
  readonly name: string;
}

/** What a load saw of the disk. */
export interface FilesTrace {
  readonly zones: readonly string[];
  /** Path, and what was there. */
  readonly looks: readonly (readonly [path: string, seen: string])[];
  /** Real path, and the hash of what was read. */
  readonly digests: readonly (readonly [path: string, digest: string])[];
  /** Folder, and the hash of the names of the files below it. */
  readonly lists: readonly (readonly [folder: string, digest: string])[];
}

/** A file was replaced, or is not a plain file, or leads elsewhere. The message is for the app's author. */
export class UnsafeFile extends Error {
  /** The way out, or "". */
  readonly hint: string;

  constructor(message: string, hint = "") {
    super(message);
    this.hint = hint;
  }
}

export class AppFiles {
  readonly #zones: readonly Zone[];
  /** Real paths read so far. */
  readonly read = new Set<string>();
  /** What every look found, and every read: as long as these are the same, so is what was made of them. */
  readonly #looks = new Map<string, string>();
  readonly #digests = new Map<string, string>();
  readonly #lists = new Map<string, string>();
  readonly #listed = new Map<string, readonly string[]>();
  /** Where something was looked for in the app itself, and there was nothing; and folders of which all files count. Not all of a large number. */
  readonly missing = new Set<string>();

  /** `rootPath` may itself be a link (a deployment switch): it is followed once, here. */
  constructor(rootPath: string) {
    const root = realpathSync(rootPath);
    const zones: Zone[] = [{ path: root, name: "" }];
    let isNearest = !statSync(join(root, "node_modules"), { throwIfNoEntry: false })?.isDirectory();
    for (let folder = dirname(root), level = 1; folder !== dirname(folder) || level === 1; folder = dirname(folder), level++) {
      const path = realPathOf(join(folder, "node_modules"));
      if (path !== null && !isInside(root, path)) {
        zones.push({ path, name: isNearest ? "node_modules" : `node_modules~${level}` });
        isNearest = false;
      }
      if (folder === dirname(folder)) break;
    }
    this.#zones = zones;
  }

  get rootPath(): string {
    return (this.#zones[0] as Zone).path;
  }

  /** All that this load depends on. */
  get trace(): FilesTrace {
    return { zones: this.#zones.map(({ path, name }) => `${name} ${path}`), looks: [...this.#looks], digests: [...this.#digests], lists: [...this.#lists] };
  }

  /** Whether a load that left `trace` would find now what it found then. */
  matches({ zones, looks, digests, lists }: FilesTrace, maxBytes: number): boolean {
    if (zones.join("\n") !== this.trace.zones.join("\n")) return false;
    for (const [path, seen] of looks) if (describe(this.look(path)) !== seen) return false;
    for (const [path, digest] of digests) if (this.#digestOf(path, maxBytes) !== digest) return false;
    for (const [folder, digest] of lists) if (digestOf(this.list(folder).join("\n")) !== digest) return false;
    return true;
  }

  /** The name of a real path as the app sees it ("src/a.ts", "node_modules/hono/…"), or null when the app may not read it. */
  nameOf(realPath: string): string | null {
    for (const zone of this.#zones) {
      if (!isInside(zone.path, realPath)) continue;
      const rest = realPath.slice(zone.path.length).split(sep).filter(Boolean).join("/");
      return zone.name === "" ? rest : `${zone.name}/${rest}`;
    }
    return null;
  }

  /** Whether `path`, as it is written, lies where the app may read. Its real path can still lead elsewhere. */
  isWithin(path: string): boolean {
    return this.#zones.some((zone) => isInside(zone.path, path));
  }

  /** Whether `path` belongs to an installed package and not to the app itself. */
  isPackage(path: string): boolean {
    return /(?:^|\/)node_modules(?:~\d+)?(?:\/|$)/.test(this.nameOf(path) ?? "");
  }

  /** What is at `path` and where it really is. Null when there is nothing, or nothing that can be looked at. */
  look(path: string): { readonly realPath: string; readonly isFile: boolean } | null {
    const realPath = realPathOf(path);
    const stats = realPath === null ? null : statsOf(realPath);
    const seen = realPath === null || stats === null ? null : { realPath, isFile: !stats.isDirectory() };
    this.#looks.set(path, describe(seen));
    if (seen !== null) return seen;
    if (this.missing.size < MOST_MISSING && isInside(this.rootPath, path) && !this.isPackage(path)) this.missing.add(path);
    return null;
  }

  /** Plain files below `folder`, which is the app's own, without packages and what begins with a dot. Empty when there are none, or too many to be meant. */
  list(folder: string): readonly string[] {
    const known = this.#listed.get(folder);
    if (known !== undefined || this.#listed.size >= MOST_LISTS) return known ?? [];
    const files: string[] = [];
    const walk = (path: string): void => {
      if (!isInside(this.rootPath, path) || files.length > MOST_LISTED) return;
      // New files change the folder.
      if (this.missing.size < MOST_MISSING) this.missing.add(path);
      for (const entry of entriesOf(path)) {
        if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
        if (entry.isDirectory()) walk(join(path, entry.name));
        else if (entry.isFile()) files.push(join(path, entry.name));
      }
    };
    walk(join(folder, "."));
    const listed = files.length > MOST_LISTED ? [] : files.sort();
    this.#listed.set(folder, listed);
    this.#lists.set(folder, digestOf(listed.join("\n")));
    return listed;
  }

  /**
   * Reads the plain file at `realPath`. What is read is what was checked: the descriptor, not the path, is asked where it points, so exchanging the
   * file or a folder above it for a link between check and read gains nothing. An editor that saves by renaming is given another try.
   */
  readText(realPath: string, maxBytes: number): string {
    return new TextDecoder().decode(this.#read(realPath, maxBytes));
  }

  /** The same for a file that is no text. */
  readBase64(realPath: string, maxBytes: number): string {
    return Buffer.from(this.#read(realPath, maxBytes)).toString("base64");
  }

  #read(realPath: string, maxBytes: number): Uint8Array {
    if (this.nameOf(realPath) === null) throw new UnsafeFile("it lies outside the app's folder");
    this.#digests.set(realPath, UNREAD);
    for (let attempt = 1; attempt <= READ_ATTEMPTS; attempt++) {
      const bytes = readUnmoved(realPath, maxBytes);
      if (bytes === null) continue;
      this.read.add(realPath);
      this.#digests.set(realPath, digestOf(bytes));
      return bytes;
    }
    throw new UnsafeFile("it was replaced while it was loaded");
  }

  #digestOf(realPath: string, maxBytes: number): string {
    try {
      const bytes = this.nameOf(realPath) === null ? null : readUnmoved(realPath, maxBytes);
      return bytes === null ? UNREAD : digestOf(bytes);
    } catch (error) {
      if (error instanceof UnsafeFile) return UNREAD;
      throw error;
    }
  }
}

/** What a file was, or that there was none. */
function describe(seen: ReturnType<AppFiles["look"]>): string {
  return seen === null ? "" : `${seen.isFile ? "file" : "folder"} ${seen.realPath}`;
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function digestOf(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("base64");
}

/** Null when what was opened is not, or no longer, the file at `realPath`. */
function readUnmoved(realPath: string, maxBytes: number): Uint8Array | null {
  let fd: number;
  try {
    // Not blocking: opening a FIFO would otherwise wait for its writer.
    fd = openSync(realPath, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (["ELOOP", "ENOENT", "ENOTDIR"].includes(code)) return null;
    throw new UnsafeFile(["EACCES", "EPERM"].includes(code) ? "permission denied" : `it cannot be read (${code})`);
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new UnsafeFile("it is not a plain file");
    if (openedPath(fd, stats, realPath) !== realPath) return null;
    if (stats.size > maxBytes) throw new UnsafeFile(`it is larger than ${maxBytes} bytes`);
    const bytes = new Uint8Array(stats.size);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.byteLength; length += read) read = readSync(fd, bytes, length, bytes.byteLength - length, null);
    return bytes.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

/** Where the open file is. Linux knows exactly; elsewhere the path is looked up again and must lead to the same file. */
function openedPath(fd: number, opened: Stats, path: string): string | null {
  if (process.platform === "linux") return readlinkSync(`/proc/self/fd/${fd}`);
  const realPath = realPathOf(path);
  if (realPath === null) return null;
  const now = lstatSync(realPath);
  return now.dev === opened.dev && now.ino === opened.ino ? realPath : null;
}

function isInside(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function realPathOf(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

function statsOf(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}
