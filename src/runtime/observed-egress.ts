/** Egress that tells the observer of every subrequest, and carries the trace of the request on. */
import type { OpContext } from "../isolate/invocation.ts";
import type { Handlers } from "../isolate/op.ts";
import type { Observer } from "../observe/observer.ts";
import type { Tracer } from "../observe/tracer.ts";
import type { fetchOps } from "../web/fetch/ops.ts";

type EgressOps = Pick<Handlers<typeof fetchOps, OpContext>, "fetch_start" | "fetch_abort">;

export function observedEgress(observer: Observer, tracer: Tracer | null, egress: EgressOps): EgressOps {
  return {
    ...egress,
    async fetch_start(ctx, id, packed, data, bodyRid) {
      const startedAt = Date.now();
      const started = performance.now();
      const { app, requestId } = ctx.invocation;
      const context = tracer?.outgoing(requestId) ?? null;
      const tell = (status: number, result: "ok" | "failed" | "aborted") => {
        const record = { app, requestId, ...targetOf(packed), status, result, startedAt, ms: performance.now() - started };
        observer.subrequest(record);
        if (context !== null) tracer?.subrequest(record, context);
      };
      try {
        const head = await egress.fetch_start(ctx, id, context === null ? packed : withTraceparent(packed, context.traceparent), data, bodyRid);
        tell(head.status, "ok");
        return head;
      } catch (error) {
        tell(0, (error as Error | null)?.name === "AbortError" ? "aborted" : "failed");
        throw error;
      }
    },
  };
}

/** `packed` is `METHOD LF URL LF redirectMode LF headerBlock`. */
function targetOf(packed: string): { readonly method: string; readonly origin: string } {
  const [method = "", url = ""] = packed.slice(0, packed.indexOf("\n", packed.indexOf("\n") + 1)).split("\n");
  return { method, origin: URL.parse(url)?.origin ?? "" };
}

/** An app that traces by itself knows better. */
function withTraceparent(packed: string, traceparent: string): string {
  return /\ntraceparent\n/i.test(packed) ? packed : `${packed}traceparent\n${traceparent}\n`;
}
