/** Finds and reads the config file. Whatever is wrong with it is told with its name and the way out. */
import { readFile, stat } from "node:fs/promises";
import { existsSync } from "node:fs";
import { basename, extname, join, relative, resolve } from "node:path";
import { OperatorError } from "../errors.ts";
import { limits, resolveAppLimits, resolveServerLimits } from "../limits.ts";
import type { AppConfig, Config, Json } from "./config.ts";
import { parseConfig } from "./parse.ts";
import { DEFAULT_HOST, DEFAULT_PORT } from "./schema.ts";

const NAMES = ["nano.json", "config.json"] as const;

/** The file that was asked for, or the one that lies in `cwd`; undefined when there is none. */
export function findConfig(cwd: string, asked: string | undefined): string | undefined {
  if (asked !== undefined) return resolve(cwd, asked);
  return NAMES.map((name) => join(cwd, name)).find((file) => existsSync(file));
}

/** Throws OperatorError. `file` is absolute; problems name it relative to `cwd`. */
export async function loadConfig(file: string, cwd: string): Promise<Config> {
  const shownAs = shown(file, cwd);
  const bytes = await readBytes(file, shownAs);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new OperatorError({ file: shownAs, message: "the file is not UTF-8", hint: "save it with the encoding UTF-8" });
  }
  return parseConfig(text, file, shownAs);
}

async function readBytes(file: string, shownAs: string): Promise<Uint8Array> {
  const most = limits.config_file_mb.default << 20;
  try {
    const { size, ...found } = await stat(file).then((s) => ({ size: s.size, isFolder: s.isDirectory(), isFile: s.isFile() }));
    if (found.isFolder) throw new OperatorError({ file: shownAs, message: "this is a folder, not a config file", hint: `name the file in it, for example ${join(shownAs, "nano.json")}` });
    if (size > most) throw new OperatorError({ file: shownAs, message: `the file has ${size} bytes`, hint: `a config file has at most ${most}` });
    return await readFile(file);
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    const { code } = error as { code?: string };
    if (code === "ENOENT" || code === "ENOTDIR") throw new OperatorError({ file: shownAs, message: "there is no such file", hint: "give the config with --config <file>, or serve one app: nano serve ./app.js" });
    if (code === "EACCES" || code === "EPERM") throw new OperatorError({ file: shownAs, message: "the file may not be read", hint: "allow the user that runs nano to read it" });
    throw new OperatorError({ file: shownAs, message: `the file cannot be read (${code ?? (error as Error).message})` });
  }
}

export interface SingleAppOptions {
  readonly path: string;
  readonly env?: Readonly<Record<string, Json>>;
  readonly watch?: boolean;
  readonly egressAllow?: readonly string[];
}

/** The configuration of one app that serves every host: a list of one. */
export function configOfApp(cwd: string, { path, env = {}, watch = false, egressAllow = [] }: SingleAppOptions): Config {
  const absolute = resolve(cwd, path);
  const name = basename(absolute, extname(absolute)).replace(/[^\w.-]+/g, "-") || "app";
  const app: AppConfig = Object.freeze({ name, hostnames: [], isDefault: true, path: absolute, env, limits: resolveAppLimits(), fallback: null, egressAllow, watch });
  return Object.freeze({
    file: null,
    port: DEFAULT_PORT,
    host: DEFAULT_HOST,
    log: Object.freeze({ format: "json" as const, level: "info" as const }),
    trustedProxies: [],
    drainMs: limits.drain_ms.default,
    limits: resolveServerLimits({}),
    apps: Object.freeze([app]),
  });
}

function shown(file: string, cwd: string): string {
  const path = relative(cwd, file);
  return path.startsWith("..") || path === "" ? file : path;
}
