/** Ops of the boundary itself. */
import { nothing, str, sync, u32 } from "./op.ts";

export const coreOps = {
  /** An event handler of ours threw: name, message and stack, one per line. */
  event_failed: sync([u32, str()], nothing),
  /** The app's module has been evaluated and its handler found (`error` empty), or not. */
  app_loaded: sync([str()], nothing),
  /** An exception or a rejection that nobody handled has been logged. */
  uncaught: sync([], nothing),
  /** From now on every promise reaction of the isolate keeps the async context it was made in. */
  context_follow: sync([], nothing),
};
