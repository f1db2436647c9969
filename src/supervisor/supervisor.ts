/** The control plane: reads the config and follows it, starts workers and replaces them, changes what all of them serve, stops them. Never in the way of a request. */
import type { LoadedArtifacts } from "../artifacts.ts";
import { Debounce } from "../base/debounce.ts";
import type { Config } from "../config/config.ts";
import { restartKeys } from "../config/diff.ts";
import { ConfigWatch } from "../config/watch.ts";
import { formatProblem, OperatorError } from "../errors.ts";
import { Listener } from "../ingress/listener.ts";
import { limitValue } from "../limits.ts";
import type { TracingOptions } from "../observe/otlp.ts";
import type { Observer } from "../observe/observer.ts";
import { BundleStore } from "./bundle-store.ts";
import { type Applied, type ApplyOptions, Deployment } from "./deployment.ts";
import { Fleet } from "./fleet.ts";
import { RemoteWorker } from "./remote-worker.ts";
import { urlOf } from "./server.ts";
import { type Sources, SourceWatch } from "./source-watch.ts";
import { localWorker, type Worker } from "./worker.ts";

export interface SupervisorOptions {
  readonly config: Config;
  /** Reads the config anew. Throws OperatorError. */
  readonly read: () => Promise<Config>;
  /** 0: everything in this process. */
  readonly workers: number;
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

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #store = new BundleStore();
  readonly #deployment: Deployment;
  readonly #fleet: Fleet;
  readonly #sources: SourceWatch;
  readonly #fileChanged = new Debounce(() => void this.#reloadQuietly("config"), limitValue("reload_debounce_ms"), limitValue("reload_wait_ms"));
  readonly #hungUp = new Debounce(() => void this.#reloadQuietly("sighup"), limitValue("reload_debounce_ms"), limitValue("reload_wait_ms"));
  #configWatch: ConfigWatch | null = null;
  #config: Config;
  /** Where it listens, once that is known. */
  #at: { readonly host: string; readonly port: number };
  #queue: Promise<unknown> = Promise.resolve();
  #configError: string | null = null;
  #reloads = 0;

