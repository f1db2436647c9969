/** `nano serve`: hosts the apps of a config, or one app. */
import type { Config } from "../config/config.ts";
import { findConfig, loadConfig } from "../config/load.ts";
import { EXIT, OperatorError } from "../errors.ts";
import { createLog, type LogFormat, type LogLevel } from "../observe/log.ts";
import { type Arguments, type Command, type CommandContext, didYouMean, readPort, UsageError } from "./command.ts";
import { LogWriter } from "./log-writer.ts";
import { configOfNamedApp } from "./named-app.ts";
import { withEngine } from "./reexec.ts";
import { Server } from "./server.ts";
import { watchSources } from "./watch.ts";

const FORMATS: readonly string[] = ["json", "text", "apache"];
const LEVELS: readonly string[] = ["debug", "info", "warn", "error"];
const WARM_UP_MS = 200;

export const serve: Command = {
  name: "serve",
  summary: "Host the apps of a config file, or one app",
  usage: "serve [app] [--config <file>] [flags]",
  examples: ["nano serve --config nano.json", "nano serve                       # ./nano.json, or ./config.json", "nano serve ./app --port 8080"],
  flags: {
    config: { type: "string", short: "c", value: "file", help: "config file; else NANO_CONFIG, ./nano.json, ./config.json" },
    app: { type: "string", short: "a", value: "path", help: "serve this one app on every host, without a config" },
    port: { type: "string", short: "p", value: "port", help: "port to listen on; else NANO_PORT, else the config's, else 3000" },
    host: { type: "string", value: "address", help: "address to listen on; else the config's, else 127.0.0.1" },
    "log-format": { type: "string", value: "format", help: "json, text or apache; else NANO_LOG_FORMAT, else the config's" },
    "log-level": { type: "string", value: "level", help: "debug, info, warn or error" },
  },
  maxPositionals: 1,
  run: (args, context) => withEngine(argvOf("serve", args), context, () => run(args, context)),
};

async function run(args: Arguments, context: CommandContext): Promise<number> {
  const config = withFlags(await readConfig(args, context), args, context);
  const writer = new LogWriter(1);
  const observer = createLog({ ...config.log, write: writer.write, now: () => Date.now() });
  writer.onDropped = (lines) => observer.linesDropped("reader", lines);
  const server = await Server.start(context, { config, observer, isDev: false, warmUpMs: WARM_UP_MS, triedPorts: 1 });
  observer.event("listening", { url: server.url, port: server.listener.port, apps: config.apps.length, pid: process.pid });
  const { registry } = server.runtime;
  const watching = watchSources(registry.apps.filter(({ config: { watch } }) => watch), (app) => registry.replace(app.config), observer);
  await server.untilSignal(context);
  watching.close();
  await writer.flush(500);
  return EXIT.ok;
}

/** The config file that was named or lies here, or the one app that was named. */
export async function readConfig(args: Arguments, { terminal, environment }: CommandContext): Promise<Config> {
  const app = args.text("app") ?? args.positionals[0];
  const named = args.text("config");
  if (args.text("app") !== undefined && args.positionals.length > 0) throw new UsageError(`two apps: ${args.text("app")} and ${args.positionals[0]}; serve several with a config file`);
  if (app !== undefined && named !== undefined) throw new UsageError("--config and an app exclude each other: name one of them");
  if (app !== undefined && /\.jsonc?$/.test(app)) throw new UsageError(`${app} is a config file: nano serve --config ${app}`);
  if (app !== undefined) return configOfNamedApp("serve", terminal.cwd, { path: app });
  const file = findConfig(terminal.cwd, named ?? environment.configFile);
  if (file !== undefined) return loadConfig(file, terminal.cwd);
  throw new OperatorError({ message: "there is no nano.json here, and no app was named", hint: "serve one app: nano serve ./app.js – or write a config: nano serve --help" });
}

/** Flags win over the environment, and that over the config. */
export function withFlags(config: Config, args: Arguments, { environment }: CommandContext): Config {
  const format = oneOf(args.text("log-format"), "--log-format", FORMATS) as LogFormat | undefined;
  const level = oneOf(args.text("log-level"), "--log-level", LEVELS) as LogLevel | undefined;
  return {
    ...config,
    port: readPort(args.text("port"), "--port") ?? readPort(environment.port, "NANO_PORT") ?? config.port,
    host: args.text("host") ?? config.host,
    log: { format: format ?? environment.logFormat ?? config.log.format, level: level ?? config.log.level },
  };
}

function oneOf(text: string | undefined, flag: string, allowed: readonly string[]): string | undefined {
  if (text !== undefined && !allowed.includes(text)) throw new UsageError(`${flag} is ${allowed.join(", ")}, not ${text}${didYouMean(text, allowed)}`);
  return text;
}

/** The arguments again, for the process that takes over. */
export function argvOf(command: string, args: Arguments): string[] {
  return [command, ...args.given];
}
