/** Who runs where: the server under test alone on one core, everything else of the benchmark on another. */
import { cpus } from "node:os";

export const SERVER_CORE = 0;
export const LOAD_CORE = 1;
export const isPinned = cpus().length > 1 && Bun.which("taskset") !== null;

export function pinned(core: number, command: readonly string[]): string[] {
  return isPinned ? ["taskset", "-c", String(core), ...command] : [...command];
}

/** The benchmark itself has left the server's core: what it starts would too. */
export function onAllCores(command: readonly string[]): string[] {
  return isPinned ? ["taskset", "-c", `0-${cpus().length - 1}`, ...command] : [...command];
}

/** Moves this process, with all its threads, off the server's core. */
export function leaveServerCore(): void {
  if (isPinned) Bun.spawnSync(["taskset", "-a", "-c", "-p", String(LOAD_CORE), String(process.pid)]);
}
