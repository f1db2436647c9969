/** `nano serve`: hosts the apps of a config, or one app. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { AdminListener } from "../admin/listener.ts";
import { socketOf } from "../config/admin-socket.ts";
import type { Config } from "../config/config.ts";
import { findConfig, isConfigName } from "../config/load.ts";
import { EXIT, OperatorError } from "../errors.ts";
import { limits } from "../limits.ts";
import { loadArtifacts } from "../artifacts.ts";
import { createLog, type LogFormat, type LogLevel } from "../observe/log.ts";
import { LogWriter } from "../observe/log-writer.ts";
import { SpareWorkers } from "../supervisor/spare-workers.ts";
import { availableCores } from "../supervisor/cores.ts";
import { ConfigSource } from "../supervisor/config-source.ts";
import { SupervisorOperations } from "../supervisor/operations.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import { type Arguments, type Command, type CommandContext, didYouMean, readPort, UsageError } from "./command.ts";
import { mustExist } from "./named-app.ts";
import { withEngine } from "./reexec.ts";
import { stopSignal } from "./until-signal.ts";

const FORMATS: readonly string[] = ["json", "text", "apache"];
const LEVELS: readonly string[] = ["debug", "info", "warn", "error"];

export const serve: Command = {
  name: "serve",
  summary: "Host the apps of a config file, or one app",
  usage: "serve [app] [--config <file>] [flags]",
  examples: ["nano serve --config nano.json", "nano serve                       # ./nano.json, or a wrangler file", "nano serve ./app --port 8080"],
  flags: {
    config: { type: "string", short: "c", value: "file", help: "config file; else NANO_CONFIG, ./nano.json, ./wrangler.{json,jsonc,toml}, ./config.json" },
    app: { type: "string", short: "a", value: "path", help: "serve this one app on every host, without a config" },
    port: { type: "string", short: "p", value: "port", help: "port to listen on; else NANO_PORT, else the config's, else 3000" },
    host: { type: "string", value: "address", help: "address to listen on; else the config's, else 127.0.0.1" },
    workers: { type: "string", short: "w", value: "number", help: "processes that serve: a number, auto for one per core, 0 for everything in one; else the config's, else auto" },
    cache: { type: "string", value: "folder", help: "where bundled apps are kept for the next start, or none; else the config's server.disk_cache, else the system's place" },
    env: { type: "string", short: "e", value: "name", help: "the environment of a wrangler file" },
    "log-format": { type: "string", value: "format", help: "json, text or apache; else NANO_LOG_FORMAT, else the config's" },
    "log-level": { type: "string", value: "level", help: "debug, info, warn or error" },
  },
  maxPositionals: 1,
  async run(args, context) {
    const spares = new SpareWorkers(likelyWorkers(args, context));
    try {
      const source = await sourceOf(args, context);
      const config = await source.read();
      const workers = workersOf(config);
      if (workers > 0) return await run({ config, source, workers, spares }, context);
      // Only where the supervisor is the worker as well does it need the engine's options: they may take a process of their own.
      spares.close();
      return await withEngine(argvOf("serve", args), context, () => run({ config, source, workers, spares }, context));
    } finally {
      spares.close();
    }
  },
};

interface Work {
  readonly config: Config;
  readonly source: ConfigSource;
  readonly workers: number;
  readonly spares: SpareWorkers;
}

async function run({ config, source, workers, spares }: Work, { terminal, artifacts, environment }: CommandContext): Promise<number> {
  const writer = new LogWriter(1);
  const observer = createLog({ ...config.log, write: writer.write, now: () => Date.now() });
  writer.onDropped = (lines) => observer.linesDropped("reader", lines);
  terminal.onFault((error) => observer.fault(crypto.randomUUID(), error));
  let admin: AdminListener | null = null;
  const loaded = artifacts();
  const supervisor = new Supervisor({ config, source, workers, spares, observer, writeLines: writer.writeBytes, tracing: environment.tracing ?? null, artifacts: async () => loadArtifacts(await loaded), onConfig: (next) => admin?.useToken(next.admin.token) });
  // A signal while it starts is obeyed when it has: that takes no time worth naming.
  const stop = stopSignal(terminal, () => supervisor.kill());
  terminal.onHangup(() => supervisor.hangUp());
  const openAdmin = async (): Promise<AdminListener | null> => {
    if (!config.admin.isEnabled) return null;
    const { version } = (await loaded).manifest;
    const operations = new SupervisorOperations(supervisor, source, version);
    return AdminListener.open({ operations, observer, version, config: config.admin, socket: socketOf(config, environment.runtimeFolder), ownsProcess: workers > 0 });
  };
  // While workers start.
  const opening = openAdmin();
  try {
    await supervisor.open(opening.then((listener) => (listener === null || listener.port === null ? [] : [{ host: listener.host, port: listener.port }])));
    spares.close();
    admin = await opening;
    if (admin !== null && (admin.socket !== null || admin.port !== null)) observer.event("admin_listening", { ...(admin.socket === null ? {} : { socket: admin.socket }), ...(admin.port === null ? {} : { address: `${admin.host}:${admin.port}` }) });
    const signal = await stop.signal;
    observer.event("stopping", { signal, in_flight: await supervisor.inFlight(), drain_ms: config.drainMs });
    const unfinished = await supervisor.stop();
    observer.event("stopped", { aborted_apps: unfinished.join(", ") });
  } finally {
    await (await opening.catch(() => null))?.close();
  }
  await writer.flush(500);
  return EXIT.ok;
}

/** Sharing a port spreads connections on Linux only; elsewhere one process serves. */
function workersOf({ workers }: Config): number {
  const isShared = process.platform === "linux";
  if (workers === "auto") return isShared ? availableCores() : 0;
  if (workers > 0 && !isShared) throw new OperatorError({ field: "workers", message: `several processes on one port need Linux, and this is ${process.platform}`, hint: 'use 0, or "auto", which is 0 here' });
  return workers;
}

