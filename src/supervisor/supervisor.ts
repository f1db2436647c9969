/** The control plane: reads the config and follows it, starts workers and replaces them, changes what all of them serve, stops them. Never in the way of a request. */
import type { LoadedArtifacts } from "../artifacts.ts";
import { DiskCache } from "../apps/cache/disk-cache.ts";
import { Debounce } from "../base/debounce.ts";
import type { AppConfig, Config } from "../config/config.ts";
import { restartKeys } from "../config/diff.ts";
import { ConfigWatch } from "../config/watch.ts";
import { formatProblem, OperatorError } from "../errors.ts";
import { Listener } from "../ingress/listener.ts";
import { limitValue } from "../limits.ts";
import type { TracingOptions } from "../observe/otlp.ts";
import { type MetricsSnapshot, mergeSnapshots, SnapshotBuilder } from "../observe/metrics-snapshot.ts";
import { Meter } from "../observe/meter.ts";
import { combine, type Observer } from "../observe/observer.ts";
import { type LineListener, Tail } from "../observe/tail.ts";
import { measureProcess } from "../runtime/measure.ts";
import type { ConfigSource } from "./config-source.ts";
import { BundleStore } from "./bundle-store.ts";
import { type Applied, type ApplyOptions, Deployment, type LoadFailure } from "./deployment.ts";
import { FleetMetrics } from "./fleet-metrics.ts";
import { Fleet } from "./fleet.ts";
import { planToWire } from "./plan-wire.ts";
import { RemoteWorker } from "./remote-worker.ts";
import { urlOf } from "./server.ts";
import type { SpareWorkers } from "./spare-workers.ts";
import type { Sources } from "./app-watch.ts";
import { SourceWatch } from "./source-watch.ts";
import { localWorker, type Worker } from "./worker.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface SupervisorOptions {
  readonly config: Config;
  readonly source: ConfigSource;
  /** Whenever a config has been read and found good. */
  readonly onConfig: (config: Config) => void;
  /** 0: everything in this process. */
  readonly workers: number;
  /** Where worker processes come from. */
  readonly spares: SpareWorkers;
  readonly artifacts: () => Promise<LoadedArtifacts>;
  readonly tracing: TracingOptions | null;
  readonly observer: Observer;
  /** Takes whole log lines of workers. */
  readonly writeLines: (lines: Uint8Array) => void;
}

/** What a reload did. */
export interface Reloaded extends Applied {
  /** Keys of the config that differ and take a restart. */
  readonly restart: readonly string[];
}

export type ReloadReason = "config" | "sighup" | "admin" | "sources";

