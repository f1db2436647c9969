/** What is counted, how the counts of several processes become one, and the text that Prometheus reads. */
import { describe, expect, test } from "bun:test";
import { Meter, OTHER_APPS } from "../../../src/observe/meter.ts";
import { metrics } from "../../../src/observe/metrics.ts";
import { mergeSnapshots, SnapshotBuilder } from "../../../src/observe/metrics-snapshot.ts";
import type { RequestRecord } from "../../../src/observe/observer.ts";
import { renderPrometheus } from "../../../src/observe/prometheus.ts";
import { parsePrometheus } from "./prometheus-parser.ts";

const record = (app: string, fields: Partial<RequestRecord> = {}): RequestRecord => ({
  requestId: "r",
  app,
  host: "h",
  method: "GET",
  path: "/",
  protocol: "HTTP/1.1",
  clientAddress: "",
  userAgent: "",
  referrer: "",
  status: 200,
  bytes: 10,
  latencyMs: 2,
  answerMs: 1,
  cpuMs: 0.2,
  memoryBytes: 0,
  receivedBytes: 0,
  outcome: "ok",
  ...fields,
});
const read = (...meters: readonly Meter[]) => parsePrometheus(renderPrometheus(mergeSnapshots(meters.map((meter) => meter.snapshot()))));
const valueOf = (families: ReturnType<typeof read>, name: string, labels: Readonly<Record<string, string>> = {}, sample = name) =>
  families.get(name)?.samples.find((one) => one.name === sample && Object.entries(labels).every(([key, value]) => one.labels[key] === value))?.value;

