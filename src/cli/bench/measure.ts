/** Sends one request to an app again and again, without a network, and takes down what each costs: fuel exactly, time as it happens to be here. */
import type { App } from "../../apps/app.ts";
import type { Config } from "../../config/config.ts";
import { loadBundle } from "../../apps/load/bundle.ts";
import type { LoadedArtifacts } from "../../artifacts.ts";
import { fetchHandler } from "../../ingress/fetch-handler.ts";
import { type FailureRecord, type InvocationRecord, type KillRecord, type Observer, silent } from "../../observe/observer.ts";
import { Runtime } from "../../runtime/runtime.ts";
import type { ProfiledRequest } from "../dev/profile/flame-graph.ts";

export interface BenchRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array<ArrayBuffer> | null;
}

/** Of a number that is the same each time, or is not. */
export interface Spread {
  readonly least: number;
  readonly median: number;
  readonly most: number;
}

export interface Measured {
  readonly app: string;
  readonly isolates: number;
  readonly bundleBytes: number;
  readonly loadMs: number;
  readonly startupCpuMs: number;
  readonly snapshotBytes: number;
  /** Of the first answer. */
  readonly status: number;
  readonly responseBytes: number;
  /** Of the first request in a fresh isolate, and of the second. */
  readonly firstFuel: Spread;
  readonly laterFuel: Spread;
  /** CPU of the process per request in a warm isolate, nano's own work included. */
  readonly cpuMs: number;
  /** What the first request of an isolate takes longer than the second. */
  readonly activationMs: { readonly p50: number; readonly p99: number };
  /** Linear memory, which memory_mb limits. */
  readonly memoryBytes: number;
  /** What an isolate at rest is counted for. */
  readonly idleBytes: number;
}

/** A request did not end well, or the app did not load. The message is for its author. */
export class BenchError extends Error {}

/** Time of the thread, for a figure that means something: at least so long, in requests that follow each other. */
const WARM_MS = 300;
const WARM_UP_MS = 200;
const MOST_WARM_REQUESTS = 100_000;

export class Bench implements Disposable {
  readonly #runtime: Runtime;
  readonly #app: App;
  readonly #request: BenchRequest;
  readonly #fetch: ReturnType<typeof fetchHandler>;
  readonly #url: string;
  readonly #host: string;
  #over: InvocationRecord | null = null;
  #startupCpuMs = 0;
  #failure: FailureRecord | null = null;
  #kill: KillRecord | null = null;

  /** `config` has the app alone. */
  constructor(artifacts: LoadedArtifacts, config: Config, request: BenchRequest, isProfiling = false) {
    const observer: Observer = {
      ...silent,
      invocation: (record) => {
        this.#over = record;
      },
      appLoaded: (_app, { startupCpuMs }) => {
        this.#startupCpuMs = startupCpuMs;
      },
      failure: (record) => {
        this.#failure = record;
      },
      kill: (record) => {
        this.#kill = record;
      },
    };
    this.#runtime = new Runtime({ artifacts, config, observer, loadBundle, showsErrors: true, allowsPrivateFetch: true, isProfiling });
    this.#app = this.#runtime.registry.apps[0] as App;
    this.#fetch = fetchHandler(this.#runtime.pipeline);
    this.#request = request;
    this.#host = (this.#app.config.hostnames[0] ?? "localhost").replace("*", "bench");
    this.#url = `http://${this.#host}${request.path}`;
  }

