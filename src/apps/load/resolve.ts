/**
 * Which file an import of an app means: relative files, packages, `exports`, `imports`, `browser` fields and tsconfig paths, as bundlers do for
 * worker-like targets. Looks at files only through AppFiles; whatever leads elsewhere is a refusal with words for the app's author.
 */
import { builtinModules } from "node:module";
import { dirname, isAbsolute, join } from "node:path";
import type { AppFiles } from "./app-files.ts";
import { PackageFolders, type PackageFolder } from "./package-folders.ts";
import { packageExport, packageImport } from "./package-exports.ts";
import type { PathAlias } from "./project-config.ts";
import { type NodeModules, TESTING } from "./node-modules.ts";
import { nearestName } from "./suggestion.ts";

/** How the importer asks: `require` prefers CommonJS entry points. */
export type ImportStyle = "import" | "require";

export type Resolution =
  | { readonly kind: "file"; readonly realPath: string }
  /** A module of Node that nano has itself. */
  | { readonly kind: "node"; readonly path: string }
  /** The package says that browsers get nothing here. */
  | { readonly kind: "empty" }
  | { readonly kind: "refused"; readonly reason: RefusalReason; readonly why: string; readonly hint: string };

export type RefusalReason = "missing" | "outside" | "builtin" | "url";

