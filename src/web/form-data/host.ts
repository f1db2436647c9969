/** Host side of FormData. */
import { Buffer } from "node:buffer";
import type { OpContext } from "../../isolate/invocation.ts";
import type { Handlers } from "../../isolate/op.ts";
import type { formDataOps } from "./ops.ts";

const FUEL_PER_BYTE = 1 / 2;

export const formDataHost: Handlers<typeof formDataOps, OpContext> = {
  byte_string(ctx, data) {
    ctx.charge(data.byteLength * FUEL_PER_BYTE);
    return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("latin1");
  },
};
