/** What `serve` and `dev` share: a runtime behind a listener, from start to a stop that loses nothing. */
import { loadBundle } from "../apps/load/bundle.ts";
import { loadArtifacts } from "../artifacts.ts";
import type { Config } from "../config/config.ts";
import { formatProblem } from "../errors.ts";
import { ListenError, Listener } from "../ingress/listener.ts";
import type { Observer } from "../observe/observer.ts";
import { Runtime, type RuntimeOptions } from "../runtime/runtime.ts";
import type { CommandContext } from "./command.ts";

export interface ServerOptions {
  readonly config: Config;
  readonly observer: Observer;
  readonly isDev: boolean;
  /** How long to warm the engine before the listener opens. Milliseconds. */
  readonly warmUpMs: number;
  /** How many ports to try, from the config's on, when ports are taken. */
  readonly triedPorts: number;
}

/** Room above the limits on URL and fields, so that ours answer before Bun's do. */
const HEAD_MARGIN_BYTES = 8 << 10;
/** After the grace period everything ends; this is for the last writes. */
const LAST_WRITES_MS = 250;

export class Server {
  readonly runtime: Runtime;
  readonly listener: Listener;
  readonly #options: ServerOptions;

  private constructor(runtime: Runtime, listener: Listener, options: ServerOptions) {
    this.runtime = runtime;
    this.listener = listener;
    this.#options = options;
  }

  /** Throws ListenError when no tried port is free. */
  static async start(context: CommandContext, options: ServerOptions): Promise<Server> {
    const { config, observer, isDev, warmUpMs } = options;
    context.terminal.onFault((error) => observer.fault(crypto.randomUUID(), error));
    for (const warning of config.warnings) observer.event("config_warning", { warning: formatProblem(warning) });
    const artifacts = loadArtifacts(await context.artifacts());
    const runtime = new Runtime({ artifacts, config, observer, loadBundle, showsErrors: isDev, allowsPrivateFetch: isDev, ...tracingOf(context) });
    if (warmUpMs > 0) await runtime.calibrate(warmUpMs);
    try {
      const listener = openListener(runtime, options);
      runtime.listensOn([{ host: listener.host, port: listener.port }]);
      return new Server(runtime, listener, options);
    } catch (error) {
      runtime.close();
      throw error;
    }
  }

  get url(): string {
    const { host } = this.listener;
    return `http://${host.includes(":") ? `[${host}]` : host}:${this.listener.port}/`;
  }

  /** Serves until a signal. Requests in flight get the drain time; a second signal ends everything at once. */
  async untilSignal({ terminal }: CommandContext): Promise<void> {
    const { observer, config } = this.#options;
    await new Promise<void>((resolve) => {
      let isStopping = false;
      terminal.onSignal((signal) => {
        if (isStopping) terminal.exit(0);
        isStopping = true;
        observer.event("stopping", { signal, in_flight: this.runtime.pipeline.inFlight, drain_ms: config.drainMs });
        resolve();
      });
    });
    await this.stop();
  }

  /** Health checks fail at once. After `drain_delay_ms` kept-alive clients are asked to leave, then nothing new is accepted and every app drains. */
  async stop(): Promise<void> {
    const { runtime, listener } = this;
    runtime.pipeline.leave();
    const { drainDelayMs } = this.#options.config.limits;
    if (drainDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, drainDelayMs));
    const startedMs = performance.now();
    const graceMs = Math.max(0, ...runtime.registry.apps.map(({ config }) => config.limits.drainMs));
    await listener.dismiss(graceMs);
    const closing = listener.close(graceMs + LAST_WRITES_MS);
    const unfinished = await runtime.drain(Math.max(0, graceMs - (performance.now() - startedMs)));
    await closing;
    await runtime.flush(LAST_WRITES_MS);
    runtime.close();
    this.#options.observer.event("stopped", { aborted_apps: unfinished.join(", ") });
  }
}

function tracingOf({ environment: { tracing } }: CommandContext): Pick<RuntimeOptions, "tracing"> {
  return tracing === undefined ? {} : { tracing };
}

/** The next port is as good where nobody asked for one. */
function openListener({ pipeline }: Runtime, { config, observer, triedPorts }: ServerOptions): Listener {
  const { limits, host, port } = config;
  const idleTimeoutS = Math.round(limits.keepAliveMs / 1000);
  const maxHeadBytes = limits.urlBytes + limits.headerTotalBytes + HEAD_MARGIN_BYTES;
  for (let i = 0; ; i++)
    try {
      return Listener.open({ pipeline, host, port: port + i, idleTimeoutS, maxHeadBytes });
    } catch (error) {
      if (!(error instanceof ListenError) || error.code !== "port_in_use" || i + 1 >= triedPorts) throw error;
      observer.event("port_in_use", { port: port + i, next: port + i + 1 });
    }
}
