/** What a worker does: serves a plan, loads revisions beside it, changes to the next plan in one step. The same in a process of its own and inside the supervisor's. */
import { statSync } from "node:fs";
import type { App } from "../apps/app.ts";
import { DiskCache } from "../apps/cache/disk-cache.ts";
import { ImageCache } from "../apps/image-cache.ts";
import { type Bundle, loadBundle as makeBundle } from "../apps/load/bundle.ts";
import { LoadError } from "../apps/load/load-error.ts";
import { cachedBundles } from "../apps/load/bundle-cache.ts";
import type { Deployed } from "../apps/registry.ts";
import type { Revision } from "../apps/revision.ts";
import { tryLoad } from "../apps/trial.ts";
import type { LoadedArtifacts } from "../artifacts.ts";
import { combine, type Observer, silent } from "../observe/observer.ts";
import { Tail } from "../observe/tail.ts";
import type { Config } from "../config/config.ts";
import { configOfApp } from "../config/single-app.ts";
import { Runtime } from "../runtime/runtime.ts";
import type { AppStatus, LoadReport, PlannedApp, WorkerMethods, WorkerStatus } from "./messages.ts";
import { planOfWire } from "./plan-wire.ts";
import { Server } from "./server.ts";

/** Where code comes from that may have been made elsewhere already: the same source is the same code in all workers. */
export interface BundleSource {
  /** The bundle of that source, made with `make` unless somebody has made it. */
  get(app: string, source: number, make: () => Promise<Bundle>): Promise<Bundle>;
}

export interface DataPlaneOptions {
  readonly artifacts: () => Promise<LoadedArtifacts>;
  readonly observerFor: (settings: Config) => Observer;
  readonly bundles: BundleSource;
  /** Gets log lines while `tail` is on. */
  readonly onLines: (lines: readonly string[]) => void;
  /** It has been started ahead of what it is to serve, and has time to warm up. */
  readonly isEarly?: boolean;
}

interface Warming {
  readonly runtime: Runtime;
  readonly sinceMs: number;
}

/** Warming the engine before anybody waits for it: about what its code takes to tier up. */
const WARM_UP_MS = 150;
/** Loads that go on beside each other: each has the thread for itself for milliseconds. */
const LOADS_AT_ONCE = 4;

export class DataPlane implements WorkerMethods {
  readonly #options: DataPlaneOptions;
  readonly #lastRequests = new Map<string, number>();
  #server: Server | null = null;
  #warming: Promise<Warming> | null = null;
  #tail: Tail | null = null;
  #stopTail: (() => void) | null = null;

  constructor(options: DataPlaneOptions) {
    this.#options = options;
    if (options.isEarly === true) this.#warming = this.#warmUp();
  }

