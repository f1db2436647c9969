/** CATALOGUE of metrics: name, kind, labels, meaning. What is not here is not exposed, and what is here is measured. */

export type MetricKind = "counter" | "gauge" | "histogram";
/** How the same series of several processes become one. */
export type Merge = "sum" | "min" | "max";

export interface Metric {
  readonly kind: MetricKind;
  readonly help: string;
  readonly labels: readonly string[];
  readonly merge: Merge;
  /** Upper bounds of a histogram's buckets, in the metric's unit. */
  readonly bounds?: readonly number[];
}

const counter = (help: string, ...labels: string[]): Metric => ({ kind: "counter", help, labels, merge: "sum" });
const gauge = (help: string, labels: readonly string[] = [], merge: Merge = "sum"): Metric => ({ kind: "gauge", help, labels, merge });
const histogram = (help: string, bounds: readonly number[], ...labels: string[]): Metric => ({ kind: "histogram", help, labels, merge: "sum", bounds });

const REQUEST_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const CPU_S = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
const ACTIVATION_S = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25];
const DELAY_S = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5];

export const metrics = {
  nano_requests_total: counter("Requests that were answered or given up.", "app"),
  nano_errors_total: counter("Requests answered with a status of 500 or more.", "app"),
  nano_request_latency_ms_avg: gauge("Mean time to answer a request since the start, in milliseconds.", ["app"]),
  nano_request_latency_ms_min: gauge("Least time to answer a request since the start, in milliseconds.", ["app"], "min"),
  nano_request_latency_ms_max: gauge("Longest time to answer a request since the start, in milliseconds.", ["app"], "max"),
  nano_uptime_seconds: gauge("Time since nano started.", [], "max"),
  nano_build_info: gauge("Always 1; the labels say what runs.", ["version"], "max"),
  nano_request_duration_seconds: histogram("Time from a request's head to the last byte of its answer.", REQUEST_S, "app"),
  nano_request_cpu_seconds: histogram("CPU that a request used up to its answer: fuel, at the settled rate.", CPU_S, "app"),
  nano_responses_total: counter("Requests by class of status.", "app", "class"),
  nano_outcomes_total: counter("Requests by what became of them.", "app", "outcome"),
  nano_response_bytes_total: counter("Bytes of response bodies.", "app"),
  nano_requests_in_flight: gauge("Requests that run.", ["app"]),
  nano_requests_queued: gauge("Requests that wait for a place.", ["app"]),
  nano_exceptions_total: counter("Exceptions that reached nano from an app.", "app"),
  nano_kills_total: counter("Isolates ended by a limit.", "app", "reason"),
  nano_apps: gauge("Apps by state of what serves.", ["state"], "max"),
  nano_app_loads_total: counter("Loads of a revision.", "app", "result"),
  nano_app_load_seconds: histogram("Time to bundle and evaluate a revision.", REQUEST_S),
  nano_isolates: gauge("Live isolates by what they do.", ["app", "state"]),
  nano_guest_memory_bytes: gauge("Linear memory of live isolates.", ["app"]),
  nano_snapshot_bytes: gauge("Memory of the snapshot that isolates are cloned from.", ["app"]),
  nano_activations_total: counter("Isolates cloned from a snapshot.", "app"),
  nano_activation_seconds: histogram("Time to clone an isolate.", ACTIVATION_S),
  nano_fuel_units_per_ms: gauge("What a millisecond of CPU is worth in fuel.", [], "max"),
  nano_scheduler_delay_seconds: histogram("Time that guest code waited for the thread, where it had to wait.", DELAY_S),
  nano_egress_requests_total: counter("Subrequests by what became of them.", "app", "result"),
  nano_egress_denied_total: counter("Subrequests to an address that is not allowed.", "app"),
  nano_egress_duration_seconds: histogram("Time to the response head of a subrequest.", REQUEST_S, "app"),
  nano_log_lines_total: counter("Lines that apps logged.", "app"),
  nano_log_lines_dropped_total: counter("Lines lost: past an app's rate, or to a reader that is slow or gone.", "reason"),
  nano_trace_spans_total: counter("Spans that were exported, or dropped because the collector did not take them.", "result"),
  nano_faults_total: counter("Failures of nano's own."),
  nano_reloads_total: counter("Reloads of the config.", "result"),
  nano_workers: gauge("Worker processes that serve."),
  nano_worker_restarts_total: counter("Workers that were replaced.", "reason"),
  nano_process_resident_memory_bytes: gauge("Resident memory of a process.", ["process"], "max"),
  nano_process_open_fds: gauge("Open descriptors of a process.", ["process"], "max"),
  nano_process_cpu_seconds_total: counter("CPU time of a process, user and system.", "process"),
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof metrics;
