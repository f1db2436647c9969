/**
 * The public listener, the one user of Bun.serve in front of apps. Framing of messages is Bun's; this file covers what Bun does not:
 * quiet connections that are not idle, and a close that loses no kept-alive request.
 */
import http from "node:http";
import { OperatorError } from "../errors.ts";
import type { Transport } from "./exchange.ts";
import type { Pipeline, RoutedApp } from "./pipeline.ts";

export interface ListenOptions<App extends RoutedApp> {
  readonly pipeline: Pipeline<App>;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Several processes share the port, and the kernel spreads connections over them. */
  readonly reusePort?: boolean;
  /** A connection that sends nothing whole for this long is cut: before a request, in its head, or kept alive after one. Bun rounds up, by up to 4 s. */
  readonly idleTimeoutS: number;
  /** What Bun accepts of request line and fields together. Above the pipeline's own limits, which answer with a reason. */
  readonly maxHeadBytes: number;
  /** PEM. Without it connections are plain. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

export class ListenError extends OperatorError {
  readonly code: "port_in_use" | "listen_failed";
  readonly host: string;
  readonly port: number;

  constructor(host: string, port: number, cause: unknown) {
    const code = (cause as { code?: unknown } | null)?.code;
    const isInUse = code === "EADDRINUSE";
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(isInUse ? { message: `port ${port} on ${host} is in use`, hint: "stop the process that listens there, or choose another port" } : { message: `cannot listen on ${host}:${port}: ${reason}`, hint: code === "EACCES" ? "use a port from 1024 on, or give nano the capability CAP_NET_BIND_SERVICE" : "host takes an address of this machine: 127.0.0.1, or 0.0.0.0 for all of them" });
    this.cause = cause;
    this.code = isInUse ? "port_in_use" : "listen_failed";
    this.host = host;
    this.port = port;
  }
}

/** How long responses ask kept-alive clients to leave before the socket closes. Shorter loses their next requests (measured). */
const lingerMs = 300;

export class Listener {
  readonly #server: Bun.Server<undefined>;
  readonly #drain: () => void;

  private constructor(server: Bun.Server<undefined>, drain: () => void) {
    this.#server = server;
    this.#drain = drain;
  }

  /** Throws ListenError. */
  static open<App extends RoutedApp>({ pipeline, host, port, reusePort, idleTimeoutS, maxHeadBytes, tls }: ListenOptions<App>): Listener {
    // Bun reads this process-wide number when a request arrives.
    Object.assign(http, { maxHeaderSize: maxHeadBytes });
    try {
      const server = Bun.serve({
        hostname: host,
        port,
        reusePort: reusePort ?? false,
        ...(tls === undefined ? {} : { tls }),
        development: false,
        idleTimeout: idleTimeoutS,
        // Bodies are counted by the pipeline, app by app, and refused with a reason.
        maxRequestBodySize: Number.MAX_SAFE_INTEGER,
        fetch: (request) => pipeline.handle(request, transport),
        error: () => new Response(null, { status: 500 }),
      });
      const transport = transportOf(server, idleTimeoutS);
      return new Listener(server, () => pipeline.drain());
    } catch (error) {
      throw new ListenError(host, port, error);
    }
  }

  /** Whether `port` is free for us alone, and which one it is when it is 0. For the processes that are about to share it. Throws ListenError. */
  static async reserve(host: string, port: number): Promise<{ readonly host: string; readonly port: number }> {
    try {
      const server = Bun.serve({ hostname: host, port, reusePort: false, development: false, fetch: () => new Response(null, { status: 503 }) });
      const at = { host, port: server.port ?? port };
      await server.stop(true);
      return at;
    } catch (error) {
      throw new ListenError(host, port, error);
    }
  }

  get host(): string {
    return this.#server.hostname ?? "";
  }

  get port(): number {
    return this.#server.port ?? 0;
  }

  /** Asks kept-alive clients to leave: every response from now on ends its connection. Requests are served as before, for as long as it takes or `mostMs`. */
  async dismiss(mostMs: number): Promise<void> {
    this.#drain();
    await after(Math.min(lingerMs, mostMs));
  }

  /**
   * Stops accepting, lets requests in flight finish, and cuts what is left after `graceMs`. Resolves when the port is free, with whether everything finished.
   * New connections that race the close are lost unless another process listens on the port (and `net.ipv4.tcp_migrate_req` is on).
   */
  async close(graceMs: number): Promise<boolean> {
    this.#drain();
    const stopped = this.#server.stop(false).then(() => true);
    const timer = new AbortController();
    const finished = await Promise.race([stopped, after(graceMs, timer.signal).then(() => false)]);
    timer.abort();
    if (!finished) await this.#server.stop(true);
    return finished;
  }
}

function transportOf(server: Bun.Server<undefined>, idleTimeoutS: number): Transport {
  return {
    urlHasAuthority: false,
    peerAddress: (request) => server.requestIP(request)?.address ?? "",
    // The server's idle timeout would also cut a slow handler, a steady slow upload and a quiet stream; those have limits of their own.
    hold: (request) => server.timeout(request, 0),
    release: (request) => server.timeout(request, idleTimeoutS),
  };
}

/** Resolves early when `signal` aborts. */
function after(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
