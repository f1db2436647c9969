/** `nano dev`: serves while you edit. The same runtime as `serve`, with errors that tell, and a reload on every save. */
import { EXIT, formatProblem } from "../../errors.ts";
import { loadBundle } from "../../apps/load/bundle.ts";
import { loadArtifacts } from "../../artifacts.ts";
import { createLog } from "../../observe/log.ts";
import { LogWriter } from "../../observe/log-writer.ts";
import { Server, urlOf } from "../../supervisor/server.ts";
import { SourceWatch } from "../../supervisor/source-watch.ts";
import type { Arguments, Command, CommandContext } from "../command.ts";
import { withEngine } from "../reexec.ts";
import { argvOf, withFlags } from "../serve.ts";
import { stopSignal } from "../until-signal.ts";
import { createDevObserver } from "./observer.ts";
import { readProject } from "./project.ts";
import { watched } from "./reload.ts";

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
  const config = withFlags(await readProject(args, context), args, context);
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
  watching?.follow(registry.apps.map((app) => watched(app, server.runtime)));
  void server.runtime.calibrate(100);
  const signal = await stopSignal(terminal, () => {}).signal;
  observer.event("stopping", { signal, in_flight: server.runtime.pipeline.inFlight, drain_ms: config.drainMs });
  watching?.close();
  observer.event("stopped", { aborted_apps: (await server.stop()).join(", ") });
  await writer.flush(500);
  return EXIT.ok;
}
