/** All apps of the process, by name. Reconciles itself with a list of configs: adds, replaces and removes, and tells the router when hostnames changed. */
import type { AppConfig } from "../config/config.ts";
import { App } from "./app.ts";
import type { RevisionServices } from "./revision.ts";

export class AppRegistry {
  readonly #services: RevisionServices;
  readonly #apps = new Map<string, App>();
  /** Out of routing, but not done. */
  readonly #leaving = new Set<App>();
  readonly #onChange: (apps: readonly App[], leaving: readonly App[]) => void;
  #evictor: ReturnType<typeof setInterval> | null = null;

  /** `onChange` gets the apps, and those that were removed and finish, whenever that or their hostnames change. */
  constructor(services: RevisionServices, onChange: (apps: readonly App[], leaving: readonly App[]) => void) {
    this.#services = services;
    this.#onChange = onChange;
  }

  get apps(): readonly App[] {
    return [...this.#apps.values()];
  }

  /** The app of that name, or the one that still finishes after it was removed: its limits, permissions and secrets hold to the end. */
  get(name: string): App | undefined {
    const app = this.#apps.get(name);
    if (app !== undefined) return app;
    for (const leaving of this.#leaving) if (leaving.name === name) return leaving;
    return undefined;
  }

  /** Apps load at their first request; `preload` loads them now. */
  add(config: AppConfig): App {
    if (this.#apps.has(config.name)) throw new Error(`app ${config.name} exists already`);
    const app = new App(this.#services, config);
    this.#apps.set(config.name, app);
    return app;
  }

  /** Adds all of `configs` and tells the router once. */
  addAll(configs: readonly AppConfig[]): void {
    for (const config of configs) this.add(config);
    this.#changed();
  }

  /** Loads `config` as a new revision of the app of that name. A failed load changes nothing unless it `mayFail`, see `App.replace`; the returned revision says why. */
  async replace(config: AppConfig, mayFail = false) {
    const app = this.#apps.get(config.name);
    if (app === undefined) throw new Error(`no app ${config.name}`);
    const revision = await app.replace(config, mayFail);
    this.#changed();
    return revision;
  }

  /** Apps that were removed and finish what they have; `drainProgress` says how far they are. */
  get leaving(): readonly App[] {
    return [...this.#leaving];
  }

  /** Lets the app finish what it has, for its `drain_ms` or `mostMs` if that is less, and ends it. Whoever asks for it meanwhile is told so. */
  async remove(name: string, mostMs?: number): Promise<void> {
    const app = this.#apps.get(name);
    if (app === undefined) return;
    this.#apps.delete(name);
    this.#leaving.add(app);
    const { done } = app.drain("removed", mostMs);
    this.#changed();
    await done;
    this.#leaving.delete(app);
    this.#changed();
  }

  /** Nothing new from here on, in any app. Resolves when all are closed, with the names of those that were not done in time. */
  async drain(mostMs?: number): Promise<readonly string[]> {
    const apps = [...this.#apps.values(), ...this.#leaving];
    const done = await Promise.all(apps.map((app) => app.drain("shutdown", mostMs).done));
    return apps.filter((_, i) => done[i] === false).map(({ name }) => name);
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
    for (const app of [...this.#apps.values(), ...this.#leaving]) app.close();
  }

  #changed(): void {
    this.#onChange(this.apps, this.leaving);
  }
}
