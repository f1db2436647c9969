/**
 * What is served, and the one way in which it changes: every worker loads what is new beside what serves, and only when all of them have it, all change over. An app
 * that does not load keeps its revision; if it has none, it is not served.
 */
import type { AppConfig } from "../config/config.ts";
import { type AppChange, diffApps } from "../config/diff.ts";
import { OperatorError } from "../errors.ts";
import type { Observer } from "../observe/observer.ts";
import type { BundleStore } from "./bundle-store.ts";
import type { Fleet } from "./fleet.ts";
import type { LoadReport, Plan, PlannedApp } from "./messages.ts";
import { planToWire } from "./plan-wire.ts";

export interface LoadFailure {
  readonly name: string;
  readonly revision: number;
  readonly error: string;
}

/** What a change of the plan did. */
export interface Applied {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly Pick<AppChange, "name" | "fields">[];
  readonly failed: readonly LoadFailure[];
}

export interface ApplyOptions {
  /** Apps whose source may have changed: they are bundled again. */
  readonly recode?: readonly string[];
  /** Less time than `drain_ms` for what is removed. */
  readonly mostDrainMs?: number;
  /** An app without whose load nothing changes, of the others neither. */
  readonly essential?: string;
}

export class Deployment {
  readonly #store: BundleStore;
  readonly #observer: Pick<Observer, "event">;
  /** The last number of every name ever served: a failed load uses one up. */
  readonly #numbers = new Map<string, number>();
  readonly #failures = new Map<string, LoadFailure>();
  #files = new Map<string, readonly string[]>();
  #plan: Plan;

  constructor(apps: readonly AppConfig[], store: BundleStore, observer: Pick<Observer, "event">) {
    this.#store = store;
    this.#observer = observer;
    this.#plan = { version: 1, apps: apps.map((config) => ({ config, revision: this.#number(config.name), source: 1 })) };
  }

