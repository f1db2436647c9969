/** `nano dev`: serves while you edit. The same runtime as `serve`, with errors that tell, and a reload on every save. */
import { resolve } from "node:path";
import type { Config } from "../../config/config.ts";
import type { Environment } from "../../config/environment.ts";
import { EXIT, formatProblem } from "../../errors.ts";
import { loadArtifacts } from "../../artifacts.ts";
import { combine, type Observer } from "../../observe/observer.ts";
import { localUrl } from "../../ingress/directory.ts";
import { Server } from "../../supervisor/server.ts";
import { SourceWatch } from "../../supervisor/source-watch.ts";
import type { Arguments, Command, CommandContext } from "../command.ts";
import { withEngine } from "../reexec.ts";
import { argvOf, withFlags } from "../serve.ts";
import { stopSignal } from "../until-signal.ts";
import { reachable } from "./addresses.ts";
import { devCertificate } from "./certificate.ts";
import { bundledEarly } from "./early-bundles.ts";
import { followKeys } from "./keys.ts";
import { ConfigFollower } from "./follow-config.ts";
import { withLocalNames } from "./local-names.ts";
import { createProfiler, PROFILE_FILE } from "./profile/create-profiler.ts";
import { createOutput } from "./output.ts";
import { hint } from "./panels.ts";
import { readProject } from "./project.ts";
import { watched } from "./reload.ts";
import { Usage } from "./usage.ts";

export const dev: Command = {
  name: "dev",
  summary: "Serve an app while you edit it",
  usage: "dev [file|folder|config]… [flags]",
  examples: ["nano dev app.js", "nano dev ./my-app --port 8080", "nano dev nano.json", "nano dev ./api ./web", "nano dev wrangler.toml --env staging"],
  flags: {
    port: { type: "string", short: "p", value: "port", help: "port to listen on; else NANO_PORT, else 3000 or the next free one" },
    host: { type: "string", value: "address", help: "address to listen on; else 127.0.0.1" },
    https: { type: "boolean", help: "serve by HTTPS, with a certificate for localhost that is made once" },
    var: { type: "string", value: "KEY=VALUE", isList: true, help: "a variable for the env of every app; wins over .env files, .dev.vars and the config" },
    env: { type: "string", short: "e", value: "name", help: "the environment: env.<name> of a wrangler file, .dev.vars.<name>, .env.<name>" },
    mode: { type: "string", value: "name", help: "which .env.<name> to read besides .env; else that of --env, else development" },
    watch: { type: "boolean", help: "reload on save; --no-watch turns it off" },
    profile: { type: "boolean", help: "tell which functions of each request burnt its CPU time, and write a flame graph to a file" },
    "profile-file": { type: "string", value: "file", help: "where the flame graph goes; else nano-profile.html" },
    "live-reload": { type: "boolean", help: "pages load themselves again after a save; --no-live-reload turns it off" },
    "log-format": { type: "string", value: "format", help: "json, text or apache, in place of lines for people" },
  },
  maxPositionals: 100,
  run: (args, context) => withEngine(argvOf("dev", args), context, () => run(args, context)),
};

const TRIED_PORTS = 20;
const WARM_UP_MS = 100;
const QUIET_MS = 200;

