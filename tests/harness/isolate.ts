/**
 * An app in a real isolate, without a runtime around it: metered engine, base snapshot with all rooms, scheduler, ops. The artifacts are built once per
 * process. Requests go in and answers come out in wire form.
 */
import { mapStack } from "../../src/apps/load/map-stack.ts";
import { DeadlineSweeper } from "../../src/base/deadline.ts";
import { type ByteSource, eachHeader, isByteSource, type ResponseWire } from "../../src/base/wire.ts";
import type { GuestInvocation } from "../../src/isolate/guest-invocation.ts";
import { BlankPool } from "../../src/isolate/memory/blanks.ts";
import { GuestPages } from "../../src/isolate/memory/guest-pages.ts";
import { GuestError } from "../../src/isolate/guest-error.ts";
import type { GuestFailure, InvocationLimits, InvocationSummary, Kill } from "../../src/isolate/invocation.ts";
import { GuestMemory } from "../../src/isolate/memory/guest-memory.ts";
import { Isolate } from "../../src/isolate/isolate.ts";
import type { IsolateHost } from "../../src/isolate/isolate-host.ts";
import { Account, Scheduler } from "../../src/isolate/scheduler.ts";
import { openSystemMemory } from "../../src/isolate/memory/system-memory.ts";
import { SlicePlan } from "../../src/isolate/slice.ts";
import type { Snapshot } from "../../src/isolate/memory/snapshot.ts";
import type { BindingServices } from "../../src/bindings/index.ts";
import { createOps } from "../../src/runtime/catalogue.ts";
import { MemoryCacheStore } from "../../src/web/cache/host/memory-store.ts";
import type { WebServices } from "../../src/web/index.ts";
import { enterRooms } from "../../src/web/room-scan.ts";
import { testArtifacts } from "./artifacts.ts";

export const artifacts = await testArtifacts();

const LIMITS: InvocationLimits = {
  cpuMs: 5000,
  wallMs: 30_000,
  streamMs: 30_000,
  waitUntilMs: 30_000,
  subrequests: 50,
  subrequestsAtOnce: 6,
  timers: 1000,
  kdfIterations: 600_000,
  logBytes: 65_536,
  logLineBytes: 8192,
  streamBufferBytes: 262_144,
};
const MEMORY_BYTES = 128 << 20;
const FUEL_PER_MS = 500_000;

/** An app that has loaded answers with nothing. */
const LOADED: ResponseWire = { status: 0, statusText: "", headers: "", body: null };

/** One app's, for all isolates of the process. */
const caches = new MemoryCacheStore(() => 1 << 20, () => Date.now());
const scheduler = new Scheduler({ now: () => performance.now(), defer: (turn) => setImmediate(turn), turnMs: 2 });
const pages = new GuestPages({ system: openSystemMemory(), isShared: true });
const slices = new SlicePlan(1, 50_000);

export interface IsolateSettings {
  readonly limits?: Partial<InvocationLimits>;
  readonly env?: Readonly<Record<string, unknown>>;
  /** What `performance.now()` reads, milliseconds. */
  readonly now?: () => number;
  readonly egress?: WebServices["egress"];
  /** The app finds them as `env.ASSETS`. */
  readonly assets?: ReturnType<BindingServices["assetsOf"]>;
  /** Where its memory comes from. */
  readonly pages?: GuestPages;
  readonly memoryBytes?: number;
  readonly isProfiling?: boolean;
}

export interface RequestParts {
  readonly method?: string;
  readonly url?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string | Uint8Array | ByteSource;
}

/** The app failed before it answered. */
export class AppFailure extends Error {
  readonly outcome: string;
  readonly failure: GuestFailure | null;
  constructor(outcome: string, failure: GuestFailure | null) {
    super(failure === null ? outcome : `${outcome}: ${failure.name}: ${failure.message}\n${failure.stack}`);
    this.outcome = outcome;
    this.failure = failure;
  }
}

