/**
 * Which files of a folder are served, and under which paths: found once, when a revision loads. Requests are looked up among them and never make a path of the file
 * system, so whatever is not in this list does not exist: nothing outside the folder, nothing hidden, nothing that is no plain file.
 */
import { constants, type Dirent, type Stats } from "node:fs";
import { lstat, open, opendir, readdir, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { limits } from "../../../limits.ts";
import { AssetsFault } from "./assets-fault.ts";
import { IGNORE_FILE, IgnoreRules } from "./ignore-rules.ts";

export interface AssetEntry {
  /** Its path in URLs, not encoded: begins with `/`. */
  readonly name: string;
  /** A real path. */
  readonly file: string;
  readonly size: number;
  readonly mtimeMs: number;
}

/** Plain data: workers are given it by each other. */
export interface AssetManifest {
  /** A real path. */
  readonly root: string;
  readonly entries: readonly AssetEntry[];
  /** Real paths of the folders that were read. */
  readonly folders: readonly string[];
  /** What might be missed, or the first of it: names, and why they are not served. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  /** The texts of `_redirects` and `_headers`; empty where there are none. */
  readonly redirects: string;
  readonly headers: string;
}

export interface AssetListing {
  readonly directory: string;
  readonly maxFiles: number;
  readonly maxFileBytes: number;
}

/** Some milliseconds, and about a second. */
const STEPS_IN_A_ROW = 200_000;
const MOST_STEPS = 40_000_000;
const RULES_BYTES = 256 << 10;
/** In one folder, whatever comes of them: twice the most files that an app may have. */
const MOST_NAMES = 2 * limits.asset_files.most;
/** Enough to see what is going on. */
const MOST_SKIPPED = 100;
export const REDIRECTS_FILE = "_redirects";
export const HEADERS_FILE = "_headers";
const CODE = new Set(["_worker.js", "_routes.json", "node_modules"]);
/** The one hidden folder that is meant for clients: RFC 8615. */
const WELL_KNOWN = ".well-known";
/** Control characters, and what some systems take for a separator. */
const UNSERVABLE = /[\u0000-\u001f\u007f\\]/;

/** Throws AssetsFault. `isCode`: real paths that the app's code was made of. */
export async function listAssets(listing: AssetListing, isCode: (file: string) => boolean = () => false): Promise<AssetManifest> {
  const root = await rootOf(listing.directory);
  const list = new List(root, listing, new IgnoreRules(await readRules(root, IGNORE_FILE)), isCode);
  await list.visit(root, "");
  const { entries, folders, skipped } = list;
  return { root, entries, folders, skipped, redirects: await readRules(root, REDIRECTS_FILE), headers: await readRules(root, HEADERS_FILE) };
}

class List {
  readonly entries: AssetEntry[] = [];
  readonly folders: string[] = [];
  readonly skipped: AssetManifest["skipped"][number][] = [];
  readonly #root: string;
  readonly #bounds: AssetListing;
  readonly #ignored: IgnoreRules;
  #pauseAt = STEPS_IN_A_ROW;
  readonly #isCode: (file: string) => boolean;

  constructor(root: string, bounds: AssetListing, ignored: IgnoreRules, isCode: (file: string) => boolean) {
    this.#root = root;
    this.#bounds = bounds;
    this.#ignored = ignored;
    this.#isCode = isCode;
  }

  /** `prefix`: the path of `folder` from the root, with a `/` at its end unless it is empty. */
  async visit(folder: string, prefix: string): Promise<void> {
    const found = await this.#namesIn(folder);
    if (found === null) return this.#skip(prefix, "it cannot be read");
    this.folders.push(folder);
    if (this.folders.length > this.#bounds.maxFiles) throw new AssetsFault(`there are more than ${this.#bounds.maxFiles} folders`, `raise limits.asset_files, or name what is not to be served in ${IGNORE_FILE}`);
    const wanted: Dirent[] = [];
    for (const entry of found.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (this.#isWanted(entry, prefix)) wanted.push(entry);
      await this.#pause();
    }
    const looked = await Promise.all(wanted.map((entry) => lookAt(join(folder, entry.name), entry.isSymbolicLink())));
    for (const [i, { name }] of wanted.entries()) await this.#take(join(folder, name), prefix + name, looked[i] ?? null);
  }

  /** Null when the folder cannot be read. What is in it is counted as it comes: a folder may have any number of names. */
  async #namesIn(folder: string): Promise<Dirent[] | null> {
    const opened = await opendir(folder, { bufferSize: 1_000 }).catch(() => null);
    if (opened === null) return null;
    const found: Dirent[] = [];
    for await (const entry of opened) {
      if (found.length === MOST_NAMES) throw new AssetsFault(`a folder has more than ${MOST_NAMES} names in it`, "leave out what is not to be served");
      found.push(entry);
    }
    return found;
  }

  #isWanted(entry: Dirent, prefix: string): boolean {
    const { name } = entry;
    const path = prefix + name;
    return !isHidden(name, prefix) && !CODE.has(name) && path !== REDIRECTS_FILE && path !== HEADERS_FILE && !this.#ignored.ignores(path, entry.isDirectory());
  }

  /** Patterns and names are the app's: together they may be much work, which is not to hold up anybody else, nor to go on for long. */
  async #pause(): Promise<void> {
    const { steps } = this.#ignored;
    if (steps < this.#pauseAt) return;
    if (steps > MOST_STEPS) throw new AssetsFault(`the patterns of ${IGNORE_FILE} are too much work for these files`, "name folders, and use fewer *");
    this.#pauseAt = steps + STEPS_IN_A_ROW;
    await new Promise((resolve) => setImmediate(resolve));
  }

  async #take(place: string, path: string, seen: Looked | null): Promise<void> {
    if (UNSERVABLE.test(path)) return this.#skip(path, "its name has characters that no URL path has");
    if (seen === null) return this.#skip(path, "it cannot be read, or leads nowhere");
    const { real, stats } = seen;
    const isLink = real !== place;
    if (!real.startsWith(this.#root + sep)) return this.#skip(path, "it is a symbolic link that leads out of the folder");
    if (stats.isDirectory()) {
      if (isLink) return this.#skip(path, "it is a symbolic link to a folder");
      return this.visit(real, `${path}/`);
    }
    if (!stats.isFile()) return this.#skip(path, "it is neither a file nor a folder");
    const target = real.slice(this.#root.length + 1).split(sep).join("/");
    if (isLink && (isHiddenPath(target) || this.#ignored.hides(target))) return this.#skip(path, "it is a symbolic link to something hidden");
    if (!this.#isCode(real)) this.#add({ name: `/${path}`, file: real, size: stats.size, mtimeMs: stats.mtimeMs });
  }

  #add(entry: AssetEntry): void {
    const { maxFiles, maxFileBytes } = this.#bounds;
    if (entry.size > maxFileBytes) throw new AssetsFault(`${entry.name.slice(1)} has ${entry.size} bytes, which is more than the ${maxFileBytes} allowed`, `raise limits.asset_file_mb, or name it in ${IGNORE_FILE}`);
    if (this.entries.length === maxFiles) throw new AssetsFault(`there are more than ${maxFiles} files`, `raise limits.asset_files, or name what is not to be served in ${IGNORE_FILE}`);
    this.entries.push(entry);
  }

  #skip(name: string, reason: string): void {
    if (this.skipped.length < MOST_SKIPPED) this.skipped.push({ name, reason });
  }
}

interface Looked {
  readonly real: string;
  readonly stats: Stats;
}

/** What turns out to be a link although it was none is neither file nor folder. */
async function lookAt(path: string, isLink: boolean): Promise<Looked | null> {
  try {
    const real = isLink ? await realpath(path) : path;
    return { real, stats: await lstat(real) };
  } catch {
    return null;
  }
}

async function rootOf(directory: string): Promise<string> {
  const root = await realpath(directory).catch(() => null);
  if (root === null) throw new AssetsFault("there is no such folder", "it is relative to the config; build the app first if a build makes it");
  const { isFolder, isReadable } = await readdir(root).then(() => ({ isFolder: true, isReadable: true }), ({ code }) => ({ isFolder: code !== "ENOTDIR", isReadable: false }));
  if (!isFolder) throw new AssetsFault("it is not a folder", "name the folder that the files are in");
  if (!isReadable) throw new AssetsFault("permission denied", "nano needs to read it as the user it runs as");
  return root;
}

const isHidden = (name: string, prefix: string): boolean => name.startsWith(".") && !(name === WELL_KNOWN && prefix === "");
const isHiddenPath = (path: string): boolean => path.split("/").some((name, depth) => isHidden(name, depth === 0 ? "" : "/") || CODE.has(name));

/** The text of a file about the others; empty when there is none. */
async function readRules(root: string, name: string): Promise<string> {
  const handle = await open(join(root, name), constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw new AssetsFault(`${name} cannot be read (${error.code})`, "it has to be a plain file that nano may read");
  });
  if (handle === null) return "";
  await using _ = handle;
  const found = await handle.stat();
  if (!found.isFile()) throw new AssetsFault(`${name} is not a file`, "it has to be a plain file");
  if (found.size > RULES_BYTES) throw new AssetsFault(`${name} has more than ${RULES_BYTES} bytes`, "use patterns");
  const bytes = new Uint8Array(found.size);
  const { bytesRead } = await handle.read(bytes, 0, bytes.byteLength, 0);
  return new TextDecoder().decode(bytes.subarray(0, bytesRead));
}