  private constructor(options: SupervisorOptions) {
    const { config, observer, workers } = options;
    this.#options = options;
    this.#config = config;
    this.#at = { host: config.host, port: config.port };
    this.#deployment = new Deployment(config.apps, this.#store, observer);
    this.#sources = new SourceWatch(observer);
    this.#fleet = new Fleet({
      places: Math.max(1, workers),
      spawn: (id) => this.#spawn(id),
      start: async (worker) => {
        const { plan } = this.#deployment;
        await worker.call("start", { settings: { ...this.#config, apps: [] }, plan, tracing: options.tracing });
        return plan;
      },
      plan: () => this.#deployment.plan,
      listen: async (worker) => {
        this.#at = await worker.call("listen", { ...this.#at, sharesPort: workers > 0 });
      },
      onEnded: ({ id }) => this.#store.abandon(id),
      observer,
    });
  }

  /** Resolves when all workers listen. Throws ListenError, OperatorError. */
  static async start(options: SupervisorOptions): Promise<Supervisor> {
    const { config, observer, workers } = options;
    for (const warning of config.warnings) observer.event("config_warning", { warning: formatProblem(warning) });
    const supervisor = new Supervisor(options);
    // Sockets that share a port share it with anybody of the same user: another nano is found by asking for it alone, and port 0 becomes one number for all.
    if (workers > 0) supervisor.#at = await Listener.reserve(config.host, config.port);
    await supervisor.#fleet.open();
    const { host, port } = supervisor.#at;
    observer.event("listening", { url: urlOf({ host, port }), port, apps: config.apps.length, pid: process.pid, workers });
    supervisor.#follow();
    return supervisor;
  }

  get config(): Config {
    return this.#config;
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
  get reloads(): number {
    return this.#reloads;
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
    const { observer } = this.#options;
    const restart = restartKeys(this.#config, config);
    const applied = await this.#deployment.apply(this.#fleet, config.apps, options);
    this.#config = { ...this.#config, apps: config.apps, envFiles: config.envFiles, drainMs: config.drainMs };
    this.#reloads++;
    const { added, removed, changed, failed } = applied;
    const told = { reason, added: added.join(", "), removed: removed.join(", "), changed: changed.map(({ name, fields }) => `${name} (${fields.join(", ")})`).join(", "), failed: failed.map(({ name }) => name).join(", "), needs_restart: restart.join(", ") };
    observer.event("reloaded", Object.fromEntries(Object.entries(told).filter(([, text]) => text !== "")));
    this.#followSources();
    return { ...applied, restart };
  }

  /** Requests in all workers that answer at once; a drain does not wait for the others to count. */
  async inFlight(): Promise<number> {
    const counting = this.#fleet.all("status", () => null).then((all) => all.reduce((sum, { inFlight }) => sum + inFlight, 0));
    return Promise.race([counting, new Promise<number>((resolve) => setTimeout(() => resolve(0), COUNT_MS))]);
  }

  /** Drains and ends all; resolves with the apps that were not done. */
  async stop(): Promise<readonly string[]> {
    this.#unfollow();
    const { limits } = this.#config;
    const graceMs = Math.max(0, ...this.#deployment.plan.apps.map(({ config }) => config.limits.drainMs));
    return this.#fleet.stop(limits.drainDelayMs + graceMs + STOP_MARGIN_MS);
  }

  /** Ends all at once. */
  kill(): void {
    this.#unfollow();
    this.#fleet.kill();
  }

  #spawn(id: number): Worker {
    const { workers, artifacts, observer, writeLines } = this.#options;
    if (workers === 0) return localWorker(id, artifacts, observer, this.#store);
    return new RemoteWorker({
      id,
      onLog: writeLines,
      onBundle: async ({ app, source }) => ({ bundle: await this.#store.ask(app, source, id) }),
      onBundleMade: ({ app, source, bundle }) => this.#store.made(app, source, bundle),
    });
  }

  async #reload(reason: ReloadReason): Promise<Reloaded> {
    let config: Config;
    try {
      config = await this.#options.read();
      // Sources are looked at when somebody asks; a changed config says nothing about them.
      const recode = reason === "config" ? [] : await this.#deployment.stale();
      const reloaded = await this.apply(config, reason, { recode });
      this.#configError = null;
      return reloaded;
    } catch (error) {
      this.#tell(reason, error);
      throw error;
    }
  }

  /** Once for the same fault: a config that stays broken is looked at again and again. */
  #tell(reason: ReloadReason, error: unknown): void {
    const { observer } = this.#options;
    if (!(error instanceof OperatorError)) {
      observer.fault(crypto.randomUUID(), error);
      return;
    }
    const isKnown = this.#configError === error.message;
    this.#configError = error.message;
    if (!isKnown || reason !== "config") observer.event("reload_failed", { reason, error: error.message });
  }

  #reloadQuietly(reason: ReloadReason): Promise<unknown> {
    // It has been told.
    return this.reload(reason).catch(() => {});
  }

  #follow(): void {
    const { file } = this.#config;
    if (file !== null) this.#configWatch = new ConfigWatch({ files: () => [file, ...this.#config.envFiles], onChange: () => this.#fileChanged.trigger(), pollMs: limitValue("config_poll_ms") });
    this.#followSources();
  }

  #followSources(): void {
    const watched = this.#deployment.plan.apps.filter(({ config }) => config.watch);
    this.#sources.follow(
      watched.map(({ config: { name, path } }) => ({
        name,
        path,
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
    const { failed } = await this.apply(this.#config, "sources", { recode: [name] });
    return { files: this.#deployment.filesOf(name), hasFailed: failed.length > 0 };
  }

  #unfollow(): void {
    this.#fileChanged.close();
    this.#hungUp.close();
    this.#configWatch?.close();
    this.#sources.close();
  }
}
