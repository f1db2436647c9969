/** Host side of Fetch's answers and bodies: responses leave, request bodies and fetched bodies are pulled, sinks are written. */
import { type ByteBudget, BytePipe } from "../../../base/byte-pipe.ts";
import type { ByteSource, ResponseWire } from "../../../base/wire.ts";
import { InvocationEnded } from "../../../base/outcome.ts";
import { GuestError } from "../../../isolate/guest-error.ts";
import type { OpContext } from "../../../isolate/invocation.ts";
import type { Handlers } from "../../../isolate/op.ts";
import type { fetchOps } from "../ops.ts";

export const SOURCE = "source";
export const SINK = "sink";
/** Fuel per byte that crosses: a copy in and a copy out. */
const FUEL_PER_BYTE = 1 / 16;

type AnswerOps = Omit<Handlers<typeof fetchOps, OpContext>, "fetch_start" | "fetch_abort">;

/** `budgetOf`: what the streams of an app may hold together. */
export const createAnswerHandlers = (budgetOf: (app: string) => ByteBudget | null): AnswerOps => ({
  respond(ctx, id, status, head, data, bodyRid, isLast) {
    const invocation = ctx.peer(id);
    if (invocation === undefined) return;
    const pipe = bodyRid === 0 ? null : ctx.invocation.resources.get<BytePipe>(bodyRid, SINK);
    const end = head.indexOf("\n");
    if (end < 0) throw new GuestError("TypeError", "respond: the head has no status text");
    if (data !== null) ctx.charge(data.length * FUEL_PER_BYTE);
    const response: ResponseWire = { status, statusText: head.slice(0, end), headers: head.slice(end + 1), body: pipe ?? data };
    invocation.answer(response, pipe?.finished);
    if (isLast) invocation.finish();
  },
  respond_error(ctx, id, name, message, stack) {
    ctx.peer(id)?.fail(name === "BadResponse" ? "badResponse" : "exception", { name, message, stack });
  },
  invocation_done: (ctx, id) => ctx.peer(id)?.finish(),

  async source_read(ctx, rid) {
    const chunk = await readSource(ctx.invocation.resources.get<ByteSource>(rid, SOURCE));
    if (chunk === null) ctx.invocation.resources.close(rid);
    else ctx.charge(chunk.byteLength * FUEL_PER_BYTE);
    return chunk as Uint8Array<ArrayBuffer> | null;
  },
  source_cancel: (ctx, rid) => ctx.invocation.resources.close(rid),

  sink_open(ctx) {
    const pipe = new BytePipe(ctx.invocation.limits.streamBufferBytes, budgetOf(ctx.invocation.app));
    const rid = ctx.invocation.resources.add(SINK, pipe, () => pipe.abort(new InvocationEnded(ctx.invocation.outcome)));
    pipe.onCancel = () => ctx.enter("sink_canceled", rid);
    return rid;
  },
  async sink_write(ctx, rid, chunk) {
    ctx.charge(chunk.byteLength * FUEL_PER_BYTE);
    try {
      await ctx.invocation.resources.get<BytePipe>(rid, SINK).write(chunk);
    } catch (error) {
      if (error instanceof GuestError) throw error;
      throw new GuestError("TypeError", "the reader of this stream has gone");
    }
  },
  sink_close(ctx, rid) {
    if (ctx.invocation.resources.has(rid)) ctx.invocation.resources.get<BytePipe>(rid, SINK).close();
  },
  sink_abort(ctx, rid, message) {
    if (ctx.invocation.resources.has(rid)) ctx.invocation.resources.get<BytePipe>(rid, SINK).abort(new Error(message));
  },
});

async function readSource(source: ByteSource): Promise<Uint8Array | null> {
  try {
    return await source.pull();
  } catch (error) {
    if (error instanceof GuestError) throw error;
    throw new GuestError("TypeError", "the body could not be read: its sender failed or went away");
  }
}
