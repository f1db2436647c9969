/** What a file, a folder or nothing on the command line means: a config, or one app. */
import { stat } from "node:fs/promises";
import { basename, relative, resolve } from "node:path";
import type { Config } from "../config/config.ts";
import { findConfig, isConfigName, loadConfig, type LoadConfigOptions } from "../config/load.ts";
import { configOfApp } from "../config/single-app.ts";
import { problem } from "../errors.ts";
import type { CommandContext } from "./command.ts";
import { configOfNamedApp } from "./named-app.ts";

export interface ProjectOptions extends LoadConfigOptions {
  /** That what is named has to be there for; null: whoever loads it tells. */
  readonly command: string | null;
  readonly watch?: boolean;
}

/** A folder is its config, where it has one, or else the app in it. Throws OperatorError. */
export async function readProjectAt(named: string | undefined, { terminal: { cwd }, environment }: CommandContext, { command, watch = false, ...options }: ProjectOptions): Promise<Config> {
  const file = await configFileOf(named, cwd, environment.configFile);
  if (file !== undefined) return loadConfig(file, cwd, options);
  const app = { path: named ?? ".", watch, ...(options.dev === undefined ? {} : { dev: options.dev }) };
  const config = command === null ? configOfApp(cwd, app) : await configOfNamedApp(command, cwd, app);
  const unread = named === undefined || (await isFolder(resolve(cwd, named))) ? undefined : findConfig(cwd, undefined);
  // A file of that name may be the app's own.
  return unread === undefined || basename(unread) === "config.json" ? config : { ...config, warnings: [...config.warnings, problem("config_unread", { named: named as string }, { file: relative(cwd, unread) })] };
}

async function configFileOf(named: string | undefined, cwd: string, asked: string | undefined): Promise<string | undefined> {
  if (named === undefined) return findConfig(cwd, asked);
  const path = resolve(cwd, named);
  if (await isFolder(path)) return findConfig(path, undefined);
  return isConfigName(named) ? path : undefined;
}

const isFolder = (path: string): Promise<boolean> => stat(path).then((found) => found.isDirectory(), () => false);
