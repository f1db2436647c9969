/** Loads the source of an app: from a path to one ES module that QuickJS can run, or a LoadError that says everything that is wrong. Never runs any of it. */
import { createHash } from "node:crypto";
import type { AssetListing, AssetManifest } from "../../bindings/assets/host/manifest.ts";
import { type BuildSettings, NO_BUILD } from "../../config/build-settings.ts";
import { UnsafeFile } from "./app-files.ts";
import { withAssets } from "./assets.ts";
import { buildApp, type BuildLimits } from "./bun-build.ts";
import { type Entry, findEntry } from "./entry.ts";
import { waitForClosing } from "./for-await.ts";
import { LoadError, type LoadProblem } from "./load-error.ts";
import { exportsOfSingleFile, hasBundler } from "./single-file.ts";
import { nodeGlobalsIn } from "./node-globals.ts";
import type { NodeModules } from "./node-modules.ts";
import { type MappedCode, SourceMap } from "./source-map.ts";

export interface Bundle extends MappedCode {
  /** One ES module without imports, for the file name BUNDLE_FILE_NAME. */
  readonly code: string;
  /** Null when the code is the entry file itself. */
  readonly sourceMap: SourceMap | null;
  /** The first file, relative to the app's folder. */
  readonly entry: string;
  /** Absolute paths of everything that was read, for watching. */
  readonly files: readonly string[];
  /** Absolute paths of files of the app that were looked for and are not there: what they would mean would go before what was found. */
  readonly missing: readonly string[];
  readonly bytes: number;
  /** Over the code and the contents of every input: equal hashes mean equal apps. */
  readonly hash: string;
  /** A service worker exports nothing and listens for "fetch" events. */
  readonly kind: "module" | "service-worker";
  /** Imports that will throw if the app ever runs them. */
  readonly warnings: readonly LoadProblem[];
  /** The app's static files; null when it has none. */
  readonly assets: AssetManifest | null;
  /** Under which name the code expects its door on `globalThis`, see `node-modules`; null when it needs none. */
  readonly doorName: string | null;
}

export interface LoadOptions extends BuildLimits {
  /** False for an app of static files alone. */
  readonly hasCode?: boolean;
  readonly assets?: AssetListing | null;
  /** The file in the app's folder that it starts with; null or absent: see `entry`. */
  readonly main?: string | null;
}

/** `nodeModules` are those that apps may import; null for none. */
export type LoadBundle = (appPath: string, options: LoadOptions, nodeModules?: NodeModules | null) => Promise<Bundle>;

/** The part of a load that is about code. */
export type LoadCode = (appPath: string, options: LoadOptions, nodeModules: NodeModules | null) => Promise<Bundle>;

/** The app needs bundling and this runtime cannot: under Node an app has to come as one JavaScript file. */
export class BundlerMissing extends LoadError {
  constructor(entry: Entry) {
    super({
      file: entry.name,
      message: "it is not one JavaScript file without imports, and there is no bundler in this runtime",
      hint: `bundle it first (npx esbuild ${entry.name} --bundle --format=esm --outfile=app.mjs) and give the path of the result, or run it with the nano executable`,
    }, [...entry.files.read]);
    this.name = "BundlerMissing";
  }
}

const LISTENS_FOR_FETCH = /\baddEventListener\s*\(\s*["'`]fetch["'`]/;

/** `loadCode` may know more than to bundle: see `bundle-cache`. */
export const loadWith = (loadCode: LoadCode): LoadBundle => async (appPath, options, nodeModules = null) => {
  const { hasCode = true, assets = null } = options;
  const bundle = hasCode ? await loadCode(appPath, options, nodeModules) : NO_CODE;
  return assets === null ? bundle : withAssets(bundle, assets);
};

export const loadBundle: LoadBundle = loadWith(async (appPath, options, nodeModules) => bundleEntry(findEntry(appPath, options.main ?? null), options, nodeModules));

const NO_CODE: Bundle = { code: "", sourceMap: null, entry: "", files: [], missing: [], bytes: 0, hash: "", kind: "module", warnings: [], assets: null, doorName: null };

export async function bundleEntry(entry: Entry, limits: LoadOptions, nodeModules: NodeModules | null): Promise<Bundle> {
  const text = readEntry(entry, limits);
  const exports = needsBundler(limits.build, text) ? null : exportsOfSingleFile(entry.path, text);
  if (exports !== null) return bundleOf(entry, text, null, exports, new Map(), [], null);
  if (!hasBundler) throw new BundlerMissing(entry);
  const { output, problems, warnings, inputs, doorName } = await buildApp(entry, text, limits, nodeModules);
  const files = [...entry.files.read];
  const missing = [...entry.files.missing];
  if (problems.length > 0) throw new LoadError(problems, files, missing);
  if (output === null) throw new LoadError({ file: entry.name, message: "the bundler gave up without saying why" }, files, missing);
  const waiting = waitForClosing(output);
  const bundle = bundleOf(entry, waiting.code, sourceMapOf(waiting.sourceMap), output.exports, inputs, warnings, doorName);
  if (bundle.bytes > limits.maxBundleBytes)
    throw new LoadError({ file: entry.name, message: `the bundle has ${bundle.bytes} bytes, which is more than the ${limits.maxBundleBytes} allowed`, hint: "import less, or raise the app's bundle limit" }, files, missing);
  return bundle;
}

/** The settings of the app may change what its text means. */
function needsBundler({ define, hasNodeGlobals }: BuildSettings = NO_BUILD, text: string): boolean {
  return Object.keys(define).some((name) => text.includes(name.split(".")[0] as string)) || (hasNodeGlobals && nodeGlobalsIn(text).length > 0);
}

function readEntry(entry: Entry, limits: BuildLimits): string {
  try {
    return entry.files.readText(entry.path, limits.maxBundleBytes);
  } catch (error) {
    if (error instanceof UnsafeFile) throw new LoadError({ file: entry.name, message: error.message }, [entry.path]);
    throw error;
  }
}

function bundleOf(entry: Entry, code: string, sourceMap: SourceMap | null, exports: readonly string[], inputs: ReadonlyMap<string, string>, warnings: readonly LoadProblem[], doorName: string | null): Bundle {
  const hash = createHash("sha256");
  for (const part of [entry.name, code, ...[...inputs].sort(([a], [b]) => (a < b ? -1 : 1)).flat()]) hash.update(`${part.length}:`).update(part);
  return {
    code,
    sourceMap,
    entry: entry.name,
    files: [...entry.files.read],
    missing: [...entry.files.missing],
    bytes: Buffer.byteLength(code),
    hash: hash.digest("hex"),
    kind: exports.length === 0 && LISTENS_FOR_FETCH.test(code) ? "service-worker" : "module",
    warnings,
    assets: null,
    doorName,
  };
}

export function sourceMapOf(json: string): SourceMap {
  return new SourceMap(json, nameOfSource);
}

/** Bun names sources `app:/node_modules/app/src/a.ts`. */
function nameOfSource(source: string): string {
  return source.replace(/^app:\/node_modules\/app\//, "");
}
