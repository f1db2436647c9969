/** Finds and reads the config file. Whatever is wrong with it is told with its name and the way out. */
import { constants, existsSync } from "node:fs";
import { type FileHandle, open, readdir } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { suggest } from "../base/suggestion.ts";
import { OperatorError, problem } from "../errors.ts";
import { limits } from "../limits.ts";
import { type AppConfig, type Config, variablesOf } from "./config.ts";
import type { DevEnv } from "./dev-env.ts";
import { configOfDocument, parseConfig } from "./parse.ts";
import { Document } from "./positions.ts";
import { isWranglerFile, rawOf, readWrangler, WRANGLER_NAMES } from "./wrangler/wrangler.ts";

const NAMES = ["nano.json", ...WRANGLER_NAMES, "config.json"] as const;
const MOST_BYTES = limits.config_file_mb.default << 20;

/** The file that was asked for, or the one that lies in `cwd`; undefined when there is none. */
export function findConfig(cwd: string, asked: string | undefined): string | undefined {
  if (asked !== undefined) return resolve(cwd, asked);
  return NAMES.map((name) => join(cwd, name)).find((file) => existsSync(file));
}

/** Whether a file of this name is read as a config, where an app may stand as well. */
export function isConfigName(name: string): boolean {
  return /\.jsonc?$/.test(name) || isWranglerFile(name);
}

export interface LoadConfigOptions {
  /** Of `nano dev`: variables besides those of the config. What nano lacks of a wrangler file is told then, and else refused. */
  readonly dev?: DevEnv | undefined;
  /** Of a wrangler file. */
  readonly environment?: string | undefined;
  /** For `check`, which is to tell and not to refuse what nano lacks, with the values that `nano serve` has. */
  readonly isLenient?: boolean;
}

export interface LoadedConfig {
  readonly config: Config;
  readonly text: string;
  /** What it says, as nano.json says it. */
  readonly raw: Readonly<Record<string, unknown>>;
  /** The text is not nano's own format: nano does not change it. */
  readonly isForeign: boolean;
}

/** Throws OperatorError. `file` is absolute; problems name it relative to `cwd`. */
export async function loadConfig(file: string, cwd: string, options: LoadConfigOptions = {}): Promise<Config> {
  return (await loadConfigText(file, cwd, options)).config;
}

/** The config with the text that it was made of. */
export async function loadConfigText(file: string, cwd: string, { dev, environment, isLenient = false }: LoadConfigOptions = {}): Promise<LoadedConfig> {
  const shownAs = shown(file, cwd);
  const { bytes, mode } = await readBytes(file, shownAs);
  const text = decode(bytes, shownAs);
  if (!isWranglerFile(file) && environment !== undefined) throw new OperatorError(problem("config_no_environments", { asked: environment }, { file: shownAs }));
  if (!isWranglerFile(file)) return { config: parseConfig(text, file, shownAs, { dev, mode: process.platform === "win32" ? undefined : mode }), text, raw: new Document(text, shownAs).value as LoadedConfig["raw"], isForeign: false };
  const read = readWrangler(text, file, shownAs, { environment: environment ?? dev?.environment ?? null, use: dev !== undefined ? "dev" : isLenient ? "check" : "serve" });
  const config = configOfDocument(read.document, file, dirname(file), { dev: dev === undefined ? undefined : { ...dev, followsWrangler: true } }, read.problems);
  const apps = config.apps.map((app) => ({ ...app, lacking: withoutVariables(read.lacking, app) }));
  return { config: { ...config, apps, warnings: [...read.warnings, ...config.warnings] }, text, raw: rawOf(read), isForeign: true };
}

/** A variable of .dev.vars may stand in for a binding. */
function withoutVariables(lacking: Readonly<Record<string, string>>, app: AppConfig): Readonly<Record<string, string>> {
  const variables = variablesOf(app);
  return Object.fromEntries(Object.entries(lacking).filter(([name]) => !Object.hasOwn(variables, name) && app.assets?.binding !== name));
}

async function readBytes(file: string, shownAs: string): Promise<{ readonly bytes: Uint8Array; readonly mode: number }> {
  let handle: FileHandle;
  try {
    // Without O_NONBLOCK, opening a pipe that nobody writes to never returns.
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw await openError(file, shownAs, (error as { code?: string }).code ?? "unknown error");
  }
  await using _ = handle;
  const found = await handle.stat();
  if (found.isDirectory()) throw new OperatorError(problem("config_is_folder", { example: join(shownAs, NAMES[0]) }, { file: shownAs }));
  if (!found.isFile()) throw new OperatorError(problem("config_no_file", undefined, { file: shownAs }));
  const bytes = await readUpTo(handle, Math.min(found.size, MOST_BYTES) + 1);
  if (bytes.byteLength > MOST_BYTES) throw new OperatorError(problem("config_too_large", { mostBytes: MOST_BYTES }, { file: shownAs }));
  return { bytes, mode: found.mode };
}

/** A file that grows while it is read is read to its size of before, plus one byte. */
async function readUpTo(handle: FileHandle, most: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(most);
  let filled = 0;
  while (filled < most) {
    const { bytesRead } = await handle.read(buffer, filled, most - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

async function openError(file: string, shownAs: string, code: string): Promise<OperatorError> {
  if (code === "ENOENT" || code === "ENOTDIR") return new OperatorError(problem("config_not_found", { meant: await neighbour(file, shownAs) }, { file: shownAs }));
  if (code === "EISDIR") return new OperatorError(problem("config_is_folder", { example: join(shownAs, NAMES[0]) }, { file: shownAs }));
  return new OperatorError(problem("config_unreadable", { reason: code }, { file: shownAs }));
}

/** A config beside `file` that may have been meant. */
async function neighbour(file: string, shownAs: string): Promise<string | undefined> {
  const names = await readdir(dirname(file)).catch(() => []);
  const meant = suggest(basename(file), names.filter((name) => isConfigName(name)));
  return meant === undefined ? undefined : join(dirname(shownAs), meant);
}

/** A byte order mark is dropped. */
function decode(bytes: Uint8Array, shownAs: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    const valid = new TextDecoder().decode(bytes.subarray(0, validLength(bytes)));
    const lines = valid.split(/\r\n|\r|\n/);
    throw new OperatorError(problem("config_not_utf8", { isUtf16 }, { file: shownAs, line: lines.length, column: (lines.at(-1) as string).length + 1 }));
  }
}

/** How many bytes there are before the first that is not UTF-8. */
function validLength(bytes: Uint8Array): number {
  let low = 0;
  let high = bytes.byteLength;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (decodes(bytes.subarray(0, middle), true)) low = middle;
    else high = middle - 1;
  }
  // The start of a character that is never finished is no part of what is valid.
  while (low > 0 && !decodes(bytes.subarray(0, low), false)) low--;
  return low;
}

function decodes(bytes: Uint8Array, stream: boolean): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream });
    return true;
  } catch {
    return false;
  }
}

function shown(file: string, cwd: string): string {
  const path = relative(cwd, file);
  return path.startsWith("..") || path === "" ? file : path;
}
