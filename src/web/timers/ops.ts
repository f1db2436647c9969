/** Ops of timers. The host waits; the guest keeps callbacks. */
import { bool, f64, nothing, sync, u32 } from "../../isolate/op.ts";

export const timersOps = {
  /** Sends the event `timer` (id) once, after `ms` milliseconds. The number is the guest's. Returns the invocation that the timer belongs to and ends with. */
  timer_start: sync([u32, f64], u32),
  /** Arguments: the invocation, the guest's number. */
  timer_cancel: sync([u32, u32], nothing),
  /** Whether the timers of an invocation can still fire. */
  timer_lives: sync([u32], bool),
};
