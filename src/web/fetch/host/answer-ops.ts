/** Host side of Fetch's answers and bodies: responses leave, request bodies and fetched bodies are pulled, sinks are written. */
import { Buffer } from "node:buffer";
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
/** As much, and what a text decoder costs. */
const FUEL_PER_DECODED_BYTE = FUEL_PER_BYTE + 1 / 4;
/** Longer bodies are decoded in pieces: nobody else runs while the host does one, and nothing but the guest's memory should hold what an app reads. */
const MOST_TEXT_BYTES = 65_536;

type AnswerOps = Omit<Handlers<typeof fetchOps, OpContext>, "fetch_start" | "fetch_abort">;

/** `budgetOf`: what the streams of an app may hold together. */
export function createAnswerHandlers(budgetOf: (app: string) => ByteBudget | null): AnswerOps {
  /** Chunks of sources that turned out to be too long for one text. */
  const putBack = new WeakMap<ByteSource, Uint8Array[]>();
  return {
    respond(ctx, id, status, head, data, bodyRid, isLast) {
      const invocation = ctx.peer(id);
      if (invocation === undefined) return;
      const passed = bodyRid === 0 ? null : invocation.invocation.resources.is(bodyRid, SOURCE) ? new PassedSource(invocation, bodyRid) : ctx.invocation.resources.get<BytePipe>(bodyRid, SINK);
      const end = head.indexOf("\n");
      if (end < 0) throw new GuestError("TypeError", "respond: the head has no status text");
      if (data !== null) ctx.charge(data.length * FUEL_PER_BYTE);
      const response: ResponseWire = { status, statusText: head.slice(0, end), headers: head.slice(end + 1), body: passed ?? data };
      invocation.answer(response, passed?.finished);
      if (isLast) invocation.finish();
    },
    respond_error(ctx, id, name, message, stack) {
      ctx.peer(id)?.fail(name === "BadResponse" ? "badResponse" : "exception", { name, message, stack });
    },
    invocation_done: (ctx, id) => ctx.peer(id)?.finish(),

    async source_read(ctx, rid) {
      const source = ctx.invocation.resources.get<ByteSource>(rid, SOURCE);
      const chunk = putBack.get(source)?.shift() ?? (await readSource(source));
      if (chunk === null) ctx.invocation.resources.close(rid);
      else ctx.charge(chunk.byteLength * FUEL_PER_BYTE);
      return chunk as Uint8Array<ArrayBuffer> | null;
    },
    async source_text(ctx, rid) {
      const source = ctx.invocation.resources.get<ByteSource>(rid, SOURCE);
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      for (let chunk = await readSource(source); chunk !== null; chunk = await readSource(source)) {
        chunks.push(chunk);
        bytes += chunk.byteLength;
        if (bytes <= MOST_TEXT_BYTES) continue;
        putBack.set(source, chunks);
        return null;
      }
      ctx.charge(bytes * FUEL_PER_DECODED_BYTE);
      ctx.invocation.resources.close(rid);
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, bytes));
    },
    source_cancel: (ctx, rid) => ctx.invocation.resources.close(rid),

    sink_open(ctx) {
      const pipe = new BytePipe(ctx.invocation.limits.streamBufferBytes, budgetOf(ctx.invocation.app));
      const rid = ctx.invocation.resources.add(SINK, pipe, () => pipe.abort(new InvocationEnded(ctx.invocation.outcome)));
      pipe.onCancel = () => ctx.enter("sink_canceled", rid);
      return rid;
    },
    sink_push(ctx, rid, chunk) {
      ctx.charge(chunk.byteLength * FUEL_PER_BYTE);
      const pipe = ctx.invocation.resources.get<BytePipe>(rid, SINK);
      try {
        return pipe.push(chunk);
      } catch {
        throw readerGone();
      }
    },
    async sink_ready(ctx, rid) {
      const pipe = ctx.invocation.resources.get<BytePipe>(rid, SINK);
      try {
        await pipe.ready();
      } catch {
        throw readerGone();
      }
    },
    sink_close(ctx, rid) {
      if (ctx.invocation.resources.has(rid)) ctx.invocation.resources.get<BytePipe>(rid, SINK).close();
    },
    sink_abort(ctx, rid, message) {
      if (ctx.invocation.resources.has(rid)) ctx.invocation.resources.get<BytePipe>(rid, SINK).abort(new Error(message));
    },
  };
}

/** A source that the guest passes on without having read from it: its bytes never enter the isolate. */
class PassedSource implements ByteSource {
  readonly finished: Promise<void>;
  readonly #ctx: OpContext;
  readonly #rid: number;
  readonly #source: ByteSource;
  /** Closed with the invocation, however that ends. */
  readonly #guard: number;
  #finish!: () => void;
  #fail: (reason: unknown) => void = () => {};
  #failure: { readonly reason: unknown } | null = null;

  constructor(ctx: OpContext, rid: number) {
    const { resources } = ctx.invocation;
    this.#ctx = ctx;
    this.#rid = rid;
    this.#source = resources.get<ByteSource>(rid, SOURCE);
    this.#guard = resources.add("passed", this, () => this.#end(new InvocationEnded(ctx.invocation.outcome)));
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  pull(): Promise<Uint8Array | null> {
    if (this.#failure !== null) return Promise.reject(this.#failure.reason);
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#source.pull().then((chunk) => {
        // A source that is closed under its reader may say that it has ended.
        if (this.#failure !== null) return;
        if (chunk === null) this.#close();
        else this.#ctx.charge(chunk.byteLength * FUEL_PER_BYTE);
        resolve(chunk);
      }, (error) => {
        this.#end(error);
        reject(error);
      });
    });
  }

  cancel(reason?: unknown): void {
    this.#end(reason ?? new Error("canceled"));
  }

  #end(reason: unknown): void {
    if (this.#failure !== null) return;
    this.#failure = { reason };
    this.#fail(reason);
    this.#close();
  }

  #close(): void {
    const { resources } = this.#ctx.invocation;
    resources.release(this.#guard);
    resources.close(this.#rid);
    this.#finish();
  }
}

const readerGone = () => new GuestError("TypeError", "the reader of this stream has gone");

async function readSource(source: ByteSource): Promise<Uint8Array | null> {
  try {
    return await source.pull();
  } catch (error) {
    if (error instanceof GuestError) throw error;
    throw new GuestError("TypeError", "the body could not be read: its sender failed or went away");
  }
}
