/**
 * The CATALOGUE of every number: unit, default, bounds, and what happens past it. Each is enforced in one place and has a test; a value outside its
 * bounds is an error of the configuration, never clamped.
 */

/** Where a limit may be set: `app` in `defaults.limits` or an app's `limits`, `server` in `limits` at the top of the config, `process` in its `server`, `fixed` nowhere. */
export type LimitScope = "app" | "server" | "process" | "fixed";

export interface Limit<S extends LimitScope = LimitScope> {
  readonly unit: "ms" | "us" | "mb" | "kb" | "count" | "s";
  readonly default: number;
  readonly least: number;
  readonly most: number;
  readonly scope: S;
  readonly help: string;
  /** What happens past it. */
  readonly past: string;
}

const limit = <S extends LimitScope>(scope: S, unit: Limit["unit"], value: number, least: number, most: number, help: string, past: string): Limit<S> => ({ unit, default: value, least, most, scope, help, past });

const MINUTE = 60_000;

export const limits = {
  cpu_ms: limit("app", "ms", 5_000, 5, 5 * MINUTE, "CPU time of one invocation, counted as fuel", "the isolate is ended, 503 cpu_limit"),
  startup_cpu_ms: limit("app", "ms", 1_000, 50, 30_000, "CPU time of the app's top level", "the load fails, 503 app_failed"),
  wall_ms: limit("app", "ms", 30_000, 100, 900_000, "time to the first byte of the response", "504 wall_limit"),
  stream_ms: limit("app", "ms", 300_000, 100, 900_000, "time for the whole response body", "the response is cut"),
  wait_until_ms: limit("app", "ms", 30_000, 0, 300_000, "time for waitUntil work after the response", "the work is ended"),
  memory_mb: limit("app", "mb", 128, 16, 1_024, "linear memory of one isolate", "the isolate is ended, 503 memory_limit"),
  max_body_mb: limit("app", "mb", 10, 0, 1_024, "size of a request body", "413 payload_too_large"),
  max_buffer_size_mb: limit("app", "mb", 64, 1, 1_024, "stream data that waits in nano for one app", "writers wait"),
  cache_mb: limit("app", "mb", 16, 0, 1_024, "size of all caches of one app, in each worker", "what was used least recently is dropped; one that is larger alone is refused"),
  stream_buffer_kb: limit("app", "kb", 256, 16, 8_192, "stream data that waits in nano for one stream", "the writer waits"),
  concurrency: limit("app", "count", 100, 1, 10_000, "number of invocations that run at once", "further ones wait in the queue"),
  queue: limit("app", "count", 100, 0, 10_000, "number of invocations that wait for a place", "503 overloaded"),
  queue_ms: limit("app", "ms", 1_000, 0, 60_000, "time in the queue", "503 overloaded"),
  isolates: limit("app", "count", 8, 1, 64, "number of isolates of one app", "further invocations share"),
  subrequests: limit("app", "count", 50, 0, 1_000, "number of fetch() calls of one invocation", "fetch rejects with TypeError"),
  subrequests_at_once: limit("app", "count", 6, 1, 32, "number of fetch() calls of one invocation that are open at once", "further ones wait"),
  app_subrequests_at_once: limit("app", "count", 64, 1, 512, "number of fetch() calls of one app that are open at once", "further ones wait"),
  timers: limit("app", "count", 1_000, 1, 10_000, "number of timers alive in one invocation", "setTimeout throws"),
  kdf_iterations: limit("app", "count", 600_000, 1_000, 1_000_000, "number of iterations of PBKDF2", "deriveBits rejects with OperationError"),
  log_kb: limit("app", "kb", 64, 0, 1_024, "console output of one invocation", "the rest is dropped, with one line that says so"),
  log_line_kb: limit("app", "kb", 8, 1, 1_024, "length of one console line", "the line is cut"),
  log_rate_kb: limit("app", "kb", 256, 1, 1_024, "console output of one app per second", "the rest is dropped, with one line that says so"),
  bundle_mb: limit("app", "mb", 10, 1, 64, "size of the bundled source of one app", "the load fails"),
  asset_files: limit("app", "count", 20_000, 1, 100_000, "number of static files of one app", "the load fails"),
  asset_file_mb: limit("app", "mb", 25, 1, 1_024, "size of one static file", "the load fails"),
  asset_streams: limit("app", "count", 100, 1, 10_000, "number of large static files of one app that are sent at once, in each worker", "503 overloaded"),
  modules: limit("app", "count", 1_000, 1, 10_000, "number of modules in one app", "the load fails"),
  drain_ms: limit("app", "ms", 30_000, 0, 300_000, "time that running invocations get when an app or nano stops", "they are aborted and named in the log"),
  quarantine_kills: limit("app", "count", 5, 0, 1_000, "number of isolates of an app ended within quarantine_window_ms, with nothing answered in between; 0 for any number", "503 quarantined"),
  fetch_connect_ms: limit("app", "ms", 10_000, 100, 60_000, "time to connect to an upstream", "fetch rejects with TypeError"),
  fetch_headers_ms: limit("app", "ms", 30_000, 100, 300_000, "time to an upstream's response head", "fetch rejects with TypeError"),
  fetch_idle_ms: limit("app", "ms", 30_000, 100, 300_000, "time between two chunks of an upstream's body", "the body fails with TypeError"),
  fetch_keep_alive_ms: limit("app", "ms", 4_000, 0, 60_000, "time a connection to an upstream waits for the next fetch() of the app", "it is closed"),
  fetch_idle_connections: limit("app", "count", 8, 0, 64, "number of connections to upstreams that wait for the next fetch() of one app", "the one that waits longest is closed"),
  slice_us: limit("server", "us", 1_000, 200, 10_000, "time an app runs before another one that waits gets its turn", "the app is paused"),
  url_kb: limit("server", "kb", 8, 1, 16, "length of a request URL", "414 uri_too_long"),
  header_total_kb: limit("server", "kb", 16, 1, 64, "size of all request header fields", "431 headers_too_large"),
  header_kb: limit("server", "kb", 8, 1, 32, "size of one request header field", "431 headers_too_large"),
  header_count: limit("server", "count", 100, 1, 256, "number of request header fields", "431 headers_too_large"),
  response_header_kb: limit("server", "kb", 32, 1, 128, "size of all response header fields", "502 bad_response"),
  response_header_count: limit("server", "count", 128, 1, 256, "number of response header fields", "502 bad_response"),
  keep_alive_s: limit("server", "s", 10, 5, 255, "time a connection may be quiet between requests, and inside the head of one", "it is closed"),
  body_idle_ms: limit("server", "ms", 30_000, 100, 300_000, "time between two chunks of a request body", "408 request_timeout"),
  body_rate_kb: limit("server", "kb", 1, 0, 1_024, "least size of request body that has to arrive per second", "408 request_timeout"),
  write_stall_ms: limit("server", "ms", 30_000, 100, 300_000, "time a client may take nothing of a response", "the response is cut"),
  idle_isolate_ms: limit("server", "ms", 60_000, 0, 3_600_000, "time an isolate stays without work", "it is dropped; the snapshot stays"),
  drain_delay_ms: limit("process", "ms", 0, 0, 60_000, "time that a stopping nano goes on accepting, so that load balancers find out", "no new connections are taken"),
  asset_memory_mb: limit("server", "mb", 64, 0, 4_096, "size of the static files of all apps that a worker keeps in memory", "what was used least recently is read again"),
  metric_apps: limit("server", "count", 1_000, 0, 10_000, "number of apps that have metrics of their own", "further ones share the label _other"),
  workers: limit("fixed", "count", 0, 0, 256, "processes that serve", "an error of the configuration"),
  worker_beat_ms: limit("fixed", "ms", 100, 100, 100, "time between two signs of life of a worker", "the supervisor looks at what it does"),
  worker_silent_ms: limit("fixed", "ms", 600, 600, 600, "silence of a worker that is stopped, or that used half as much CPU meanwhile", "it is ended and replaced"),
  worker_silent_most_ms: limit("fixed", "ms", 10_000, 10_000, 10_000, "silence of a worker that the machine gives no time", "it is ended and replaced"),
  worker_start_ms: limit("fixed", "ms", 15_000, 15_000, 15_000, "time a worker has to start", "it is ended and replaced"),
  worker_deaths_window_ms: limit("fixed", "ms", 60_000, 60_000, 60_000, "time in which worker_deaths counts", "older ones are forgotten"),
  worker_deaths: limit("fixed", "count", 5, 5, 5, "number of workers that are replaced at once when they end", "each further one is replaced after twice the time"),
  worker_back_off_ms: limit("fixed", "ms", 250, 250, 250, "first time after which a worker is replaced later", "it doubles"),
  worker_back_off_most_ms: limit("fixed", "ms", 5_000, 5_000, 5_000, "longest time after which a worker is replaced", "no longer"),
  reload_debounce_ms: limit("fixed", "ms", 500, 500, 500, "quiet after a change of the config, or after SIGHUP, before it is read", "it is read"),
  reload_wait_ms: limit("fixed", "ms", 1_500, 1_500, 1_500, "time that further changes may put off a reload", "the config is read"),
  config_poll_ms: limit("fixed", "ms", 1_000, 1_000, 1_000, "time between two looks at a config whose changes the system does not report", "it is read"),
  dev_hold_ms: limit("fixed", "ms", 10_000, 10_000, 10_000, "time that requests wait in nano dev for a reload that has begun", "the revision before it answers"),
  process_memory_mb: limit("process", "mb", 0, 0, 1 << 20, "memory of all isolates together; 0 for 70 % of what the container or the machine has", "idle isolates are dropped, then 503 overloaded, then the largest app loses an isolate"),
  disk_cache_mb: limit("process", "mb", 1_024, 16, 1 << 20, "size of the disk cache", "what was used least recently is removed"),
  process_isolates: limit("fixed", "count", 10_000, 10_000, 10_000, "number of isolates of one process, on machines of less than 20 GB 500 for each of them", "those that have been idle for longest are dropped, then 503 overloaded"),
  blank_isolates: limit("fixed", "count", 8, 8, 8, "number of instances of the engine that wait for an app", "none is made"),
  env_count: limit("fixed", "count", 128, 0, 128, "variables in env", "an error of the configuration"),
  env_value_kb: limit("fixed", "kb", 5, 0, 5, "one variable in env", "an error of the configuration"),
  env_total_kb: limit("fixed", "kb", 128, 0, 128, "all variables in env", "an error of the configuration"),
  config_file_mb: limit("fixed", "mb", 1, 0, 16, "the config file", "an error of the configuration"),
  fetch_redirects: limit("fixed", "count", 20, 0, 20, "redirects that one fetch() follows", "fetch rejects with TypeError"),
  fetch_idle_connections_total: limit("fixed", "count", 256, 0, 256, "number of connections to upstreams that wait for the next fetch() of any app", "the one that waits longest is closed"),
  inflate_ratio: limit("fixed", "count", 100, 1, 100, "how much larger than its compressed form a body may be, past its first megabyte", "the body fails with TypeError"),
  inflate_free_mb: limit("fixed", "mb", 1, 1, 1, "inflated size from which inflate_ratio counts", "inflate_ratio counts"),
  timer_min_ms: limit("fixed", "ms", 1, 1, 1, "shortest delay of a timer", "shorter ones become this one"),
  timer_nested_min_ms: limit("fixed", "ms", 4, 4, 4, "shortest delay of a timer from the fifth level of nesting on", "shorter ones become this one"),
  drain_event_cpu_ms: limit("fixed", "ms", 1_000, 1, 1_000, "CPU time of one drain event, where cpu_ms allows as much", "the isolate is ended"),
  quarantine_window_ms: limit("fixed", "ms", 10_000, 10_000, 10_000, "time in which quarantine_kills counts", "older ones are forgotten"),
  quarantine_ms: limit("fixed", "ms", 10_000, 10_000, 10_000, "length of an app's first quarantine; each further one is twice as long", "the app is asked again"),
  quarantine_most_ms: limit("fixed", "ms", 300_000, 300_000, 300_000, "length of a quarantine", "the app is asked again"),
  cache_hits: limit("fixed", "count", 1_000, 1_000, 1_000, "responses that one cache.matchAll() gives", "it rejects with QuotaExceededError"),
  trace_spans: limit("fixed", "count", 4_096, 4_096, 4_096, "spans that wait for the collector of traces", "further ones are dropped and counted"),
  asset_whole_kb: limit("fixed", "kb", 256, 256, 256, "size of a static file that is sent whole, and may stay in memory", "it is sent in pieces"),
  asset_redirects: limit("fixed", "count", 2_000, 2_000, 2_000, "redirects of one _redirects file", "further ones are told and left out"),
  asset_patterns: limit("fixed", "count", 100, 100, 100, "rules of one _headers file, and redirects of one _redirects file with * or :name", "further ones are told and left out"),
  asset_trusted_ms: limit("fixed", "ms", 1_000, 1_000, 1_000, "time for which a static file in memory is taken to be what is on disk", "nano looks whether it has changed"),
  self_call_depth: limit("fixed", "count", 8, 1, 16, "how often a request may come back to nano through fetch()", "508 loop_detected"),
} as const satisfies Readonly<Record<string, Limit>>;

