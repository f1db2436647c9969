/**
 * Bundles an app with Bun.build without letting Bun near the app's files: a plugin resolves every import and hands over every text, under names that do
 * not exist on disk. So Bun reads nothing of the app itself (no tsconfig, package.json or plugin of it takes effect) and no host path reaches the output.
 * Runs under Bun only.
 */
import { createHash } from "node:crypto";
import { extname, posix } from "node:path";
import { type BuildSettings, NO_BUILD } from "../../config/build-settings.ts";
import { type AppFiles, UnsafeFile } from "./app-files.ts";
import { codeFrame } from "./code-frame.ts";
import { CODE_EXTENSIONS, type Entry } from "./entry.ts";
import { dataModule, FileKinds, type ModuleLoader, splitQuery } from "./file-kinds.ts";
import { withImportPatterns } from "./import-patterns.ts";
import { findImport, importTypes } from "./import-site.ts";
import type { LoadProblem } from "./load-error.ts";
import { withJsxRuntime } from "./jsx-pragma.ts";
import { nameDeclaredTwice, withoutCommonJs } from "./module-scope.ts";
import { entryModule, type NodeGlobal, nodeGlobalsIn, nodeGlobalsModule } from "./node-globals.ts";
import { doorPrologue, type NodeModules } from "./node-modules.ts";
import { type ProjectConfig, readProjectConfig } from "./project-config.ts";
import { type Resolution, Resolver } from "./resolve.ts";

export interface BuildLimits {
  readonly maxBundleBytes: number;
  readonly maxModules: number;
  readonly build?: BuildSettings;
}

export interface BuildResult {
  /** Null when there are problems. */
  readonly output: { readonly code: string; readonly sourceMap: string; readonly exports: readonly string[] } | null;
  readonly problems: readonly LoadProblem[];
  /** Imports that will fail if the app ever gets to them. */
  readonly warnings: readonly LoadProblem[];
  /** What the app is made of: name and text of every module. */
  readonly inputs: ReadonlyMap<string, string>;
  /** Under which name the code expects its door on `globalThis`, see `node-modules`; null when it needs none. */
  readonly doorName: string | null;
}

interface Module {
  readonly name: string;
  readonly realPath: string;
  readonly text: string;
  readonly loader: ModuleLoader;
  readonly types: ReadonlyMap<string, string>;
}

/** Bun refuses to run macros (code of the app, at build time, on the host) for modules below a node_modules folder, so every module is given such a name. */
const VIRTUAL_ROOT = "/node_modules/app/";
const NAMESPACE = "app";
const STUB_NAMESPACE = "unavailable";
const EMPTY_STUB = "empty";
const NODE_NAMESPACE = "nano";
/** For require(), which wants what the module exports by default. */
const NODE_REQUIRED_NAMESPACE = "nano-required";
const REQUIRED = "?required";
/** The entry, and what runs before it, where the app has Node's globals. */
const GLOBALS_NAMESPACE = "nano-globals";
const WRAPPED_ENTRY = "entry";
const GLOBALS = "globals";
/** What apps write, never what the host has: in parts, because only config may read the host's environment. */
const NODE_ENV = ["process", "env", "NODE_ENV"].join(".");
const MAX_PROBLEMS = 50;
const MAX_IMPORTS_PER_MODULE = 20;
/** Sources may be larger than the bundle made of them: types, comments and unused exports go. */
const INPUT_BYTES_PER_BUNDLE_BYTE = 4;

export async function buildApp(entry: Entry, entryText: string, limits: BuildLimits, nodeModules: NodeModules | null): Promise<BuildResult> {
  const config = readProjectConfig(entry.files, limits.build);
  const ownNames = new Map<string, string[]>();
  // Bun's first build of a process also reads package.json and tsconfig.json of the working directory, and fails if they are broken. The second does not.
  let mayNotStart = true;
  for (;;) {
    const build = new AppBuild(entry, entryText, limits, config, nodeModules, ownNames);
    const isStarted = await build.run();
    if (!isStarted && mayNotStart) mayNotStart = false;
    else if (!build.hasFoundOwnNames) return build;
  }
}

class AppBuild implements BuildResult {
  readonly problems: LoadProblem[] = [];
  readonly warnings: LoadProblem[] = [];
  output: BuildResult["output"] = null;
  hasFoundOwnNames = false;
  readonly #entry: Entry;
  readonly #files: AppFiles;
  readonly #resolver: Resolver;
  readonly #config: ProjectConfig;
  readonly #limits: BuildLimits;
  readonly #build: BuildSettings;
  readonly #kinds: FileKinds;
  readonly #modules = new Map<string, Module>();
  readonly #nodeModules: NodeModules | null;
  /** Nobody can know it who wrote the app, so none of its code can name what is behind it. */
  readonly #doorName: string;
  /** By path of the module: the names of CommonJS that it declares itself. Found by builds that fail. */
  readonly #ownNames: Map<string, string[]>;
  readonly #nodeGlobals = new Set<NodeGlobal>();
  #usesNodeModules = false;
  #importCount = 0;
  #inputBytes = 0;
  #isStarted = false;

