/** Log lines: one per request and per event. The text of apps and clients is data: it cannot break a line, forge one or reach a terminal's controls. */
import { type ConsoleLevel, type Observer, type RequestRecord, silent } from "./observer.ts";

export type LogFormat = "json" | "text" | "apache";
export type LogLevel = "debug" | "info" | "warn" | "error";
type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface LogOptions {
  readonly format: LogFormat;
  readonly level: LogLevel;
  /** Takes whole lines with their final LF. Must not block and must not throw. */
  readonly write: (line: string) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };
const CONSOLE_LEVEL: Readonly<Record<ConsoleLevel, LogLevel>> = { debug: "debug", log: "info", info: "info", warn: "warn", error: "error" };
/** Events that somebody should look at. */
const EVENT_LEVEL: Readonly<Record<string, LogLevel>> = {
  config_warning: "warn",
  disk_cache_off: "warn",
  disk_cache_ignored: "warn",
  disk_cache_unwritten: "warn",
  admin_unavailable: "warn",
  near_limit: "warn",
  watch_limited: "warn",
  quarantined: "warn",
  drain_aborted: "warn",
  worker_ended: "warn",
  worker_stuck: "error",
  worker_failed: "error",
  load_failed: "error",
  reload_failed: "error",
};
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Escapes C0 and C1 controls, DEL, line separators and everything with the property Bidi_Control, as `\xNN` or `\uNNNN`. */
export function escapeControls(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (c) => {
    const code = c.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** An observer that writes log lines. */
export function createLog(options: LogOptions): Observer {
  const { format, now } = options;
  const least = RANK[options.level];
  const emit = (level: LogLevel, event: string, fields: Fields): void => {
    if (RANK[level] < least) return;
    options.write(format === "json" ? jsonLine(now(), level, event, fields) : textLine(now(), level, event, fields));
  };
  return {
    ...silent,
    request(record) {
      const level = record.status >= 500 ? "warn" : "info";
      if (RANK[level] < least) return;
      if (format === "apache") options.write(apacheLine(now(), record));
      else
        emit(level, "request", {
          req: record.requestId,
          app: record.app,
          host: record.host,
          method: record.method,
          path: record.path,
          status: record.status,
          bytes: record.bytes,
          latency_ms: round(record.latencyMs),
          cpu_ms: round(record.cpuMs),
          outcome: record.outcome,
        });
    },
    kill: (kill) =>
      emit("error", "kill", {
        app: kill.app,
        req: kill.requestId,
        reason: kill.reason,
        limit: `${round(kill.limit)} ${kill.unit}`,
        used: `${round(kill.used)} ${kill.unit}`,
        config_key: kill.limitKey,
        stack: kill.stack,
      }),
    failure: (failure) => emit("error", "exception", { app: failure.app, req: failure.requestId, error: `${failure.name}: ${failure.message}`, stack: failure.stack }),
    console: (app, requestId, level, text, place) => emit(CONSOLE_LEVEL[level], "console", { app, req: requestId, message: text, ...(place === "" ? {} : { place }) }),
    appLoaded: (app, { revision, ms, bundleBytes, snapshotBytes, warnings }) => {
      emit("info", "app_loaded", { app, revision, ms: round(ms), bundle_bytes: bundleBytes, snapshot_bytes: snapshotBytes });
      for (const warning of warnings) emit("warn", "app_warning", { app, revision, warning });
    },
    appFailed: (app, { revision, error }) => emit("error", "app_failed", { app, revision, error }),
    egressDenied: (app, requestId, host) => emit("warn", "egress_denied", { app, req: requestId, host }),
    fault: (id, error) => emit("error", "fault", { id, error: describeFault(error) }),
    event: (name, fields) => emit(EVENT_LEVEL[name] ?? "info", name, fields),
  };
}

function describeFault(error: unknown): string {
  return error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : String(error);
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** JSON.stringify escapes C0 only; the rest of the controls are escaped the JSON way on top. */
function jsonLine(ts: number, level: LogLevel, event: string, fields: Fields): string {
  const text = JSON.stringify({ ts: new Date(ts).toISOString(), level, event, ...fields });
  return `${text.replace(/[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)}\n`;
}

function textLine(ts: number, level: LogLevel, event: string, fields: Fields): string {
  const parts = Object.entries(fields).flatMap(([key, value]) => (value === undefined || value === "" ? [] : [`${key}=${quoteIfNeeded(String(value))}`]));
  return `${new Date(ts).toISOString()} ${level.toUpperCase().padEnd(5)} ${event} ${parts.join(" ")}\n`;
}

function quoteIfNeeded(value: string): string {
  return /^[\w.:/%?&=@,+-]+$/.test(value) ? value : `"${escapeControls(value.replaceAll("\\", "\\\\").replaceAll('"', '\\"'))}"`;
}

/** The Apache "combined" format, https://httpd.apache.org/docs/2.4/logs.html#combined. Names no app: events other than requests come as text lines. */
function apacheLine(ts: number, record: RequestRecord): string {
  const at = new Date(ts);
  const two = (n: number) => String(n).padStart(2, "0");
  const date = `${two(at.getUTCDate())}/${MONTHS[at.getUTCMonth()]}/${at.getUTCFullYear()}:${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} +0000`;
  const quoted = (text: string) => `"${escapeControls(text.replaceAll("\\", "\\\\").replaceAll('"', '\\"'))}"`;
  const { clientAddress, method, path, protocol, status, bytes, referrer, userAgent } = record;
  return `${clientAddress || "-"} - - [${date}] ${quoted(`${method} ${path} ${protocol}`)} ${status} ${bytes || "-"} ${quoted(referrer || "-")} ${quoted(userAgent || "-")}\n`;
}
