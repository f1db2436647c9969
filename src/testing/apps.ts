/** The apps that a test file asks, and the variants that it makes of them. Every request takes the way that it takes in production, but for the socket. */
import type { App } from "../apps/app.ts";
import type { ByteSource } from "../base/wire.ts";
import { isByteSource } from "../base/wire.ts";
import { type AppConfig, type Json, variablesOf } from "../config/config.ts";
import type { Pipeline } from "../ingress/pipeline.ts";
import { Router } from "../ingress/router.ts";
import { GuestError } from "../isolate/guest-error.ts";
import type { OpContext } from "../isolate/invocation.ts";
import { type LimitKey, limitKeys, limits, saidLimits, type LimitValues, resolveAppLimits } from "../limits.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { SOURCE } from "../web/fetch/host/answer-ops.ts";
import { networkError } from "../web/fetch/host/egress/network-error.ts";
import { parseRequest } from "../web/fetch/host/egress/outgoing-request.ts";
import type { FetchHead } from "../web/fetch/ops.ts";
import type { AppChanges, LogLine } from "../web/testing/ops.ts";
import type { Call } from "./calls.ts";

/** There is no socket: the test file is on this machine. */
const TRANSPORT = { urlHasAuthority: true, peerAddress: () => "127.0.0.1", hold() {}, release() {} };

export interface Asked {
  readonly app: App;
  /** What it is called in the configuration. */
  readonly name: string;
  readonly isStubbed: boolean;
  readonly pipeline: Pipeline<App>;
  logs: LogLine[];
}

export class TestApps {
  readonly #runtime: Runtime;
  readonly #own: string | null;
  /** Those of the configuration. */
  readonly #names: readonly string[];
  readonly #asked: Asked[] = [];
  readonly #byName = new Map<string, number>();
  readonly #nameCall: (call: Call, requestId: string) => void;
  /** The request that is on its way through the pipeline. */
  #entering: Call | null = null;
  readonly #running = new Map<number, AbortController>();

  /** `own`: the app that lies beside the test file; null when there is none, or several. `nameCall` is told what a request is called in the runtime. */
  constructor(runtime: Runtime, own: string | null, nameCall: (call: Call, requestId: string) => void) {
    this.#runtime = runtime;
    this.#own = own;
    this.#names = runtime.registry.apps.map(({ name }) => name);
    this.#nameCall = nameCall;
  }

  /** The app of that name, or that of the test file. */
  open(asked: string | null): number {
    const name = asked ?? this.#own;
    const known = this.#names;
    if (name === null)
      throw new GuestError("Error", known.length === 0 ? "there is no app here: nano test looks for nano.json, or for an app in the working directory" : `there are several apps here: say which one with appNamed("${known[0]}"); there are ${known.join(", ")}`);
    const number = this.#byName.get(name);
    if (number !== undefined) return number;
    const app = this.#runtime.registry.get(name);
    if (app === undefined) throw new GuestError("Error", `there is no app ${JSON.stringify(name)} in the configuration; there are ${known.join(", ")}`);
    const opened = this.#add(app, name, false);
    this.#byName.set(name, opened);
    return opened;
  }

  vary(number: number, changes: AppChanges): number {
    const { app, name, isStubbed } = this.get(number);
    const { env, secrets } = app.config;
    const changed = (changes.env ?? {}) as Readonly<Record<string, Json>>;
    const config: AppConfig = {
      ...app.config,
      name: `${name} (${this.#asked.length + 1})`,
      hostnames: [],
      isDefault: false,
      env: { ...env, ...changed },
      secrets: Object.fromEntries(Object.entries(secrets).filter(([key]) => !Object.hasOwn(changed, key))),
      limits: changes.limits === undefined ? app.config.limits : resolveAppLimits(checkedLimits(changes.limits), saidLimits.app(app.config.limits)),
    };
    return this.#add(this.#runtime.registry.add(config), name, changes.isStubbed ?? isStubbed);
  }

  get(number: number): Asked {
    const asked = this.#asked[number - 1];
    if (asked === undefined) throw new GuestError("Error", "there is no such app");
    return asked;
  }

  /** By what it is called in the runtime. */
  find(name: string): { readonly number: number; readonly asked: Asked } | null {
    const index = this.#asked.findIndex(({ app }) => app.name === name);
    const asked = this.#asked[index];
    return asked === undefined ? null : { number: index + 1, asked };
  }

  env(number: number): Readonly<Record<string, Json>> {
    return variablesOf(this.get(number).app.config);
  }

  /** What relative URLs are relative to. */
  url(number: number): string {
    const host = this.get(number).app.config.hostnames.find((name) => !name.startsWith("*."));
    return `http://${host ?? "localhost"}/`;
  }

