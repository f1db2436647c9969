/** The part of an app that says what it is made of: main file, and how that becomes one module. */
import { existsSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import type { Path } from "../positions.ts";
import type { WranglerEnvironment } from "./environment.ts";
import { isLoose, type Loose } from "./placed-data.ts";
import { linkedPackages } from "./workspace.ts";

export interface Source {
  /** Of `path`, `main` and `build` in nano.json. */
  readonly app: Loose;
  /** Absolute. */
  readonly root: string;
  /** Where parts of it stand in the wrangler file. */
  readonly origins: readonly (readonly [nano: Path, wrangler: Path])[];
}

const RULES: Readonly<Record<string, "text" | "data" | "wasm" | "code">> = { Text: "text", Data: "data", CompiledWasm: "wasm", ESModule: "code", CommonJS: "code" };

/** `folder` is that of the wrangler file. */
export function sourceOf(environment: WranglerEnvironment, folder: string): Source {
  const main = mainOf(environment, folder);
  const root = main === null ? folder : [dirname(main), ...linkedPackages(folder)].reduce(commonFolder, folder);
  const build: Loose = {};
  const origins: (readonly [Path, Path])[] = [];
  const take = (key: string, found: { readonly value: unknown; readonly path: Path } | undefined) => {
    if (found === undefined) return;
    build[key] = found.value;
    origins.push([["build", key], found.path]);
  };
  take("define", definedBy(environment));
  const alias = environment.object("alias");
  take("alias", alias === undefined ? undefined : { ...alias, value: Object.fromEntries(Object.entries(alias.value).map(([name, target]) => [name, typeof target === "string" && target.startsWith(".") ? fromRoot(root, resolve(folder, target)) : target])) });
  take("rules", rulesOf(environment));
  const tsconfig = environment.text("tsconfig");
  const ownTsconfig = ["tsconfig.json", "jsconfig.json"].find((name) => root !== folder && existsSync(join(folder, name)));
  if (tsconfig === undefined && ownTsconfig !== undefined) build["tsconfig"] = fromRoot(root, join(folder, ownTsconfig));
  take("tsconfig", tsconfig === undefined ? undefined : { ...tsconfig, value: fromRoot(root, resolve(folder, tsconfig.value)) });
  take("jsx_factory", environment.text("jsx_factory"));
  take("jsx_fragment", environment.text("jsx_fragment"));
  if (hasNodeGlobals(environment)) build["node_globals"] = true;
  const app: Loose = { path: root };
  if (main !== null) app["main"] = relative(root, main);
  if (Object.keys(build).length > 0) app["build"] = build;
  return { app, root, origins };
}

function mainOf(environment: WranglerEnvironment, folder: string): string | null {
  const main = environment.text("main");
  const site = environment.object("site")?.value["entry-point"];
  if (main !== undefined) return resolve(folder, main.value);
  if (typeof site === "string") return entryOf(resolve(folder, site));
  const pages = environment.text("pages_build_output_dir");
  if (pages === undefined) return null;
  const worker = pagesWorker(folder, pages.value);
  if (worker !== null) return worker;
  if (statSync(join(folder, "functions"), { throwIfNoEntry: false }) === undefined) return null;
  environment.problems.push(environment.problem("this Pages project has a folder functions/, of which nano does not make routes", `"npx wrangler pages functions build --outdir ${pages.value}/_worker.js" makes that file of them`, pages.path, true));
  return null;
}

/** https://developers.cloudflare.com/pages/functions/advanced-mode/ */
function pagesWorker(folder: string, output: string): string | null {
  const path = join(folder, output, "_worker.js");
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? null : found.isDirectory() ? join(path, "index.js") : path;
}

/** A folder with a package.json, as wrangler 1 had it. */
function entryOf(path: string): string {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? join(path, "index.js") : path;
}

/** Values that are no strings are none to esbuild either: they are told as what they are in nano.json. */
function definedBy(environment: WranglerEnvironment): { readonly value: unknown; readonly path: Path } | undefined {
  const found = environment.object("define");
  return found === undefined ? undefined : { value: Object.fromEntries(Object.entries(found.value).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)])), path: found.path };
}

function rulesOf(environment: WranglerEnvironment): { readonly value: unknown; readonly path: Path } | undefined {
  const found = environment.list("rules");
  if (found === undefined) return undefined;
  const rules = found.value.flatMap((rule, i) => {
    const path = [...found.path, i];
    const type = isLoose(rule) ? rule["type"] : undefined;
    const kind = typeof type === "string" && Object.hasOwn(RULES, type) ? RULES[type] : undefined;
    if (kind === undefined) {
      environment.problems.push(environment.problem(`must be a rule of type ${Object.keys(RULES).join(", ")}`, typeof type === "string" && type.startsWith("Python") ? "nano runs no Python" : undefined, [...path, "type"]));
      return [];
    }
    return kind === "code" ? [] : [{ type: kind, globs: isLoose(rule) ? rule["globs"] : undefined }];
  });
  return rules.length === 0 ? undefined : { value: rules, path: found.path };
}

/** https://developers.cloudflare.com/workers/runtime-apis/nodejs/ */
function hasNodeGlobals(environment: WranglerEnvironment): boolean {
  const flags = environment.list("compatibility_flags");
  if (flags?.value.includes("python_workers") === true) environment.problems.push(environment.problem("nano runs JavaScript and TypeScript, no Python", undefined, flags.path));
  return environment.get("node_compat")?.value === true || ["nodejs_compat", "nodejs_compat_v2"].some((flag) => flags?.value.includes(flag) === true);
}

/** The app's files may lie beside the folder of the wrangler file. */
function commonFolder(a: string, b: string): string {
  let folder = a;
  while (b !== folder && !b.startsWith(folder.endsWith(sep) ? folder : folder + sep)) folder = dirname(folder);
  return folder;
}

function fromRoot(root: string, path: string): string {
  const inside = relative(root, path);
  return inside.startsWith("..") ? inside : `./${inside}`;
}
