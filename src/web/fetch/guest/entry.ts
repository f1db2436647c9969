/** The `fetch` event: wire to Request, the app's handler, Response to wire. One call in, one op out. */
import { onEvent } from "../../infra/guest/events.ts";
import { hostOps } from "../../infra/guest/host-ops.ts";
import { mapDelete, mapGet, mapSet, objectHasOwn, promiseResolve, promiseThen, SafeMap } from "../../infra/guest/primordials.ts";
import { isObject } from "../../infra/guest/webidl-convert.ts";
import { fetchOps } from "../ops.ts";
import { isBodyLocked, isBodyUsed, streamOf, takeBody, takeContent, takeSource } from "./body.ts";
import { Work } from "./context.ts";
import { describeFailure } from "./failure.ts";
import { callHandler } from "./handler.ts";
import { abortRequest, isSignalAsked, type Request, requestOfWire } from "./request.ts";
import { isResponse, responseBlock, type Response, responseState } from "./response.ts";
import { openSink, pump } from "./sink.ts";

const { respond, respond_error } = hostOps(fetchOps);

/** Requests that wait for something, until they have been answered completely, so that an abort finds them. */
const open = new SafeMap<number, Request>();

onEvent("fetch", (id, packed, bodyRid) => {
  const request = requestOfWire(packed as string, bodyRid as number);
  const work = new Work(id);
  try {
    const result = callHandler(request, work);
    if (isResponse(result)) settle(work, result, request);
    else {
      mapSet(open, id, request);
      if (isObject(result) && objectHasOwn(result, "constructor")) settleOdd(work, result, request);
      else void settleLater(work, result, request);
    }
  } catch (error) {
    fail(work, error);
  }
});

/** A function that awaits costs the engine less than two handlers given to a promise. */
async function settleLater(work: Work, result: unknown, request: Request): Promise<void> {
  try {
    settle(work, await result, request);
  } catch (error) {
    fail(work, error);
  }
}

/** For a promise with a constructor of its own: the engine loses what asking for that throws when `await` does it. */
function settleOdd(work: Work, result: unknown, request: Request): void {
  promiseThen(
    promiseResolve(result),
    (response) => {
      try {
        settle(work, response, request);
      } catch (error) {
        fail(work, error);
      }
    },
    (error) => fail(work, error),
  );
}

onEvent("abort", (id, reason) => {
  const request = mapGet(open, id);
  if (request !== undefined) abortRequest(request, reason as string);
});

function settle(work: Work, response: unknown, request: Request): void {
  if (isResponse(response)) answer(work, response, request);
  else refuse(work, "the handler gave " + (response === undefined ? "nothing" : response === null ? "null" : "a value of type " + typeof response) + ", not a Response");
}

function answer(work: Work, response: Response, request: Request): void {
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
  const content = takeContent(body);
  if (content !== null) {
    respondWhole(work, state.status, head, content);
    return;
  }
  // An app that holds the request's signal is told when the client leaves in the middle of the body, so it has to know when that ends.
  const source = isSignalAsked(request) ? 0 : takeSource(body);
  if (source !== 0) {
    respondWhole(work, state.status, head, null, source);
    return;
  }
  const sink = openSink();
  const stream = streamOf(takeBody(body));
  mapSet(open, work.id, request);
  respond(work.id, state.status, head, null, sink, false);
  promiseThen(pump(stream, sink), () => finish(work));
}

/** The guest has nothing more to do for the answer. */
function respondWhole(work: Work, status: number, head: string, data: string | Uint8Array<ArrayBuffer> | null, source = 0): void {
  const isLast = work.isAnswerLast;
  respond(work.id, status, head, data, source, isLast);
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
