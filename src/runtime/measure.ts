/** What is measured when somebody asks, joined with what has been counted all along. */
import { readdirSync } from "node:fs";
import type { App } from "../apps/app.ts";
import type { Meter } from "../observe/meter.ts";
import { type MetricsSnapshot, SnapshotBuilder } from "../observe/metrics-snapshot.ts";

/** `label`: what this process is called in the labels. */
export function measure(meter: Meter, apps: readonly App[], fuelPerMs: number, label: string): MetricsSnapshot {
  meter.keepOnly(new Set(apps.map(({ name }) => name)));
  const builder = new SnapshotBuilder();
  const states = new Map<string, number>();
  const sums = new Map<string, AppSums>();
  for (const app of apps) {
    const state = stateOf(app);
    states.set(state, (states.get(state) ?? 0) + 1);
    const label = meter.labelOf(app.name);
    sums.set(label, plus(sums.get(label), app));
  }
  for (const [state, count] of states) builder.add("nano_apps", count, state);
  for (const [label, sum] of sums) addSums(builder, label, sum);
  builder.add("nano_fuel_units_per_ms", Math.round(fuelPerMs));
  measureProcess(builder, label);
  return { ...meter.snapshot(), ...builder.build() };
}

/** What any process of nano tells of itself. */
export function measureProcess(builder: SnapshotBuilder, name: string): void {
  const { user, system } = process.cpuUsage();
  builder.add("nano_uptime_seconds", process.uptime());
  builder.add("nano_process_resident_memory_bytes", process.memoryUsage.rss(), name);
  builder.add("nano_process_cpu_seconds_total", (user + system) / 1e6, name);
  const descriptors = openDescriptors();
  if (descriptors !== null) builder.add("nano_process_open_fds", descriptors, name);
}

interface AppSums {
  readonly inFlight: number;
  readonly queued: number;
  readonly idle: number;
  readonly busy: number;
  readonly memoryBytes: number;
  readonly snapshotBytes: number;
}

function plus(sum: AppSums | undefined, { inFlight, gate, serving: { pool, revision } }: App): AppSums {
  return {
    inFlight: (sum?.inFlight ?? 0) + inFlight,
    queued: (sum?.queued ?? 0) + gate.queued,
    idle: (sum?.idle ?? 0) + pool.idle,
    busy: (sum?.busy ?? 0) + pool.size - pool.idle,
    memoryBytes: (sum?.memoryBytes ?? 0) + pool.memoryBytes,
    snapshotBytes: (sum?.snapshotBytes ?? 0) + revision.snapshotBytes,
  };
}

function addSums(builder: SnapshotBuilder, label: string, sum: AppSums): void {
  builder.add("nano_requests_in_flight", sum.inFlight, label);
  builder.add("nano_requests_queued", sum.queued, label);
  builder.add("nano_isolates", sum.idle, label, "idle");
  builder.add("nano_isolates", sum.busy, label, "busy");
  builder.add("nano_guest_memory_bytes", sum.memoryBytes, label);
  builder.add("nano_snapshot_bytes", sum.snapshotBytes, label);
}

function stateOf(app: App): string {
  return app.isDraining ? "draining" : app.serving.revision.state;
}

/** Null where the system does not tell. */
function openDescriptors(): number | null {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return null;
  }
}
