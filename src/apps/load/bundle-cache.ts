/** Bundles on disk. One is taken from there only when every file that was read, and every place where one was looked for, is as it was: then the bundler would say the same. */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
// As a namespace: see `isolate/memory/snapshot-file.ts`.
import * as zlib from "node:zlib";
import { NO_BUILD } from "../../config/build-settings.ts";
import type { DiskCache } from "../cache/disk-cache.ts";
import type { FilesTrace } from "./app-files.ts";
import { bundleEntry, type LoadBundle, loadWith } from "./bundle.ts";
import { bundleOfWire, bundleToWire, type BundleWire } from "./bundle-wire.ts";
import { findEntry } from "./entry.ts";

interface Kept {
  readonly trace: FilesTrace;
  readonly bundle: BundleWire;
}

/** Fast: a bundle is waited for. */
const LEVEL = 1;

/** `build`: what tells this executable, and with it the bundler and our own modules, from others. */
export function cachedBundles(cache: DiskCache, build: string): LoadBundle {
  return loadWith(async (appPath, options, nodeModules) => {
    const { main = null, build: settings = NO_BUILD, maxBundleBytes, maxModules } = options;
    const entry = findEntry(appPath, main);
    const name = nameOf([build, entry.path, entry.name, maxBundleBytes, maxModules, settings, nodeModules !== null]);
    const kept = await keptOf(cache.get(name));
    if (kept !== null && entry.files.matches(kept.trace, maxBundleBytes)) return bundleOfWire(kept.bundle);
    const fresh = findEntry(appPath, main);
    const bundle = await bundleEntry(fresh, options, nodeModules);
    // One file as it stands is made faster than it is looked up.
    if (bundle.sourceMap !== null) void cache.put(name, fileOf({ trace: fresh.files.trace, bundle: bundleToWire(bundle) }));
    else if (kept !== null) cache.drop(name);
    return bundle;
  });
}

function nameOf(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(["bundle", ...parts])).digest("hex");
}

/** Megabytes take some time, which is not the thread's that serves. */
function fileOf(kept: Kept): Promise<Uint8Array> {
  return promisify((text: string, done: (error: Error | null, file: Uint8Array) => void) => zlib.zstdCompress(text, { params: { [zlib.constants.ZSTD_c_compressionLevel]: LEVEL } }, done))(JSON.stringify(kept));
}

/** What is in the cache was written by a nano of this user, and for this very executable. */
async function keptOf(file: Uint8Array | null): Promise<Kept | null> {
  return file === null ? null : (JSON.parse((await promisify(zlib.zstdDecompress)(file)).toString()) as Kept);
}
