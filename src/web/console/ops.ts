/** Ops of the console. */
import { nothing, str, sync } from "../../isolate/op.ts";

/** The guest cuts longer texts itself; the host's limits are lower. UTF-16 units. */
export const MAX_LOG_TEXT = 64 << 10;

export const consoleOps = {
  /** One log entry; it may have several lines. The level is debug, info, log, warn or error. */
  console_write: sync([str(8), str(MAX_LOG_TEXT)], nothing),
};
