/** Host side of the boundary's own ops. */
import { coreOps } from "./core-ops.ts";
import type { GuestFailure } from "./invocation.ts";
import { room, type Room } from "./op-table.ts";

/** Splits `name LF message LF stack…`, the form in which the guest describes an error. */
export function parseFailure(text: string): GuestFailure {
  const [name = "Error", message = "", ...stack] = text.split("\n");
  return { name, message, stack: stack.join("\n") };
}

export const coreRoom: Room = room("core", coreOps, {
  event_failed: (ctx, id, text) => ctx.peer(id)?.fail("exception", parseFailure(text)),
  uncaught: (ctx) => ctx.uncaught(),
  context_follow: (ctx) => ctx.followContexts(),
  app_loaded: (ctx, error) => {
    if (error === "") ctx.answer(null);
    else ctx.fail("exception", parseFailure(error));
  },
});
