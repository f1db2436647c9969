/** What an app's own tsconfig.json or jsconfig.json means for bundling: JSX settings and path aliases. Nothing else of it is used, and `extends` is not followed. */
import { parse } from "jsonc-parser";
import { join } from "node:path";
import type { AppFiles } from "./app-files.ts";

const MAX_CONFIG_BYTES = 1_000_000;

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

export function readProjectConfig(files: AppFiles): ProjectConfig {
  const options = readCompilerOptions(files);
  const text = (key: string) => (typeof options[key] === "string" ? (options[key] as string) : undefined);
  const importSource = text("jsxImportSource");
  const factory = text("jsxFactory");
  const fragment = text("jsxFragmentFactory");
  const jsx: JsxConfig = {
    runtime: text("jsx") === "react" || (factory !== undefined && importSource === undefined) ? "classic" : "automatic",
    ...(importSource === undefined ? {} : { importSource }),
    ...(factory === undefined ? {} : { factory }),
    ...(fragment === undefined ? {} : { fragment }),
  };
  const base = join(files.rootPath, text("baseUrl") ?? ".");
  const aliases: PathAlias[] = [];
  for (const [pattern, targets] of Object.entries(typeof options.paths === "object" && options.paths !== null ? options.paths : {})) {
    const [prefix = "", suffix, ...more] = pattern.split("*");
    if (more.length > 0 || !Array.isArray(targets)) continue;
    aliases.push({ prefix, suffix: suffix ?? "", isPattern: suffix !== undefined, targets: targets.filter((target) => typeof target === "string").map((target) => join(base, target)) });
  }
  return { jsx, aliases: aliases.sort((a, b) => b.prefix.length - a.prefix.length) };
}

function readCompilerOptions(files: AppFiles): Readonly<Record<string, unknown>> {
  for (const name of ["tsconfig.json", "jsconfig.json"]) {
    const seen = files.look(join(files.rootPath, name));
    if (seen === null || !seen.isFile || files.nameOf(seen.realPath) === null) continue;
    try {
      const options: unknown = parse(files.readText(seen.realPath, MAX_CONFIG_BYTES), [], { allowTrailingComma: true })?.compilerOptions;
      return typeof options === "object" && options !== null ? (options as Readonly<Record<string, unknown>>) : {};
    } catch {
      return {};
    }
  }
  return {};
}
