/** An invocation as the egress sees it, raw upstreams on loopback, and networks whose DNS a test decides. */
import { createServer, type Server, type Socket } from "node:net";
import type { ByteSource } from "../../../../../src/base/wire.ts";
import type { Invocation, OpContext } from "../../../../../src/isolate/invocation.ts";
import { Resources } from "../../../../../src/isolate/resources.ts";
import { type AppLimits, resolveAppLimits } from "../../../../../src/limits.ts";
import { SOURCE } from "../../../../../src/web/fetch/host/answer-ops.ts";
import { createEgress, type EgressOptions } from "../../../../../src/web/fetch/host/egress/egress.ts";
import type { FetchHead } from "../../../../../src/web/fetch/ops.ts";

export const latin1 = (text: string): Uint8Array => Buffer.from(text, "latin1");

/** An upstream that answers with bytes. Closed by the test's `using`. */
export class Upstream implements AsyncDisposable {
  readonly requests: string[] = [];
  readonly sockets = new Set<Socket>();
  connections = 0;
  mostAtOnce = 0;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** `answer` is called with what has arrived so far, each time something arrives. */
  static async start(answer: (socket: Socket, received: string, upstream: Upstream) => void): Promise<Upstream> {
    const server = createServer();
    const upstream = new Upstream(server);
    server.on("connection", (socket) => {
      let received = "";
      const index = upstream.connections++;
      upstream.sockets.add(socket);
      upstream.mostAtOnce = Math.max(upstream.mostAtOnce, upstream.sockets.size);
      socket.on("close", () => upstream.sockets.delete(socket));
      socket.on("error", () => {});
      socket.on("data", (bytes) => {
        received += bytes.toString("latin1");
        upstream.requests[index] = received;
        answer(socket, received, upstream);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return upstream;
  }

  /** Sends `bytes` once a whole head has arrived, and closes. */
  static answering(bytes: string | Uint8Array): Promise<Upstream> {
    return Upstream.start((socket, received) => {
      if (received.includes("\r\n\r\n")) socket.end(typeof bytes === "string" ? latin1(bytes) : bytes);
    });
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }
  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

interface CallOptions {
  readonly method?: string;
  readonly redirect?: string;
  readonly headers?: string;
  readonly data?: string | Uint8Array<ArrayBuffer> | null;
  readonly bodyRid?: number;
  readonly id?: number;
}

/** A guest that fetches, with one invocation. */
export class Guest {
  readonly denied: string[] = [];
  readonly resources: Resources;
  fuel = 0;
  #rids = 0;
  #nextId = 1;
  readonly #end = new AbortController();
  readonly context: OpContext;
  readonly #egress: ReturnType<typeof createEgress>;

  constructor(options: Partial<EgressOptions> & { limits?: Partial<AppLimits>; allow?: readonly string[]; allowsPrivate?: boolean; egress?: ReturnType<typeof createEgress>; app?: string } = {}) {
    const limits: AppLimits = { ...resolveAppLimits(), ...options.limits };
    this.resources = new Resources({ nextRid: () => ++this.#rids });
    const invocation: Invocation = { id: 1, requestId: "r1", app: options.app ?? "app", limits, hops: 0, resources: this.resources, signal: this.#end.signal, clockStartMs: 0, outcome: "ok" };
    this.context = {
      invocation,
      charge: (fuel: number) => {
        this.fuel += fuel;
      },
      enter: () => {},
      answer: () => {},
      fail: () => {},
      finish: () => {},
      followContexts: () => {},
      hideSource: () => {}, uncaught: () => {}, mapStack: (stack: string) => stack, peer: () => undefined,
    };
    this.#egress =
      options.egress ??
      createEgress({
        policyOf: () => ({ allow: options.allow ?? [], allowsPrivate: options.allowsPrivate ?? true }),
        limitsOf: () => limits,
        onDenied: (_ctx, host) => this.denied.push(host),
        ...options,
      });
  }

  fetch(url: string, { method = "GET", redirect = "follow", headers = "", data = null, bodyRid = 0, id = this.#nextId++ }: CallOptions = {}): Promise<FetchHead> {
    return this.#egress.fetch_start(this.context, id, `${method}\n${url}\n${redirect}\n${headers}`, data, bodyRid);
  }

  abort(id: number): void {
    this.#egress.fetch_abort(this.context, id);
  }

  source(head: FetchHead): ByteSource {
    return this.resources.get<ByteSource>(head.bodyRid, SOURCE);
  }

  async text(head: FetchHead): Promise<string> {
    return Buffer.from(await this.bytes(head)).toString("latin1");
  }

  async bytes(head: FetchHead): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    const source = this.source(head);
    for (let chunk = await source.pull(); chunk !== null; chunk = await source.pull()) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  /** As the isolate does when the invocation is over. */
  end(): void {
    this.resources.closeAll();
    this.#end.abort();
  }
}

/** The guest error a promise rejects with, as `name: message`. */
export function failure(promise: Promise<unknown>): Promise<string> {
  return outcome(promise.then(() => "no failure"));
}

/** What a promise resolves with, or the guest error it rejects with. */
export async function outcome(promise: Promise<string>): Promise<string> {
  try {
    return await promise;
  } catch (error) {
    const { guestName, message } = error as { guestName?: string; message: string };
    return `${guestName ?? "no guest error"}: ${message}`;
  }
}

/** Some turns of the event loop, in which sockets make what progress they can. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const PATIENCE_MS = 4_000;

/** Resolves once `isReached`; fails when that takes for ever. */
export async function until(isReached: () => boolean): Promise<void> {
  const latest = Date.now() + PATIENCE_MS;
  while (!isReached()) {
    if (Date.now() > latest) throw new Error(`waited in vain for ${isReached}`);
    await turns(1);
  }
}