  /** Throws BenchError. */
  async run(isolates: number): Promise<Measured> {
    const app = this.#app;
    const started = performance.now();
    await this.#load();
    const loadMs = performance.now() - started;
    const answer = await this.#ask();
    await this.#warmUp();
    const first: Sample[] = [];
    const later: Sample[] = [];
    for (let i = 0; i < isolates; i++) {
      app.evict(Number.POSITIVE_INFINITY);
      first.push(await this.#ask());
      later.push(await this.#ask());
    }
    const activation = first.map(({ ms }, i) => Math.max(0, ms - (later[i] as Sample).ms)).sort((a, b) => a - b);
    const { revision } = app.serving;
    const cpuMs = await this.#cpuPerRequest();
    return {
      app: app.name,
      isolates,
      bundleBytes: revision.bundle?.bytes ?? 0,
      loadMs,
      startupCpuMs: this.#startupCpuMs,
      snapshotBytes: revision.snapshotBytes,
      status: answer.status,
      responseBytes: answer.bytes,
      firstFuel: spreadOf(first),
      laterFuel: spreadOf(later),
      cpuMs,
      activationMs: { p50: quantile(activation, 0.5), p99: quantile(activation, 0.99) },
      memoryBytes: Math.max(...[...first, ...later].map(({ memoryBytes }) => memoryBytes)),
      idleBytes: this.#idleBytes(),
    };
  }

  /** Where the fuel of an isolate's second request goes. Throws BenchError. */
  async profile(): Promise<ProfiledRequest> {
    await this.#load();
    await this.#ask();
    const { status } = await this.#ask();
    const profile = this.#over?.profile ?? null;
    if (profile === null) throw new Error("nothing is profiled here");
    return { app: this.#app.name, method: this.#request.method, path: this.#request.path, status, profile };
  }

  [Symbol.dispose](): void {
    this.#runtime.close();
  }

  async #load(): Promise<void> {
    const { revision } = this.#app.serving;
    if ((await revision.load()) !== "ready") throw new BenchError(revision.error?.message ?? "the app does not load");
  }

  async #ask(): Promise<Sample> {
    const { method, headers, body } = this.#request;
    this.#over = null;
    const started = performance.now();
    const response = await this.#fetch(new Request(this.#url, { method, headers: [...headers.map(([name, value]): [string, string] => [name, value]), ["host", this.#host]], body }));
    const ms = performance.now() - started;
    const bytes = (await response.arrayBuffer()).byteLength;
    // waitUntil belongs to what a request costs.
    while (this.#app.inFlight > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const record = this.#over as InvocationRecord | null;
    if (this.#failure !== null || this.#kill !== null) throw new BenchError(this.#why(response.status));
    if (record === null) throw new BenchError(`nano itself answered, with ${response.status}: is this request one for the app?`);
    if (record.outcome !== "ok") throw new BenchError(`a request ended as ${record.outcome}`);
    return { ms, status: response.status, bytes, fuel: Math.round(record.fuel), memoryBytes: record.memoryBytes };
  }

  #why(status: number): string {
    const kill = this.#kill;
    if (kill !== null) return `a request was ended: it used ${Math.round(kill.used)} ${kill.unit} of ${kill.limitKey}, which allows ${Math.round(kill.limit)} ${kill.unit}\n${kill.stack}`.trimEnd();
    const { name, message, stack, frame } = this.#failure as FailureRecord;
    return [`a request failed, with status ${status}: ${name}: ${message}`, stack, frame].filter((text) => text !== "").join("\n");
  }

  /** The engine's code gets fast as it runs. */
  async #warmUp(): Promise<void> {
    for (const until = performance.now() + WARM_UP_MS; performance.now() < until; ) await this.#ask();
  }

  async #cpuPerRequest(): Promise<number> {
    const before = process.cpuUsage();
    let count = 0;
    for (const until = performance.now() + WARM_MS; performance.now() < until && count < MOST_WARM_REQUESTS; count++) await this.#ask();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000 / count;
  }

  #idleBytes(): number {
    const [isolate] = this.#app.serving.pool.idlers[0] ?? [];
    if (isolate === undefined) return 0;
    // Twice: the first time it is only noticed that nothing goes on.
    isolate.rest();
    isolate.rest();
    return isolate.countedBytes;
  }
}

interface Sample {
  readonly ms: number;
  readonly status: number;
  readonly bytes: number;
  readonly fuel: number;
  readonly memoryBytes: number;
}

function spreadOf(samples: readonly Sample[]): Spread {
  const sorted = samples.map(({ fuel }) => fuel).sort((a, b) => a - b);
  return { least: sorted[0] ?? 0, median: quantile(sorted, 0.5), most: sorted.at(-1) ?? 0 };
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