describe("metrics", () => {
  test("requests are counted by app, status and outcome, with their time", () => {
    const meter = new Meter(10);
    meter.observer.request(record("a"));
    meter.observer.request(record("a", { status: 503, outcome: "exceededCpu", latencyMs: 60, cpuMs: 50 }));
    meter.observer.request(record("", { status: 404, outcome: "unknown_host" }));
    const families = read(meter);
    expect(valueOf(families, "nano_requests_total", { app: "a" })).toBe(2);
    expect(valueOf(families, "nano_errors_total", { app: "a" })).toBe(1);
    expect(valueOf(families, "nano_responses_total", { app: "a", class: "5xx" })).toBe(1);
    expect(valueOf(families, "nano_outcomes_total", { app: "a", outcome: "exceededCpu" })).toBe(1);
    expect(valueOf(families, "nano_requests_total", { app: "_none" })).toBe(1);
    expect(valueOf(families, "nano_request_latency_ms_avg", { app: "a" })).toBeCloseTo(31);
    expect(valueOf(families, "nano_request_latency_ms_min", { app: "a" })).toBe(2);
    expect(valueOf(families, "nano_request_latency_ms_max", { app: "a" })).toBe(60);
    expect(valueOf(families, "nano_request_duration_seconds", { app: "a", le: "0.0025" }, "nano_request_duration_seconds_bucket")).toBe(1);
    expect(valueOf(families, "nano_request_duration_seconds", { app: "a", le: "0.1" }, "nano_request_duration_seconds_bucket")).toBe(2);
    expect(valueOf(families, "nano_request_cpu_seconds", { app: "a" }, "nano_request_cpu_seconds_sum")).toBeCloseTo(0.0502);
  });

  test("what happened beside requests is counted too", () => {
    const meter = new Meter(10);
    const { observer } = meter;
    observer.kill({ app: "a", requestId: "r", reason: "exceededMemory", limitKey: "memory_mb", limit: 1, used: 1, unit: "mb", stack: "", frame: "" });
    observer.appLoaded("a", { revision: 1, ms: 12, bundleBytes: 1, snapshotBytes: 1, startupCpuMs: 1, warnings: [] });
    observer.appFailed("a", { revision: 2, error: "no" });
    observer.egressDenied("a", "r", "10.0.0.1");
    observer.subrequest({ app: "a", requestId: "r", method: "GET", origin: "http://x", status: 0, result: "failed", startedAt: 0, ms: 3 });
    observer.activated("a", 0.3);
    observer.delayed(2);
    observer.linesDropped("rate", 7);
    observer.reloaded("failed");
    observer.workerReplaced("silent");
    observer.spans("dropped", 3);
    observer.fault("id", new Error("x"));
    observer.console("a", "r", "log", "text", "");
    const families = read(meter);
    expect(valueOf(families, "nano_kills_total", { app: "a", reason: "exceededMemory" })).toBe(1);
    expect(valueOf(families, "nano_app_loads_total", { app: "a", result: "failed" })).toBe(1);
    expect(valueOf(families, "nano_app_load_seconds", {}, "nano_app_load_seconds_count")).toBe(1);
    expect(valueOf(families, "nano_egress_denied_total", { app: "a" })).toBe(1);
    expect(valueOf(families, "nano_egress_requests_total", { app: "a", result: "failed" })).toBe(1);
    expect(valueOf(families, "nano_activations_total", { app: "a" })).toBe(1);
    expect(valueOf(families, "nano_scheduler_delay_seconds", {}, "nano_scheduler_delay_seconds_sum")).toBeCloseTo(0.002);
    expect(valueOf(families, "nano_log_lines_dropped_total", { reason: "rate" })).toBe(7);
    expect(valueOf(families, "nano_reloads_total", { result: "failed" })).toBe(1);
    expect(valueOf(families, "nano_worker_restarts_total", { reason: "silent" })).toBe(1);
    expect(valueOf(families, "nano_trace_spans_total", { result: "dropped" })).toBe(3);
    expect(valueOf(families, "nano_faults_total")).toBe(1);
    expect(valueOf(families, "nano_log_lines_total", { app: "a" })).toBe(1);
  });

  test("processes are added up; extremes stay extremes and the mean is that of all requests", () => {
    const [one, other] = [new Meter(10), new Meter(10)];
    for (let i = 0; i < 3; i++) one.observer.request(record("a", { latencyMs: 10 }));
    other.observer.request(record("a", { latencyMs: 50 }));
    const families = read(one, other);
    expect(valueOf(families, "nano_requests_total", { app: "a" })).toBe(4);
    expect(valueOf(families, "nano_request_latency_ms_avg", { app: "a" })).toBeCloseTo(20);
    expect(valueOf(families, "nano_request_latency_ms_min", { app: "a" })).toBe(10);
    expect(valueOf(families, "nano_request_latency_ms_max", { app: "a" })).toBe(50);
    expect(valueOf(families, "nano_request_duration_seconds", { app: "a" }, "nano_request_duration_seconds_count")).toBe(4);
  });

  test("apps past the cap share one label, and an app that is gone makes room", () => {
    const meter = new Meter(2);
    for (const app of ["a", "b", "c", "d"]) meter.observer.request(record(app));
    expect(valueOf(read(meter), "nano_requests_total", { app: OTHER_APPS })).toBe(2);
    meter.keepOnly(new Set(["b", "c"]));
    meter.observer.request(record("c"));
    const families = read(meter);
    expect(families.get("nano_requests_total")?.samples.map(({ labels }) => labels["app"]).sort()).toEqual([OTHER_APPS, "b", "c"].sort());
    expect(valueOf(families, "nano_requests_total", { app: "c" })).toBe(1);
  });

  test("label values may hold anything", () => {
    const builder = new SnapshotBuilder();
    builder.add("nano_requests_total", 1, 'a"b\\c\nd');
    expect(valueOf(parsePrometheus(renderPrometheus(builder.build())), "nano_requests_total", { app: 'a"b\\c\nd' })).toBe(1);
  });

  test("every metric of the catalogue is announced before anything happened", () => {
    expect([...parsePrometheus(renderPrometheus({})).keys()]).toEqual(Object.keys(metrics));
  });

  test("a series needs the labels of its metric", () => {
    expect(() => new SnapshotBuilder().add("nano_kills_total", 1, "a")).toThrow("nano_kills_total has the labels app, reason");
  });
});
