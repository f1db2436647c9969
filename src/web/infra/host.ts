/** Gives guests the code of lazy rooms. */
import { GuestError } from "../../isolate/guest-error.ts";
import type { OpContext } from "../../isolate/invocation.ts";
import type { Handlers } from "../../isolate/op.ts";
import type { infraOps } from "./ops.ts";

/** Handing over a unit of text: about 2 ns. */
const FUEL_PER_UNIT = 1;

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
    room_close: (ctx) => ctx.hideSource(false),
  };
}
