/** Host side of FormData. */
import { Buffer } from "node:buffer";
import type { OpContext } from "../../isolate/invocation.ts";
import type { Handlers } from "../../isolate/op.ts";
import type { formDataOps } from "./ops.ts";

const FUEL_PER_BYTE = 1 / 2;
/** A copy at the boundary, and a search that runs at some GB/s. */
const FUEL_PER_SEARCHED_BYTE = 1 / 8;

export const formDataHost: Handlers<typeof formDataOps, OpContext> = {
  byte_string(ctx, data) {
    ctx.charge(data.byteLength * FUEL_PER_BYTE);
    return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("latin1");
  },
  bytes_find(ctx, data, what) {
    ctx.charge(data.byteLength * FUEL_PER_SEARCHED_BYTE);
    const at = Buffer.from(data.buffer, data.byteOffset, data.byteLength).indexOf(what, 0, "latin1");
    return at < 0 ? null : at;
  },
};