  start: WorkerMethods["start"] = async ({ settings, plan: wire, tracing }) => {
    const plan = planOfWire(wire);
    const { artifacts, observerFor } = this.#options;
    const planned = new Map(plan.apps.map((app) => [app.config.name, app]));
    this.#tail = new Tail(settings.log.level);
    const ages: Observer = { ...silent, request: ({ app }) => void this.#lastRequests.set(app, Date.now()) };
    const loaded = await artifacts();
    const observer = observerFor(settings);
    const { manifest: { version, commit, key } } = loaded;
    const build = `${version} ${commit} ${key} ${statSync(process.execPath).mtimeMs}`;
    const cache = typeof settings.diskCache === "string" ? DiskCache.open(settings.diskCache, { mostBytes: settings.limits.diskCacheBytes, tell: observer.event }) : null;
    this.#server = new Server({
      artifacts: loaded,
      config: { ...settings, apps: plan.apps.map(({ config }) => config) },
      observer: combine([observer, this.#tail.observer, ages]),
      loadBundle: cache === null ? makeBundle : cachedBundles(cache, build),
      images: cache === null ? null : new ImageCache(cache, build),
      originOf: (name) => {
        const app = planned.get(name);
        return app === undefined ? undefined : this.#deployed(app).origin;
      },
      isDev: false,
      ...(tracing === null ? {} : { tracing }),
    });
    await this.#server.runtime.calibrate(Math.max(0, WARM_UP_MS - (await this.#warmedMs())));
    return null;
  };

  listen: WorkerMethods["listen"] = async (at) => this.#running.listen(at);

  prepare: WorkerMethods["prepare"] = async ({ apps, isProof }) => {
    const reports: LoadReport[] = [];
    const waiting = [...apps];
    const loadNext = async (): Promise<void> => {
      for (let app = waiting.shift(); app !== undefined; app = waiting.shift()) reports.push(await this.#prepare(app, isProof));
    };
    await Promise.all(Array.from({ length: LOADS_AT_ONCE }, loadNext));
    return reports;
  };

  commit: WorkerMethods["commit"] = async ({ plan: wire, mostDrainMs }) => {
    const plan = planOfWire(wire);
    this.#running.runtime.registry.commit(plan.apps.map((app) => this.#deployed(app)), mostDrainMs);
    const names = new Set(plan.apps.map(({ config }) => config.name));
    for (const name of this.#lastRequests.keys()) if (!names.has(name)) this.#lastRequests.delete(name);
    return null;
  };

  load: WorkerMethods["load"] = async ({ name }) => {
    const app = this.#appOf(name);
    const { revision } = app.serving;
    await revision.load();
    return reportOf(name, revision);
  };

  check: WorkerMethods["check"] = async ({ names }) => {
    const reports: LoadReport[] = [];
    for (const name of names) reports.push(...(await this.#check(name)));
    return reports;
  };

  lift: WorkerMethods["lift"] = async ({ name }) => {
    this.#running.runtime.registry.get(name)?.quarantine.lift();
    return null;
  };

  tail: WorkerMethods["tail"] = async ({ isOn }) => {
    this.#stopTail?.();
    this.#stopTail = isOn ? (this.#tail?.follow(batched(this.#options.onLines)) ?? null) : null;
    return null;
  };

  metrics: WorkerMethods["metrics"] = async ({ process }) => this.#running.runtime.metrics(process);

  status: WorkerMethods["status"] = async (): Promise<WorkerStatus> => {
    const { registry, pipeline } = this.#running.runtime;
    return { pid: process.pid, inFlight: pipeline.inFlight, rssBytes: process.memoryUsage.rss(), apps: [...registry.apps, ...registry.leaving].map((app) => statusOf(app, this.#lastRequests.get(app.name) ?? null)) };
  };

  stop: WorkerMethods["stop"] = () => this.#running.stop();

  close(): void {
    this.#server?.close();
  }

  /** The engine that all isolates of the process share, on an app that nobody asks. */
  async #warmUp(): Promise<Warming> {
    const runtime = new Runtime({ artifacts: await this.#options.artifacts(), config: configOfApp("/", { path: "warm-up.js" }), observer: silent, loadBundle: makeBundle, showsErrors: false, allowsPrivateFetch: false });
    void runtime.calibrate(WARM_UP_MS);
    return { runtime, sinceMs: performance.now() };
  }

  /** For how long it has gone on, if it has; it ends here. */
  async #warmedMs(): Promise<number> {
    if (this.#warming === null) return 0;
    const { runtime, sinceMs } = await this.#warming;
    this.#warming = null;
    runtime.close();
    return performance.now() - sinceMs;
  }

  get #running(): Server {
    if (this.#server === null) throw new Error("the worker has not been started");
    return this.#server;
  }

  #appOf(name: string): App {
    const app = this.#running.runtime.registry.get(name);
    if (app === undefined) throw new Error(`no app ${name}`);
    return app;
  }

  async #prepare(planned: PlannedApp, isProof: boolean): Promise<LoadReport> {
    const { registry } = this.#running.runtime;
    const { name } = planned.config;
    const isAsked = registry.apps.some((app) => app.name === name && app.serving.revision.state !== "new");
    if (!isProof && !isAsked) return { name, revision: planned.revision, state: "lazy", error: null, files: [] };
    return reportOf(name, await registry.prepare(this.#deployed(planned)));
  }

  async #check(name: string): Promise<readonly LoadReport[]> {
    const { registry, services } = this.#running.runtime;
    const revision = registry.get(name)?.serving.revision;
    return revision !== undefined && (await tryLoad(services, revision)) ? [reportOf(name, revision)] : [];
  }

  #deployed({ config, revision, source }: PlannedApp): Deployed {
    const { bundles } = this.#options;
    return { config, origin: { number: revision, loadBundle: (path, limits) => bundles.get(config.name, source, () => this.#running.runtime.services.loadBundle(path, limits)) } };
  }
}

function reportOf(name: string, revision: Revision): LoadReport {
  return { name, revision: revision.number, state: revision.state === "ready" ? "ready" : "failed", error: revision.error?.message ?? null, files: sourcesOf(revision) };
}

/** What a load read or looked for in vain, whether it worked or not. */
export function sourcesOf({ bundle, error }: Pick<Revision, "bundle" | "error">): readonly string[] {
  const sources = bundle ?? (error instanceof LoadError ? error : null);
  return sources === null ? [] : [...sources.files, ...sources.missing];
}

function statusOf(app: App, lastRequestAt: number | null): AppStatus {
  const { serving } = app;
  return {
    name: app.name,
    revision: serving.revision.number,
    state: app.state,
    error: serving.revision.error?.message ?? null,
    inFlight: app.inFlight,
    queued: app.gate.queued,
    isolates: serving.pool.size,
    memoryBytes: serving.pool.memoryBytes,
    mostMemoryBytes: serving.pool.mostMemoryBytes,
    quarantineMs: Math.round(app.quarantine.remainingMs),
    lastRequestAt,
    drain: app.drainProgress,
    retiring: app.retiring,
  };
}

/** Lines of one turn of the event loop together. */
function batched(tell: (lines: readonly string[]) => void): (line: string) => void {
  let lines: string[] = [];
  return (line) => {
    lines.push(line);
    if (lines.length > 1) return;
    setImmediate(() => {
      tell(lines);
      lines = [];
    });
  };
}
