/** A runtime behind a listener, from start to a stop that loses nothing: what serves, in a worker, in the one process without workers, in `dev`. */
import type { LoadBundle } from "../apps/load/bundle.ts";
import type { RevisionOrigin } from "../apps/revision.ts";
import type { LoadedArtifacts } from "../artifacts.ts";
import type { Config } from "../config/config.ts";
import { ListenError, Listener, type ListenOptions } from "../ingress/listener.ts";
import type { Observer } from "../observe/observer.ts";
import { Runtime, type RuntimeOptions } from "../runtime/runtime.ts";

export interface ServerOptions {
  readonly artifacts: LoadedArtifacts;
  readonly config: Config;
  readonly observer: Observer;
  readonly loadBundle: LoadBundle;
  readonly images?: RuntimeOptions["images"];
  /** See RuntimeOptions. */
  readonly originOf?: (app: string) => RevisionOrigin | undefined;
  /** Errors are shown to clients, and apps may fetch private addresses. */
  readonly isDev: boolean;
  /** See RuntimeOptions. */
  readonly reloadsPages?: boolean;
  readonly tracing?: RuntimeOptions["tracing"];
  /** See RuntimeOptions. */
  readonly isProfiling?: boolean;
}

export interface ListenAt {
  readonly host: string;
  readonly port: number;
  /** How many ports to try, from `port` on, when ports are taken. */
  readonly triedPorts?: number;
  readonly sharesPort?: boolean;
  readonly tls?: ListenOptions<never>["tls"];
  /** Where else this nano listens: apps are kept from there too. */
  readonly others?: readonly { readonly host: string; readonly port: number }[];
}

/** Room above the limits on URL and fields, so that ours answer before Bun's do. */
const HEAD_MARGIN_BYTES = 8 << 10;
/** After the grace period everything ends; this is for the last writes. */
const LAST_WRITES_MS = 250;

export class Server {
  readonly runtime: Runtime;
  readonly #options: ServerOptions;
  #listener: Listener | null = null;

  constructor(options: ServerOptions) {
    const { artifacts, config, observer, loadBundle, images = null, originOf, isDev, tracing, reloadsPages = false, isProfiling = false } = options;
    this.#options = options;
    this.runtime = new Runtime({ artifacts, config, observer, loadBundle, images, showsErrors: isDev, hasConsolePlaces: isDev, reloadsPages, allowsPrivateFetch: isDev, isProfiling, ...(originOf === undefined ? {} : { originOf }), ...(tracing === undefined ? {} : { tracing }) });
  }

  /** Throws ListenError when no tried port is free; nothing is left running then. */
  listen({ host, port, triedPorts = 1, sharesPort = false, others = [], tls }: ListenAt): { readonly host: string; readonly port: number } {
    const { pipeline } = this.runtime;
    const { limits } = this.#options.config;
    const idleTimeoutS = Math.round(limits.keepAliveMs / 1000);
    const maxHeadBytes = limits.urlBytes + limits.headerTotalBytes + HEAD_MARGIN_BYTES;
    for (let i = 0; ; i++)
      try {
        const listener = Listener.open({ pipeline, host, port: port + i, reusePort: sharesPort, idleTimeoutS, maxHeadBytes, ...(tls === undefined ? {} : { tls }) });
        this.#listener = listener;
        const at = { host: listener.host, port: listener.port };
        this.runtime.listensOn([at, ...others]);
        return at;
      } catch (error) {
        // The next port is as good where nobody asked for one.
        if (error instanceof ListenError && error.code === "port_in_use" && i + 1 < triedPorts) {
          this.#options.observer.event("port_in_use", { port: port + i, next: port + i + 1 });
          continue;
        }
        this.runtime.close();
        throw error;
      }
  }

  /** Health checks fail at once. After `drain_delay_ms` kept-alive clients are asked to leave, then nothing new is accepted and every app drains. Resolves with the apps that were not done. */
  async stop(): Promise<readonly string[]> {
    const { runtime } = this;
    runtime.pipeline.leave();
    const { drainDelayMs } = this.#options.config.limits;
    if (drainDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, drainDelayMs));
    const startedMs = performance.now();
    const graceMs = Math.max(0, ...runtime.registry.apps.map(({ config }) => config.limits.drainMs));
    await this.#listener?.dismiss(graceMs);
    const closing = this.#listener?.close(graceMs + LAST_WRITES_MS);
    const unfinished = await runtime.drain(Math.max(0, graceMs - (performance.now() - startedMs)));
    await closing;
    await runtime.flush(LAST_WRITES_MS);
    runtime.close();
    return unfinished;
  }

  close(): void {
    this.runtime.close();
  }
}

/** As in a browser's address bar. */
export function urlOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}/`;
}
