/** The composition root: wires engine, scheduler, rooms, apps and pipeline for one process. It decides nothing. */
import type { LoadedArtifacts } from "../artifacts.ts";
import type { App } from "../apps/app.ts";
import { Dispatcher } from "../apps/dispatch.ts";
import type { LoadBundle } from "../apps/load/bundle.ts";
import { BUNDLE_FILE_NAME } from "../apps/load/source-map.ts";
import { NodeModules } from "../apps/load/node-modules.ts";
import { placeOfStack } from "../apps/load/stack-frame.ts";
import { AppRegistry } from "../apps/registry.ts";
import type { RevisionOrigin, RevisionServices } from "../apps/revision.ts";
import { RoomBases } from "../apps/room-bases.ts";
import { AssetMemory } from "../bindings/assets/host/asset-memory.ts";
import { DeadlineSweeper } from "../base/deadline.ts";
import { limitValue } from "../limits.ts";
import type { Config } from "../config/config.ts";
import { TrustedProxies } from "../ingress/forwarded.ts";
import { DevFront } from "../ingress/dev/dev-front.ts";
import { directoryAnswer } from "../ingress/directory.ts";
import { Pipeline } from "../ingress/pipeline.ts";
import { type Route, Router } from "../ingress/router.ts";
import { Calibration } from "../isolate/calibrate.ts";
import type { IsolateHost } from "../isolate/isolate-host.ts";
import { GuestMemory } from "../isolate/memory/guest-memory.ts";
import { BlankPool } from "../isolate/memory/blanks.ts";
import { GuestPages } from "../isolate/memory/guest-pages.ts";
import { openSystemMemory } from "../isolate/memory/system-memory.ts";
import { RestRounds } from "../isolate/memory/rest.ts";
import { Scheduler } from "../isolate/scheduler.ts";
import { SlicePlan } from "../isolate/slice.ts";
import type { Invocation } from "../isolate/invocation.ts";
import { LINE_CUT } from "../web/console/host.ts";
import type { OwnListener } from "../web/fetch/host/egress/address-policy.ts";
import { ConnectionPool } from "../web/fetch/host/egress/connection-pool.ts";
import type { TracingOptions } from "../observe/otlp.ts";
import { Meter } from "../observe/meter.ts";
import type { MetricsSnapshot } from "../observe/metrics-snapshot.ts";
import { combine, type ConsoleLevel, type Observer, silent } from "../observe/observer.ts";
import { createEgress, type EgressOptions } from "../web/fetch/host/egress/egress.ts";
import type { WebServices } from "../web/index.ts";
import { realClock } from "../web/performance/host.ts";
import { createOps } from "./catalogue.ts";
import { measure } from "./measure.ts";
import { Tracing } from "./tracing.ts";
import { observedEgress } from "./observed-egress.ts";
import { guestMemoryBytes, mostIsolates } from "./memory.ts";

export interface RuntimeOptions {
  readonly artifacts: LoadedArtifacts;
  readonly config: Config;
  readonly observer: Observer;
  readonly loadBundle: LoadBundle;
  /** Of apps that have been loaded before; null or absent: none are kept. */
  readonly images?: RevisionServices["images"];
  /** Of apps whose revisions are numbered from outside. */
  readonly originOf?: (app: string) => RevisionOrigin | undefined;
  /** Clients are told why an app failed, with the stack. */
  readonly showsErrors: boolean;
  /** Apps say where in their source they write to the console. For `dev`. */
  readonly hasConsolePlaces?: boolean;
  /** Pages in browsers load themselves again when their app is replaced. For `dev`. */
  readonly reloadsPages?: boolean;
  /** Apps may fetch loopback and private addresses. */
  readonly allowsPrivateFetch: boolean;
  /** Absent where nobody collects traces. */
  readonly tracing?: TracingOptions;
  /** Absent where nothing is tested. */
  readonly testing?: TestingServices;
  /** Every invocation is profiled, which takes about as long again. */
  readonly isProfiling?: boolean;
}

/** What `nano test` puts in the place of the world. */
export interface TestingServices extends Required<Pick<WebServices, "clock" | "timers" | "now" | "testing">> {
  /** What stands in front of the network. */
  wrapEgress(egress: WebServices["egress"]): WebServices["egress"];
  /** Who answers an app's subrequests in place of the network; null: the network. */
  standInFor: EgressOptions["standInFor"];
}

/** How long entries are granted before the event loop has its turn. */
const TURN_MS = 2;
const SWEEP_MS = 25;
/** A first slice on a cold engine. */
const INITIAL_SLICE_FUEL = 50_000;
/** Fuel per millisecond before the calibration has told: a fast machine, so that nobody is ended early. */
const ASSUMED_FUEL_PER_MS = 500_000;
const FUEL_PER_MS_BOUNDS = { least: 50_000, most: 5_000_000 } as const;

