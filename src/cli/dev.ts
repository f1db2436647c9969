/** `nano dev`: serves while you edit. The same runtime as `serve`, with errors that tell, and a reload on every save. */
import { resolve } from "node:path";
import type { Config } from "../config/config.ts";
import type { DevEnv } from "../config/dev-env.ts";
import { findConfig, loadConfig } from "../config/load.ts";
import { EXIT, formatProblem } from "../errors.ts";
import type { App } from "../apps/app.ts";
import type { AppRegistry } from "../apps/registry.ts";
import type { Revision } from "../apps/revision.ts";
import { loadBundle } from "../apps/load/bundle.ts";
import { loadArtifacts } from "../artifacts.ts";
import { createLog } from "../observe/log.ts";
import { LogWriter } from "../observe/log-writer.ts";
import { Server, urlOf } from "../supervisor/server.ts";
import { sourcesOf } from "../supervisor/data-plane.ts";
import { SourceWatch, type Watched } from "../supervisor/source-watch.ts";
import { type Arguments, type Command, type CommandContext, UsageError } from "./command.ts";
import { createDevObserver } from "./dev-observer.ts";
import { configOfNamedApp } from "./named-app.ts";
import { withEngine } from "./reexec.ts";
import { argvOf, withFlags } from "./serve.ts";
import { stopSignal } from "./until-signal.ts";

export const dev: Command = {
  name: "dev",
  summary: "Serve an app while you edit it",
  usage: "dev [file|folder|config] [flags]",
  examples: ["nano dev app.js", "nano dev ./my-app --port 8080", "nano dev nano.json"],
  flags: {
    port: { type: "string", short: "p", value: "port", help: "port to listen on; else NANO_PORT, else 3000 or the next free one" },
    host: { type: "string", value: "address", help: "address to listen on; else 127.0.0.1" },
    var: { type: "string", value: "KEY=VALUE", isList: true, help: "a variable for the env of every app; wins over .env files, .dev.vars and the config" },
    mode: { type: "string", value: "name", help: "which .env.<name> to read besides .env; else development" },
    watch: { type: "boolean", help: "reload on save; --no-watch turns it off" },
    "log-format": { type: "string", value: "format", help: "json, text or apache, in place of lines for people" },
  },
  maxPositionals: 1,
  run: (args, context) => withEngine(argvOf("dev", args), context, () => run(args, context)),
};

const TRIED_PORTS = 20;

async function run(args: Arguments, context: CommandContext): Promise<number> {
  const { terminal, environment } = context;
  const config = withFlags(await readWhat(args, context), args, context);
  const writer = new LogWriter(1);
  const isForMachines = args.text("log-format") !== undefined || environment.logFormat !== undefined;
  const observer = isForMachines ? createLog({ ...config.log, write: writer.write, now: () => Date.now() }) : createDevObserver({ write: writer.write, hasColor: terminal.hasColor });
  const hasPort = (args.text("port") ?? environment.port) !== undefined || config.file !== null;
  terminal.onFault((error) => observer.fault(crypto.randomUUID(), error));
  for (const warning of config.warnings) observer.event("config_warning", { warning: formatProblem(warning) });
  const server = new Server({ artifacts: loadArtifacts(await context.artifacts()), config, observer, loadBundle, isDev: true, ...(environment.tracing === undefined ? {} : { tracing: environment.tracing }) });
  const at = server.listen({ host: config.host, port: config.port, triedPorts: hasPort ? 1 : TRIED_PORTS });
  observer.event("listening", { url: urlOf(at), port: at.port, apps: config.apps.map(({ name }) => name).join(", ") });
  // Everything loads now, so that a mistake shows before the first request.
  const { registry } = server.runtime;
  for (const app of registry.apps) void app.serving.revision.load();
  const watching = args.choice("watch") === false ? null : new SourceWatch(observer);
  watching?.follow(registry.apps.map((app) => watched(app, registry)));
  void server.runtime.calibrate(100);
  const signal = await stopSignal(terminal, () => {}).signal;
  observer.event("stopping", { signal, in_flight: server.runtime.pipeline.inFlight, drain_ms: config.drainMs });
  watching?.close();
  observer.event("stopped", { aborted_apps: (await server.stop()).join(", ") });
  await writer.flush(500);
  return EXIT.ok;
}

/** A failed load is shown to whoever asks for the app, until it is mended. */
function watched(app: App, registry: AppRegistry): Watched {
  const sources = (revision: Revision) => ({ files: sourcesOf(revision), hasFailed: revision.error !== null });
  return {
    name: app.name,
    path: app.config.path,
    async load() {
      const { revision } = app.serving;
      await revision.load();
      return sources(revision);
    },
    reload: async () => sources(await registry.replace(app.config, true)),
  };
}

async function readWhat(args: Arguments, { terminal, environment }: CommandContext): Promise<Config> {
  const [named] = args.positionals;
  const dev = devEnvOf(args);
  if (named !== undefined && /\.jsonc?$/.test(named)) return loadConfig(resolve(terminal.cwd, named), terminal.cwd, dev);
  if (named === undefined) {
    const file = findConfig(terminal.cwd, environment.configFile);
    if (file !== undefined) return loadConfig(file, terminal.cwd, dev);
  }
  return configOfNamedApp("dev", terminal.cwd, { path: named ?? ".", watch: true, dev });
}

function devEnvOf(args: Arguments): DevEnv {
  const mode = args.text("mode") ?? "development";
  if (!/^[\w-]+$/.test(mode)) throw new UsageError("--mode is the end of a file name: letters, digits, _ and -");
  const variables = args.texts("var").map((text) => {
    const equals = text.indexOf("=");
    if (equals < 1) throw new UsageError("--var takes a name and a value: --var KEY=VALUE");
    return [text.slice(0, equals), text.slice(equals + 1)] as const;
  });
  return { mode, variables: Object.fromEntries(variables) };
}