/** A guess at what the config will say once it has been read and checked: a wrong one costs some processes that are ended again. */
function likelyWorkers(args: Arguments, { terminal, environment }: CommandContext): number {
  // A process that has replaced itself has everything in it.
  if (process.platform !== "linux" || environment.hasEngineOptions) return 0;
  const said = readWorkers(args.text("workers")) ?? workersIn(findConfig(terminal.cwd, args.text("config") ?? environment.configFile));
  return said === "auto" ? availableCores() : said;
}

function workersIn(file: string | undefined): Config["workers"] {
  try {
    const [, said] = /"workers"\s*:\s*(\d{1,3})\b/.exec(file === undefined ? "" : readFileSync(file, "utf8")) ?? [];
    return said === undefined ? "auto" : Math.min(Number(said), limits.workers.most);
  } catch {
    // What is wrong with it is told by whoever reads it in earnest.
    return 0;
  }
}

/** The config file that was named or lies here, or the one app that was named. */
async function sourceOf(args: Arguments, context: CommandContext): Promise<ConfigSource> {
  const { terminal: { cwd }, environment } = context;
  const app = args.text("app") ?? args.positionals[0];
  const named = args.text("config");
  if (args.text("app") !== undefined && args.positionals.length > 0) throw new UsageError(`two apps: ${args.text("app")} and ${args.positionals[0]}; serve several with a config file`);
  if (app !== undefined && named !== undefined) throw new UsageError("--config and an app exclude each other: name one of them");
  if (app !== undefined && isConfigName(app)) throw new UsageError(`${app} is a config file: nano serve --config ${app}`);
  const settle = (config: Config) => withFlags(config, args, context);
  if (app !== undefined) {
    await mustExist("serve", cwd, app);
    return new ConfigSource({ file: null, cwd, entries: [{ path: app, default: true }], settle });
  }
  const file = findConfig(cwd, named ?? environment.configFile);
  if (file !== undefined) return new ConfigSource({ file, cwd, entries: [], environment: args.text("env"), settle });
  throw new OperatorError({ message: "there is no nano.json or wrangler file here, and no app was named", hint: "serve one app: nano serve ./app.js – or make one with its config: nano init my-app" });
}

/** Flags win over the environment, and that over the config. */
export function withFlags(config: Config, args: Arguments, context: CommandContext): Config {
  const { environment } = context;
  const format = oneOf(args.text("log-format"), "--log-format", FORMATS) as LogFormat | undefined;
  const level = oneOf(args.text("log-level"), "--log-level", LEVELS) as LogLevel | undefined;
  return {
    ...config,
    port: readPort(args.text("port"), "--port") ?? readPort(environment.port, "NANO_PORT") ?? config.port,
    host: args.text("host") ?? config.host,
    workers: readWorkers(args.text("workers")) ?? config.workers,
    diskCache: diskCacheOf(args.text("cache"), config, context),
    log: { format: format ?? environment.logFormat ?? config.log.format, level: level ?? config.log.level },
  };
}

function diskCacheOf(flag: string | undefined, { diskCache }: Config, { terminal, environment }: CommandContext): string | null {
  if (flag === "none") return null;
  if (flag !== undefined) return resolve(terminal.cwd, flag);
  return diskCache === undefined ? (environment.cacheFolder ?? null) : diskCache;
}

function readWorkers(text: string | undefined): Config["workers"] | undefined {
  if (text === undefined || text === "auto") return text;
  if (!/^\d{1,3}$/.test(text) || Number(text) > limits.workers.most) throw new UsageError(`--workers is auto or a number from 0 to ${limits.workers.most}, not ${JSON.stringify(text)}`);
  return Number(text);
}

function oneOf(text: string | undefined, flag: string, allowed: readonly string[]): string | undefined {
  if (text !== undefined && !allowed.includes(text)) throw new UsageError(`${flag} is ${allowed.join(", ")}, not ${text}${didYouMean(text, allowed)}`);
  return text;
}

/** The arguments again, for the process that takes over. */
export function argvOf(command: string, args: Arguments): string[] {
  return [command, ...args.given];
}
