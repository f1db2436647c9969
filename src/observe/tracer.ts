/**
 * Traces: request → handler → subrequest, in the form of OpenTelemetry. Made of what the observer is told; costs nothing for requests that are not sampled.
 * The context travels as W3C Trace Context, https://www.w3.org/TR/trace-context/.
 */
import type { RequestRecord, SubrequestRecord } from "./observer.ts";

export type SpanKind = "internal" | "server" | "client";
export type AttributeValue = string | number | boolean;

export interface Span {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Empty for the root of a trace. */
  readonly parentId: string;
  readonly name: string;
  readonly kind: SpanKind;
  /** Unix milliseconds, with fractions. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly isError: boolean;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

export interface TracerOptions {
  /** Takes finished spans. Must not block and must not throw. */
  readonly take: (spans: readonly Span[]) => void;
  /** Share of the traces that start here which are recorded, 0 to 1. What a caller decided holds. */
  readonly ratio: number;
  /** Unix milliseconds. */
  readonly now: () => number;
}

interface Context {
  readonly traceId: string;
  readonly parentId: string;
  /** Of the request. */
  readonly spanId: string;
  readonly handlerId: string;
}

/** What a subrequest carries, and the span that will tell of it. */
export interface OutgoingContext {
  readonly traceparent: string;
  readonly spanId: string;
}

const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:-.*)?$/;
/** Requests that were answered but may still fetch in waitUntil work. */
const MOST_ANSWERED = 1_000;

/** The trace id, parent span and sampling decision of a `traceparent` field; null when it is none. */
export function parseTraceparent(value: string): { readonly traceId: string; readonly parentId: string; readonly isSampled: boolean } | null {
  const [, traceId, parentId, flags] = TRACEPARENT.exec(value) ?? [];
  if (traceId === undefined || parentId === undefined || flags === undefined) return null;
  return { traceId, parentId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export class Tracer {
  readonly #options: TracerOptions;
  readonly #contexts = new Map<string, Context>();
  readonly #answered: string[] = [];

  constructor(options: TracerOptions) {
    this.#options = options;
  }

  /** A request arrived, perhaps as part of its caller's trace. */
  begin(requestId: string, traceparent: string | null): void {
    const caller = traceparent === null ? null : parseTraceparent(traceparent);
    if (caller === null ? Math.random() >= this.#options.ratio : !caller.isSampled) return;
    this.#contexts.set(requestId, { traceId: caller?.traceId ?? hex(16), parentId: caller?.parentId ?? "", spanId: hex(8), handlerId: hex(8) });
  }

  /** The context that a subrequest of the request carries; null where nothing is recorded. */
  outgoing(requestId: string): OutgoingContext | null {
    const context = this.#contexts.get(requestId);
    if (context === undefined) return null;
    const spanId = hex(8);
    return { spanId, traceparent: `00-${context.traceId}-${spanId}-01` };
  }

  subrequest(record: SubrequestRecord, { spanId }: OutgoingContext): void {
    const context = this.#contexts.get(record.requestId);
    if (context === undefined) return;
    const { method, origin, status, result, startedAt, ms } = record;
    const attributes: Record<string, AttributeValue> = { "http.request.method": method, "server.address": origin, "nano.app": record.app };
    if (status > 0) attributes["http.response.status_code"] = status;
    else attributes["error.type"] = result;
    this.#options.take([
      { traceId: context.traceId, spanId, parentId: context.handlerId, name: method, kind: "client", startedAt, endedAt: startedAt + ms, isError: status === 0 || status >= 400, attributes },
    ]);
  }

  request(record: RequestRecord): void {
    const context = this.#contexts.get(record.requestId);
    if (context === undefined) return;
    this.#forgetLater(record.requestId);
    const { traceId, parentId, spanId, handlerId } = context;
    const { app, host, method, path, status, outcome, cpuMs, bytes, latencyMs, answerMs } = record;
    const endedAt = this.#options.now();
    const startedAt = endedAt - latencyMs;
    const isError = status >= 500;
    const spans: Span[] = [
      {
        traceId,
        spanId,
        parentId,
        name: method,
        kind: "server",
        startedAt,
        endedAt,
        isError,
        attributes: {
          "http.request.method": method,
          "url.path": path.split("?", 1)[0] ?? "",
          "server.address": host,
          "http.response.status_code": status,
          "http.response.body.size": bytes,
          "nano.app": app,
          "nano.outcome": outcome,
          "nano.request_id": record.requestId,
        },
      },
    ];
    if (app !== "")
      spans.push({ traceId, spanId: handlerId, parentId: spanId, name: `handler ${app}`, kind: "internal", startedAt, endedAt: startedAt + Math.min(answerMs, latencyMs), isError, attributes: { "nano.app": app, "nano.cpu_ms": cpuMs, "nano.outcome": outcome } });
    this.#options.take(spans);
  }

  #forgetLater(requestId: string): void {
    this.#answered.push(requestId);
    if (this.#answered.length > MOST_ANSWERED) this.#contexts.delete(this.#answered.shift() as string);
  }
}

function hex(bytes: number): string {
  return crypto.getRandomValues(new Uint8Array(bytes)).toHex();
}