export type LimitKey = keyof typeof limits;
type KeyOfScope<S extends LimitScope> = { [K in LimitKey]: (typeof limits)[K]["scope"] extends S ? K : never }[LimitKey];
/** Names that are still read. */
export const olderNames = { timeout_ms: "cpu_ms" } as const satisfies Readonly<Record<string, LimitKey>>;
export type LimitValues = Readonly<Partial<Record<LimitKey, number>>>;

const FACTOR: Readonly<Record<Limit["unit"], number>> = { ms: 1, us: 0.001, s: 1_000, mb: 1 << 20, kb: 1 << 10, count: 1 };

/** Keys that may be set in the given scope, in the catalogue's order. */
export function limitKeys(scope: LimitScope): readonly LimitKey[] {
  return (Object.keys(limits) as LimitKey[]).filter((key) => limits[key].scope === scope);
}

/** The value of `key` in its base unit (milliseconds, bytes, a count), from the first layer that sets it, else the default. */
export function limitValue(key: LimitKey, ...layers: readonly LimitValues[]): number {
  const { unit, default: standard }: Limit = limits[key];
  const set = layers.find((layer) => layer[key] !== undefined)?.[key];
  return (set ?? standard) * FACTOR[unit];
}

/** What the limits of an app are called in the code. */
const APP_FIELDS = {
  cpu_ms: "cpuMs",
  startup_cpu_ms: "startupCpuMs",
  wall_ms: "wallMs",
  stream_ms: "streamMs",
  wait_until_ms: "waitUntilMs",
  memory_mb: "memoryBytes",
  max_body_mb: "maxBodyBytes",
  max_buffer_size_mb: "maxBufferBytes",
  cache_mb: "cacheBytes",
  stream_buffer_kb: "streamBufferBytes",
  concurrency: "concurrency",
  queue: "queue",
  queue_ms: "queueMs",
  isolates: "isolates",
  subrequests: "subrequests",
  subrequests_at_once: "subrequestsAtOnce",
  app_subrequests_at_once: "appSubrequestsAtOnce",
  timers: "timers",
  kdf_iterations: "kdfIterations",
  log_kb: "logBytes",
  log_line_kb: "logLineBytes",
  log_rate_kb: "logBytesPerSecond",
  bundle_mb: "bundleBytes",
  asset_files: "assetFiles",
  asset_file_mb: "assetFileBytes",
  asset_streams: "assetStreams",
  modules: "modules",
  drain_ms: "drainMs",
  quarantine_kills: "quarantineKills",
  fetch_connect_ms: "fetchConnectMs",
  fetch_headers_ms: "fetchHeadersMs",
  fetch_idle_ms: "fetchIdleMs",
  fetch_keep_alive_ms: "fetchKeepAliveMs",
  fetch_idle_connections: "fetchIdleConnections",
} as const satisfies Readonly<Record<KeyOfScope<"app">, string>>;