/** A request under way. */
export class Exchange {
  readonly invocation: GuestInvocation;
  /** Rejects with an AppFailure. */
  readonly answer: Promise<Answer>;
  /** Everything has ended, `waitUntil` work included. */
  readonly over: Promise<InvocationSummary>;

  constructor(isolate: Isolate, limits: InvocationLimits, event: (invocation: GuestInvocation) => void, startupCpuMs?: number) {
    const answer = Promise.withResolvers<Answer>();
    const over = Promise.withResolvers<InvocationSummary>();
    this.answer = answer.promise;
    this.over = over.promise;
    this.answer.catch(() => {});
    this.invocation = isolate.open({
      requestId: "request",
      app: "app",
      limits,
      ...(startupCpuMs === undefined ? {} : { startupCpuMs }),
      onAnswer: (wire) => {
        answer.resolve(new Answer((wire as ResponseWire | null) ?? LOADED));
        if (wire === null) this.invocation.finish();
      },
      onFailure: (outcome, failure) => {
        answer.reject(new AppFailure(outcome, failure));
        if (startupCpuMs !== undefined) this.invocation.finish();
      },
      onOver: over.resolve,
    });
    event(this.invocation);
  }
}

export class Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: (readonly [name: string, value: string])[] = [];
  readonly body: ResponseWire["body"];

  constructor(wire: ResponseWire) {
    this.status = wire.status;
    this.statusText = wire.statusText;
    this.body = wire.body;
    eachHeader(wire.headers, (name, value) => this.headers.push([name, value]));
  }

  async bytes(): Promise<Uint8Array> {
    const { body } = this;
    if (!isByteSource(body)) return typeof body === "string" ? new TextEncoder().encode(body) : (body ?? new Uint8Array(0));
    const chunks: Uint8Array[] = [];
    for (let chunk = await body.pull(); chunk !== null; chunk = await body.pull()) chunks.push(chunk);
    return Buffer.concat(chunks);
  }
  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes());
  }
}

export class TestIsolate implements Disposable {
  readonly logs: { level: string; text: string }[] = [];
  /** Host faults: something of ours threw. */
  readonly faults: unknown[] = [];
  kill: Kill | null = null;
  /** Fuel of all invocations that have ended. */
  fuel = 0;
  readonly #limits: InvocationLimits;
  readonly #env: string;
  readonly #bindings: string;
  readonly #host: IsolateHost;
  readonly #sweeper = new DeadlineSweeper(25);
  readonly #account = new Account("app");
  readonly #memoryBytes: number;
  #isolate: Isolate;

