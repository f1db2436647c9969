/** What all isolates of a process share. */
import type { DeadlineSweeper } from "../base/deadline.ts";
import type { Engine } from "./engine.ts";
import type { GuestMemory } from "./guest-memory.ts";
import type { GuestPages } from "./guest-pages.ts";
import type { OpRegistry } from "./op-table.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Slices } from "./slice.ts";

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
  readonly memory: GuestMemory;
  /** The file of apps, when their invocations are to be profiled. */
  readonly profiledFile?: string | undefined;
  /** Host faults: something of ours threw. Returns an id to name it by. */
  reportFault(error: unknown): string;
}
