/** The listeners of the admin API: a unix socket for this user alone, and a TCP port with a token where the config asks for one. Never the port of the apps. */
import http from "node:http";
import type { AdminConfig } from "../config/config.ts";
import { isLoopback } from "../config/admin.ts";
import { OperatorError } from "../errors.ts";
import type { Observer } from "../observe/observer.ts";
import { createAdminApp } from "./app.ts";
import { Token } from "./auth.ts";
import type { Gate } from "./gate.ts";
import type { Operations } from "./operations.ts";
import { MOST_BODY_BYTES } from "./request.ts";
import { prepareSocket } from "./socket-file.ts";

export interface AdminOptions {
  readonly operations: Operations;
  readonly observer: Pick<Observer, "event" | "fault">;
  readonly version: string;
  readonly config: AdminConfig;
  /** See `admin-socket`. */
  readonly socket: string;
  /** Bun's process-wide bound on a request's head is ours to set: nothing else listens in this process. */
  readonly ownsProcess: boolean;
}

/** Names that lead to this machine wherever it stands. */
const LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"];
/** Wrong tokens of any length are refused as such. */
const MOST_HEAD_BYTES = 2 << 20;
/** For the ends of streams to leave. */
const LAST_WRITES_MS = 20;
/** A body beyond is cut by Bun; from the limit on we refuse it ourselves. */
const MOST_READ_BYTES = 4 * MOST_BODY_BYTES;

export class AdminListener {
  readonly socket: string | null;
  readonly host: string;
  readonly #unix: Bun.Server<undefined> | null;
  readonly #tcp: Bun.Server<undefined> | null;
  readonly #closing = new AbortController();
  #token: Token | null;

  /**
   * Throws OperatorError. A socket whose place nobody chose and that cannot be there is only logged: apps are served all the same.
   */
  static async open(options: AdminOptions): Promise<AdminListener> {
    const { config, socket, observer, ownsProcess } = options;
    if (ownsProcess) Object.assign(http, { maxHeaderSize: MOST_HEAD_BYTES });
    let path: string | null = socket;
    try {
      await prepareSocket(socket, config.socket === null);
    } catch (error) {
      if (!(error instanceof OperatorError) || config.socket !== null) throw error;
      observer.event("admin_unavailable", { reason: error.message });
      path = null;
    }
    return new AdminListener(options, path);
  }

  private constructor(options: AdminOptions, path: string | null) {
    const { config } = options;
    this.#token = config.token === null ? null : new Token(config.token);
    this.host = config.host;
    const hosts = new Set([...LOCAL_HOSTS, config.host.includes(":") ? `[${config.host}]` : config.host, ...config.hostnames]);
    const bySocket: Gate = { token: null, hosts: new Set(LOCAL_HOSTS), takesAddresses: false };
    const byPort = (): Gate => ({ token: this.#token ?? unknowable, hosts, takesAddresses: !isLoopback(config.host) });
    const open = (gate: () => Gate, listen: { unix: string } | { hostname: string; port: number }) => {
      const app = createAdminApp({ ...options, gate, closing: this.#closing.signal });
      return serve(listen, async (request, server) => {
        // Following the log is quiet for longer than an idle connection may be.
        server.timeout(request, 0);
        return app.fetch(request);
      });
    };
    this.#unix = path === null ? null : openIfPossible(options, () => withPrivateFiles(() => open(() => bySocket, { unix: path })));
    this.socket = this.#unix === null ? null : path;
    try {
      this.#tcp = config.port === null ? null : open(byPort, { hostname: config.host, port: config.port });
    } catch (error) {
      void this.#unix?.stop(true);
      throw error;
    }
  }

  /** Null without TCP. */
  get port(): number | null {
    return this.#tcp?.port ?? null;
  }

  /** From now on. Requests that were let in go on. */
  useToken(token: string | null): void {
    this.#token = token === null ? null : new Token(token);
  }

  /** Ends followers of the log as well. */
  async close(): Promise<void> {
    this.#closing.abort();
    await new Promise((resolve) => setTimeout(resolve, LAST_WRITES_MS));
    await Promise.all([this.#unix?.stop(true), this.#tcp?.stop(true)]);
  }
}

/** Null, and told in the log, where nobody chose the socket's place: the file system may be read-only. */
function openIfPossible<T>({ config, observer }: AdminOptions, openSocket: () => T): T | null {
  try {
    return openSocket();
  } catch (error) {
    if (!(error instanceof OperatorError) || config.socket !== null) throw error;
    observer.event("admin_unavailable", { reason: error.message });
    return null;
  }
}

/** Where a reload left the port without a token, nobody gets in. */
const unknowable = new Token(crypto.randomUUID());

function serve(listen: { unix: string } | { hostname: string; port: number }, fetch: (request: Request, server: Bun.Server<undefined>) => Promise<Response>): Bun.Server<undefined> {
  try {
    // Without `development` Bun shares a port unless told not to (measured): two nanos would answer in turns.
    return Bun.serve({ ...listen, ...("port" in listen ? { reusePort: false } : {}), development: false, maxRequestBodySize: MOST_READ_BYTES, idleTimeout: 30, fetch, error: () => new Response(null, { status: 500 }) } as Bun.Serve.Options<undefined>);
  } catch (error) {
    const { code = "unknown error" } = error as { code?: string };
    const where = "unix" in listen ? listen.unix : `${listen.hostname}:${listen.port}`;
    throw new OperatorError({ message: `the admin API cannot listen on ${where} (${code})`, hint: code === "EADDRINUSE" ? "stop what listens there, or change admin.port" : "change admin.socket, admin.host or admin.port, or turn it off: admin.enabled" });
  }
}

/** The file of a socket has its mode from the moment it is there: no other user can be quicker. */
function withPrivateFiles<T>(open: () => T): T {
  const before = process.umask(0o177);
  try {
    return open();
  } finally {
    process.umask(before);
  }
}
