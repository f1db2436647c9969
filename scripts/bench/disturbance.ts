/** How much somebody else used the benchmark's cores meanwhile: figures taken on a busy machine say little, and have to say so. */
import { LOAD_CORE, SERVER_CORE } from "./cores.ts";
import type { LoadResult } from "./load/load.ts";
import { busySecondsOf } from "./proc.ts";
import type { Server } from "./server.ts";

/** More than this part of a core spoils a measurement. */
export const MAX_OTHERS = 0.1;

export interface Watched<T> {
  readonly results: T;
  /** CPU of the server meanwhile. */
  readonly cpuSeconds: number;
  /** Cores used by anything but the server and the benchmark. */
  readonly others: number;
}

export async function watch<T extends readonly LoadResult[]>(server: Server, run: () => Promise<T>): Promise<Watched<T>> {
  const busy = () => busySecondsOf([SERVER_CORE, LOAD_CORE]);
  const own = process.cpuUsage();
  const [startedAt, cpuBefore, busyBefore] = [performance.now(), server.cpuSeconds, busy()];
  const results = await run();
  // A server that was ended meanwhile has no account left to read.
  const cpuSeconds = server.isAlive ? server.cpuSeconds - cpuBefore : Number.NaN;
  const { user, system } = process.cpuUsage(own);
  const benchmark = (user + system) / 1e6 + results.reduce((sum, result) => sum + result.cpuSeconds, 0);
  const others = (busy() - busyBefore - cpuSeconds - benchmark) / ((performance.now() - startedAt) / 1000);
  return { results, cpuSeconds, others: Math.max(0, others) };
}
