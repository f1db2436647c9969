/** What can be asked of the load generator, what it tells, and how to run it: in a process of its own, on its own core. */
import { join } from "node:path";
import { LOAD_CORE, pinned } from "../cores.ts";
import { ROOT } from "../peers.ts";
import type { Address } from "../server.ts";

export interface LoadRequest {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface LoadOptions extends Address {
  /** Asked in turn. */
  readonly requests: readonly LoadRequest[];
  readonly connections: number;
  readonly seconds: number;
  /** Requests per second over all connections, sent when they are due whether or not earlier ones were answered. Unset: one after the other on each connection. */
  readonly rate?: number;
  /** How long requests that are under way at the end may still take. */
  readonly graceMs?: number;
}

export interface LoadResult {
  /** How often each answer came: "200", or status and nano's error code. */
  readonly answers: Readonly<Record<string, number>>;
  /** Requests that were due and were never answered. */
  readonly missing: number;
  /** Answers within the time, per second. */
  readonly perSecond: number;
  readonly bytes: number;
  /** Latencies in milliseconds, infinite for what is missing. At a rate they count from when the request was due if no connection was free then. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** The longest time in which nothing was answered at all. Milliseconds. */
  readonly longestGapMs: number;
  /** CPU that the generator used. */
  readonly cpuSeconds: number;
}

export const answersOf = ({ answers }: LoadResult): number => Object.values(answers).reduce((sum, count) => sum + count, 0);
/** Answers other than 200, and those that never came. */
export const failuresOf = (result: LoadResult): number => answersOf(result) - (result.answers["200"] ?? 0) + result.missing;

const DEFAULT_GRACE_MS = 1_000;
/** For starting the process and for printing. */
const SPARE_MS = 10_000;

export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const full: Required<Omit<LoadOptions, "rate">> & LoadOptions = { graceMs: DEFAULT_GRACE_MS, ...options };
  const command = pinned(LOAD_CORE, [process.execPath, join(ROOT, "scripts/bench/load/generator.ts"), JSON.stringify(full)]);
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "inherit", timeout: full.seconds * 1000 + full.graceMs + SPARE_MS, killSignal: "SIGKILL" });
  const end = () => child.kill("SIGKILL");
  process.once("exit", end);
  const text = await new Response(child.stdout).text();
  const status = await child.exited;
  process.off("exit", end);
  if (status !== 0) throw new Error(`the load generator ended with ${child.exitCode ?? child.signalCode}`);
  const cpuSeconds = Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1e6;
  // JSON has no infinity: it arrives as null, and nothing else does.
  const result = JSON.parse(text, (_key, value: unknown) => (value === null ? Number.POSITIVE_INFINITY : value)) as Omit<LoadResult, "cpuSeconds">;
  return { ...result, cpuSeconds };
}
