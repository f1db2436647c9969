/** Operations over a list in memory, with the config's own checks: what routes are tested against. */
import type { Operations } from "../../../src/admin/operations.ts";
import { ofBody, OperationError } from "../../../src/admin/operation-error.ts";
import type { AppStatus, EnvReport } from "../../../src/admin/replies.ts";
import type { Json } from "../../../src/config/config.ts";
import { configOfData } from "../../../src/config/parse.ts";
import { OperatorError } from "../../../src/errors.ts";

type Raw = Readonly<Record<string, unknown>>;

export class FakeOperations implements Operations {
  readonly raw = new Map<string, Raw>();
  readonly calls: unknown[] = [];
  readonly listeners = new Set<(line: string) => void>();
  isReady = true;
  /** Thrown by everything. */
  defect: Error | null = null;

  constructor() {
    this.raw.set("blog", { name: "blog", hostname: "blog.test", path: "/srv/blog.js", env: { GREETING: "hello" }, secrets: { KEY: "CANARY-key" } });
  }

  async apps() {
    if (this.defect !== null) throw this.defect;
    return [...this.raw.keys()].map((name) => this.#status(name));
  }
  async app(name: string) {
    return this.#status(name);
  }
  async addApp(json: unknown, options: { persist: boolean }) {
    this.calls.push(["addApp", options]);
    const { name } = this.#check(json);
    this.raw.set(name, json as Raw);
    return this.#status(name);
  }
  async replaceApp(name: string, json: unknown, options: { persist: boolean }) {
    this.calls.push(["replaceApp", name, options]);
    this.#status(name);
    this.#check({ ...(json as Raw), name }, name);
    this.raw.set(name, { ...(json as Raw), name });
    return this.#status(name);
  }
  async patchLimits(name: string, json: unknown, options: { persist: boolean }) {
    const before = this.#of(name);
    return this.replaceApp(name, { ...before, limits: { ...(before["limits"] as object), ...(json as object) } }, options);
  }
  async removeApp(name: string, options: { persist: boolean; drainMs?: number }): Promise<AppStatus> {
    this.calls.push(["removeApp", name, options]);
    const now = new Date(0).toISOString();
    const status: AppStatus = { ...this.#status(name), state: "draining", drain: { reason: "removed", started_at: now, deadline: now, in_flight: 1 } };
    this.raw.delete(name);
    return status;
  }
  async lift(name: string) {
    this.calls.push(["lift", name]);
    return this.#status(name);
  }
  async envOf(name: string): Promise<EnvReport> {
    const app = this.#of(name);
    const of = (key: string, is_secret: boolean) => Object.entries((app[key] as Raw | undefined) ?? {}).map(([variable, value]) => ({ name: variable, bytes: JSON.stringify(value).length, is_secret }));
    const variables = [...of("env", false), ...of("secrets", true)];
    return { app: name, variables, total_bytes: variables.reduce((sum, { bytes }) => sum + bytes, 0) };
  }
  async changeEnv(name: string, change: { set: Readonly<Record<string, Json>> }, options: { persist: boolean }) {
    this.calls.push(["changeEnv", name, change, options]);
    const before = this.#of(name);
    this.raw.set(name, { ...before, env: { ...(before["env"] as object), ...change.set } });
    return this.envOf(name);
  }
  async reload() {
    return { is_changed: true, added: [], removed: [], replaced: [{ name: "blog", fields: ["env"] }], needs_restart: ["port"], failed: [] };
  }
  async config(): Promise<Json> {
    return { port: 3000 };
  }
  async health() {
    return { is_live: true, is_ready: this.isReady, reasons: this.isReady ? [] : ["no worker is ready"], version: "0.0.0", uptime_s: 1.5, workers: [{ id: 1, pid: 2, state: "ready" as const, restarts: 0 }] };
  }
  async metrics() {
    return "# TYPE nano_uptime_seconds gauge\nnano_uptime_seconds 1\n";
  }
  followLogs(_: { readonly app?: string }, listener: (line: string) => void) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
  log(line: string): void {
    for (const listener of this.listeners) listener(line);
  }

  #of(name: string): Raw {
    const app = this.raw.get(name);
    if (app === undefined) throw new OperationError("unknown_app");
    return app;
  }

  /** `replaced`: the app that goes. */
  #check(json: unknown, replaced?: string) {
    const others = [...this.raw.entries()].filter(([name]) => name !== replaced).map(([, app]) => app);
    try {
      return configOfData({ apps: [...others, json] }, "/srv").apps[others.length] as { name: string };
    } catch (error) {
      throw error instanceof OperatorError ? ofBody(error, others.length) : error;
    }
  }

  #status(name: string): AppStatus {
    const app = this.#of(name);
    return {
      name, hostnames: [String(app["hostname"] ?? "")], is_default: false, path: String(app["path"]), revision: 1, state: "ready", error: null, in_flight: 0, queued: 0, isolates: 1, memory_bytes: 1 << 20, memory_percent: 0.8,
      limits: { cpu_ms: 5_000, ...(app["limits"] as Record<string, number>) }, requests: 3, errors: 1, kills: { exceededCpu: 1 }, cpu_ms: 1.25, last_request_at: new Date(0).toISOString(), quarantine_ms: 0, drain: null, retiring: [],
    };
  }
}