/** What tests written for others import: `nano:test` has the names that they know. */
const TESTING_ALIASES: readonly string[] = ["vitest", "bun:test", "cloudflare:test"];
const APP_EXTENSIONS = [".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".json"];
const PACKAGE_EXTENSIONS = [".js", ".mjs", ".cjs", ".json", ".jsx", ".ts", ".tsx", ".mts", ".cts"];
/** TypeScript sources import by the name of the file they will become. */
const TYPESCRIPT_NAMES: Readonly<Record<string, readonly string[]>> = { ".js": [".ts", ".tsx"], ".jsx": [".tsx"], ".mjs": [".mts"], ".cjs": [".cts"] };
const SHARED_CONDITIONS = ["workerd", "worker", "browser", "module", "production", "default"];
const CONDITIONS = { import: new Set([...SHARED_CONDITIONS, "import"]), require: new Set([...SHARED_CONDITIONS, "require"]) };
const MAIN_FIELDS = { import: ["browser", "module", "main"], require: ["browser", "main", "module"] } as const;
const CLOUDFLARE = "cloudflare:";
/** Where its modules lie beside those of Node. */
const CLOUDFLARE_FOLDER = "cloudflare/";
const BUILTINS: ReadonlySet<string> = new Set(builtinModules.filter((name) => !name.startsWith("_") && !name.includes(":") && name !== "bun"));

export class Resolver {
  readonly #files: AppFiles;
  readonly #aliases: readonly PathAlias[];
  readonly #replaced: ReadonlyMap<string, string>;
  readonly #packages: PackageFolders;
  readonly #nodeModules: NodeModules | null;
  readonly #known = new Map<string, Resolution>();

  /** `replaced`: names of modules, and what is meant by them wherever they are imported. */
  constructor(files: AppFiles, aliases: readonly PathAlias[], replaced: Readonly<Record<string, string>>, nodeModules: NodeModules | null) {
    this.#files = files;
    this.#aliases = aliases;
    this.#replaced = new Map(Object.entries(replaced));
    this.#packages = new PackageFolders(files);
    this.#nodeModules = nodeModules;
  }

  /** `importerPath` is a real path. */
  resolve(specifier: string, importerPath: string, style: ImportStyle): Resolution {
    const folder = dirname(importerPath);
    const key = `${style}\0${folder}\0${specifier}`;
    let known = this.#known.get(key);
    if (known === undefined) {
      known = this.#replacement(specifier, style) ?? this.#resolve(specifier, folder, style);
      this.#known.set(key, known);
    }
    return known;
  }

  #resolve(specifier: string, folder: string, style: ImportStyle): Resolution {
    if (specifier === "" || specifier.includes("\0")) return refuse("missing", "it is not a name");
    if (specifier.startsWith("node:")) return this.#builtin(specifier.slice("node:".length));
    if (specifier === TESTING || (TESTING_ALIASES.includes(specifier) && this.#isForTests)) return this.#testing();
    if (specifier.startsWith(CLOUDFLARE)) return this.#cloudflare(specifier);
    if (/^[a-z][a-z0-9+.-]+:/i.test(specifier) || specifier.startsWith("//"))
      return refuse("url", "an app is made of files in its folder and npm packages", fromNpm(specifier) ?? "download the module into the app's folder, or install the package from npm");
    if (isAbsolute(specifier) || specifier.startsWith("\\") || /^[a-z]:/i.test(specifier)) return refuse("outside", "it is an absolute path", "write the path relative to the importing file");
    if (/^\.\.?(\/|$)/.test(specifier)) return this.#relative(specifier, folder, style);
    const scope = this.#packages.around(folder);
    if (specifier.startsWith("#")) return this.#internal(specifier, scope, style);
    return this.#browserField(scope, specifier, style) ?? this.#alias(specifier, folder, style) ?? this.#bare(specifier, folder, scope, style);
  }

  /** A name stands for what begins with it too: "pg" for "pg/lib/client". What it is replaced by is looked up from the app's folder. */
  #replacement(specifier: string, style: ImportStyle): Resolution | null {
    for (const [name, target] of this.#replaced)
      if (specifier === name || specifier.startsWith(`${name}/`)) return this.#resolve(target + specifier.slice(name.length), this.#files.rootPath, style);
    return null;
  }

  #relative(specifier: string, folder: string, style: ImportStyle): Resolution {
    const path = join(folder, specifier);
    if (!this.#files.isWithin(path)) return refuse("outside", "it leads out of the app's folder", "move the file into the app's folder, or serve the folder that holds both");
    const found = specifier.endsWith("/") ? this.#folder(path, style) : this.#probe(path, style);
    if (found !== null) return found;
    const near = nearestName(path, APP_EXTENSIONS, this.#files);
    if (specifier.includes("?")) return refuse("missing", "there is no such file", "of what bundlers say after ?, nano knows ?raw, which is the text of a file");
    return refuse("missing", "there is no such file", near === null ? "" : `did you mean ${JSON.stringify(specifier.slice(0, specifier.lastIndexOf("/") + 1) + near)}?`);
  }

  #internal(specifier: string, scope: PackageFolder | null, style: ImportStyle): Resolution {
    const target = scope === null ? null : packageImport(scope.manifest.imports, specifier, CONDITIONS[style]);
    if (scope === null || target === null) return refuse("missing", "no such import", 'names that begin with "#" come from "imports" in package.json');
    if (!target.startsWith("./")) return this.#bare(target, scope.path, scope, style);
    return this.#file(join(scope.path, target), style) ?? refuse("missing", `package.json leads to ${JSON.stringify(target)}, which does not exist`);
  }

  #alias(specifier: string, folder: string, style: ImportStyle): Resolution | null {
    if (this.#files.isPackage(folder)) return null;
    for (const { prefix, suffix, isPattern, targets } of this.#aliases) {
      const isMatch = isPattern ? specifier.length >= prefix.length + suffix.length && specifier.startsWith(prefix) && specifier.endsWith(suffix) : specifier === prefix;
      if (!isMatch) continue;
      const matched = specifier.slice(prefix.length, specifier.length - suffix.length);
      for (const target of targets) {
        const path = target.split("*").join(matched);
        if (!this.#files.isWithin(path)) return refuse("outside", "it leads out of the app's folder", "see compilerOptions.paths in tsconfig.json");
        const found = this.#probe(path, style);
        if (found !== null) return found;
      }
    }
    return null;
  }

  #bare(specifier: string, folder: string, scope: PackageFolder | null, style: ImportStyle): Resolution {
    const name = /^(?:@[^/\\]+\/)?[^/\\@.][^/\\]*/.exec(specifier)?.[0];
    const rest = name === undefined ? "" : specifier.slice(name.length);
    if (name === undefined || rest.split(/[/\\]/).some((segment) => segment === ".." || segment === "."))
      return refuse("missing", "it is not the name of a package", "a relative path begins with ./ or ../");
    if (scope !== null && scope.manifest.name === name && scope.manifest.exports !== undefined) return this.#subpath(scope, rest, style);
    const found = this.#packages.find(name, folder);
    if (found === "outside") return refuse("outside", "the package is a symbolic link that leads out of the app's folder", "install a copy of the package instead of a link to it");
    if (found !== null) return this.#subpath(found, rest.replace(/\/$/, ""), style);
    if (BUILTINS.has(name) || BUILTINS.has(specifier)) return this.#builtin(specifier);
    return refuse("missing", `the package ${JSON.stringify(name)} is not installed`, missingPackageHint(name, rest));
  }

  #subpath(pkg: PackageFolder, rest: string, style: ImportStyle): Resolution {
    const { manifest, path } = pkg;
    if (manifest.exports !== undefined && manifest.exports !== null) {
      const target = packageExport(manifest.exports, `.${rest}`, CONDITIONS[style]);
      if (target === null) return refuse("missing", `the package does not export ${JSON.stringify(`.${rest}`)} for workers or browsers`);
      return this.#file(join(path, target), style) ?? refuse("missing", `the package leads to ${JSON.stringify(target)}, which does not exist`, "the package may need to be built or installed again");
    }
    const found = rest === "" ? this.#folder(path, style) : this.#probe(join(path, rest), style);
    return found ?? refuse("missing", "the package has no such file");
  }

  /** The file at `path`, with the endings that may be left out, or the folder there. */
  #probe(path: string, style: ImportStyle): Resolution | null {
    const extensions = this.#files.isPackage(path) ? PACKAGE_EXTENSIONS : APP_EXTENSIONS;
    const ending = /\.[cm]?jsx?$/.exec(path)?.[0] ?? "";
    const stem = ending === "" ? path : path.slice(0, -ending.length);
    const found = this.#file(path, style);
    if (found !== null) return found;
    for (const candidate of [...(TYPESCRIPT_NAMES[ending] ?? []).map((extension) => stem + extension), ...extensions.map((extension) => path + extension)]) {
      const file = this.#file(candidate, style);
      if (file !== null) return file;
    }
    return this.#folder(path, style);
  }

  #folder(path: string, style: ImportStyle): Resolution | null {
    const manifest = this.#packages.at(path)?.manifest;
    for (const field of MAIN_FIELDS[style]) {
      const main = manifest?.[field];
      if (typeof main !== "string" || main === "") continue;
      const target = join(path, main);
      if (target === path || !this.#files.isWithin(target)) continue;
      const found = this.#file(target, style) ?? PACKAGE_EXTENSIONS.reduce<Resolution | null>((file, extension) => file ?? this.#file(target + extension, style), null) ?? this.#index(target, style);
      if (found !== null) return found;
    }
    return this.#index(path, style);
  }

  #index(folder: string, style: ImportStyle): Resolution | null {
    for (const extension of APP_EXTENSIONS) {
      const found = this.#file(join(folder, `index${extension}`), style);
      if (found !== null) return found;
    }
    return null;
  }

  #file(path: string, style: ImportStyle): Resolution | null {
    const seen = this.#files.look(path);
    if (seen === null || !seen.isFile) return null;
    const name = this.#files.nameOf(seen.realPath);
    if (name === null) return refuse("outside", "the file is a symbolic link that leads out of the app's folder", "put the file itself into the app's folder");
    const scope = this.#files.isPackage(seen.realPath) ? this.#packages.around(dirname(seen.realPath)) : null;
    if (scope !== null && typeof scope.manifest.browser === "object") {
      const inPackage = `./${seen.realPath.slice(scope.path.length + 1).replaceAll("\\", "/")}`;
      const replaced = this.#browserField(scope, inPackage, style) ?? this.#browserField(scope, inPackage.replace(/\.(js|json)$/, ""), style);
      if (replaced !== null && !(replaced.kind === "file" && replaced.realPath === seen.realPath)) return replaced;
    }
    return { kind: "file", realPath: seen.realPath };
  }

  get #isForTests(): boolean {
    return (this.#nodeModules?.testingPath ?? null) !== null;
  }

  #testing(): Resolution {
    const path = this.#nodeModules?.testingPath ?? null;
    return path === null ? refuse("builtin", "it is there for test files alone", "name the file *.test.ts and run it with: nano test") : { kind: "node", path };
  }

  #cloudflare(specifier: string): Resolution {
    const name = specifier.slice(CLOUDFLARE.length);
    const path = this.#nodeModules?.pathOf(`${CLOUDFLARE_FOLDER}${name}`) ?? null;
    return path === null ? refuse("builtin", `${specifier} is a module of Cloudflare's that nano does not have`, name === "sockets" ? "an app reaches the network through fetch()" : "nano has cloudflare:workers") : { kind: "node", path };
  }

  #builtin(name: string): Resolution {
    const path = name.startsWith(CLOUDFLARE_FOLDER) ? null : (this.#nodeModules?.pathOf(name) ?? null);
    return path === null ? refuse("builtin", `node:${name} is not available in an app`, wayAround(name)) : { kind: "node", path };
  }

  /** https://github.com/defunctzombie/package-browser-field-spec */
  #browserField(scope: PackageFolder | null, key: string, style: ImportStyle): Resolution | null {
    const map = scope?.manifest.browser;
    if (scope === null || typeof map !== "object" || map === null || !Object.hasOwn(map, key)) return null;
    const replacement = (map as Readonly<Record<string, unknown>>)[key];
    if (replacement === false) return { kind: "empty" };
    if (typeof replacement !== "string" || replacement === key) return null;
    if (!replacement.startsWith(".")) return this.#bare(replacement, scope.path, null, style);
    const path = join(scope.path, replacement);
    const seen = this.#files.isWithin(path) ? this.#files.look(path) : null;
    return seen?.isFile === true && this.#files.nameOf(seen.realPath) !== null ? { kind: "file", realPath: seen.realPath } : null;
  }
}

