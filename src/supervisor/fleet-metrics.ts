/** What workers counted, those that have ended included: a sum that fell would look like a restart of everything. */
import { type Metric, type MetricName, metrics } from "../observe/metrics.ts";
import { type MetricsSnapshot, mergeSnapshots } from "../observe/metrics-snapshot.ts";

export class FleetMetrics {
  readonly #latest = new Map<number, MetricsSnapshot>();
  #ended: MetricsSnapshot = {};

  take(worker: number, snapshot: MetricsSnapshot): void {
    this.#latest.set(worker, snapshot);
  }

  /** What it had in hand is gone; what it counted stays. */
  ended(worker: number): void {
    const last = this.#latest.get(worker);
    this.#latest.delete(worker);
    if (last !== undefined) this.#ended = mergeSnapshots([this.#ended, lasting(last)]);
  }

  sum(): MetricsSnapshot {
    return mergeSnapshots([this.#ended, ...this.#latest.values()]);
  }
}

/** Without gauges, and without what is told of one process. */
function lasting(snapshot: MetricsSnapshot): MetricsSnapshot {
  const entries = (Object.entries(snapshot) as [MetricName, MetricsSnapshot[MetricName]][]).filter(([name]) => {
    const { kind, labels, merge }: Metric = metrics[name];
    return (kind !== "gauge" || merge !== "sum") && !labels.includes("process") && name !== "nano_uptime_seconds" && name !== "nano_apps" && name !== "nano_fuel_units_per_ms";
  });
  return Object.fromEntries(entries);
}
