/** What the app's tsconfig.json or jsconfig.json, and those that it extends, mean for bundling: JSX settings and path aliases. Nothing else of it is used. */
import { parse } from "jsonc-parser";
import { basename, dirname, join } from "node:path";
import { type BuildSettings, NO_BUILD } from "../../config/build-settings.ts";
import type { AppFiles } from "./app-files.ts";
import { PackageFolders } from "./package-folders.ts";

const MAX_CONFIG_BYTES = 1_000_000;
const MAX_EXTENDED = 16;

export interface PathAlias {
  /** "@/" and "" of "@/*"; without a star the prefix is the whole name. */
  readonly prefix: string;
  readonly suffix: string;
  readonly isPattern: boolean;
  /** Absolute, with a star where the matched part goes. */
  readonly targets: readonly string[];
}

export interface JsxConfig {
  readonly runtime: "automatic" | "classic";
  readonly importSource?: string;
  readonly factory?: string;
  readonly fragment?: string;
}

export interface ProjectConfig {
  readonly jsx: JsxConfig;
  readonly aliases: readonly PathAlias[];
}

type Loose = Readonly<Record<string, unknown>>;

/** `compilerOptions` as they hold, with the folders that those were said in which are relative to it. */
interface Options {
  readonly values: Loose;
  readonly pathsFolder: string | null;
  readonly baseUrl: string | null;
}

const NOTHING: Options = { values: {}, pathsFolder: null, baseUrl: null };

export function readProjectConfig(files: AppFiles, build: BuildSettings = NO_BUILD): ProjectConfig {
  const { values, pathsFolder, baseUrl } = new Reader(files).read(build.tsconfig);
  const text = (key: string) => (typeof values[key] === "string" ? (values[key] as string) : undefined);
  const importSource = text("jsxImportSource");
  const isUnsaid = text("jsx") === undefined && importSource === undefined;
  const factory = text("jsxFactory") ?? (isUnsaid ? (build.jsxFactory ?? undefined) : undefined);
  const fragment = text("jsxFragmentFactory") ?? (isUnsaid ? (build.jsxFragment ?? undefined) : undefined);
  const jsx: JsxConfig = {
    runtime: text("jsx") === "react" || (factory !== undefined && importSource === undefined) ? "classic" : "automatic",
    ...(importSource === undefined ? {} : { importSource }),
    ...(factory === undefined ? {} : { factory }),
    ...(fragment === undefined ? {} : { fragment }),
  };
  const base = baseUrl ?? pathsFolder ?? files.rootPath;
  const aliases: PathAlias[] = [];
  for (const [pattern, targets] of Object.entries(isLoose(values["paths"]) ? values["paths"] : {})) {
    const [prefix = "", suffix, ...more] = pattern.split("*");
    if (more.length > 0 || !Array.isArray(targets)) continue;
    aliases.push({ prefix, suffix: suffix ?? "", isPattern: suffix !== undefined, targets: targets.filter((target) => typeof target === "string").map((target) => join(base, target)) });
  }
  // https://www.typescriptlang.org/tsconfig/#baseUrl: names that are not relative are looked for there before packages.
  if (baseUrl !== null) aliases.push({ prefix: "", suffix: "", isPattern: true, targets: [join(baseUrl, "*")] });
  return { jsx, aliases: aliases.sort((a, b) => b.prefix.length - a.prefix.length) };
}

class Reader {
  readonly #files: AppFiles;
  readonly #packages: PackageFolders;
  #left = MAX_EXTENDED;

  constructor(files: AppFiles) {
    this.#files = files;
    this.#packages = new PackageFolders(files);
  }

  /** A broken file counts as none: TypeScript itself tells what is wrong with it. */
  read(name: string | null): Options {
    const { rootPath } = this.#files;
    const found = (name === null ? ["tsconfig.json", "jsconfig.json"] : [name]).map((one) => join(rootPath, one)).find((path) => this.#files.look(path)?.isFile === true);
    return found === undefined ? NOTHING : this.#at(found);
  }

  #at(path: string): Options {
    const seen = this.#files.look(path);
    if (--this.#left < 0 || seen === null || !seen.isFile || this.#files.nameOf(seen.realPath) === null) return NOTHING;
    let config: unknown;
    try {
      config = parse(this.#files.readText(seen.realPath, MAX_CONFIG_BYTES), [], { allowTrailingComma: true });
    } catch {
      return NOTHING;
    }
    if (!isLoose(config)) return NOTHING;
    const folder = dirname(path);
    const own = isLoose(config["compilerOptions"]) ? config["compilerOptions"] : {};
    const extended = [config["extends"]].flat().filter((one): one is string => typeof one === "string");
    const { values, pathsFolder, baseUrl } = extended.map((one) => this.#extended(one, folder)).reduce(merge, NOTHING);
    return merge({ values, pathsFolder, baseUrl }, { values: own, pathsFolder: isLoose(own["paths"]) ? folder : null, baseUrl: typeof own["baseUrl"] === "string" ? join(folder, own["baseUrl"]) : null });
  }

  /** https://www.typescriptlang.org/tsconfig/#extends */
  #extended(name: string, folder: string): Options {
    if (/^\.\.?(\/|$)/.test(name)) {
      const path = join(folder, name);
      return this.#at(this.#files.look(path)?.isFile === true ? path : `${path}.json`);
    }
    const [, packageName = "", rest = ""] = /^((?:@[^/]+\/)?[^/]+)(\/.*)?$/.exec(name) ?? [];
    const found = packageName === "" || packageName.startsWith(".") ? null : this.#packages.find(packageName, folder);
    if (found === null || found === "outside") return NOTHING;
    const path = join(found.path, rest === "" ? "tsconfig.json" : rest);
    return this.#at(basename(path).includes(".json") ? path : `${path}.json`);
  }
}

function merge(before: Options, after: Options): Options {
  return { values: { ...before.values, ...after.values }, pathsFolder: after.pathsFolder ?? before.pathsFolder, baseUrl: after.baseUrl ?? before.baseUrl };
}

function isLoose(value: unknown): value is Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