/** Beyond the drain: for what the listener asks of clients, and for the last writes. */
const STOP_MARGIN_MS = 2_000;
const COUNT_MS = 100;
/** The first requests go first. */
const CHECK_AFTER_MS = 500;
const CHECKED_TOGETHER = 4;
/** Times as long as the last ones took. */
const CHECK_REST = 4;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** In production nothing is in a hurry to serve what is half deployed. */
const SETTLE_MS = 20;

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #store = new BundleStore();
  readonly #deployment: Deployment;
  readonly #fleet: Fleet;
  readonly #sources: SourceWatch;
  readonly #fileChanged = new Debounce(() => void this.#reloadQuietly("config"), limitValue("reload_debounce_ms"), limitValue("reload_wait_ms"));
  readonly #hungUp = new Debounce(() => void this.#reloadQuietly("sighup"), limitValue("reload_debounce_ms"), limitValue("reload_wait_ms"));
  readonly #observer: Observer;
  readonly #tail: Tail;
  readonly #meter: Meter;
  readonly #metrics = new FleetMetrics();
  readonly #cache: DiskCache | null;
  #configWatch: ConfigWatch | null = null;
  /** As at the start, but for its apps: those are in the plan. */
  readonly #settings: Config;
  /** What the config says, whether it could be loaded or not. */
  #wanted: Pick<Config, "apps" | "envFiles">;
  /** Where it listens, once that is known. */
  #at: Address;
  #others: readonly Address[] = [];
  #addresses: Promise<void> = Promise.resolve();
  #isOpen = false;
  #queue: Promise<unknown> = Promise.resolve();
  #configError: string | null = null;
  /** Of apps that may still drain. */
  readonly #removed = new Map<string, AppConfig>();
  #isStopping = false;
  #followers = 0;

  constructor(options: SupervisorOptions) {
    const { config, workers } = options;
    this.#tail = new Tail(config.log.level);
    this.#meter = new Meter(0);
    const observer = combine([options.observer, this.#tail.observer, this.#meter.observer]);
    this.#observer = observer;
    this.#options = options;
    // Workers find it made; where it cannot be, they do without, and it is told once.
    this.#cache = typeof config.diskCache === "string" ? DiskCache.open(config.diskCache, { mostBytes: config.limits.diskCacheBytes, tell: observer.event }) : null;
    this.#settings = config;
    this.#wanted = config;
    this.#at = { host: config.host, port: config.port };
    this.#deployment = new Deployment(config.apps, this.#store, observer);
    this.#sources = new SourceWatch(observer);
    this.#fleet = new Fleet({
      places: Math.max(1, workers),
      spawn: (id) => this.#spawn(id),
      start: async (worker) => {
        const { plan } = this.#deployment;
        if (this.#followers > 0) void worker.hello.then(() => worker.call("tail", { isOn: true })).catch(() => {});
        await worker.call("start", { settings: { ...config, ...(this.#cache === null ? { diskCache: null } : {}), workers: Math.max(1, workers), apps: [], admin: { ...config.admin, token: null } }, plan: planToWire(plan), tracing: options.tracing });
        return plan;
      },
      plan: () => this.#deployment.plan,
      listen: async (worker) => {
        await this.#addresses;
        this.#at = await worker.call("listen", { ...this.#at, sharesPort: workers > 0, others: this.#others });
      },
      onEnded: ({ id }) => {
        this.#store.abandon(id);
        this.#metrics.ended(id);
      },
      observer,
    });
  }

  /** Resolves when all workers listen. `others`: where else this nano listens, which apps are to be kept from. Throws ListenError, OperatorError. */
  async open(others: Promise<readonly Address[]>): Promise<void> {
    const { config, workers } = this.#options;
    const observer = this.#observer;
    for (const warning of config.warnings) observer.event("config_warning", { warning: formatProblem(warning) });
    // While workers start: nobody listens before this is known.
    this.#addresses = this.#findAddresses(others);
    this.#addresses.catch(() => {});
    await this.#fleet.open();
    void this.#cache?.sweep().catch((error) => observer.fault("disk-cache", error));
    this.#isOpen = true;
    const { host, port } = this.#at;
    observer.event("listening", { url: urlOf({ host, port }), port, apps: config.apps.length, pid: process.pid, workers });
    this.#follow();
    void this.#check().catch((error) => observer.fault("check", error));
  }

  /** All workers have listened once. */
  get isOpen(): boolean {
    return this.#isOpen;
  }
  /** What is in force. */
  get config(): Config {
    return { ...this.#settings, apps: this.#deployment.plan.apps.map(({ config }) => config) };
  }
  /** The apps that the config names, and that may have failed to load. */
  get wanted(): readonly AppConfig[] {
    return this.#wanted.apps;
  }
  get deployment(): Deployment {
    return this.#deployment;
  }
  get fleet(): Fleet {
    return this.#fleet;
  }
  /** What is wrong with the config that lies there now; null when it is in force. */
  get configError(): string | null {
    return this.#configError;
  }
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** SIGHUP: many of them make one reload. */
  hangUp(): void {
    this.#hungUp.trigger();
  }

  /** Reads the config and looks at the sources of all apps; one reload at a time. Throws OperatorError when the config is bad: then nothing has changed. */
  reload(reason: ReloadReason): Promise<Reloaded> {
    return this.exclusively(() => this.#reload(reason));
  }

  /** Whatever changes what is served waits for what changes it already. */
  exclusively<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(change);
    this.#queue = result.catch(() => {});
    return result;
  }

  /** Serves `config` from now on, as far as that goes without a restart. Only from within `exclusively`. */
  async apply(config: Config, reason: ReloadReason, options: ApplyOptions = {}): Promise<Reloaded> {
    const observer = this.#observer;
    const restart = restartKeys(this.#settings, config);
    const before = new Map(this.#deployment.plan.apps.map((app) => [app.config.name, app.config]));
    const applied = await this.#deployment.apply(this.#fleet, config.apps, options);
    this.#wanted = config;
    const { added, removed, changed, failed } = applied;
    for (const name of removed) this.#removed.set(name, before.get(name) as AppConfig);
    for (const { name } of config.apps) this.#removed.delete(name);
    const isChanged = added.length + removed.length + changed.length > 0;
    const told = { reason, added: added.join(", "), removed: removed.join(", "), changed: changed.map(({ name, fields }) => `${name} (${fields.join(", ")})`).join(", "), failed: failed.map(({ name }) => name).join(", "), needs_restart: restart.join(", ") };
    if (isChanged || failed.length + restart.length > 0 || reason === "sighup" || reason === "admin") observer.event("reloaded", Object.fromEntries(Object.entries(told).filter(([, text]) => text !== "")));
    observer.reloaded(isChanged ? "ok" : failed.length > 0 ? "failed" : "unchanged");
    this.#followSources();
    return { ...applied, restart };
  }

  /** As `apply`, of a change of one app: where that does not load, it is as if nobody had asked. */
  async tryChange(config: Config, name: string, options: ApplyOptions = {}): Promise<LoadFailure | null> {
    const before = this.#wanted;
    try {
      const { failed } = await this.apply(config, "admin", { ...options, essential: name });
      const failure = failed.find((one) => one.name === name) ?? null;
      if (failure !== null) this.#forget(name, before);
      return failure;
    } catch (error) {
      this.#forget(name, before);
      throw error;
    }
  }

  /** Everything counted and measured, in all processes. What a worker counted is not lost when it ends, as far as somebody has asked for it. */
  async metricsSnapshot(): Promise<MetricsSnapshot> {
    const members = this.#fleet.members;
    await Promise.all(members.map(async (worker) => worker.call("metrics", { process: this.#options.workers === 0 ? "nano" : `worker-${worker.id}` }).then((one) => this.#metrics.take(worker.id, one), () => {})));
    const own = new SnapshotBuilder();
    own.add("nano_workers", this.#options.workers === 0 ? 0 : members.length);
    if (this.#options.workers > 0) measureProcess(own, "supervisor");
    return mergeSnapshots([this.#metrics.sum(), this.#meter.snapshot(), own.build()]);
  }

  /** JSON lines of all processes. Returns how to stop. */
  followLogs(listener: LineListener): () => void {
    const stop = this.#tail.follow(listener);
    if (this.#followers++ === 0) this.#tellTail(true);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      stop();
      if (--this.#followers === 0) this.#tellTail(false);
    };
  }

  /** What an app that is gone, and may still drain, was. */
  removedConfig(name: string): AppConfig | undefined {
    return this.#removed.get(name);
  }

  /** Requests in all workers that answer at once; a drain does not wait for the others to count. */
  async inFlight(): Promise<number> {
    const counting = this.#fleet.all("status", () => null).then((all) => all.reduce((sum, { inFlight }) => sum + inFlight, 0));
    return Promise.race([counting, new Promise<number>((resolve) => setTimeout(() => resolve(0), COUNT_MS))]);
  }

  /** Drains and ends all; resolves with the apps that were not done. */
  async stop(): Promise<readonly string[]> {
    this.#isStopping = true;
    this.#unfollow();
    const { limits } = this.#settings;
    const graceMs = Math.max(0, ...this.#deployment.plan.apps.map(({ config }) => config.limits.drainMs));
    return this.#fleet.stop(limits.drainDelayMs + graceMs + STOP_MARGIN_MS);
  }

  /** Ends all at once. */
  kill(): void {
    this.#unfollow();
    this.#fleet.kill();
  }

  /** Sockets that share a port share it with anybody of the same user: another nano is found by asking for it alone, and port 0 becomes one number for all. */
  async #findAddresses(others: Promise<readonly Address[]>): Promise<void> {
    const { config, workers } = this.#options;
    const [at, found] = await Promise.all([workers > 0 ? Listener.reserve(config.host, config.port) : this.#at, others]);
    this.#at = at;
    this.#others = found;
  }

  #forget(name: string, before: Pick<Config, "apps" | "envFiles">): void {
    this.#wanted = before;
    this.#deployment.forgive(name);
  }

  #tellTail(isOn: boolean): void {
    void this.#fleet.all("tail", () => ({ isOn })).catch((error) => this.#observer.fault(crypto.randomUUID(), error));
  }

  #spawn(id: number): Worker {
    const { workers, artifacts, observer, writeLines } = this.#options;
    const onLines = (lines: readonly string[]) => {
      for (const line of lines) this.#tail.tell(line);
    };
    if (workers === 0) return localWorker(id, artifacts, observer, this.#store, onLines);
    return new RemoteWorker({
      id,
      child: this.#options.spares.take(),
      onLog: writeLines,
      onLines,
      onBundle: async ({ app, source }) => ({ bundle: await this.#store.ask(app, source, id) }),
      onBundleMade: ({ app, source, bundle }) => this.#store.made(app, source, bundle),
    });
  }

  async #reload(reason: ReloadReason): Promise<Reloaded> {
    let config: Config;
    try {
      config = await this.#options.source.read();
      // Sources are looked at when somebody asks; a changed config says nothing about them.
      const recode = reason === "config" ? [] : await this.#deployment.stale();
      const reloaded = await this.apply(config, reason, { recode });
      this.#options.onConfig(config);
      this.#configError = null;
      return reloaded;
    } catch (error) {
      this.#tell(reason, error);
      throw error;
    }
  }

  /** Once for the same fault: a config that stays broken is looked at again and again. */
  #tell(reason: ReloadReason, error: unknown): void {
    const observer = this.#observer;
    if (!(error instanceof OperatorError)) {
      observer.fault(crypto.randomUUID(), error);
      return;
    }
    observer.reloaded("failed");
    const isKnown = this.#configError === error.message;
    this.#configError = error.message;
    if (!isKnown || reason !== "config") observer.event("reload_failed", { reason, error: error.message });
  }

  #reloadQuietly(reason: ReloadReason): Promise<unknown> {
    // It has been told.
    return this.reload(reason).catch(() => {});
  }

  #follow(): void {
    const { file } = this.#settings;
    if (file !== null) this.#configWatch = new ConfigWatch({ files: () => [file, ...this.#wanted.envFiles], onChange: () => this.#fileChanged.trigger(), pollMs: limitValue("config_poll_ms") });
    this.#followSources();
  }

  #followSources(): void {
    const watched = this.#deployment.plan.apps.filter(({ config }) => config.watch);
    this.#sources.follow(
      watched.map(({ config: { name, path } }) => ({
        name,
        path,
        settleMs: SETTLE_MS,
        load: async () => {
          const [worker] = this.#fleet.members;
          const report = await worker?.call("load", { name });
          return { files: report?.files ?? [], hasFailed: report?.state !== "ready" };
        },
        reload: () => this.exclusively(() => this.#recode(name)),
      })),
    );
  }

  /** The sources of one app have changed. */
  async #recode(name: string): Promise<Sources> {
    const { failed } = await this.apply({ ...this.#settings, ...this.#wanted }, "sources", { recode: [name] });
    return { files: this.#deployment.filesOf(name), hasFailed: failed.length > 0 };
  }

  /** Whoever starts nano is told what will not run, without waiting for it and without a request: a few apps at a time, with the thread free for most of it. */
  async #check(): Promise<void> {
    const names = this.#deployment.plan.apps.map(({ config }) => config.name);
    await pause(CHECK_AFTER_MS);
    for (let from = 0; from < names.length && !this.#isStopping; from += CHECKED_TOGETHER) {
      const started = performance.now();
      // A worker that ends meanwhile has told as much as it could.
      const reports = await this.#fleet.members[0]?.call("check", { names: names.slice(from, from + CHECKED_TOGETHER) }).catch(() => []);
      for (const report of reports ?? []) this.#deployment.tell(report);
      await pause(CHECK_REST * (performance.now() - started));
    }
  }

  #unfollow(): void {
    this.#fileChanged.close();
    this.#hungUp.close();
    this.#configWatch?.close();
    this.#sources.close();
  }
}
