/** The Prometheus text format, https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format. */
import type { HistogramData } from "./histogram.ts";
import { type Metric, type MetricName, metrics } from "./metrics.ts";
import type { MetricsSnapshot, Series } from "./metrics-snapshot.ts";

export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Every metric of the catalogue is announced, those without a series too, so that a dashboard can be made before the first event. */
export function renderPrometheus(snapshot: MetricsSnapshot): string {
  const lines: string[] = [];
  for (const [name, metric] of Object.entries(metrics) as [MetricName, Metric][]) {
    lines.push(`# HELP ${name} ${escapeHelp(metric.help)}`, `# TYPE ${name} ${metric.kind}`);
    for (const series of snapshot[name] ?? []) renderSeries(lines, name, metric, series);
  }
  return `${lines.join("\n")}\n`;
}

function renderSeries(lines: string[], name: string, metric: Metric, { labels, value }: Series): void {
  const pairs = metric.labels.map((label, i) => `${label}="${escapeLabel(labels[i] ?? "")}"`);
  if (typeof value === "number") lines.push(`${name}${braced(pairs)} ${value}`);
  else renderHistogram(lines, name, pairs, metric.bounds ?? [], value);
}

function renderHistogram(lines: string[], name: string, pairs: readonly string[], bounds: readonly number[], { counts, sum }: HistogramData): void {
  let count = 0;
  for (const [i, inBucket] of counts.entries()) {
    count += inBucket;
    lines.push(`${name}_bucket${braced([...pairs, `le="${bounds[i] ?? "+Inf"}"`])} ${count}`);
  }
  lines.push(`${name}_sum${braced(pairs)} ${sum}`, `${name}_count${braced(pairs)} ${count}`);
}

function braced(pairs: readonly string[]): string {
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
