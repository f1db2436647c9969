/** All series of a process at one moment, as plain data that can be sent, and that of several processes made one. */
import { countOf, type HistogramData, sumOf } from "./histogram.ts";
import { type Merge, type Metric, type MetricName, metrics } from "./metrics.ts";

export interface Series {
  /** Values of the metric's labels, in the catalogue's order. */
  readonly labels: readonly string[];
  readonly value: number | HistogramData;
}
export type MetricsSnapshot = Readonly<Partial<Record<MetricName, readonly Series[]>>>;

/** Collects series under their names. */
export class SnapshotBuilder {
  readonly #series: Partial<Record<MetricName, Series[]>> = {};

  add(name: MetricName, value: number | HistogramData, ...labels: string[]): void {
    const { labels: names } = metrics[name] as Metric;
    if (labels.length !== names.length) throw new Error(`${name} has the labels ${names.join(", ")}, not ${labels.length} values`);
    let series = this.#series[name];
    if (series === undefined) this.#series[name] = series = [];
    series.push({ labels, value });
  }

  build(): MetricsSnapshot {
    return this.#series;
  }
}

/** One snapshot of many. The mean latency is made anew of the histograms, for means do not add up. */
export function mergeSnapshots(snapshots: readonly MetricsSnapshot[]): MetricsSnapshot {
  const builder = new SnapshotBuilder();
  for (const name of Object.keys(metrics) as MetricName[]) {
    if (name === "nano_request_latency_ms_avg") continue;
    const { merge } = metrics[name] as Metric;
    const merged = new Map<string, Series>();
    for (const snapshot of snapshots)
      for (const series of snapshot[name] ?? []) {
        const key = series.labels.join("\0");
        const known = merged.get(key);
        merged.set(key, known === undefined ? series : { labels: series.labels, value: join(merge, known.value, series.value) });
      }
    for (const { labels, value } of merged.values()) {
      builder.add(name, value, ...labels);
      if (name === "nano_request_duration_seconds" && typeof value !== "number") builder.add("nano_request_latency_ms_avg", (value.sum * 1000) / Math.max(1, countOf(value)), ...labels);
    }
  }
  return builder.build();
}

function join(merge: Merge, a: Series["value"], b: Series["value"]): Series["value"] {
  if (typeof a !== "number" && typeof b !== "number") return sumOf(a, b);
  if (typeof a !== "number" || typeof b !== "number") return a;
  return merge === "sum" ? a + b : merge === "min" ? Math.min(a, b) : Math.max(a, b);
}