export class Runtime {
  readonly pipeline: Pipeline<App>;
  readonly dispatcher: Dispatcher;
  readonly registry: AppRegistry;
  readonly services: RevisionServices;
  readonly #host: IsolateHost & { fuelPerMs: number };
  readonly #options: RuntimeOptions;
  readonly #observer: Observer;
  readonly #sweeper: DeadlineSweeper;
  readonly #meter: Meter;
  readonly #tracing: Tracing | null;
  readonly #front: DevFront | undefined;
  #calibration: Calibration | null = null;
  readonly #connections = new ConnectionPool();
  readonly #rests: RestRounds;
  #listeners: readonly OwnListener[] = [];

  constructor(options: RuntimeOptions) {
    const { artifacts, config } = options;
    this.#meter = new Meter(config.limits.metricApps);
    this.#tracing = options.tracing === undefined ? null : new Tracing(options.tracing, artifacts.manifest.version, this.#meter.observer);
    const front = options.showsErrors ? new DevFront(options.reloadsPages ?? false) : undefined;
    this.#front = front;
    const observer = combine([options.observer, this.#meter.observer, ...(front === undefined ? [] : [{ ...silent, appReplaced: (name: string) => front.replaced(name) }]), ...(this.#tracing === null ? [] : [this.#tracing.observer])]);
    this.#options = options;
    this.#sweeper = new DeadlineSweeper(SWEEP_MS);
    const app = (name: string) => this.registry.get(name);
    const { testing } = options;
    const egress = createEgress({
      policyOf: (name) => ({ allow: app(name)?.config.egressAllow ?? [], allowsPrivate: options.allowsPrivateFetch, ownListeners: this.#listeners }),
      limitsOf: (name) => app(name)?.config.limits,
      budgetOf: (name) => app(name)?.streamBudget ?? null,
      pool: this.#connections,
      hopsOf: (invocation) => invocation.hops,
      onDenied: (ctx, host) => observer.egressDenied(ctx.invocation.app, ctx.invocation.requestId, host),
      standInFor: testing?.standInFor,
    });
    const ops = createOps({
      lazyRooms: artifacts.lazyRooms,
      ...(testing === undefined ? { clock: realClock } : { clock: testing.clock, timers: testing.timers, now: testing.now, testing: testing.testing }),
      sink: (ctx, level, text, stack) => writeConsole(observer, app(ctx.invocation.app), ctx.invocation, { level: level as ConsoleLevel, text, stack: stack === "" ? "" : ctx.mapStack(stack) }),
      budgetOf: (name) => app(name)?.streamBudget ?? null,
      cachesOf: (name) => app(name)?.caches,
      assetsOf: (name) => app(name)?.serving.revision.assets ?? undefined,
      egress: observedEgress(observer, this.#tracing?.tracer ?? null, testing?.wrapEgress(egress) ?? egress),
    });
    const pages = new GuestPages({ system: openSystemMemory(), isShared: config.sharesPages });
    const memory = new GuestMemory(guestMemoryBytes(config.limits.processMemoryBytes, typeof config.workers === "number" ? Math.max(1, config.workers) : 1), mostIsolates(artifacts.engine.layout.initialPages * 65_536));
    this.#host = {
      engine: artifacts.engine,
      ops,
      scheduler: new Scheduler({ now: () => performance.now(), defer: (turn) => setImmediate(turn), turnMs: TURN_MS, onWaited: (ms) => observer.delayed(ms) }),
      sweeper: this.#sweeper,
      slices: new SlicePlan(config.limits.sliceMs, INITIAL_SLICE_FUEL),
      fuelPerMs: ASSUMED_FUEL_PER_MS,
      events: artifacts.base.events,
      profiledFile: options.isProfiling === true ? BUNDLE_FILE_NAME : undefined,
      now: testing?.now ?? (() => Date.now()),
      pages,
      memory,
      blanks: new BlankPool({ engine: artifacts.engine, pages, memory }, limitValue("blank_isolates")),
      reportFault: (error) => {
        const id = crypto.randomUUID();
        observer.fault(id, error);
        return id;
      },
    };
    this.#rests = new RestRounds(() => this.#host.memory.holders);
    const nodeModules = new NodeModules(artifacts.nodeModules);
    this.services = { host: this.#host, bases: new RoomBases(this.#host, artifacts.base.snapshot), observer, loadBundle: (path, limits) => options.loadBundle(path, limits, nodeModules), images: options.images ?? null, assetMemory: new AssetMemory(config.limits.assetMemoryBytes), hasPlaces: options.showsErrors, hasConsolePlaces: options.hasConsolePlaces ?? false };
    this.registry = new AppRegistry(this.services, (apps, leaving) => this.pipeline.swapRouter(routerOf(apps, leaving)));
    this.dispatcher = new Dispatcher(observer, options.showsErrors);
    this.#observer = observer;
    this.pipeline = this.createPipeline(Router.from<App>([]), this.dispatcher);
    this.registry.addAll(config.apps, options.originOf);
    this.registry.evictIdle(config.limits.idleIsolateMs);
  }

  createPipeline(router: Router<App>, dispatcher: Pick<Dispatcher, "dispatch">): Pipeline<App> {
    const { config } = this.#options;
    return new Pipeline<App>({
      router,
      dispatcher,
      observer: this.#observer,
      trustedProxies: new TrustedProxies(config.trustedProxies),
      sweeper: this.#sweeper,
      limits: config.limits,
      hasReservedPaths: config.hasReservedPaths,
      ...(this.#options.showsErrors ? { directory: (request: Request) => directoryAnswer(request, this.registry.apps.map(({ name, config: { hostnames } }) => ({ name, hostnames }))) } : {}),
      front: this.#front,
      tracer: this.#tracing?.tracer ?? null,
    });
  }

  /** Where nano itself listens, from now on: apps do not get there unless they are allowed to by name and port. */
  listensOn(listeners: readonly OwnListener[]): void {
    this.#listeners = listeners;
  }

  /** Warms the engine, and resolves after `warmUpMs`. What a millisecond is worth is settled a second or so later; until then more is granted than promised. */
  async calibrate(warmUpMs: number): Promise<void> {
    const calibration = new Calibration(this.#host, this.#options.artifacts.base.snapshot, warmUpMs);
    this.#calibration = calibration;
    void calibration.settled.then((rate) => {
      if (rate === undefined) return;
      this.#host.fuelPerMs = Math.min(FUEL_PER_MS_BOUNDS.most, Math.max(FUEL_PER_MS_BOUNDS.least, rate));
      this.#options.observer.event("calibrated", { fuel_per_ms: Math.round(this.#host.fuelPerMs) });
    });
    await new Promise((resolve) => setTimeout(resolve, warmUpMs));
  }

  /** Nothing new from here on; resolves with the names of the apps that were not done after their `drain_ms`, or `mostMs` if that is less. */
  drain(mostMs?: number): Promise<readonly string[]> {
    return this.registry.drain(mostMs);
  }

  /** Everything counted and measured in this process, which is called `process` in the labels. */
  metrics(process: string): MetricsSnapshot {
    return measure(this.#meter, this.registry.apps, this.#host.fuelPerMs, process);
  }

  /** Sends what is left of the traces, for at most `graceMs`. */
  async flush(graceMs: number): Promise<void> {
    await this.#tracing?.close(graceMs);
  }

  close(): void {
    this.#calibration?.stop();
    this.registry.close();
    this.#connections.close();
    this.#rests.close();
    this.#host.blanks.close();
    this.#sweeper.close();
  }
}

interface ConsoleEntry {
  readonly level: ConsoleLevel;
  readonly text: string;
  readonly stack: string;
}

/** Within the app's rate, and without the values of its env: a secret that reaches a log is a secret no more. */
function writeConsole(observer: Observer, app: App | undefined, { app: name, requestId }: Invocation, { level, text, stack }: ConsoleEntry): void {
  if (app === undefined) {
    observer.console(name, requestId, level, text, "");
    return;
  }
  const { isAllowed, dropped } = app.logRate.take(text.length, app.config.limits.logBytesPerSecond, Date.now());
  if (dropped > 0) observer.linesDropped("rate", dropped);
  if (dropped > 0) observer.console(name, requestId, "warn", `(${dropped} lines were dropped: the app logged more than log_rate_kb allows)`, "");
  if (!isAllowed) return;
  const place = stack === "" ? "" : app.redact(placeOfStack(stack));
  observer.console(name, requestId, level, text.endsWith(LINE_CUT) ? app.redact(text.slice(0, -LINE_CUT.length), true) + LINE_CUT : app.redact(text), place);
}

/** Those that leave answer for hosts that nobody else has yet. */
function routerOf(apps: readonly App[], leaving: readonly App[]): Router<App> {
  const routes: Route<App>[] = [];
  const claimed = new Set<string>();
  let hasDefault = false;
  for (const app of [...apps, ...leaving]) {
    const hosts = app.config.hostnames.filter((host) => !claimed.has(host));
    const isDefault: boolean = !hasDefault && app.config.isDefault;
    for (const host of hosts) claimed.add(host);
    hasDefault ||= isDefault;
    routes.push({ app, hosts, isDefault });
  }
  return Router.from(routes);
}
