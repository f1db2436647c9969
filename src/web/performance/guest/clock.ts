/** The clock for guest code. Nothing is kept: a value read while a snapshot is made would be wrong in every clone. */
import { hostOps } from "../../infra/guest/host-ops.ts";
import { performanceOps } from "../ops.ts";

const { clock_now, clock_origin } = hostOps(performanceOps);

/** Milliseconds since the time origin. */
export const monotonicNow = (): number => clock_now();
export const timeOrigin = (): number => clock_origin();
