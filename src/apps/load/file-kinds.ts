/** What an imported file is: by the app's own rules, by the import itself, or by its ending. Runs under Bun only. */
import { extname } from "node:path";
import type { FileKind, FileRule } from "../../config/build-settings.ts";

/** How a module gets into the bundle: by a loader of Bun's, or as bytes. */
export type ModuleLoader = Bun.Loader | "data";

const LOADERS: Readonly<Record<string, ModuleLoader>> = {
  ".js": "jsx", ".jsx": "jsx", ".mjs": "js", ".cjs": "js", ".ts": "ts", ".mts": "ts", ".cts": "ts", ".tsx": "tsx", ".json": "json", ".jsonc": "jsonc",
  ".txt": "text", ".text": "text", ".md": "text", ".html": "text", ".htm": "text", ".css": "text", ".svg": "text", ".xml": "text", ".csv": "text", ".sql": "text", ".graphql": "text", ".gql": "text", ".yaml": "text", ".yml": "text", ".toml": "text",
  ".bin": "data",
};

/** Ends of a specifier that say what is wanted of the file. */
const QUERY = /\?(raw|module)$/;

/** `./a.svg?raw` is the file `./a.svg` as text. */
export function splitQuery(specifier: string): { readonly specifier: string; readonly isRaw: boolean } {
  const query = QUERY.exec(specifier);
  return query === null ? { specifier, isRaw: false } : { specifier: specifier.slice(0, query.index), isRaw: query[1] === "raw" };
}

export class FileKinds {
  readonly #rules: readonly { readonly type: FileKind; readonly globs: readonly Bun.Glob[] }[];

  constructor(rules: readonly FileRule[]) {
    this.#rules = rules.map(({ type, globs }) => ({ type, globs: globs.map((glob) => new Bun.Glob(glob)) }));
  }

  /** The entry is code, whatever its name. */
  entryLoader(name: string): Bun.Loader {
    const loader = LOADERS[extname(name)];
    return loader === undefined || loader === "data" ? "js" : loader;
  }

  /** `name` is relative to the app's folder; `type` is what the import says. "wasm" and null are refusals. */
  loaderOf(name: string, type: string | undefined): ModuleLoader | "wasm" | null {
    if (type === "text" || type === "json") return type;
    const rule = this.#rules.find(({ globs }) => globs.some((glob) => glob.match(name)))?.type;
    if (rule !== undefined) return rule;
    const extension = extname(name).toLowerCase();
    return extension === ".wasm" ? "wasm" : (LOADERS[extension] ?? null);
  }
}

/** A module whose default export is an ArrayBuffer of those bytes. */
export function dataModule(base64: string): string {
  return `const text = atob(${JSON.stringify(base64)}), bytes = new Uint8Array(text.length);\nfor (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);\nexport default bytes.buffer;`;
}
