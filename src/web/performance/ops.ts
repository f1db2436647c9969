/** Ops of High Resolution Time: the clock, coarsened by the host. */
import { f64, sync } from "../../isolate/op.ts";

export const performanceOps = {
  /** Milliseconds since `clock_origin`. */
  clock_now: sync([], f64),
  /** The time origin, in milliseconds since 1970. */
  clock_origin: sync([], f64),
};
