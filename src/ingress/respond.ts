/** The single place where an outcome becomes HTTP. Whatever the app did, what leaves here is well framed and says nothing of nano's inside. */
import type { FailureDetail } from "../apps/dispatch.ts";
import type { DeadlineSweeper } from "../base/deadline.ts";
import { InvocationEnded } from "../base/outcome.ts";
import { type ByteSource, isByteSource, type ResponseWire } from "../base/wire.ts";
import { type ErrorCode, type HttpError, httpErrors } from "../errors.ts";
import type { DevFront } from "./dev/dev-front.ts";
import type { Exchange } from "./exchange.ts";
import { type Fields, type ResponseHead, type ResponseHeadLimits, pairsOf, ResponseHeadReader, withFields } from "./response-head.ts";
import { ResponseStream, type StreamEnd } from "./response-stream.ts";

export interface RespondLimits extends ResponseHeadLimits {
  readonly writeStallMs: number;
}

export class Responder {
  readonly #heads: ResponseHeadReader;
  readonly #stallMs: number;
  readonly #sweeper: DeadlineSweeper;
  readonly #onEnd: (exchange: Exchange, outcome: string) => void;
  readonly #front: DevFront | null;
  /** While true, every response asks the client to open its next connection elsewhere. */
  isDraining = false;

  /** `onEnd` is told when the last byte of a response has been handed over, or the response was given up. `front` is of `nano dev`. */
  constructor(limits: RespondLimits, sweeper: DeadlineSweeper, onEnd: (exchange: Exchange, outcome: string) => void, front: DevFront | null = null) {
    this.#front = front;
    this.#heads = new ResponseHeadReader(limits);
    this.#stallMs = limits.writeStallMs;
    this.#sweeper = sweeper;
    this.#onEnd = onEnd;
  }

  respond(exchange: Exchange, wire: ResponseWire): Response {
    const head = this.#heads.read(wire.status, wire.headers);
    if (head === null) {
      if (isByteSource(wire.body)) wire.body.cancel(new Error("bad response"));
      return this.fail(exchange, "bad_response", "badResponse");
    }
    exchange.status = wire.status;
    if (exchange.method === "HEAD" || isBodiless(wire.status)) return this.#withoutBody(exchange, wire, head);
    const fields = withFields(head.fields, this.#ownFields(exchange));
    const body = this.#front === null || exchange.method !== "GET" || wire.body === null ? wire.body : this.#front.follow(exchange.request.headers, exchange.url, pairsOf(head.fields), wire.body);
    if (isByteSource(body)) return this.#streamed(exchange, wire, body, fields);
    exchange.bytes = sizeOf(body);
    // Bun invents a content-type for text and bytes that have none, but not for a stream.
    if (!head.hasContentType && exchange.bytes > 0) return this.#untyped(exchange, wire, fields);
    return this.#finish(exchange, body, wire, fields);
  }

  /** `detail` goes to nobody but the clients of `nano dev`. */
  fail(exchange: Exchange, code: ErrorCode, outcome: string, retryAfterS?: number, detail?: FailureDetail): Response {
    const error: HttpError = httpErrors[code];
    const wait = retryAfterS ?? error.retryAfterS;
    const told = this.#front?.explain(exchange.request.headers, exchange.failed, code, wait, detail);
    const text = told?.body ?? errorJson(code, exchange.requestId, wait);
    exchange.status = error.status;
    const fields: Record<string, string> = { ...this.#ownFields(exchange), "content-type": "application/json", ...told?.fields };
    fields["cache-control"] = "no-store";
    fields["x-nano-error"] = code;
    if (wait !== undefined) fields["retry-after"] = String(wait);
    if (code === "method_not_allowed") fields.allow = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
    if (error.closes === true) fields.connection = "close";
    const isHead = exchange.method === "HEAD";
    if (isHead) Object.assign(fields, { "content-length": String(Buffer.byteLength(text)), date: new Date().toUTCString() });
    else exchange.bytes = Buffer.byteLength(text);
    return this.#finish(exchange, isHead ? null : text, { status: error.status, statusText: "" }, fields, outcome);
  }

  /** The head that GET would have had. Bun leaves out date here, and counts the length of the body it is given. */
  #withoutBody(exchange: Exchange, wire: ResponseWire, head: ResponseHead): Response {
    const { body } = wire;
    const isSource = isByteSource(body);
    if (isSource) body.cancel(new Error("the response has no body"));
    const own = this.#ownFields(exchange);
    let empty: ReadableStream | null = null;
    if (exchange.method === "HEAD" && !isBodiless(wire.status)) {
      own.date = new Date().toUTCString();
      const size = isSource || body === null ? head.contentLength : String(sizeOf(body));
      if (size !== null) own["content-length"] = size;
      // A stream that nobody reads: the server announces chunks, as it would for GET.
      else if (isSource) empty = new ReadableStream({}, { highWaterMark: 0 });
    }
    return this.#finish(exchange, empty, wire, withFields(head.fields, own));
  }

  #ownFields(exchange: Exchange): Record<string, string> {
    return this.isDraining ? { "x-request-id": exchange.requestId, connection: "close" } : { "x-request-id": exchange.requestId };
  }

  #streamed(exchange: Exchange, wire: ResponseWire, body: ByteSource, fields: Fields): Response {
    exchange.onDue();
    const stream = new ResponseStream(body, this.#stallMs, this.#sweeper, (end, bytes, reason) => {
      exchange.bytes = bytes;
      if (end === "canceled" || end === "stalled") exchange.depart(new Error("the client has gone"));
      const isEnded = end === "failed" && reason instanceof InvocationEnded && reason.outcome !== "ok";
      this.#onEnd(exchange, isEnded ? reason.outcome : streamOutcomes[end]);
    });
    exchange.onAbortLast((reason) => stream.abort("canceled", reason instanceof Error ? reason : new Error("the client has gone")));
    return new Response(stream.toReadable(), { status: wire.status, statusText: wire.statusText, headers: fields });
  }

  #untyped(exchange: Exchange, wire: ResponseWire, fields: Fields): Response {
    const bytes = typeof wire.body === "string" ? new TextEncoder().encode(wire.body) : (wire.body as Uint8Array<ArrayBuffer>);
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          controller.enqueue(bytes);
          controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    return this.#finish(exchange, body, wire, fields);
  }

  #finish(exchange: Exchange, body: string | Uint8Array | ReadableStream | null, head: { status: number; statusText: string }, fields: Fields, outcome = "ok"): Response {
    this.#onEnd(exchange, outcome);
    return new Response(body as string | Uint8Array<ArrayBuffer> | ReadableStream | null, { status: head.status, statusText: head.statusText, headers: fields });
  }
}

const streamOutcomes: Record<StreamEnd, string> = { complete: "ok", failed: "exception", stalled: "canceled", canceled: "canceled" };

function isBodiless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

function sizeOf(body: string | Uint8Array | null): number {
  if (body === null) return 0;
  return typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
}

function errorJson(code: ErrorCode, requestId: string, waitS: number | undefined): string {
  return JSON.stringify({ error: code, request_id: requestId, ...(code === "draining" ? { retry_after_s: waitS } : {}) });
}
