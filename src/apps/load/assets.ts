/** The static files of an app as part of what it is loaded from: a file that comes, goes or changes makes another bundle. */
import { createHash } from "node:crypto";
import { type AssetListing, AssetsFault, listAssets } from "../../bindings/assets/host/manifest.ts";
import type { Bundle } from "./bundle.ts";
import { LoadError } from "./load-error.ts";

/** `bundle` with the files of `listing`. Files that the code was made of are none of them. Throws a LoadError. */
export async function withAssets(bundle: Bundle, listing: AssetListing): Promise<Bundle> {
  const code = new Set(bundle.files);
  try {
    const assets = await listAssets(listing, (file) => code.has(file));
    const hash = createHash("sha256").update(bundle.hash);
    for (const { name, size, mtimeMs } of assets.entries) hash.update(`${name}\0${size}\0${mtimeMs}\0`);
    return {
      ...bundle,
      assets,
      hash: hash.digest("hex"),
      files: [...bundle.files, ...assets.folders, ...assets.entries.map(({ file }) => file)],
      warnings: [...bundle.warnings, ...assets.skipped.map(({ name, reason }) => ({ file: name, line: 0, column: 0, message: `it is not served: ${reason}`, frame: "", hint: "" }))],
    };
  } catch (error) {
    if (!(error instanceof AssetsFault)) throw error;
    throw new LoadError({ file: listing.directory, message: `the app's assets: ${error.message}`, hint: error.hint }, [...bundle.files, listing.directory]);
  }
}
