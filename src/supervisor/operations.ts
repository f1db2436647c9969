/** What the admin API can do, over all workers. Changes go the way of every reload: one after the other, loaded everywhere before anything changes. */
import { OperationError, ofBody } from "../admin/operation-error.ts";
import type { ChangeOptions, EnvChange, Operations, RemoveOptions } from "../admin/operations.ts";
import type { AppStatus, EnvReport, Health, ReloadReport } from "../admin/replies.ts";
import type { AppConfig, Json } from "../config/config.ts";
import { effectiveConfig } from "../config/effective.ts";
import { OperatorError } from "../errors.ts";
import { olderNames } from "../limits.ts";
import type { MetricsSnapshot } from "../observe/metrics-snapshot.ts";
import { renderPrometheus } from "../observe/prometheus.ts";
import { mergedStatus } from "./app-status.ts";
import { type ConfigSource, type Draft, DraftError, type Entry, PersistError, type Persisting } from "./config-source.ts";
import type { Supervisor } from "./supervisor.ts";

/** Limits that an entry may also say outside `limits`. */
const SHORTHANDS: Readonly<Record<string, string>> = { ...Object.fromEntries(Object.entries(olderNames).map(([older, key]) => [key, older])), memory_mb: "memory_mb", max_buffer_size_mb: "max_buffer_size_mb" };

export class SupervisorOperations implements Operations {
  readonly #supervisor: Supervisor;
  readonly #source: ConfigSource;
  readonly #version: string;

  constructor(supervisor: Supervisor, source: ConfigSource, version: string) {
    this.#supervisor = supervisor;
    this.#source = source;
    this.#version = version;
  }

