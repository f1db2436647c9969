/** fetch() (https://fetch.spec.whatwg.org/#fetch-method). The network is the host's; what is decided here is what the app asked for. */
import { abortReason, addAbortAlgorithm, isAborted, removeAbortAlgorithm } from "../../abort/guest.ts";
import { hostOps } from "../../infra/guest/host-ops.ts";
import { promiseIgnore, promiseReject, promiseResolve, promiseThen, SafePromise, SafeTypeError, stringIndexOf, stringSlice } from "../../infra/guest/primordials.ts";
import { exposeOperation, requireArguments } from "../../infra/guest/webidl.ts";
import { type FetchHead, fetchOps } from "../ops.ts";
import { abortBody, type Body, bodyOfSource, cancelBody, isBodyLocked, isBodyUsed, streamOf, takeBody } from "./body.ts";
import { blockOf, defaultHeader, headersOfBlock } from "./headers.ts";
import { verified } from "./integrity.ts";
import { localAnswer } from "./local-fetch.ts";
import { refererOf } from "./referrer.ts";
import { Request, requestHeaders, requestState } from "./request.ts";
import { type Response, responseOf, type ResponseType } from "./response.ts";
import { cancelPump, openSink, pump } from "./sink.ts";

const { fetch_start, fetch_abort } = hostOps(fetchOps);
let nextFetch = 1;

export function fetch(input: unknown, init?: unknown): Promise<Response> {
  try {
    requireArguments(arguments.length, 1, "fetch");
    return start(new Request(input, init));
  } catch (error) {
    return promiseReject(error) as Promise<Response>;
  }
}
exposeOperation("fetch", fetch as (...args: never[]) => unknown, 1);

function start(request: Request): Promise<Response> {
  const state = requestState(request);
  const { signal, body, options } = state;
  if (isBodyUsed(body) || isBodyLocked(body)) throw new SafeTypeError("fetch: the body of the request has been read already");
  if (signal !== null && isAborted(signal)) {
    const reason = abortReason(signal);
    if (body !== null) cancelBody(body, reason);
    return promiseReject(reason) as Promise<Response>;
  }
  if (options.cache === "only-if-cached") throw new SafeTypeError("fetch: nothing is cached, and only-if-cached allows nothing else");
  const url = withoutFragment(state.url);
  const local = localAnswer(state.method, url, options.blob);
  if (local !== null) {
    const head: FetchHead = { status: 200, statusText: "OK", url: state.url, redirected: false, headers: local.headers, bodyRid: 0 };
    return promiseThen(checked(local.body, options.integrity), (content) => responseOfHead(head, content, false));
  }
  const id = nextFetch++;
  const headers = requestHeaders(request);
  const referer = refererOf(options.referrer, options.referrerPolicy, url);
  if (referer !== null) defaultHeader(headers, "referer", referer);
  const packed = state.method + "\n" + url + "\n" + (options.redirect === "follow" && options.mode === "same-origin" ? options.mode : options.redirect) + "\n" + blockOf(headers);
  return new SafePromise((resolve, reject) => {
    let received: Body | null = null;
    const sending = send(id, packed, body);
    const abort = (): void => {
      const reason = abortReason(signal as never);
      fetch_abort(id);
      if (sending.sink !== 0) cancelPump(sending.sink, reason);
      if (received !== null) abortBody(received, reason);
      reject(reason);
    };
    const fail = (error: unknown): void => {
      if (signal !== null) removeAbortAlgorithm(signal, abort);
      reject(error);
    };
    if (signal !== null) addAbortAlgorithm(signal, abort);
    promiseThen(
      sending.head,
      (head) => {
        // The algorithm stays: an abort after the head ends the body.
        received = head.bodyRid === 0 ? null : bodyOfSource(head.bodyRid);
        const isManual = options.redirect === "manual";
        if (options.integrity === "") resolve(responseOfHead(head, received, isManual));
        else promiseThen(verified(received, options.integrity), (content) => resolve(responseOfHead(head, content, isManual)), fail);
      },
      fail,
    );
  });
}

const checked = (body: Body | null, integrity: string): Promise<Body | null> => (integrity === "" ? promiseResolve(body) : verified(body, integrity));

interface Sending {
  readonly head: Promise<FetchHead>;
  /** Of the body when it is a stream, else 0. */
  readonly sink: number;
}

function send(id: number, packed: string, body: Body | null): Sending {
  if (body === null) return { head: fetch_start(id, packed, null, 0), sink: 0 };
  const taken = takeBody(body);
  if (taken.rid === 0 && taken.stream === null) return { head: fetch_start(id, packed, taken.content ?? "", 0), sink: 0 };
  const sink = openSink();
  const head = fetch_start(id, packed, null, sink);
  promiseIgnore(pump(streamOf(taken), sink));
  return { head, sink };
}

function withoutFragment(url: string): string {
  const at = stringIndexOf(url, "#");
  return at < 0 ? url : stringSlice(url, 0, at);
}

function responseOfHead(head: FetchHead, body: Body | null, isManual: boolean): Response {
  const { status, statusText, url, redirected, headers } = head;
  const type: ResponseType = isManual && status >= 300 && status < 400 ? "default" : "basic";
  return responseOf({ type, url, redirected, status, statusText, headers: headersOfBlock(headers, "immutable"), block: "", body });
}
