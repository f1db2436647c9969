/** CATALOGUE of commands, and the way from arguments to one of them. */
import { EXIT } from "../errors.ts";
import { apps } from "./apps.ts";
import { bench } from "./bench/bench.ts";
import { check } from "./check.ts";
import { type Command, type CommandContext, commandHelp, didYouMean, readArguments, UsageError } from "./command.ts";
import { dev } from "./dev/dev.ts";
import { env } from "./env.ts";
import { evaluate } from "./eval.ts";
import { init } from "./init/init.ts";
import { logs } from "./logs.ts";
import { reload } from "./reload.ts";
import { repl } from "./repl.ts";
import { run } from "./run.ts";
import { schema } from "./schema.ts";
import { serve } from "./serve.ts";
import { status } from "./status.ts";
import { test } from "./test/test.ts";
import { types } from "./types/types.ts";
import { worker } from "./worker.ts";

export const commands: readonly Command[] = [init, dev, test, bench, types, serve, run, evaluate, repl, check, schema, status, apps, env, logs, reload];

/** What nano asks of itself. */
const internal: readonly Command[] = [worker];

/** Resolves with the exit code. */
export async function runCli(argv: readonly string[], context: CommandContext): Promise<number> {
  const { terminal } = context;
  const [name, ...rest] = argv;
  if (name === undefined) return terminal.isInteractive ? repl.run(readArguments(repl, []), context) : tell(terminal, overview());
  if (name === "--help" || name === "-h" || name === "help") {
    const topic = rest[0];
    return tell(terminal, topic === undefined ? overview() : commandHelp(find(topic)));
  }
  if (name === "--version" || name === "-v" || name === "version") return tell(terminal, await version(context));
  if (name.startsWith("-")) throw new UsageError(`unknown flag ${name}${didYouMean(name, ["--help", "--version"])}`);
  const command = find(name);
  if (rest.some((argument, i) => (argument === "--help" || argument === "-h") && !rest.slice(0, i).includes("--"))) return tell(terminal, commandHelp(command));
  try {
    return await command.run(readArguments(command, rest), context);
  } catch (error) {
    if (error instanceof UsageError) error.command ??= command.name;
    throw error;
  }
}

function find(name: string): Command {
  const command = [...commands, ...internal].find((one) => one.name === name);
  if (command === undefined) throw new UsageError(`unknown command ${name}${didYouMean(name, [...commands.map((one) => one.name), "help", "version"])}`);
  return command;
}

function tell(terminal: CommandContext["terminal"], text: string): number {
  terminal.out(text);
  return EXIT.ok;
}

async function version({ artifacts }: CommandContext): Promise<string> {
  const { manifest } = await artifacts();
  return `nano ${manifest.version} (commit ${manifest.commit}, engine ${manifest.engineHash.slice(0, 12)})\n`;
}

function overview(): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2;
  return [
    "nano hosts many small web apps on one machine, each in a metered, preemptible isolate.",
    "",
    "Usage: nano <command> [arguments]",
    "",
    "Commands:",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`),
    "",
    "Flags:",
    "  -h, --help      show this help, or that of a command: nano serve --help, nano help serve",
    "  -v, --version   show version, commit and engine",
    "",
    "Examples:",
    "  nano init my-app",
    "  nano dev app.js",
    "  nano serve --config nano.json",
    "",
  ].join("\n");
}
