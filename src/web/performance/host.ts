/** Host side of High Resolution Time. */
import type { OpContext } from "../../isolate/invocation.ts";
import type { Handlers } from "../../isolate/op.ts";
import type { performanceOps } from "./ops.ts";

/** What apps may know of the time. Milliseconds. */
export interface GuestClock {
  /** Of the isolate that asks: each has one of its own. */
  origin(ctx: OpContext): number;
  now(ctx: OpContext): number;
}

/** 100 µs, as the standard asks of contexts that share a process with others (https://w3c.github.io/hr-time/#dfn-coarsen-time). */
const RESOLUTION_PER_MS = 10;

export const realClock: GuestClock = {
  origin: ({ invocation }) => performance.timeOrigin + invocation.clockStartMs,
  now: ({ invocation }) => performance.now() - invocation.clockStartMs,
};

const coarsen = (ms: number) => Math.floor(ms * RESOLUTION_PER_MS) / RESOLUTION_PER_MS;

export function createPerformanceHost(clock: GuestClock): Handlers<typeof performanceOps, OpContext> {
  return {
    clock_now: (ctx) => coarsen(clock.now(ctx)),
    clock_origin: (ctx) => coarsen(clock.origin(ctx)),
  };
}