  async apps(): Promise<readonly AppStatus[]> {
    const { deployment, fleet } = this.#supervisor;
    const [workers, counted] = await Promise.all([fleet.all("status", () => null), this.#supervisor.metricsSnapshot()]);
    const failures = new Map(deployment.failures.map((failure) => [failure.name, failure]));
    const planned = new Map(deployment.plan.apps.map((app) => [app.config.name, app]));
    const configs = new Map<string, AppConfig>([...this.#supervisor.wanted.map((app): [string, AppConfig] => [app.name, app]), ...[...planned].map(([name, { config }]): [string, AppConfig] => [name, config])]);
    const names = new Set([...configs.keys(), ...workers.flatMap(({ apps }) => apps.map(({ name }) => name))]);
    return [...names].sort().flatMap((name) => {
      const parts = workers.flatMap(({ apps }) => apps.filter((app) => app.name === name));
      const config = configs.get(name) ?? this.#supervisor.removedConfig(name);
      return config === undefined ? [] : [mergedStatus({ config, revision: planned.get(name)?.revision ?? null, parts, failure: failures.get(name) ?? null, counted })];
    });
  }

  async app(name: string): Promise<AppStatus> {
    const found = (await this.apps()).find((app) => app.name === name);
    if (found === undefined) throw new OperationError("unknown_app");
    return found;
  }

  async addApp(json: unknown, options: ChangeOptions): Promise<AppStatus> {
    return this.app(await this.#change(null, () => entryOf(json), options));
  }

  async replaceApp(name: string, json: unknown, options: ChangeOptions): Promise<AppStatus> {
    const entry = entryOf(json);
    return this.app(await this.#change(name, () => (entry["name"] === undefined ? { name, ...entry } : entry), options));
  }

  async patchLimits(name: string, json: unknown, options: ChangeOptions): Promise<AppStatus> {
    const patch = entryOf(json);
    return this.app(
      await this.#change(
        name,
        (entry) => {
          const next: Record<string, unknown> = { ...entry };
          for (const key of Object.keys(patch)) delete next[SHORTHANDS[key] ?? ""];
          return { ...next, limits: { ...(entry["limits"] as object | undefined), ...patch } };
        },
        options,
      ),
    );
  }

  async removeApp(name: string, options: RemoveOptions): Promise<AppStatus> {
    const before = await this.app(name);
    if (this.#source.entryOf(name) === null && before.state === "draining") throw new OperationError("app_draining");
    await this.#change(name, () => null, options);
    return this.app(name).catch(() => ({ ...before, state: "draining" as const }));
  }

  async lift(name: string): Promise<AppStatus> {
    const { state } = await this.app(name);
    if (state === "draining") throw new OperationError("app_draining");
    await this.#supervisor.fleet.all("lift", () => ({ name }));
    return this.app(name);
  }

  async envOf(name: string): Promise<EnvReport> {
    const config = this.#supervisor.config.apps.find((app) => app.name === name);
    if (config === undefined) throw new OperationError("unknown_app");
    const variables = [...sizesOf(config.env, false), ...sizesOf(config.secrets, true)].sort((a, b) => (a.name < b.name ? -1 : 1));
    return { app: name, variables, total_bytes: variables.reduce((sum, one) => sum + one.bytes + byteLength(one.name), 0) };
  }

  async changeEnv(name: string, { set, secrets, remove, replace }: EnvChange, options: ChangeOptions): Promise<EnvReport> {
    await this.#change(
      name,
      (entry) => {
        const [env, hidden] = [variablesIn(entry["env"]), variablesIn(entry["secrets"])];
        const next = replace ? { env: {}, secrets: {} } : { env: { ...env }, secrets: { ...hidden } };
        const put = (home: "env" | "secrets", key: string, value: Json) => Object.defineProperty(next[home], key, { value, enumerable: true, configurable: true, writable: true });
        for (const [key, value] of Object.entries(set)) put(Object.hasOwn(hidden, key) ? "secrets" : "env", key, value);
        for (const [key, value] of Object.entries(secrets)) {
          delete (next.env as Record<string, Json>)[key];
          put("secrets", key, value);
        }
        for (const key of remove) for (const home of [next.env, next.secrets] as Record<string, Json>[]) delete home[key];
        const { env: _env, secrets: _secrets, ...rest } = entry;
        return { ...rest, ...(Object.keys(next.env).length > 0 ? { env: next.env } : {}), ...(Object.keys(next.secrets).length > 0 ? { secrets: next.secrets } : {}) };
      },
      options,
    );
    return this.envOf(name);
  }

  async reload(): Promise<ReloadReport> {
    if (this.#supervisor.isStopping || !this.#supervisor.isOpen) throw new OperationError("unavailable");
    try {
      const { added, removed, changed, failed, restart } = await this.#supervisor.reload("admin");
      return {
        is_changed: added.length + removed.length + changed.length > 0,
        added: [...added],
        removed: [...removed],
        replaced: changed.map(({ name, fields }) => ({ name, fields: fields.map((field) => (field === "code" ? "source" : field)) })),
        needs_restart: [...restart],
        failed: failed.map(({ name, error }) => ({ name, error })),
      };
    } catch (error) {
      if (error instanceof OperatorError) throw new OperationError("config_invalid", { detail: error.message, problems: error.problems });
      throw error;
    }
  }

  async config(): Promise<Json> {
    return effectiveConfig(this.#supervisor.config);
  }

  async health(): Promise<Health> {
    const { fleet, deployment, configError, isOpen, isStopping, config } = this.#supervisor;
    const workers = fleet.workers.map(({ place, pid, restarts, isMember }) => ({ id: place, pid, restarts, state: isStopping ? ("draining" as const) : isMember ? ("ready" as const) : ("starting" as const) }));
    const isReady = isOpen && !isStopping && workers.some(({ state }) => state === "ready");
    const reasons = [
      ...(isStopping ? ["nano is stopping"] : []),
      ...(isReady || isStopping ? [] : ["no worker serves"]),
      ...(configError === null ? [] : [`the config is broken, and the last good one holds: ${configError.split("\n")[0]}`]),
      ...deployment.failures.map(({ name, error }) => `${name} did not load: ${error.split("\n")[0]}`),
    ];
    return { is_live: true, is_ready: isReady, reasons, version: this.#version, uptime_s: Math.round(process.uptime() * 1000) / 1000, workers: config.workers === 0 ? workers.map((worker) => ({ ...worker, id: 0 })) : workers };
  }

  async metrics(): Promise<string> {
    return renderPrometheus((await this.#supervisor.metricsSnapshot()) satisfies MetricsSnapshot);
  }

  followLogs({ app }: { readonly app?: string }, listener: (line: string) => void): () => void {
    if (app === undefined) return this.#supervisor.followLogs(listener);
    return this.#supervisor.followLogs((line) => {
      if ((JSON.parse(line) as { app?: unknown }).app === app) listener(line);
    });
  }

  /** What `edit` makes of the app's entry; null removes it, and a `name` of null adds one. Resolves with the app's name. */
  #change(name: string | null, edit: (entry: Entry) => Entry | null, { persist, drainMs }: RemoveOptions): Promise<string> {
    return this.#supervisor.exclusively(async () => {
      if (this.#supervisor.isStopping || !this.#supervisor.isOpen) throw new OperationError("unavailable");
      const before = name === null ? {} : this.#source.entryOf(name);
      if (before === null) throw new OperationError("unknown_app");
      const draft = this.#draft(name, edit(before));
      const persisting = persist ? await this.#persist(draft, name) : null;
      try {
        const failure = await this.#supervisor.tryChange(draft.config, draft.name, drainMs === undefined ? {} : { mostDrainMs: drainMs });
        if (failure !== null) throw new OperationError("load_failed", { detail: failure.error });
      } catch (error) {
        await persisting?.discard();
        if (error instanceof OperatorError) throw new OperationError("load_failed", { detail: error.message, problems: error.problems });
        throw error;
      }
      if (persisting === null) this.#source.keep(draft, name);
      else await persisting.commit().catch(tellPersistError);
      return draft.name;
    });
  }

  #draft(name: string | null, entry: Entry | null): Draft {
    try {
      return this.#source.draft(name, entry);
    } catch (error) {
      if (error instanceof DraftError) throw ofBody(error.problems, error.index);
      throw error;
    }
  }

  async #persist(draft: Draft, name: string | null): Promise<Persisting> {
    return this.#source.persist(draft, name).catch(tellPersistError);
  }
}

function tellPersistError(error: unknown): never {
  throw error instanceof PersistError ? new OperationError(error.code, { detail: error.message }) : error;
}

function entryOf(json: unknown): Entry {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw new OperationError("invalid");
  return json as Entry;
}

function variablesIn(value: unknown): Readonly<Record<string, Json>> {
  return (value ?? {}) as Readonly<Record<string, Json>>;
}

function sizesOf(variables: AppConfig["env"], isSecret: boolean): EnvReport["variables"] {
  return Object.entries(variables).map(([name, value]) => ({ name, bytes: byteLength(typeof value === "string" ? value : JSON.stringify(value)), is_secret: isSecret }));
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).byteLength;
}