  /** An isolate with the rooms and no app. */
  constructor(settings: IsolateSettings = {}) {
    this.#limits = { ...LIMITS, ...settings.limits };
    this.#memoryBytes = settings.memoryBytes ?? MEMORY_BYTES;
    this.#env = JSON.stringify(settings.env ?? {});
    this.#bindings = settings.assets === undefined ? "" : "ASSETS assets";
    const refuse = () => Promise.reject(new GuestError("TypeError", "there is no network in this test"));
    const ownPages = settings.pages ?? pages;
    const memory = new GuestMemory(Number.POSITIVE_INFINITY);
    this.#host = {
      engine: artifacts.engine,
      ops: createOps({
        lazyRooms: artifacts.lazyRooms,
        clock: { origin: () => 1_000_000, now: settings.now ?? (() => performance.now()) },
        sink: (_ctx, level, text) => this.logs.push({ level, text }),
        budgetOf: () => null,
        cachesOf: () => caches,
        assetsOf: () => settings.assets,
        egress: settings.egress ?? { fetch_start: refuse, fetch_abort: () => {} },
      }),
      scheduler,
      sweeper: this.#sweeper,
      slices,
      fuelPerMs: FUEL_PER_MS,
      profiledFile: settings.isProfiling === true ? "app.js" : undefined,
      events: artifacts.base.events,
      now: () => Date.now(),
      pages: ownPages,
      memory,
      blanks: new BlankPool({ engine: artifacts.engine, pages: ownPages, memory }, 0),
      reportFault: (error) => `fault ${this.faults.push(error)}`,
    };
    this.#isolate = this.#clone(artifacts.base.snapshot);
  }

  /** Evaluates `source` once and clones the isolate from the snapshot of that, as the product does. Throws an AppFailure when it does not load. */
  static async load(source: string, settings: IsolateSettings = {}, doorName: string | null = null): Promise<TestIsolate> {
    const isolate = new TestIsolate(settings);
    await isolate.evaluate(source, doorName);
    isolate.restart();
    return isolate;
  }

  /** Another isolate of the same app. */
  restart(): void {
    const snapshot = this.#isolate.snapshot();
    this.#isolate.dispose();
    this.#isolate = this.#clone(snapshot);
  }

  /** Guest code is in the middle of something. */
  get isBusy(): boolean {
    return this.#isolate.isBusy;
  }

  /** As after some time without a request. */
  rest(): void {
    this.#isolate.rest();
    this.#isolate.rest();
  }

  snapshot(): Snapshot {
    return this.#isolate.snapshot();
  }

  /** Evaluates an app's module in this isolate: its handler is the one that requests meet from now on. */
  async evaluate(source: string, doorName: string | null = null): Promise<void> {
    const exchange = new Exchange(
      this.#isolate,
      { ...this.#limits, timers: 0, subrequests: 0 },
      (invocation) => {
        invocation.enter("env", this.#env, this.#bindings);
        enterRooms(invocation, source);
        if (doorName !== null) invocation.enter("door", doorName);
        this.#isolate.evaluate(invocation, source, "app.js", "app");
      },
      this.#limits.cpuMs,
    );
    await exchange.over;
    await exchange.answer;
    await this.#isolate.whenIdle();
  }

  send(request: RequestParts = {}): Exchange {
    const { method = "GET", url = "http://app.test/", headers = [], body } = request;
    const exchange = new Exchange(this.#isolate, this.#limits, (invocation) => {
      const source = body === undefined ? null : typeof body === "string" ? sourceOf(new TextEncoder().encode(body)) : body instanceof Uint8Array ? sourceOf(body) : body;
      const rid = source === null ? 0 : invocation.resources.add("source", source, () => source.cancel());
      invocation.enter("fetch", `${method}\n${url}\n${headers.map(([name, value]) => `${name}\n${value}\n`).join("")}`, rid);
    });
    exchange.over.then(() => {
      this.fuel += exchange.invocation.fuelUsed;
    });
    return exchange;
  }

  /** Answer and fuel of one request that has ended. */
  async request(request: RequestParts = {}): Promise<{ readonly answer: Answer; readonly text: string; readonly fuel: number }> {
    const exchange = this.send(request);
    const answer = await exchange.answer;
    const text = await answer.text();
    await exchange.over;
    return { answer, text, fuel: exchange.invocation.fuelUsed };
  }

  /** Runs the body of an async function as a request of its own and returns what it returns, through JSON. */
  async run(body: string): Promise<any> {
    await this.evaluate(`export default { async fetch() { const result = await (async () => {${body}\n})(); return new Response(JSON.stringify({ result })); } }`);
    return JSON.parse((await this.request()).text).result;
  }

  [Symbol.dispose](): void {
    this.#isolate.dispose();
    this.#sweeper.close();
  }

  #clone(snapshot: Snapshot): Isolate {
    return new Isolate({
      host: this.#host,
      snapshot,
      account: this.#account,
      memoryBytes: this.#memoryBytes,
      mapStack: (stack) => mapStack(stack, null),
      onCondemned: (kill) => {
        this.kill = kill;
      },
    });
  }
}

/** A body of the given chunks. */
export function sourceOf(...chunks: readonly Uint8Array[]): ByteSource {
  const rest = [...chunks];
  return { pull: () => Promise.resolve(rest.shift() ?? null), cancel: () => void rest.splice(0) };
}
