/** The ends of isolates, put into words for the app's log. */
import type { GuestInvocation } from "./guest-invocation.ts";
import type { GuestFailure, Kill } from "./invocation.ts";

/** Why an isolate is ended on account of `culprit`. */
export function describeKill(outcome: Kill["outcome"], culprit: GuestInvocation, stack: string, memoryLimit: number, memoryUsed: number): Kill {
  const { limits, requestId, overdueMs } = culprit;
  if (outcome === "exceededMemory") return { outcome, limitKey: "memory_mb", limit: memoryLimit, used: memoryUsed, unit: "bytes", stack, requestId };
  if (outcome === "exceededWallTime") return { outcome, limitKey: "wall_ms", limit: limits.wallMs, used: limits.wallMs + overdueMs, unit: "ms", stack, requestId };
  return { outcome, limitKey: culprit.cpuLimitKey, limit: culprit.cpuLimitMs, used: culprit.cpuMs, unit: "ms", stack, requestId };
}

/** What a host exception that unwound the guest looks like to the app. */
export function hostFailure(error: Error): GuestFailure {
  return error instanceof RangeError
    ? { name: "RangeError", message: "Maximum call stack size exceeded", stack: "" }
    : { name: "InternalError", message: "the engine stopped", stack: "" };
}
