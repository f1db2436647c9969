/** What `nano bench` says: a page for people, JSON for machines, and what went over budget. */
import { escapeControls } from "../../observe/log.ts";
import { megabytes } from "../table.ts";
import type { BenchRequest, Measured, Spread } from "./measure.ts";

export interface Budget {
  /** Of any request but an isolate's first. */
  readonly fuel: number | null;
  readonly firstFuel: number | null;
  readonly memoryBytes: number | null;
}

const LABEL_WIDTH = 12;
const number = (value: number): string => Math.round(value).toLocaleString("en-US");
const ms = (value: number): string => `${value.toFixed(value < 10 ? 3 : 1)} ms`;
const kilobytes = (bytes: number): string => (bytes < 1024 ? `${bytes} bytes` : `${number(bytes / 1024)} KB`);
const line = (label: string, text: string): string => `${label.padEnd(LABEL_WIDTH)}${text}\n`;

export function pageOf(measured: Measured, { method, path }: BenchRequest): string {
  const { app, isolates, bundleBytes, loadMs, startupCpuMs, snapshotBytes, status, responseBytes, firstFuel, laterFuel, cpuMs, activationMs, memoryBytes, idleBytes } = measured;
  return [
    line("app", escapeControls(`${app}, ${kilobytes(bundleBytes)}, loaded in ${ms(loadMs)} with ${ms(startupCpuMs)} of start-up CPU`)),
    line("request", escapeControls(`${method} ${path} → ${status}, ${number(responseBytes)} bytes; two in each of ${isolates} fresh isolates`)),
    line("fuel", `${spread(laterFuel)}; first of an isolate ${spread(firstFuel)}`),
    line("CPU", `${ms(cpuMs)} a request on this machine, nano's own work included`),
    line("activation", `p50 ${ms(activationMs.p50)}, p99 ${ms(activationMs.p99)} more for the first request of an isolate`),
    line("memory", `${megabytes(memoryBytes)} linear memory (memory_mb); ${kilobytes(idleBytes)} for an isolate at rest, ${kilobytes(snapshotBytes)} for none`),
  ].join("");
}

export function jsonOf(measured: Measured, { method, path }: BenchRequest): string {
  const { app, isolates, bundleBytes, loadMs, startupCpuMs, snapshotBytes, status, responseBytes, firstFuel, laterFuel, cpuMs, activationMs, memoryBytes, idleBytes } = measured;
  const all = {
    app,
    method,
    path,
    status,
    response_bytes: responseBytes,
    isolates,
    bundle_bytes: bundleBytes,
    load_ms: rounded(loadMs),
    startup_cpu_ms: rounded(startupCpuMs),
    fuel: laterFuel,
    first_fuel: firstFuel,
    cpu_ms: rounded(cpuMs),
    activation_ms: { p50: rounded(activationMs.p50), p99: rounded(activationMs.p99) },
    memory_bytes: memoryBytes,
    idle_bytes: idleBytes,
    snapshot_bytes: snapshotBytes,
  };
  return `${JSON.stringify(all, null, 2)}\n`;
}

/** A line for each budget that is not kept. */
export function overspent({ laterFuel, firstFuel, memoryBytes }: Measured, budget: Budget): readonly string[] {
  const isOver = (spent: number, most: number | null): most is number => most !== null && spent > most;
  return [
    ...(isOver(laterFuel.most, budget.fuel) ? [fuelLine("a request", laterFuel.most, budget.fuel, "--max-fuel")] : []),
    ...(isOver(firstFuel.most, budget.firstFuel) ? [fuelLine("the first request of an isolate", firstFuel.most, budget.firstFuel, "--max-first-fuel")] : []),
    ...(isOver(memoryBytes, budget.memoryBytes) ? [`over budget: an isolate has ${megabytes(memoryBytes)} of linear memory, ${megabytes(memoryBytes - budget.memoryBytes)} more than --max-memory allows`] : []),
  ];
}

function fuelLine(what: string, fuel: number, most: number, flag: string): string {
  return `over budget: ${what} burns ${number(fuel)} fuel, ${number(fuel - most)} (${((fuel / most - 1) * 100).toFixed(1)} %) more than ${flag} allows`;
}

function spread({ least, median, most }: Spread): string {
  return least === most ? `${number(most)}, the same each time` : `${number(median)} (${number(least)} to ${number(most)})`;
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
