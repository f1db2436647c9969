/**
 * Which files of a folder are served, and under which paths: found once, when a revision loads. Requests are looked up among them and never make a path of the file
 * system, so whatever is not in this list does not exist: nothing outside the folder, nothing hidden, nothing that is no plain file.
 */
import { constants } from "node:fs";
import { open, readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import ignore from "ignore";

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

/** Why the files of an app cannot be served. */
export class AssetsFault extends Error {
  readonly hint: string;
  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

const IGNORE_FILE = ".assetsignore";
const RULES_BYTES = 256 << 10;
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
export async function listAssets({ directory, maxFiles, maxFileBytes }: AssetListing, isCode: (file: string) => boolean = () => false): Promise<AssetManifest> {
  const root = await rootOf(directory);
  const ignored = ignore().add(await readRules(root, IGNORE_FILE));
  const entries: AssetEntry[] = [];
  const folders: string[] = [];
  const skipped: AssetManifest["skipped"][number][] = [];
  const visit = async (folder: string, prefix: string): Promise<void> => {
    folders.push(folder);
    const found = await readdir(folder, { withFileTypes: true });
    for (const { name } of found.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = prefix + name;
      if (isHidden(name, prefix) || CODE.has(name) || path === REDIRECTS_FILE || path === HEADERS_FILE || ignored.ignores(path)) continue;
      const skip = (reason: string): void => void (skipped.length < MOST_SKIPPED && skipped.push({ name: path, reason }));
      if (UNSERVABLE.test(name)) skip("its name has characters that no URL path has");
      else {
        const real = await realpath(join(folder, name)).catch(() => null);
        const seen = real === null ? null : await stat(real).catch(() => null);
        if (real === null || seen === null) skip("it cannot be read, or leads nowhere");
        else if (!real.startsWith(root + sep)) skip("it is a symbolic link that leads out of the folder");
        else if (seen.isDirectory()) {
          if (real !== join(folder, name)) skip("it is a symbolic link to a folder");
          else if (!ignored.ignores(`${path}/`)) await visit(real, `${path}/`);
        } else if (!seen.isFile()) skip("it is neither a file nor a folder");
        else if (real !== join(folder, name) && isHiddenPath(real.slice(root.length + 1))) skip("it is a symbolic link to something hidden");
        else if (!isCode(real)) {
          if (seen.size > maxFileBytes) throw new AssetsFault(`${path} has ${seen.size} bytes, which is more than the ${maxFileBytes} allowed`, `raise limits.asset_file_mb, or name it in ${IGNORE_FILE}`);
          if (entries.length === maxFiles) throw new AssetsFault(`there are more than ${maxFiles} files`, `raise limits.asset_files, or name what is not to be served in ${IGNORE_FILE}`);
          entries.push({ name: `/${path}`, file: real, size: seen.size, mtimeMs: seen.mtimeMs });
        }
      }
    }
  };
  await visit(root, "");
  return { root, entries, folders, skipped, redirects: await readRules(root, REDIRECTS_FILE), headers: await readRules(root, HEADERS_FILE) };
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
const isHiddenPath = (path: string): boolean => path.split(sep).some((name, depth) => isHidden(name, depth === 0 ? "" : "/") || CODE.has(name));

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