/** The limits of one app, in milliseconds, bytes and counts. */
export type AppLimits = { readonly [K in keyof typeof APP_FIELDS as (typeof APP_FIELDS)[K]]: number };

/** `layers`: the app's own values first, then `defaults`. The engine's own memory limit, the isolate's and the buffers are checked against each other by the config. */
export function resolveAppLimits(...layers: readonly LimitValues[]): AppLimits {
  const values = Object.fromEntries(Object.entries(APP_FIELDS).map(([key, field]) => [field, limitValue(key as LimitKey, ...layers)])) as Record<keyof AppLimits, number>;
  // A small app buffers less by default; what it says itself may not exceed its memory, which the config checks.
  values.maxBufferBytes = Math.min(values.maxBufferBytes, values.memoryBytes);
  return Object.freeze(values);
}

/** What the limits of the server are called in the code. */
const SERVER_FIELDS = {
  slice_us: "sliceMs",
  url_kb: "urlBytes",
  header_total_kb: "headerTotalBytes",
  header_kb: "headerBytes",
  header_count: "headerCount",
  response_header_kb: "responseHeaderBytes",
  response_header_count: "responseHeaderCount",
  keep_alive_s: "keepAliveMs",
  body_idle_ms: "bodyIdleMs",
  body_rate_kb: "bodyMinBytesPerSecond",
  write_stall_ms: "writeStallMs",
  idle_isolate_ms: "idleIsolateMs",
  drain_delay_ms: "drainDelayMs",
  process_memory_mb: "processMemoryBytes",
  asset_memory_mb: "assetMemoryBytes",
  disk_cache_mb: "diskCacheBytes",
  metric_apps: "metricApps",
} as const satisfies Readonly<Record<KeyOfScope<"server" | "process">, string>>;

export type ServerLimits = { readonly [K in keyof typeof SERVER_FIELDS as (typeof SERVER_FIELDS)[K]]: number };

/** `layers`: `limits` at the top of the config, and `server`. */
export function resolveServerLimits(...layers: readonly LimitValues[]): ServerLimits {
  return Object.freeze(Object.fromEntries(Object.entries(SERVER_FIELDS).map(([key, field]) => [field, limitValue(key as LimitKey, ...layers)])) as Record<keyof ServerLimits, number>);
}

/** Limits by the names and in the units of the config. */
export const saidLimits = {
  app: (resolved: AppLimits) => said(APP_FIELDS, resolved),
  server: (resolved: ServerLimits) => said(SERVER_FIELDS, resolved),
} as const;

function said<F extends string>(fields: Readonly<Partial<Record<LimitKey, F>>>, resolved: Readonly<Record<F, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries((Object.entries(fields) as [LimitKey, F][]).map(([key, field]) => [key, resolved[field] / FACTOR[limits[key].unit]]));
}