  get plan(): Plan {
    return this.#plan;
  }
  /** Newest loads that failed, of apps that have not loaded since. */
  get failures(): readonly LoadFailure[] {
    return [...this.#failures.values()];
  }
  /** The failed load was a try, and is not to be tried again. */
  forgive(name: string): void {
    this.#failures.delete(name);
  }

  /** An app of the plan has turned out not to load. */
  tell({ name, revision, error, files }: LoadReport): void {
    if (!this.#plan.apps.some((app) => app.config.name === name && app.revision === revision)) return;
    this.#failures.set(name, { name, revision, error: error ?? "it did not load" });
    this.#files.set(name, files);
  }

  /** What the newest load of that app read, if it failed. */
  filesOf(name: string): readonly string[] {
    return this.#files.get(name) ?? [];
  }

  /** Apps that have been loaded, and whose files are not what they were; and those that did not load. */
  async stale(): Promise<readonly string[]> {
    const changed = await Promise.all(this.#plan.apps.map(async (app) => (this.#failures.has(app.config.name) || (await this.#store.hasChanged(app)) ? [app.config.name] : [])));
    return changed.flat();
  }

  /** Not to be called while another call goes on. Throws OperatorError when the change would leave a hostname with two apps. */
  async apply(fleet: Fleet, wanted: readonly AppConfig[], { recode = [], mostDrainMs, essential }: ApplyOptions = {}): Promise<Applied> {
    const current = new Map(this.#plan.apps.map((app) => [app.config.name, app]));
    const diff = diffApps(this.#plan.apps.map(({ config }) => config), wanted);
    const changes = new Map(diff.changed.map((change) => [change.name, change]));
    const candidates = wanted.flatMap((config) => this.#candidate(config, current.get(config.name), changes.get(config.name), recode) ?? []);
    const failed = candidates.length === 0 ? [] : await this.#prepare(fleet, candidates);
    const isFailed = new Set(failed.map(({ name }) => name));
    if (essential !== undefined && isFailed.has(essential)) {
      await fleet.all("commit", () => ({ plan: planToWire(this.#plan) }));
      return { added: [], removed: [], changed: [], failed };
    }
    const next = new Map(candidates.filter((app) => !isFailed.has(app.config.name) && !this.#isSame(app, current.get(app.config.name), changes)).map((app) => [app.config.name, app]));
    const apps = wanted.flatMap(({ name }) => next.get(name) ?? current.get(name) ?? []);
    const applied: Applied = {
      added: diff.added.filter((name) => next.has(name)),
      removed: diff.removed,
      changed: [...next.keys()].filter((name) => current.has(name)).map((name) => ({ name, fields: [...(changes.get(name)?.fields ?? []), ...(recode.includes(name) && changes.get(name)?.needsBundle !== true ? ["code"] : [])] })),
      failed,
    };
    for (const { config } of candidates) if (!isFailed.has(config.name)) this.#failures.delete(config.name);
    for (const failure of failed) this.#failures.set(failure.name, failure);
    for (const name of this.#failures.keys()) if (!wanted.some((config) => config.name === name)) this.#failures.delete(name);
    if (next.size === 0 && diff.removed.length === 0) {
      await fleet.all("commit", () => ({ plan: planToWire(this.#plan) }));
      return applied;
    }
    const conflict = conflictOf(apps);
    if (conflict !== null) {
      await fleet.all("commit", () => ({ plan: planToWire(this.#plan) }));
      throw new OperatorError({ message: `${conflict}, because of apps that did not load: ${[...isFailed].join(", ")}`, hint: "nothing has been changed; mend these apps first" });
    }
    const plan: Plan = { version: this.#plan.version + 1, apps };
    // Whoever joins the fleet from here on gets the new plan.
    this.#plan = plan;
    const wire = planToWire(plan);
    await fleet.all("commit", () => (mostDrainMs === undefined ? { plan: wire } : { plan: wire, mostDrainMs }));
    this.#store.keep(apps);
    return applied;
  }

  #candidate(config: AppConfig, current: PlannedApp | undefined, change: AppChange | undefined, recode: readonly string[]): PlannedApp | null {
    const { name } = config;
    const isRecoded = recode.includes(name);
    if (current !== undefined && change === undefined && !isRecoded) return null;
    const revision = this.#number(name);
    const keepsSource = current !== undefined && change?.needsBundle !== true && !isRecoded;
    return { config, revision, source: keepsSource ? current.source : revision };
  }

  /** Bundled again, and found to be what it was. */
  #isSame(app: PlannedApp, current: PlannedApp | undefined, changes: ReadonlyMap<string, AppChange>): boolean {
    if (current === undefined || changes.has(app.config.name)) return false;
    const hash = this.#store.hashOf(app);
    return hash !== null && hash === this.#store.hashOf(current);
  }

  async #prepare(fleet: Fleet, candidates: readonly PlannedApp[]): Promise<readonly LoadFailure[]> {
    const reports = (await fleet.all("prepare", (_, i) => ({ apps: candidates, isProof: i === 0 }))).flat();
    const failures: LoadFailure[] = [];
    for (const { config, revision } of candidates) {
      const own: readonly LoadReport[] = reports.filter(({ name }) => name === config.name);
      const bad = own.find(({ state }) => state === "failed");
      this.#files.set(config.name, own.find(({ files }) => files.length > 0)?.files ?? []);
      if (bad !== undefined) failures.push({ name: config.name, revision, error: bad.error ?? "it did not load" });
      else if (!own.some(({ state }) => state === "ready")) {
        // A worker that could not load it has said so in the log; this one cannot any more.
        const error = "the worker that loaded it ended";
        failures.push({ name: config.name, revision, error });
        this.#observer.event("load_failed", { app: config.name, revision, error });
      }
    }
    return failures;
  }

  #number(name: string): number {
    const next = (this.#numbers.get(name) ?? 0) + 1;
    this.#numbers.set(name, next);
    return next;
  }
}

/** Two apps for one host, or two for all others. */
function conflictOf(apps: readonly PlannedApp[]): string | null {
  const hosts = new Map<string, string>();
  let fallback: string | null = null;
  for (const { config } of apps) {
    for (const host of config.hostnames) {
      const other = hosts.get(host);
      if (other !== undefined) return `${host} would belong to ${other} and to ${config.name}`;
      hosts.set(host, config.name);
    }
    if (!config.isDefault) continue;
    if (fallback !== null) return `${fallback} and ${config.name} would both serve all other hosts`;
    fallback = config.name;
  }
  return null;
}
