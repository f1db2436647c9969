/** One app as an operator sees it: what all workers say of it, made one. */
import type { AppStatus as AppReport } from "../admin/replies.ts";
import type { AppConfig } from "../config/config.ts";
import { saidLimits } from "../limits.ts";
import type { MetricName } from "../observe/metrics.ts";
import type { MetricsSnapshot, Series } from "../observe/metrics-snapshot.ts";
import type { LoadFailure } from "./deployment.ts";
import type { AppStatus } from "./messages.ts";

export interface StatusParts {
  readonly config: AppConfig;
  /** Null when it is not served. */
  readonly revision: number | null;
  readonly parts: readonly AppStatus[];
  readonly failure: LoadFailure | null;
  readonly counted: MetricsSnapshot;
}

export function mergedStatus({ config, revision, parts, failure, counted }: StatusParts): AppReport {
  const { name, hostnames, isDefault, path, limits } = config;
  const sum = (pick: (part: AppStatus) => number) => parts.reduce((total, part) => total + pick(part), 0);
  const most = (pick: (part: AppStatus) => number) => Math.max(0, ...parts.map(pick));
  const lastRequestAt = most((part) => part.lastRequestAt ?? 0);
  const drains = parts.flatMap(({ drain }) => drain ?? []);
  return {
    name,
    hostnames: [...hostnames],
    is_default: isDefault,
    path,
    revision: revision ?? most((part) => part.revision),
    state: stateOf(parts, revision, failure),
    error: failure?.error ?? parts.find(({ error }) => error !== null)?.error ?? null,
    in_flight: sum((part) => part.inFlight),
    queued: sum((part) => part.queued),
    isolates: sum((part) => part.isolates),
    memory_bytes: sum((part) => part.memoryBytes),
    memory_percent: Math.round((most((part) => part.mostMemoryBytes) / limits.memoryBytes) * 1000) / 10,
    limits: { ...saidLimits.app(limits) },
    requests: countOf(counted, "nano_requests_total", name),
    errors: countOf(counted, "nano_errors_total", name),
    kills: killsOf(counted, name),
    cpu_ms: Math.round(cpuSecondsOf(counted, name) * 1_000_000) / 1000,
    last_request_at: lastRequestAt === 0 ? null : new Date(lastRequestAt).toISOString(),
    quarantine_ms: most((part) => part.quarantineMs),
    drain: drains.length === 0 ? null : drainOf(drains),
    retiring: retiringOf(parts),
  };
}

/** One worker in which it serves is enough to call it ready, and one that keeps it from serving is worth telling. */
function stateOf(parts: readonly AppStatus[], revision: number | null, failure: LoadFailure | null): AppReport["state"] {
  if (revision === null) return failure !== null && parts.length === 0 ? "failed" : "draining";
  const has = (state: AppStatus["state"]) => parts.some((part) => part.state === state);
  return has("quarantined") ? "quarantined" : has("ready") ? "ready" : has("failed") ? "failed" : "loading";
}

type Progress = NonNullable<AppStatus["drain"]>;

function drainOf(drains: readonly Progress[]): NonNullable<AppReport["drain"]> {
  return {
    reason: (drains[0] as Progress).reason,
    started_at: new Date(Math.min(...drains.map(({ startedAt }) => startedAt))).toISOString(),
    deadline: new Date(Math.max(...drains.map(({ deadline }) => deadline))).toISOString(),
    in_flight: drains.reduce((sum, { inFlight }) => sum + inFlight, 0),
  };
}

function retiringOf(parts: readonly AppStatus[]): AppReport["retiring"] {
  const all = parts.flatMap(({ retiring }) => retiring);
  return [...new Set(all.map(({ revision }) => revision))].map((revision) => ({ revision, ...drainOf(all.filter((one) => one.revision === revision)) }));
}

function seriesOf(counted: MetricsSnapshot, metric: MetricName, app: string): readonly Series[] {
  return (counted[metric] ?? []).filter(({ labels }) => labels[0] === app);
}

function countOf(counted: MetricsSnapshot, metric: MetricName, app: string): number {
  return seriesOf(counted, metric, app).reduce((sum, { value }) => sum + (typeof value === "number" ? value : 0), 0);
}

function killsOf(counted: MetricsSnapshot, app: string): Record<string, number> {
  return Object.fromEntries(seriesOf(counted, "nano_kills_total", app).map(({ labels, value }) => [labels[1] ?? "", typeof value === "number" ? value : 0]));
}

function cpuSecondsOf(counted: MetricsSnapshot, app: string): number {
  return seriesOf(counted, "nano_request_cpu_seconds", app).reduce((sum, { value }) => sum + (typeof value === "number" ? 0 : value.sum), 0);
}