  restart(number: number): void {
    const { pool } = this.get(number).app.serving;
    for (const isolate of pool.borrowAll()) pool.drop(isolate);
  }

  /** Resolves when every app that has been asked for has loaded, or failed to. */
  async loaded(): Promise<void> {
    await Promise.all(this.#asked.map(({ app }) => app.serving.revision.load()));
  }

  /** A request of the test file: see `fetch_start`. */
  async fetch(ctx: OpContext, id: number, packed: string, body: string | Uint8Array | ByteSource | null, call: Call): Promise<FetchHead> {
    const { pipeline } = this.get(call.app);
    const { method, url, fields, body: sent } = parseRequest(packed, body);
    const controller = new AbortController();
    this.#running.set(id, controller);
    ctx.invocation.signal.addEventListener("abort", () => controller.abort(), { once: true });
    const headers = new Headers(fields.map(([name, value]) => [name, value]));
    headers.set("host", url.host);
    if (sent !== null && !isByteSource(sent)) headers.set("content-length", String(sent.byteLength));
    const init = { method, headers, signal: controller.signal, ...(sent === null ? {} : { body: isByteSource(sent) ? streamOf(sent) : (sent as Uint8Array<ArrayBuffer>), duplex: "half" as const }) };
    this.#entering = call;
    const answering = pipeline.handle(new Request(url.href, init), TRANSPORT);
    this.#entering = null;
    const aborted = new Promise<never>((_, reject) => controller.signal.addEventListener("abort", () => reject(new GuestError("AbortError", "The operation was aborted.")), { once: true }));
    const response = await Promise.race([answering, aborted]);
    if (call.requestId === "") Object.assign(call, { outcome: "refused" }).finish();
    const source = response.body === null ? null : sourceOf(response.body, () => this.#running.delete(id));
    if (source === null) this.#running.delete(id);
    return {
      status: response.status,
      statusText: response.statusText,
      url: url.href,
      redirected: false,
      headers: [...response.headers].map(([name, value]) => `${name}\n${value}\n`).join(""),
      bodyRid: source === null ? 0 : ctx.invocation.resources.add(SOURCE, source, () => source.cancel()),
    };
  }

  abort(id: number): void {
    this.#running.get(id)?.abort();
  }

  #add(app: App, name: string, isStubbed: boolean): number {
    const pipeline = this.#runtime.createPipeline(Router.from([{ app, hosts: [], isDefault: true }]), {
      dispatch: async (target, request) => {
        const call = this.#entering;
        if (call !== null) this.#nameCall(call, request.requestId);
        const result = await this.#runtime.dispatcher.dispatch(target, request);
        if (call !== null && !call.isOver) {
          call.outcome = result.outcome;
          call.cpuMs = result.cpuMs;
          call.fuel = Math.round(result.cpuMs * this.#runtime.services.host.fuelPerMs);
          const error = target.serving.revision.error;
          if (result.outcome === "scriptNotFound" && error !== null) call.error = { name: error.name, message: error.message, stack: "" };
          // No isolate was asked.
          if (result.memoryBytes === undefined) call.finish();
        }
        return result;
      },
    });
    this.#asked.push({ app, name, isStubbed, pipeline, logs: [] });
    void app.serving.revision.load();
    return this.#asked.length;
  }
}

function checkedLimits(given: Readonly<Record<string, unknown>>): LimitValues {
  const keys = limitKeys("app");
  for (const [key, value] of Object.entries(given)) {
    if (!keys.includes(key as LimitKey)) throw new GuestError("TypeError", `there is no limit ${JSON.stringify(key)} of an app; there are ${keys.join(", ")}`);
    const { least, most } = limits[key as LimitKey];
    if (typeof value !== "number" || !(value >= least && value <= most)) throw new GuestError("RangeError", `the limit ${key} takes ${least} to ${most}`);
  }
  return given as LimitValues;
}

const streamOf = (source: ByteSource): ReadableStream<Uint8Array> =>
  new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = await source.pull();
        if (chunk === null) controller.close();
        else controller.enqueue(chunk);
      },
      cancel: (reason) => source.cancel(reason),
    },
    { highWaterMark: 0 },
  );

function sourceOf(stream: ReadableStream<Uint8Array>, onEnd: () => void): ByteSource {
  const reader = stream.getReader();
  return {
    async pull() {
      for (;;) {
        const { done, value } = await reader.read().catch(() => {
          throw networkError("the response was cut");
        });
        if (done) onEnd();
        if (done || value.byteLength > 0) return value ?? null;
      }
    },
    cancel(reason) {
      onEnd();
      void reader.cancel(reason).catch(() => {});
    },
  };
}