async function run(args: Arguments, context: CommandContext): Promise<number> {
  const { terminal, environment } = context;
  const startedMs = Date.now();
  const artifacts = context.artifacts();
  const loading = artifacts.then(loadArtifacts);
  // It is asked for once the config has been read, whose errors come first.
  loading.catch(() => {});
  const read = async () => withLocalNames(withFlags(await readProject(args, context), args, context));
  const config = await read();
  const { writer, page, paint, log, isForMachines } = createOutput(args, context, config, () => registry.apps.map(({ name }) => name));
  const usage = new Usage((app) => registry.get(app)?.config.limits, (app, use) => log.event("near_limit", { app, ...use }));
  const profiler = args.isSet("profile") ? createProfiler({ file: resolve(terminal.cwd, args.text("profile-file") ?? PROFILE_FILE), paint, page: isForMachines ? null : page, log }) : null;
  const observer = combine([log, usage.observer, ...(profiler === null ? [] : [profiler.observer])]);
  terminal.onFault((error) => observer.fault(crypto.randomUUID(), error));
  for (const warning of config.warnings) observer.event("config_warning", { warning: formatProblem(warning) });
  const bundling = bundledEarly(config.apps, artifacts.then(({ nodeModules }) => nodeModules));
  const server = new Server({ artifacts: await loading, config, observer, loadBundle: bundling, isDev: true, reloadsPages: args.choice("live-reload") !== false, isProfiling: profiler !== null, ...(environment.tracing === undefined ? {} : { tracing: environment.tracing }) });
  const { registry } = server.runtime;
  const url = listen(server, config, args, { environment, observer });
  // Everything loads now, so that a mistake shows before the first request.
  const loaded = Promise.all(registry.apps.map((app) => app.serving.revision.load()));
  const watching = args.choice("watch") === false ? null : new SourceWatch(observer);
  const following = watching === null ? null : new ConfigFollower({ config, read, runtime: server.runtime, sources: watching, observer });
  if (following !== null) watching?.follow(registry.apps.map((app) => watched(app, server.runtime, following.configOf, startedMs)));
  const stop = stopSignal(terminal, () => {});
  // Whoever waits for the first answer goes before what is for all those after it.
  void loaded.then(() => setTimeout(() => stop.isAsked || void server.runtime.calibrate(WARM_UP_MS), QUIET_MS));
  const hasKeys = terminal.isInteractive && !isForMachines;
  if (hasKeys) page.show(`${hint(paint)}\n`);
  const reload = () => Promise.all(registry.apps.map(({ config: app }) => registry.replace(app, true))).then(() => {});
  const giveBack = hasKeys ? followKeys({ terminal, registry, usage, page, paint, url, reload, quit: () => stop.ask("q") }) : () => {};
  const signal = await stop.signal;
  observer.event("stopping", { signal, in_flight: server.runtime.pipeline.inFlight, drain_ms: config.drainMs });
  following?.close();
  watching?.close();
  observer.event("stopped", { aborted_apps: (await server.stop()).join(", ") });
  giveBack();
  await profiler?.flush();
  await writer.flush(500);
  return EXIT.ok;
}

/** Returns the address for this machine. */
function listen(server: Server, config: Config, args: Arguments, { environment, observer }: { readonly environment: Environment; readonly observer: Observer }): string {
  const certificate = args.isSet("https") ? devCertificate(environment.stateFolder, namesBelowLocalhost(config), new Date()) : null;
  if (certificate !== null && certificate.madeForDays !== null) observer.event("certificate_made", { file: certificate.file, days: certificate.madeForDays });
  const hasPort = (args.text("port") ?? environment.port) !== undefined || config.hasPort;
  const at = server.listen({ host: config.host, port: config.port, triedPorts: hasPort ? 1 : TRIED_PORTS, ...(certificate === null ? {} : { tls: { key: certificate.key, cert: certificate.cert } }) });
  const scheme = certificate === null ? "http" : "https";
  const { local, network } = reachable(scheme, at);
  observer.event("listening", { url: local, port: at.port, apps: config.apps.map(({ name }) => name).join(", "), ...(network.length === 0 ? {} : { network: network.join(" ") }) });
  // The one app, or none in particular, is at the plain address.
  if (config.apps.length > 1) for (const app of config.apps) observer.event("app_at", { app: app.name, url: localUrl(app, scheme, `:${at.port}`) ?? local });
  return local;
}

function namesBelowLocalhost({ apps }: Config): readonly string[] {
  return apps.flatMap(({ hostnames }) => hostnames.filter((name) => name.endsWith(".localhost")));
}
