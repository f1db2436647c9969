/**
 * What supervisor and workers say to each other: plain data, in requests that are answered. Both sides are the same executable; the version tells when one of them
 * was replaced on disk meanwhile.
 */
import type { AppState } from "../apps/app.ts";
import type { DrainProgress } from "../apps/drain.ts";
import type { BundleWire } from "../apps/load/bundle-wire.ts";
import type { AppConfig, Config } from "../config/config.ts";
import type { MetricsSnapshot } from "../observe/metrics-snapshot.ts";
import type { TracingOptions } from "../observe/otlp.ts";
import type { PlanWire } from "./plan-wire.ts";

export const PROTOCOL_VERSION = 1;

/** An app as all workers have to serve it. */
export interface PlannedApp {
  readonly config: AppConfig;
  readonly revision: number;
  /** The revision that first had this code: revisions with the same source share a bundle. */
  readonly source: number;
}

/** All that is served, at one time. */
export interface Plan {
  readonly version: number;
  readonly apps: readonly PlannedApp[];
}

/** How a revision fared in one worker. */
export interface LoadReport {
  readonly name: string;
  readonly revision: number;
  /** `lazy`: this worker has not been asked for the app so far, and loads it when it is. */
  readonly state: "ready" | "failed" | "lazy";
  readonly error: string | null;
  /** What the load read. */
  readonly files: readonly string[];
}

export interface AppStatus {
  readonly name: string;
  readonly revision: number;
  readonly state: AppState;
  readonly error: string | null;
  readonly inFlight: number;
  readonly queued: number;
  readonly isolates: number;
  readonly memoryBytes: number;
  /** The fullest isolate's memory. */
  readonly mostMemoryBytes: number;
  readonly quarantineMs: number;
  /** Unix milliseconds; null: never. */
  readonly lastRequestAt: number | null;
  /** Null unless it stops. */
  readonly drain: DrainProgress | null;
  readonly retiring: readonly (DrainProgress & { readonly revision: number })[];
}

export interface WorkerStatus {
  readonly pid: number;
  readonly inFlight: number;
  readonly rssBytes: number;
  readonly apps: readonly AppStatus[];
}

/** What a worker does when it is told to. */
export interface WorkerMethods {
  /** Builds the runtime around `plan`; nothing listens yet. `settings.workers`: how many processes share the machine, this one included. */
  start(params: { readonly settings: Config; readonly plan: PlanWire; readonly tracing: TracingOptions | null }): Promise<null>;
  /** `others`: where else this nano listens. */
  listen(params: { readonly host: string; readonly port: number; readonly sharesPort: boolean; readonly others: readonly { readonly host: string; readonly port: number }[] }): Promise<{ readonly host: string; readonly port: number }>;
  /** Loads revisions beside those that serve. `isProof`: also of apps that nobody has asked this worker for. */
  prepare(params: { readonly apps: readonly PlannedApp[]; readonly isProof: boolean }): Promise<readonly LoadReport[]>;
  /** Serves `plan` from now on. What was prepared and is not in it is dropped. */
  commit(params: { readonly plan: PlanWire; readonly mostDrainMs?: number }): Promise<null>;
  /** Loads what serves, if it has not been loaded yet. */
  load(params: { readonly name: string }): Promise<LoadReport>;
  /** Tries to load those of them that nobody has asked for, and drops them again. What does not load is told as if somebody had asked; the reports are of these. */
  check(params: { readonly names: readonly string[] }): Promise<readonly LoadReport[]>;
  lift(params: { readonly name: string }): Promise<null>;
  /** Log lines go to the supervisor as well, for whoever follows them. */
  tail(params: { readonly isOn: boolean }): Promise<null>;
  /** `process` is what this one is called in the labels. */
  metrics(params: { readonly process: string }): Promise<MetricsSnapshot>;
  status(params: null): Promise<WorkerStatus>;
  /** Drains and closes; resolves with the apps that were not done. */
  stop(params: null): Promise<readonly string[]>;
}

/** Code that some worker has made already, or a request to make it. */
export type BundleAnswer = { readonly bundle: BundleWire } | { readonly bundle: null };

/** What the supervisor does for its workers. */
export interface SupervisorMethods {
  /** The worker is up and wants to be started. */
  hello(params: { readonly version: number; readonly pid: number }): Promise<null>;
  beat(params: null): Promise<null>;
  /** JSON, without LF. */
  lines(params: { readonly lines: readonly string[] }): Promise<null>;
  bundle(params: { readonly app: string; readonly source: number }): Promise<BundleAnswer>;
  /** `bundle` null: it could not be made, and the next one who asks may try. */
  bundleMade(params: { readonly app: string; readonly source: number; readonly bundle: BundleWire | null }): Promise<null>;
}
