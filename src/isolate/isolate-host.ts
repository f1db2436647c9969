/** What all isolates of a process share, and what one of them is made of. */
import type { DeadlineSweeper } from "../base/deadline.ts";
import type { BlankPool } from "./memory/blanks.ts";
import type { Engine } from "./engine/engine.ts";
import type { GuestMemory } from "./memory/guest-memory.ts";
import type { GuestPages } from "./memory/guest-pages.ts";
import type { Kill } from "./invocation.ts";
import type { OpRegistry } from "./op-table.ts";
import type { Account, Scheduler } from "./scheduler.ts";
import type { Slices } from "./slice.ts";
import type { Snapshot } from "./memory/snapshot.ts";

export interface IsolateHost {
  readonly engine: Engine;
  readonly ops: OpRegistry;
  readonly scheduler: Scheduler;
  readonly sweeper: DeadlineSweeper;
  readonly slices: Slices;
  /** Fuel that a millisecond of CPU is worth; settled by the calibration. */
  readonly fuelPerMs: number;
  /** Event names in the guest's order. */
  readonly events: ReadonlyMap<string, number>;
  now(): number;
  readonly pages: GuestPages;
  readonly blanks: BlankPool;
  readonly memory: GuestMemory;
  /** The file of apps, when their invocations are to be profiled. */
  readonly profiledFile?: string | undefined;
  /** Host faults: something of ours threw. Returns an id to name it by. */
  reportFault(error: unknown): string;
}

export interface IsolateOptions {
  readonly host: IsolateHost;
  readonly snapshot: Snapshot;
  readonly account: Account;
  readonly memoryBytes: number;
  /** The isolate is not to be used any more. Called once. */
  readonly onCondemned: (kill: Kill) => void;
  readonly onIdle?: () => void;
  /** When its clock began; absent: with the process. */
  readonly clockStartMs?: number;
  /** A stack as the engine makes it, with the positions of the app's own files. Bounded in what it takes. */
  readonly mapStack?: (stack: string) => string;
}
