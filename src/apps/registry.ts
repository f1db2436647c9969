/** All apps of the process, by name. Reconciles itself with a list of configs: adds, replaces and removes, and tells the router when hostnames changed. */
import type { AppConfig } from "../config/config.ts";
import { App } from "./app.ts";
import type { LoadBundle } from "./load/bundle.ts";
import type { Revision, RevisionOrigin, RevisionServices } from "./revision.ts";

/** An app as it is to be served, numbered from outside. */
export interface Deployed {
  readonly config: AppConfig;
  readonly origin: RevisionOrigin;
}

export class AppRegistry {
  readonly #services: RevisionServices;
  readonly #apps = new Map<string, App>();
  /** Out of routing, but not done. */
  readonly #leaving = new Set<App>();
  /** Not served yet: they are prepared for a `commit`. */
  readonly #coming = new Map<string, App>();
  readonly #onChange: (apps: readonly App[], leaving: readonly App[]) => void;
  #evictor: ReturnType<typeof setInterval> | null = null;

  /** `onChange` gets the apps, and those that were removed and finish, whenever that or their hostnames change. */
  constructor(services: RevisionServices, onChange: (apps: readonly App[], leaving: readonly App[]) => void) {
    this.#services = services;
    this.#onChange = onChange;
    services.host.memory.onPressure = (isEnough) => this.reclaim(isEnough);
  }

  get apps(): readonly App[] {
    return [...this.#apps.values()];
  }

  /** The app of that name, or the one that still finishes after it was removed: its limits, permissions and secrets hold to the end. */
  get(name: string): App | undefined {
    const app = this.#apps.get(name);
    if (app !== undefined) return app;
    for (const leaving of this.#leaving) if (leaving.name === name) return leaving;
    return this.#coming.get(name);
  }

  /** Apps load at their first request; `preload` loads them now. */
  add(config: AppConfig, origin?: RevisionOrigin): App {
    if (this.#apps.has(config.name)) throw new Error(`app ${config.name} exists already`);
    const app = new App(this.#services, config, origin);
    this.#apps.set(config.name, app);
    return app;
  }

  /** Adds all of `configs` and tells the router once. */
  addAll(configs: readonly AppConfig[], originOf: (name: string) => RevisionOrigin | undefined = () => undefined): void {
    for (const config of configs) this.add(config, originOf(config.name));
    this.#changed();
  }

  /** Loads `config` as a new revision of the app of that name. A failed load changes nothing unless it `mayFail`, see `App.replace`; the returned revision says why. */
  async replace(config: AppConfig, mayFail = false, loadBundle?: LoadBundle): Promise<Revision> {
    const app = this.#apps.get(config.name);
    if (app === undefined) throw new Error(`no app ${config.name}`);
    const revision = await app.replace(config, mayFail, loadBundle);
    this.#changed();
    return revision;
  }

  /** Loads a revision beside what serves, for a later `commit`. The revision says whether that worked. */
  prepare({ config, origin }: Deployed): Promise<Revision> {
    const { name } = config;
    const served = this.#apps.get(name);
    if (served !== undefined) return served.prepare(config, origin);
    this.#coming.get(name)?.close();
    const app = new App(this.#services, config, origin);
    this.#coming.set(name, app);
    return app.serving.warmUp().then(() => app.serving.revision);
  }

  /** From the next request on, exactly `apps` are served: what was prepared at once, the rest of what is new when it is asked for. Others drain, for their `drain_ms` or `mostDrainMs` if that is less. */
  commit(apps: readonly Deployed[], mostDrainMs?: number): void {
    const wanted = new Set(apps.map(({ config: { name } }) => name));
    const gone = [...this.#apps.keys()].filter((name) => !wanted.has(name));
    for (const { config, origin } of apps) {
      const { name } = config;
      const served = this.#apps.get(name);
      if (served !== undefined) {
        served.commit(config, origin);
        continue;
      }
      const coming = this.#coming.get(name);
      this.#coming.delete(name);
      const isPrepared = coming?.serving.revision.number === origin.number;
      if (!isPrepared) coming?.close();
      this.#apps.set(name, isPrepared && coming !== undefined ? coming : new App(this.#services, config, origin));
    }
    this.discard();
    for (const name of gone) void this.#leave(name, mostDrainMs);
    this.#changed();
  }

  /** Drops what was prepared. */
  discard(): void {
    for (const app of this.#coming.values()) app.close();
    this.#coming.clear();
    for (const app of this.#apps.values()) app.discard();
  }

  /** Apps that were removed and finish what they have; `drainProgress` says how far they are. */
  get leaving(): readonly App[] {
    return [...this.#leaving];
  }

  /** Lets the app finish what it has, for its `drain_ms` or `mostMs` if that is less, and ends it. Whoever asks for it meanwhile is told so. */
  async remove(name: string, mostMs?: number): Promise<void> {
    const done = this.#leave(name, mostMs);
    this.#changed();
    await done;
  }

  /** Nothing new from here on, in any app. Resolves when all are closed, with the names of those that were not done in time. */
  async drain(mostMs?: number): Promise<readonly string[]> {
    const apps = [...this.#apps.values(), ...this.#leaving];
    const done = await Promise.all(apps.map((app) => app.drain("shutdown", mostMs).done));
    return apps.filter((_, i) => done[i] === false).map(({ name }) => name);
  }

  /** Drops idle isolates of whatever app, those first that have been idle for longest, until `isEnough`. */
  reclaim(isEnough: () => boolean): void {
    const idle = [...this.#apps.values(), ...this.#leaving].flatMap(({ serving: { pool } }) => pool.idlers.map(([isolate, sinceMs]) => ({ pool, isolate, sinceMs })));
    idle.sort((a, b) => a.sinceMs - b.sinceMs);
    for (const { pool, isolate } of idle) {
      if (isEnough()) return;
      pool.drop(isolate);
    }
  }

  /** Drops isolates idle for longer than `idleMs`, from now on. */
  evictIdle(idleMs: number): void {
    this.#evictor ??= setInterval(() => {
      const since = performance.now() - idleMs;
      for (const app of this.#apps.values()) app.evict(since);
    }, Math.max(50, idleMs / 4));
  }

  close(): void {
    if (this.#evictor !== null) clearInterval(this.#evictor);
    this.#evictor = null;
    for (const app of [...this.#apps.values(), ...this.#leaving, ...this.#coming.values()]) app.close();
  }

  async #leave(name: string, mostMs?: number): Promise<void> {
    const app = this.#apps.get(name);
    if (app === undefined) return;
    this.#apps.delete(name);
    app.serving.revision.retire(null);
    this.#leaving.add(app);
    await app.drain("removed", mostMs).done;
    this.#leaving.delete(app);
    this.#changed();
  }

  #changed(): void {
    this.#onChange(this.apps, this.leaving);
  }
}