/** `npm:hono@4/jsx` is how Deno names "hono/jsx". */
function fromNpm(specifier: string): string | undefined {
  const [, name, path = ""] = /^npm:\/?((?:@[^/@]+\/)?[^/@]+)(?:@[^/]*)?(\/.+)?$/.exec(specifier) ?? [];
  return name === undefined ? undefined : `install it with: npm install ${name}, and import ${JSON.stringify(name + path)}`;
}

function refuse(reason: RefusalReason, why: string, hint = ""): Resolution {
  return { kind: "refused", reason, why, hint };
}

/** What apps use instead, by the first part of the name. */
const INSTEAD: Readonly<Record<string, string>> = {
  fs: 'an app has no files: import text with { type: "text" }',
  http: "use fetch(), and export default { fetch } to answer requests",
  https: "use fetch(), and export default { fetch } to answer requests",
  http2: "use fetch(), and export default { fetch } to answer requests",
  net: "an app reaches the network through fetch()",
  tls: "an app reaches the network through fetch()",
  dns: "an app reaches the network through fetch()",
  dgram: "an app reaches the network through fetch()",
  zlib: "use CompressionStream and DecompressionStream",
  child_process: "an app cannot start processes",
  cluster: "an app cannot start processes",
  worker_threads: "an app cannot start threads",
  perf_hooks: "use the global performance",
  console: "use the global console",
};

function wayAround(name: string): string {
  if (!BUILTINS.has(name)) return "";
  return INSTEAD[name.split("/")[0] ?? ""] ?? "use the web API instead, or a package made for browsers; docs/node-modules.md lists the modules there are";
}

function missingPackageHint(name: string, rest: string): string {
  if (name === "__STATIC_CONTENT_MANIFEST") return "Workers Sites are not there: assets in the wrangler file are what serves files";
  if (name === "react" && /\/jsx(-dev)?-runtime$/.test(rest)) return 'JSX needs a runtime: set "jsxImportSource" in tsconfig.json to one that is installed, such as "hono/jsx" or "preact"';
  return `install it with: npm install ${name}`;
}
