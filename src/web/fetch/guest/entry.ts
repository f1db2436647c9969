/** The `fetch` event: wire to Request, the app's handler, Response to wire. One call in, one op out. */
import { onEvent } from "../../infra/guest/events.ts";
import { hostOps } from "../../infra/guest/host-ops.ts";
import { mapDelete, mapGet, mapSet, promiseResolve, promiseThen, SafeMap } from "../../infra/guest/primordials.ts";
import { fetchOps } from "../ops.ts";
import { isBodyLocked, isBodyUsed, streamOf, takeBody } from "./body.ts";
import { Work } from "./context.ts";
import { describeFailure } from "./failure.ts";
import { callHandler } from "./handler.ts";
import { abortRequest, type Request, requestOfWire } from "./request.ts";
import { isResponse, responseBlock, type Response, responseState } from "./response.ts";
import { openSink, pump } from "./sink.ts";

const { respond, respond_error } = hostOps(fetchOps);

/** Requests that have not been answered completely, so that an abort finds them. */
const open = new SafeMap<number, Request>();

onEvent("fetch", (id, packed, bodyRid) => {
  const request = requestOfWire(packed as string, bodyRid as number);
  const work = new Work(id);
  mapSet(open, id, request);
  try {
    const result = callHandler(request, work);
    if (isResponse(result)) settle(work, result);
    // Asking a promise for its constructor may run code of the app.
    else
      promiseThen(
        promiseResolve(result),
        (response) => settle(work, response),
        (error) => fail(work, error),
      );
  } catch (error) {
    fail(work, error);
  }
});

onEvent("abort", (id, reason) => {
  const request = mapGet(open, id);
  if (request !== undefined) abortRequest(request, reason as string);
});

function settle(work: Work, response: unknown): void {
  try {
    if (isResponse(response)) answer(work, response);
    else refuse(work, "the handler gave " + (response === undefined ? "nothing" : response === null ? "null" : "a value of type " + typeof response) + ", not a Response");
  } catch (error) {
    fail(work, error);
  }
}

function answer(work: Work, response: Response): void {
  const state = responseState(response);
  const { body } = state;
  if (state.type === "error") {
    refuse(work, "the handler gave Response.error()");
    return;
  }
  const head = state.statusText + "\n" + responseBlock(state);
  if (body === null) {
    respondWhole(work, state.status, head, null);
    return;
  }
  if (isBodyUsed(body) || isBodyLocked(body)) {
    refuse(work, "the body of the response has been read already: a Response can be returned once, clone() it first");
    return;
  }
  const taken = takeBody(body);
  if (taken.stream === null && taken.rid === 0) {
    respondWhole(work, state.status, head, taken.content ?? "");
    return;
  }
  const sink = openSink();
  const stream = streamOf(taken);
  respond(work.id, state.status, head, null, sink, false);
  promiseThen(pump(stream, sink), () => finish(work));
}

function respondWhole(work: Work, status: number, head: string, data: string | Uint8Array<ArrayBuffer> | null): void {
  const isLast = work.isAnswerLast;
  respond(work.id, status, head, data, 0, isLast);
  mapDelete(open, work.id);
  if (!isLast) work.close();
}

function refuse(work: Work, message: string): void {
  respond_error(work.id, "BadResponse", message, "");
  finish(work);
}

function fail(work: Work, error: unknown): void {
  const { name, message, stack } = describeFailure(error);
  respond_error(work.id, work.passesThrough ? "PassThrough" : name, message, stack);
  finish(work);
}

function finish(work: Work): void {
  mapDelete(open, work.id);
  work.close();
}
