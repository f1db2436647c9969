/** Ops of the console. */
import { nothing, str, sync } from "../../isolate/op.ts";

/** The guest cuts longer texts itself; the host's limits are lower. UTF-16 units. */
export const MAX_LOG_TEXT = 64 << 10;

/** So much of a stack goes with an entry where its place is asked for. UTF-16 units. */
export const MAX_STACK_TEXT = 2 << 10;

export const consoleOps = {
  /** One log entry; it may have several lines. The level is debug, info, log, warn or error. The last is the stack it was written from, or empty. */
  console_write: sync([str(8), str(MAX_LOG_TEXT), str(MAX_STACK_TEXT)], nothing),
};
