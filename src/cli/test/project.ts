/** What `nano test` tests: the apps of the config that lies here, or the app that does. */
import { dirname, extname, resolve } from "node:path";
import { findEntry } from "../../apps/load/entry.ts";
import { LoadError } from "../../apps/load/load-error.ts";
import type { AppConfig, Config } from "../../config/config.ts";
import type { DevEnv } from "../../config/dev-env.ts";
import { findConfig, loadConfig } from "../../config/load.ts";
import { configOfApp } from "../../config/single-app.ts";
import { CODE_EXTENSIONS } from "../../apps/load/entry.ts";
import type { CommandContext } from "../command.ts";

export interface Project {
  readonly config: Config;
  /** Test files are looked for, and may import from, here. Absolute. */
  readonly root: string;
}

export async function readTestProject(named: string | undefined, dev: DevEnv, { terminal, environment }: CommandContext): Promise<Project> {
  const { cwd } = terminal;
  const file = findConfig(cwd, named ?? environment.configFile);
  if (file !== undefined) return { config: await loadConfig(file, cwd, { dev }), root: dirname(file) };
  const config = configOfApp(cwd, { path: ".", dev });
  return { config: hasApp(cwd) ? config : { ...config, apps: [] }, root: cwd };
}

function hasApp(folder: string): boolean {
  try {
    findEntry(folder);
    return true;
  } catch (error) {
    if (error instanceof LoadError) return false;
    throw error;
  }
}

/** The app of the same name (`shop.test.ts` beside `shop.ts`), or else the one whose folder holds `file`: the innermost when one lies in another. Null when there is none, or no telling which. */
export function appBeside(file: string, apps: readonly AppConfig[]): AppConfig | null {
  if (apps.length === 1) return apps[0] as AppConfig;
  const namesake = apps.find(({ path }) => isCode(path) && withoutEnding(path) === file.replace(TEST_ENDING, ""));
  if (namesake !== undefined) return namesake;
  const folderOf = ({ path }: AppConfig) => (isCode(path) ? dirname(path) : path);
  const around = apps.filter((app) => file.startsWith(`${resolve(folderOf(app))}/`)).sort((a, b) => folderOf(b).length - folderOf(a).length);
  const [best, next] = around;
  return best === undefined || (next !== undefined && folderOf(next) === folderOf(best)) ? null : best;
}

const TEST_ENDING = /\.(?:test|spec)\.\w+$/;
const isCode = (path: string): boolean => CODE_EXTENSIONS.includes(extname(path));
const withoutEnding = (path: string): string => path.slice(0, -extname(path).length);
