/** `nano check`: says what would not run, without serving anything. */
import { type Bundle, loadBundle } from "../apps/load/bundle.ts";
import { formatWarning } from "../apps/load/load-error.ts";
import { loadArtifacts } from "../artifacts.ts";
import { findConfig } from "../config/load.ts";
import { EXIT, formatProblem, OperatorError } from "../errors.ts";
import { silent } from "../observe/observer.ts";
import { Runtime } from "../runtime/runtime.ts";
import type { Arguments, Command, CommandContext } from "./command.ts";
import { readProjectAt } from "./project.ts";
import { withEngine } from "./reexec.ts";
import { argvOf } from "./serve.ts";

export const check: Command = {
  name: "check",
  summary: "Check a config or an app: say what would not run",
  usage: "check [config|app]",
  examples: ["nano check", "nano check nano.json", "nano check ./app.ts", "nano check wrangler.toml --env staging"],
  flags: { env: { type: "string", short: "e", value: "name", help: "the environment of a wrangler file" } },
  maxPositionals: 1,
  run: (args, context) => withEngine(argvOf("check", args), context, () => run(args, context)),
};

async function run(args: Arguments, context: CommandContext): Promise<number> {
  const { terminal } = context;
  const [named] = args.positionals;
  if (named === undefined && findConfig(terminal.cwd, context.environment.configFile) === undefined) throw new OperatorError({ message: "there is no nano.json or wrangler file here", hint: "name what to check: nano check nano.json, nano check ./app.js" });
  const config = await readProjectAt(named, context, { command: null, isLenient: true, environment: args.text("env") });
  const runtime = new Runtime({ artifacts: await loadArtifacts(await context.artifacts()), config, observer: silent, loadBundle, showsErrors: true, allowsPrivateFetch: false });
  for (const warning of config.warnings) terminal.out(`warning: ${formatProblem(warning)}\n`);
  let failures = 0;
  try {
    for (const app of runtime.registry.apps) {
      const { revision } = app.serving;
      const isReady = (await revision.load()) === "ready";
      if (!isReady) failures++;
      const { bundle } = revision;
      terminal.out(isReady ? `ok      ${app.name} (${sizeOf(bundle)}, ${app.config.hostnames.join(", ") || "every host"})\n` : `failed  ${app.name}\n${indent(revision.error?.message ?? "")}\n`);
      for (const warning of bundle?.warnings ?? []) terminal.out(indent(`warning: ${formatWarning(warning)}\n`));
    }
  } finally {
    runtime.close();
  }
  terminal.out(failures === 0 ? `${config.apps.length} of ${config.apps.length} apps would run\n` : `${failures} of ${config.apps.length} apps would not run\n`);
  return failures === 0 ? EXIT.ok : EXIT.failure;
}

function sizeOf(bundle: Bundle | null): string {
  const files = bundle?.assets?.entries.length;
  const code = bundle === null || bundle.entry === "" ? [] : [`${Math.ceil(bundle.bytes / 1024)} KB`];
  return [...code, ...(files === undefined ? [] : [`${files} ${files === 1 ? "file" : "files"}`])].join(", ");
}

const indent = (text: string): string => text.replace(/^(?=.)/gm, "        ");
