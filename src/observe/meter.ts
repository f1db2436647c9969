/** The observer that counts. Series are labelled by app up to a number of apps; the rest share one label, so that nobody can fill a time-series database. */
import { Histogram } from "./histogram.ts";
import { metrics } from "./metrics.ts";
import { type MetricsSnapshot, SnapshotBuilder } from "./metrics-snapshot.ts";
import { type Observer, type RequestRecord, silent } from "./observer.ts";

/** The label of all apps past the cap. No app can be called that. */
export const OTHER_APPS = "_other";
/** The label of requests that no app got. */
const NO_APP = "_none";

type Counts = Record<string, number>;

class AppSeries {
  requests = 0;
  errors = 0;
  bytes = 0;
  exceptions = 0;
  logLines = 0;
  denied = 0;
  activations = 0;
  leastMs = Number.POSITIVE_INFINITY;
  mostMs = 0;
  readonly durations = new Histogram(metrics.nano_request_duration_seconds.bounds ?? []);
  readonly cpu = new Histogram(metrics.nano_request_cpu_seconds.bounds ?? []);
  readonly subrequests = new Histogram(metrics.nano_egress_duration_seconds.bounds ?? []);
  /** By class of status: 1xx … 5xx. */
  readonly classes = [0, 0, 0, 0, 0];
  readonly outcomes: Counts = {};
  readonly kills: Counts = {};
  readonly loads: Counts = {};
  readonly egress: Counts = {};
}

export class Meter {
  readonly observer: Observer;
  readonly #mostApps: number;
  readonly #apps = new Map<string, AppSeries>();
  /** Under the labels that are no app's. */
  readonly #shared = new Map<string, AppSeries>();
  readonly #loads = new Histogram(metrics.nano_app_load_seconds.bounds ?? []);
  readonly #activations = new Histogram(metrics.nano_activation_seconds.bounds ?? []);
  readonly #delays = new Histogram(metrics.nano_scheduler_delay_seconds.bounds ?? []);
  readonly #droppedLines: Counts = {};
  readonly #reloads: Counts = {};
  readonly #restarts: Counts = {};
  readonly #spans: Counts = {};
  #faults = 0;

  /** `mostApps`: how many apps get series of their own. */
  constructor(mostApps: number) {
    this.#mostApps = mostApps;
    this.observer = {
      ...silent,
      request: (record) => this.#countRequest(record),
      kill: ({ app, reason }) => count(this.#of(app).kills, reason),
      failure: ({ app }) => void this.#of(app).exceptions++,
      console: (app) => void this.#of(app).logLines++,
      appLoaded: (app, { ms }) => {
        count(this.#of(app).loads, "ok");
        this.#loads.observe(ms / 1000);
      },
      appFailed: (app) => count(this.#of(app).loads, "failed"),
      egressDenied: (app) => void this.#of(app).denied++,
      fault: () => void this.#faults++,
      activated: (app, ms) => {
        this.#of(app).activations++;
        this.#activations.observe(ms / 1000);
      },
      delayed: (ms) => this.#delays.observe(ms / 1000),
      subrequest: ({ app, result, ms }) => {
        const series = this.#of(app);
        count(series.egress, result);
        series.subrequests.observe(ms / 1000);
      },
      linesDropped: (reason, lines) => count(this.#droppedLines, reason, lines),
      spans: (result, spans) => count(this.#spans, result, spans),
      reloaded: (result) => count(this.#reloads, result),
      workerReplaced: (reason) => count(this.#restarts, reason),
    };
  }

  /** Drops the series of apps that are gone, which makes room for others. */
  keepOnly(apps: ReadonlySet<string>): void {
    for (const name of this.#apps.keys()) if (!apps.has(name)) this.#apps.delete(name);
  }

  /** What has been counted so far. */
  snapshot(): MetricsSnapshot {
    const builder = new SnapshotBuilder();
    for (const [app, series] of [...this.#apps, ...this.#shared]) addApp(builder, app, series);
    builder.add("nano_app_load_seconds", this.#loads.data());
    builder.add("nano_activation_seconds", this.#activations.data());
    builder.add("nano_scheduler_delay_seconds", this.#delays.data());
    builder.add("nano_faults_total", this.#faults);
    for (const [reason, lines] of Object.entries(this.#droppedLines)) builder.add("nano_log_lines_dropped_total", lines, reason);
    for (const [result, reloads] of Object.entries(this.#reloads)) builder.add("nano_reloads_total", reloads, result);
    for (const [reason, restarts] of Object.entries(this.#restarts)) builder.add("nano_worker_restarts_total", restarts, reason);
    for (const [result, spans] of Object.entries(this.#spans)) builder.add("nano_trace_spans_total", spans, result);
    return builder.build();
  }

  /** The label under which `app` is counted. */
  labelOf(app: string): string {
    return app === "" ? NO_APP : this.#apps.has(app) || this.#apps.size < this.#mostApps ? app : OTHER_APPS;
  }

  #of(app: string): AppSeries {
    let series = this.#apps.get(app);
    if (series !== undefined) return series;
    const label = this.labelOf(app);
    const home = label === app ? this.#apps : this.#shared;
    series = home.get(label);
    if (series === undefined) home.set(label, (series = new AppSeries()));
    return series;
  }

  #countRequest({ app, status, bytes, latencyMs, cpuMs, outcome }: RequestRecord): void {
    const series = this.#of(app);
    series.requests++;
    series.bytes += bytes;
    if (status >= 500) series.errors++;
    const statusClass = Math.floor(status / 100) - 1;
    if (statusClass >= 0 && statusClass < 5) (series.classes[statusClass] as number)++;
    count(series.outcomes, outcome);
    if (latencyMs < series.leastMs) series.leastMs = latencyMs;
    if (latencyMs > series.mostMs) series.mostMs = latencyMs;
    series.durations.observe(latencyMs / 1000);
    series.cpu.observe(cpuMs / 1000);
  }
}

function count(counts: Counts, key: string, by = 1): void {
  counts[key] = (counts[key] ?? 0) + by;
}

function addApp(builder: SnapshotBuilder, app: string, series: AppSeries): void {
  builder.add("nano_requests_total", series.requests, app);
  builder.add("nano_errors_total", series.errors, app);
  if (series.requests > 0) {
    builder.add("nano_request_latency_ms_min", series.leastMs, app);
    builder.add("nano_request_latency_ms_max", series.mostMs, app);
  }
  builder.add("nano_request_duration_seconds", series.durations.data(), app);
  builder.add("nano_request_cpu_seconds", series.cpu.data(), app);
  for (const [i, requests] of series.classes.entries()) if (requests > 0) builder.add("nano_responses_total", requests, app, `${i + 1}xx`);
  for (const [outcome, requests] of Object.entries(series.outcomes)) builder.add("nano_outcomes_total", requests, app, outcome);
  builder.add("nano_response_bytes_total", series.bytes, app);
  builder.add("nano_exceptions_total", series.exceptions, app);
  for (const [reason, kills] of Object.entries(series.kills)) builder.add("nano_kills_total", kills, app, reason);
  for (const [result, loads] of Object.entries(series.loads)) builder.add("nano_app_loads_total", loads, app, result);
  builder.add("nano_activations_total", series.activations, app);
  for (const [result, requests] of Object.entries(series.egress)) builder.add("nano_egress_requests_total", requests, app, result);
  if (Object.keys(series.egress).length > 0) builder.add("nano_egress_duration_seconds", series.subrequests.data(), app);
  builder.add("nano_egress_denied_total", series.denied, app);
  builder.add("nano_log_lines_total", series.logLines, app);
}
