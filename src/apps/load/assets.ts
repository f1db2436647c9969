/** The static files of an app as part of what it is loaded from: a file that comes, goes or changes makes another bundle. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { parseHeaders, parseRedirects } from "../../bindings/assets/host/asset-rules.ts";
import { AssetsFault } from "../../bindings/assets/host/assets-fault.ts";
import { type AssetListing, HEADERS_FILE, listAssets, REDIRECTS_FILE } from "../../bindings/assets/host/manifest.ts";
import type { Bundle } from "./bundle.ts";
import { LoadError, type LoadProblem } from "./load-error.ts";

/** `bundle` with the files of `listing`. Files that the code was made of are none of them. Throws a LoadError. */
export async function withAssets(bundle: Bundle, listing: AssetListing): Promise<Bundle> {
  const code = new Set(bundle.files);
  try {
    const assets = await listAssets(listing, (file) => code.has(file));
    const hash = createHash("sha256").update(bundle.hash);
    for (const { name, size, mtimeMs } of assets.entries) hash.update(`${name}\0${size}\0${mtimeMs}\0`);
    hash.update(JSON.stringify([assets.redirects, assets.headers]));
    return {
      ...bundle,
      assets,
      hash: hash.digest("hex"),
      files: [...bundle.files, ...assets.folders, ...[REDIRECTS_FILE, HEADERS_FILE].map((name) => join(assets.root, name)), ...assets.entries.map(({ file }) => file)],
      warnings: [
        ...bundle.warnings,
        ...assets.skipped.map(({ name, reason }) => warning(name, 0, `it is not served: ${reason}`)),
        ...parseRedirects(assets.redirects).faults.map(({ line, message }) => warning(REDIRECTS_FILE, line, message)),
        ...parseHeaders(assets.headers).faults.map(({ line, message }) => warning(HEADERS_FILE, line, message)),
      ],
    };
  } catch (error) {
    if (!(error instanceof AssetsFault)) throw error;
    throw new LoadError({ file: listing.directory, message: `the app's assets: ${error.message}`, hint: error.hint }, [...bundle.files, listing.directory]);
  }
}

function warning(file: string, line: number, message: string): LoadProblem {
  return { file, line, column: Math.min(line, 1), message, frame: "", hint: "" };
}
