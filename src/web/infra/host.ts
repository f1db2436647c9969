/** Gives guests the code of lazy rooms. */
import { GuestError } from "../../isolate/guest-error.ts";
import type { OpContext } from "../../isolate/invocation.ts";
import type { Handlers } from "../../isolate/op.ts";
import type { infraOps } from "./ops.ts";

/** Handing over a unit of text: about 2 ns. */
const FUEL_PER_UNIT = 1;

/** Measured: two frames take 5 µs, sixty 90 µs; further ones are not mapped. */
const FUEL_PER_STACK = 500;
const FUEL_PER_STACK_UNIT = 30;
const MOST_STACK_UNITS = 4_000;

/** `codeOf`: of the room at that place in the catalogue. */
export function createInfraHost(codeOf: (index: number) => string | undefined): Handlers<typeof infraOps, OpContext> {
  return {
    room_open(ctx, index) {
      const code = codeOf(index);
      if (code === undefined) throw new GuestError("RangeError", `no room ${index}`);
      ctx.charge(code.length * FUEL_PER_UNIT);
      ctx.hideSource(true);
      return code;
    },
    stack_map(ctx, stack) {
      ctx.charge(FUEL_PER_STACK + Math.min(stack.length, MOST_STACK_UNITS) * FUEL_PER_STACK_UNIT);
      return ctx.mapStack(stack);
    },
    room_close: (ctx) => ctx.hideSource(false),
  };
}
