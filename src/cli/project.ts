/** What a file, a folder or nothing on the command line means: a config, or one app. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Config } from "../config/config.ts";
import { findConfig, isConfigName, loadConfig, type LoadConfigOptions } from "../config/load.ts";
import { configOfApp } from "../config/single-app.ts";
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
  return command === null ? configOfApp(cwd, app) : configOfNamedApp(command, cwd, app);
}

async function configFileOf(named: string | undefined, cwd: string, asked: string | undefined): Promise<string | undefined> {
  if (named === undefined) return findConfig(cwd, asked);
  const path = resolve(cwd, named);
  const isFolder = await stat(path).then((found) => found.isDirectory(), () => false);
  if (isFolder) return findConfig(path, undefined);
  return isConfigName(named) ? path : undefined;
}
