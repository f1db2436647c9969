/** The variables of an app: those of `env`, of `secrets`, and of the files that only `nano dev` reads. Finds what is missing, what is there twice, and what is too large. */
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Place, type Problem, problem } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Json } from "./config.ts";
import { type DevEnv, type DevVariable, type DevVariables, readDevEnv } from "./dev-env.ts";
import { isEnvName, referenceOf } from "./env-schema.ts";
import type { EnvSources } from "./env-sources.ts";
import { type Document, fieldName, type Path } from "./positions.ts";

type Loose = Readonly<Record<string, unknown>>;
type Variables = Readonly<Record<string, Json>>;

export interface AppEnv {
  readonly env: Variables;
  readonly secrets: Variables;
  /** Files that values came from, or would come from if they were there. */
  readonly files: readonly string[];
  /** A secret stands in the config itself. */
  readonly hasInlineSecrets: boolean;
}

export interface EnvOptions {
  readonly sources: EnvSources;
  /** Null except in `nano dev`. */
  readonly dev: DevEnv | null;
  /** What `from_file` and `path` are relative to. */
  readonly folder: string;
}

const NONE: DevVariables = { variables: new Map(), files: [] };
const MOST_VALUE_BYTES = limits.env_value_kb.default << 10;
const MOST_TOTAL_BYTES = limits.env_total_kb.default << 10;

/** Of every app in order, well formed or not, so that these problems are told along with those of the shape. */
export function readAppEnvs(document: Document, options: EnvOptions): { readonly envs: readonly AppEnv[]; readonly problems: readonly Problem[] } {
  const { apps } = document.value as Loose;
  const problems: Problem[] = [];
  const envs = (Array.isArray(apps) ? apps : []).map((app, i) => new EnvReader(document, options, problems).read(looseOf(app), ["apps", i]));
  return { envs, problems };
}

class EnvReader {
  readonly #document: Document;
  readonly #options: EnvOptions;
  readonly #problems: Problem[];
  readonly #files: string[] = [];
  #hasInlineSecrets = false;
  #count = 0;
  #bytes = 0;

  constructor(document: Document, options: EnvOptions, problems: Problem[]) {
    this.#document = document;
    this.#options = options;
    this.#problems = problems;
  }

  read(app: Loose, path: Path): AppEnv {
    const { dev, folder } = this.#options;
    const { variables: devVariables, files } = dev === null ? NONE : readDevEnv(dev, [folder, ...folderOf(app["path"], folder)]);
    this.#files.push(...files);
    const [said, secret] = [looseOf(app["env"]), looseOf(app["secrets"])];
    for (const name of Object.keys(secret)) if (Object.hasOwn(said, name)) this.#problems.push(this.#document.problem("env_twice", { name }, [...path, "secrets", name], { ofKey: true }));
    const secrets = this.#readAll(secret, [...path, "secrets"], devVariables);
    const env = this.#readAll(said, [...path, "env"], devVariables);
    for (const [name, { value, file }] of devVariables) {
      const isNew = !Object.hasOwn(said, name) && !Object.hasOwn(secret, name);
      if (isNew && this.#accept(name, value, { ...(file === undefined ? {} : { file }), field: fieldName([...path, "env", name]) })) env[name] = value;
    }
    const required = app["required_env"];
    const missing = (Array.isArray(required) ? required : []).filter((name) => typeof name === "string" && isEnvName(name) && !isGiven(name, said, secret, devVariables)) as string[];
    if (dev?.namesOnly === true) for (const name of missing) env[name] = "";
    else if (missing.length > 0) this.#problems.push(this.#document.problem("env_required", { names: missing, isDev: dev !== null }, [...path, "required_env"]));
    return { env, secrets, files: [...new Set(this.#files)], hasInlineSecrets: this.#hasInlineSecrets };
  }

  #readAll(said: Loose, path: Path, devVariables: ReadonlyMap<string, DevVariable>): Record<string, Json> {
    const isSecret = path.at(-1) === "secrets";
    const values: Record<string, Json> = Object.create(null);
    for (const [name, value] of Object.entries(said)) {
      // Told with the shape.
      if (!isEnvName(name)) continue;
      const at = [...path, name];
      const isInline = referenceOf(value) === null;
      if (isSecret && isInline) this.#hasInlineSecrets = true;
      const found = devVariables.get(name)?.value ?? (isInline ? (value as Json) : this.#resolve(name, value, at));
      if (found !== undefined && this.#accept(name, found, this.#document.place(at, { ofKey: true }))) values[name] = found;
    }
    return values;
  }

  #resolve(name: string, value: unknown, path: Path): string | undefined {
    const reference = referenceOf(value);
    if (reference === null || reference === "wrong") return undefined;
    const { sources, dev, folder } = this.#options;
    if (dev?.namesOnly === true) return "";
    if ("from_env" in reference) {
      const found = sources.variable(reference.from_env);
      if (found === undefined) this.#problems.push(this.#document.problem("env_unset", { name, variable: reference.from_env }, [...path, "from_env"]));
      return found;
    }
    const file = resolve(folder, reference.from_file);
    this.#files.push(file);
    const read = sources.file(file);
    if ("text" in read) return read.text;
    this.#problems.push(this.#document.problem("env_file", { name, path: reference.from_file, fault: read.fault }, [...path, "from_file"]));
    return undefined;
  }

  /** Counts the variable, and tells the first one that is too many or too much. */
  #accept(name: string, value: Json, place: Place): boolean {
    if (!isEnvName(name)) {
      this.#problems.push(problem("env_name", undefined, place));
      return false;
    }
    const bytes = byteLength(typeof value === "string" ? value : JSON.stringify(value));
    const before = this.#bytes;
    this.#bytes += byteLength(name) + bytes;
    if (++this.#count === limits.env_count.default + 1) this.#problems.push(problem("env_count", { name, most: limits.env_count.default }, place));
    if (bytes > MOST_VALUE_BYTES) this.#problems.push(problem("env_value_size", { name, bytes, most: MOST_VALUE_BYTES }, place));
    else if (before <= MOST_TOTAL_BYTES && this.#bytes > MOST_TOTAL_BYTES) this.#problems.push(problem("env_size", { name, most: MOST_TOTAL_BYTES }, place));
    return true;
  }
}

/** A reference that leads nowhere is a problem of its own. */
function isGiven(name: string, env: Loose, secrets: Loose, devVariables: ReadonlyMap<string, DevVariable>): boolean {
  return devVariables.has(name) || Object.hasOwn(env, name) || Object.hasOwn(secrets, name);
}

/** The folder that an app lives in. */
function folderOf(path: unknown, base: string): readonly string[] {
  if (typeof path !== "string") return [];
  const full = resolve(base, path);
  return [statSync(full, { throwIfNoEntry: false })?.isDirectory() === true ? full : dirname(full)];
}

function looseOf(value: unknown): Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Loose) : {};
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).byteLength;
}