  constructor(entry: Entry, entryText: string, limits: BuildLimits, config: ProjectConfig, nodeModules: NodeModules | null, ownNames: Map<string, string[]>) {
    this.#ownNames = ownNames;
    this.#entry = entry;
    this.#files = entry.files;
    this.#config = config;
    this.#limits = limits;
    this.#build = limits.build ?? NO_BUILD;
    this.#kinds = new FileKinds(this.#build.rules);
    this.#nodeModules = nodeModules;
    this.#doorName = `__nano_${createHash("sha256").update(entryText).digest("hex").slice(0, 16)}`;
    this.#resolver = new Resolver(entry.files, config.aliases, this.#build.alias, nodeModules);
    this.#modules.set(VIRTUAL_ROOT + entry.name, { name: entry.name, realPath: entry.path, text: entryText, loader: this.#kinds.entryLoader(entry.name), types: importTypes(entryText) });
  }

  get #hasNodeGlobals(): boolean {
    return this.#build.hasNodeGlobals && this.#nodeModules !== null;
  }

  get doorName(): string | null {
    return this.#usesNodeModules ? this.#doorName : null;
  }

  get inputs(): ReadonlyMap<string, string> {
    return new Map([...this.#modules.values()].map((module) => [module.name, module.text]));
  }

  /** False when Bun did not even come to the app. */
  async run(): Promise<boolean> {
    const guestUrl = `file:///app/${this.#entry.name.split("/").map(encodeURIComponent).join("/")}`;
    const result = await Bun.build({
      // Without a folder in it: Bun opens the folder an entry point lies in.
      entrypoints: [`${NAMESPACE}:entry`],
      target: "browser",
      format: "esm",
      splitting: false,
      sourcemap: "external",
      env: "disable",
      throw: false,
      metafile: true,
      jsx: { ...this.#config.jsx, development: false },
      define: {
        [NODE_ENV]: '"production"',
        "import.meta.url": JSON.stringify(guestUrl),
        __filename: JSON.stringify(guestUrl.slice("file://".length)),
        __dirname: JSON.stringify(guestUrl.slice("file://".length, guestUrl.lastIndexOf("/"))),
        ...this.#build.define,
      },
      plugins: [{ name: "nano", setup: (builder) => this.#plug(builder) }],
    });
    if (!this.#isStarted) return false;
    for (const log of result.logs) if (log.level === "error") this.#addBuildMessage(log);
    this.problems.sort((a, b) => (a.file === b.file ? a.line - b.line || a.column - b.column : a.file < b.file ? -1 : 1));
    const code = result.outputs.find((output) => output.kind === "entry-point");
    const sourceMap = result.outputs.find((output) => output.kind === "sourcemap");
    if (this.problems.length > 0 || code === undefined || sourceMap === undefined) return true;
    const exports = Object.values(result.metafile?.outputs ?? {}).find((output) => output.entryPoint !== undefined)?.exports ?? [];
    const text = (await code.text()).replace(/\n\/\/# debugId=[0-9A-F]+\s*$/, "\n");
    const map = await sourceMap.text();
    this.output = this.#usesNodeModules ? { code: `${doorPrologue(this.#doorName)}\n${text}`, sourceMap: oneLineDown(map), exports } : { code: text, sourceMap: map, exports };
    return true;
  }

  #plug(builder: Bun.PluginBuilder): void {
    builder.onResolve({ filter: /.*/ }, ({ path, importer, kind }) => {
      this.#isStarted = true;
      if (!kind.startsWith("entry-point")) return this.#import(path, importer, kind);
      return this.#hasNodeGlobals ? { path: WRAPPED_ENTRY, namespace: GLOBALS_NAMESPACE } : this.#entryModule;
    });
    builder.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => {
      const module = this.#modules.get(path);
      if (module === undefined) throw new Error(`no module ${path}`);
      return module.loader === "data" ? { contents: dataModule(module.text), loader: "js" } : { contents: this.#contentsOf(path, module), loader: module.loader };
    });
    builder.onLoad({ filter: /.*/, namespace: GLOBALS_NAMESPACE }, async ({ path, defer }) => {
      if (path === WRAPPED_ENTRY) return { contents: entryModule(GLOBALS, WRAPPED_ENTRY, (this.#modules.get(this.#entryModule.path) as Module).text), loader: "js" };
      // Once all modules of the app have said what they mention.
      await defer();
      return { contents: nodeGlobalsModule(this.#nodeGlobals), loader: "js" };
    });
    builder.onLoad({ filter: /.*/, namespace: NODE_NAMESPACE }, ({ path }) => ({ contents: this.#nodeModules?.text(path, this.#doorName) ?? "", loader: "js" }));
    builder.onLoad({ filter: /.*/, namespace: NODE_REQUIRED_NAMESPACE }, ({ path }) => ({ contents: `module.exports = require(${JSON.stringify(`./${posix.basename(path, REQUIRED)}`)}).default;`, loader: "js" }));
    // CommonJS in form, so that any name can be imported from it.
    builder.onLoad({ filter: /.*/, namespace: STUB_NAMESPACE }, ({ path }) => ({
      contents: path === EMPTY_STUB ? "module.exports = {};" : `if (true) throw new TypeError(${JSON.stringify(path)}); module.exports = {};`,
      loader: "js",
    }));
  }

  #contentsOf(path: string, { realPath, loader, text: source }: Module): string {
    if (!CODE_EXTENSIONS.includes(extname(realPath)) || loader === "text" || loader === "json") return source;
    const text = this.#files.isPackage(realPath) ? source : withImportPatterns(source, realPath, (folder) => this.#filesBelow(folder, realPath));
    if (this.#hasNodeGlobals) for (const name of nodeGlobalsIn(text)) this.#nodeGlobals.add(name);
    return withoutCommonJs(loader === "tsx" || loader === "jsx" ? withJsxRuntime(text) : text, this.#ownNames.get(path) ?? []);
  }

  /** Those that can be imported. */
  #filesBelow(folder: string, importer: string): readonly string[] {
    return this.#files.list(folder).filter((file) => {
      const loader = this.#kinds.loaderOf(this.#files.nameOf(file) ?? "", undefined);
      return file !== importer && loader !== null && loader !== "wasm" && !file.endsWith(".d.ts");
    });
  }

  get #entryModule(): { readonly path: string; readonly namespace: string } {
    return { path: VIRTUAL_ROOT + this.#entry.name, namespace: NAMESPACE };
  }

  /** What the module that wraps the entry, and the one before it, import. */
  #importOfWrapper(specifier: string): Bun.OnResolveResult {
    if (specifier === GLOBALS) return { path: GLOBALS, namespace: GLOBALS_NAMESPACE };
    if (specifier === WRAPPED_ENTRY) return this.#entryModule;
    this.#usesNodeModules = true;
    return { path: this.#nodeModules?.pathOf(specifier.slice("node:".length)) ?? specifier, namespace: NODE_NAMESPACE };
  }

  #import(asked: string, importerPath: string, kind: Bun.ImportKind): Bun.OnResolveResult {
    const importer = this.#modules.get(importerPath);
    if (importer === undefined && (importerPath === WRAPPED_ENTRY || importerPath === GLOBALS)) return this.#importOfWrapper(asked);
    if (importer === undefined && this.#nodeModules !== null) return { path: this.#nodeModules.resolve(asked, importerPath), namespace: NODE_NAMESPACE };
    if (importer === undefined || this.problems.length >= MAX_PROBLEMS) return stub(EMPTY_STUB);
    if (++this.#importCount > this.#limits.maxModules * MAX_IMPORTS_PER_MODULE) return this.#problem(importer, asked, "the app has too many imports");
    const { specifier, isRaw } = splitQuery(asked);
    const found = this.#resolver.resolve(specifier, importer.realPath, kind === "require-call" || kind === "require-resolve" ? "require" : "import");
    if (found.kind === "empty") return stub(EMPTY_STUB);
    if (found.kind === "node") {
      this.#usesNodeModules = true;
      // The bundler tells modules apart by path alone.
      return kind === "require-call" ? { path: `${found.path}${REQUIRED}`, namespace: NODE_REQUIRED_NAMESPACE } : { path: found.path, namespace: NODE_NAMESPACE };
    }
    if (found.kind === "refused") return this.#refuse(found, importer, asked, kind);
    try {
      return { path: this.#add(found.realPath, isRaw ? "text" : importer.types.get(specifier)), namespace: NAMESPACE };
    } catch (error) {
      if (error instanceof UnsafeFile) return this.#problem(importer, asked, `cannot import ${JSON.stringify(asked)}: ${error.message}`, error.hint);
      throw error;
    }
  }

  /** Reads a module once and returns the name Bun knows it by. */
  #add(realPath: string, type: string | undefined): string {
    const name = this.#files.nameOf(realPath) ?? "";
    const loader = this.#kinds.loaderOf(name, type);
    if (loader === "wasm") throw new UnsafeFile("an app has no WebAssembly", "look for a build of the package in JavaScript, or serve the module elsewhere and ask it with fetch()");
    if (loader === null) throw new UnsafeFile("nano loads JavaScript, TypeScript, JSON and text; import other text with { type: \"text\" }", 'or say what such files are: "build": { "rules": [{ "type": "data", "globs": ["**/*.ext"] }] }');
    const path = `${VIRTUAL_ROOT}${name}${type === "text" ? "?text" : ""}`;
    if (this.#modules.has(path)) return path;
    const { maxModules, maxBundleBytes } = this.#limits;
    if (this.#modules.size >= maxModules) throw new UnsafeFile(`the app has more than ${maxModules} modules`);
    const text = loader === "data" ? this.#files.readBase64(realPath, maxBundleBytes) : this.#files.readText(realPath, maxBundleBytes);
    this.#inputBytes += text.length;
    if (this.#inputBytes > maxBundleBytes * INPUT_BYTES_PER_BUNDLE_BYTE) throw new UnsafeFile(`the app's sources are larger than ${maxBundleBytes * INPUT_BYTES_PER_BUNDLE_BYTE} bytes`);
    this.#modules.set(path, { name, realPath, text, loader, types: CODE_EXTENSIONS.includes(extname(realPath)) ? importTypes(text) : new Map() });
    return path;
  }

  /**
   * An import that cannot be had ends the load, unless code may be prepared for it: packages probe with require() in a try, and import() can be caught.
   * Those throw a TypeError when, and if, they run.
   */
  #refuse(found: Resolution & { readonly kind: "refused" }, importer: Module, specifier: string, kind: Bun.ImportKind): Bun.OnResolveResult {
    const isPackage = this.#files.isPackage(importer.realPath);
    const message = `cannot import ${JSON.stringify(specifier)}: ${found.why}`;
    const isAsked = kind === "dynamic-import" ? !(found.reason === "missing" && specifier.startsWith(".")) : kind !== "import-statement" && isPackage;
    if (!isAsked) return this.#problem(importer, specifier, message, found.hint);
    if (this.warnings.length < MAX_PROBLEMS) this.warnings.push(this.#at(importer, specifier, message, found.hint));
    return stub(message);
  }

  #problem(importer: Module, specifier: string, message: string, hint = ""): Bun.OnResolveResult {
    this.problems.push(this.#at(importer, specifier, message, hint));
    return stub(EMPTY_STUB);
  }

  #at(importer: Module, specifier: string, message: string, hint: string): LoadProblem {
    const { line, column } = findImport(importer.text, specifier) ?? { line: 0, column: 0 };
    return { file: importer.name, line, column, message, hint, frame: line === 0 ? "" : codeFrame(importer.text, line, column) };
  }

  #addBuildMessage({ message, position }: BuildMessage | ResolveMessage): void {
    const module = this.#modules.get(position?.file ?? "");
    // What Bun says about a stub follows from a problem that is already known.
    if (this.problems.length >= MAX_PROBLEMS || (message.includes(`${STUB_NAMESPACE}:`) && this.problems.length > 0)) return;
    if (module !== undefined) this.#noteOwnName(position?.file ?? "", message);
    const isMacro = /macro/i.test(message) && message.includes("node_modules");
    const shown = isMacro ? "macros cannot be used: they would run on the host" : message.replaceAll(`${NAMESPACE}:${VIRTUAL_ROOT}`, "").replaceAll(VIRTUAL_ROOT, "");
    const place = { file: module?.name ?? this.#entry.name, line: position?.line ?? 0, column: position?.column ?? 0 };
    this.problems.push({ ...place, message: shown, hint: "", frame: module === undefined || place.line === 0 ? "" : codeFrame(module.text, place.line, place.column) });
  }

  #noteOwnName(path: string, message: string): void {
    const name = nameDeclaredTwice(message);
    const known = this.#ownNames.get(path) ?? [];
    if (name === null || known.includes(name)) return;
    this.#ownNames.set(path, [...known, name]);
    this.hasFoundOwnNames = true;
  }
}

/** A source map of the same code with a line before it. */
function oneLineDown(sourceMap: string): string {
  const map = JSON.parse(sourceMap) as { mappings: string };
  return JSON.stringify({ ...map, mappings: `;${map.mappings}` });
}

function stub(path: string): Bun.OnResolveResult {
  return { path, namespace: STUB_NAMESPACE };
}
