/**
 * Is a worker that says nothing stuck, or did nobody let it run? It is stuck when it is stopped, or when its thread used time without getting round to a beat.
 * A machine that gives it no time, and a supervisor that was away itself, are no reason to end it.
 */
import { readFileSync } from "node:fs";
import { limitValue } from "../limits.ts";

/** The thread that serves, as the kernel tells. */
export interface ThreadState {
  /** A letter: R runs, S and D wait, T is stopped, Z is dead. */
  readonly state: string;
  /** User and system time since its start. */
  readonly cpuMs: number;
}

export interface PulseOptions {
  /** On a clock that does not jump. */
  readonly now: () => number;
  /** Null where nobody can tell. */
  readonly threadState: () => ThreadState | null;
}

const SILENT_MS = limitValue("worker_silent_ms");
const SILENT_MOST_MS = limitValue("worker_silent_most_ms");
/** What /proc counts in, on every Linux that Bun runs on. */
const TICK_MS = 10;

export class Pulse {
  readonly #options: PulseOptions;
  #beatAt: number;
  /** What the thread had used when its silence was first noticed. */
  #usedMs: number | null = null;

  constructor(options: PulseOptions) {
    this.#options = options;
    this.#beatAt = options.now();
  }

  beat(): void {
    this.#beatAt = this.#options.now();
    this.#usedMs = null;
  }

  /** Why the worker is to be ended; null: it is not. To be asked several times within the shortest silence. */
  fault(): string | null {
    const silentMs = this.#options.now() - this.#beatAt;
    if (silentMs < SILENT_MS / 4) return null;
    const thread = this.#options.threadState();
    this.#usedMs ??= thread?.cpuMs ?? null;
    if (silentMs > SILENT_MOST_MS) return `it has said nothing for ${Math.round(silentMs)} ms`;
    if (silentMs < SILENT_MS || thread === null) return null;
    if (thread.state === "T" || thread.state === "t") return `it is stopped, and has said nothing for ${Math.round(silentMs)} ms`;
    const usedMs = thread.cpuMs - (this.#usedMs ?? thread.cpuMs);
    return usedMs >= SILENT_MS / 2 ? `it used ${Math.round(usedMs)} ms of CPU without a sign of life` : null;
  }
}

/** The main thread of `pid`; null without /proc. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
export function threadStateOf(pid: number): ThreadState | null {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0] as string, cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS };
  } catch {
    return null;
  }
}
