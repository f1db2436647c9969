/** `nano check`: says what would not run, without serving anything. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { type Bundle, loadBundle } from "../apps/load/bundle.ts";
import { loadArtifacts } from "../artifacts.ts";
import type { Config } from "../config/config.ts";
import { findConfig, loadConfig } from "../config/load.ts";
import { configOfApp } from "../config/single-app.ts";
import { EXIT, formatProblem, OperatorError } from "../errors.ts";
import { silent } from "../observe/observer.ts";
import { Runtime } from "../runtime/runtime.ts";
import type { Arguments, Command, CommandContext } from "./command.ts";
import { withEngine } from "./reexec.ts";
import { argvOf } from "./serve.ts";

export const check: Command = {
  name: "check",
  summary: "Check a config or an app: say what would not run",
  usage: "check [config|app]",
  examples: ["nano check", "nano check nano.json", "nano check ./app.ts"],
  flags: {},
  maxPositionals: 1,
  run: (args, context) => withEngine(argvOf("check", args), context, () => run(args, context)),
};

async function run(args: Arguments, context: CommandContext): Promise<number> {
  const { terminal } = context;
  const config = await readWhat(args.positionals[0], context);
  const runtime = new Runtime({ artifacts: loadArtifacts(await context.artifacts()), config, observer: silent, loadBundle, showsErrors: true, allowsPrivateFetch: false });
  for (const warning of config.warnings) terminal.out(`warning: ${formatProblem(warning)}\n`);
  let failures = 0;
  try {
    for (const app of runtime.registry.apps) {
      const { revision } = app.serving;
      const isReady = (await revision.load()) === "ready";
      if (!isReady) failures++;
      const { bundle } = revision;
      terminal.out(isReady ? `ok      ${app.name} (${sizeOf(bundle)}, ${app.config.hostnames.join(", ") || "every host"})\n` : `failed  ${app.name}\n${indent(revision.error?.message ?? "")}\n`);
      for (const warning of bundle?.warnings ?? []) terminal.out(indent(`warning: ${warning.file}${warning.line === 0 ? "" : `:${warning.line}:${warning.column}`}: ${warning.message}\n`));
    }
  } finally {
    runtime.close();
  }
  terminal.out(failures === 0 ? `${config.apps.length} of ${config.apps.length} apps would run\n` : `${failures} of ${config.apps.length} apps would not run\n`);
  return failures === 0 ? EXIT.ok : EXIT.failure;
}

async function readWhat(named: string | undefined, { terminal, environment }: CommandContext): Promise<Config> {
  if (named !== undefined && !/\.jsonc?$/.test(named)) return configOfApp(terminal.cwd, { path: named });
  const file = named === undefined ? findConfig(terminal.cwd, environment.configFile) : resolve(terminal.cwd, named);
  if (file === undefined) throw new OperatorError({ message: "there is no nano.json here", hint: "name what to check: nano check nano.json, nano check ./app.js" });
  if (named !== undefined && (await stat(file).then((found) => found.isDirectory(), () => false))) return configOfApp(terminal.cwd, { path: named });
  return loadConfig(file, terminal.cwd);
}

function sizeOf(bundle: Bundle | null): string {
  const files = bundle?.assets?.entries.length;
  const code = bundle === null || bundle.entry === "" ? [] : [`${Math.ceil(bundle.bytes / 1024)} KB`];
  return [...code, ...(files === undefined ? [] : [`${files} ${files === 1 ? "file" : "files"}`])].join(", ");
}

const indent = (text: string): string => text.replace(/^(?=.)/gm, "        ");
