/** What `nano dev` serves: the config or the app that was named, or what lies here. */
import { resolve } from "node:path";
import type { Config } from "../../config/config.ts";
import type { DevEnv } from "../../config/dev-env.ts";
import { findConfig, loadConfig } from "../../config/load.ts";
import { type Arguments, type CommandContext, UsageError } from "../command.ts";
import { configOfNamedApp } from "../named-app.ts";

export async function readProject(args: Arguments, { terminal, environment }: CommandContext): Promise<Config> {
  const [named] = args.positionals;
  const dev = devEnvOf(args);
  if (named !== undefined && /\.jsonc?$/.test(named)) return loadConfig(resolve(terminal.cwd, named), terminal.cwd, dev);
  if (named === undefined) {
    const file = findConfig(terminal.cwd, environment.configFile);
    if (file !== undefined) return loadConfig(file, terminal.cwd, dev);
  }
  return configOfNamedApp("dev", terminal.cwd, { path: named ?? ".", watch: true, dev });
}

export function devEnvOf(args: Arguments, standard = "development"): DevEnv {
  const mode = args.text("mode") ?? standard;
  if (!/^[\w-]+$/.test(mode)) throw new UsageError("--mode is the end of a file name: letters, digits, _ and -");
  const variables = args.texts("var").map((text) => {
    const equals = text.indexOf("=");
    if (equals < 1) throw new UsageError("--var takes a name and a value: --var KEY=VALUE");
    return [text.slice(0, equals), text.slice(equals + 1)] as const;
  });
  return { mode, variables: Object.fromEntries(variables) };
}
