/** fetch() (https://fetch.spec.whatwg.org/#fetch-method). The network is the host's; what is decided here is what the app asked for. */
import { abortReason, addAbortAlgorithm, isAborted, removeAbortAlgorithm } from "../../abort/guest.ts";
import { hostOps } from "../../infra/guest/host-ops.ts";
import { promiseIgnore, promiseReject, promiseResolve, promiseThen, SafePromise, SafeTypeError, stringIndexOf, stringSlice, stringStartsWith } from "../../infra/guest/primordials.ts";
import { exposeOperation, requireArguments } from "../../infra/guest/webidl.ts";
import { type FetchHead, fetchOps } from "../ops.ts";
import { abortBody, type Body, bodyOfBytes, bodyOfSource, isBodyLocked, isBodyUsed, streamOf, takeBody } from "./body.ts";
import { parseDataUrl } from "./data-url.ts";
import { blockOf, headersOfBlock } from "./headers.ts";
import { Request, requestHeaders, requestState } from "./request.ts";
import { type Response, responseOf, type ResponseType } from "./response.ts";
import { openSink, pump } from "./sink.ts";

const { fetch_start, fetch_abort } = hostOps(fetchOps);
let nextFetch = 1;

function fetch(input: unknown, init?: unknown): Promise<Response> {
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
  const { signal } = state;
  if (signal !== null && isAborted(signal)) return promiseReject(abortReason(signal)) as Promise<Response>;
  if (stringStartsWith(state.url, "data:")) return fetchData(state.url, state.method);
  const { body } = state;
  if (isBodyUsed(body) || isBodyLocked(body)) throw new SafeTypeError("fetch: the body of the request has been read already");
  const id = nextFetch++;
  const packed = state.method + "\n" + withoutFragment(state.url) + "\n" + state.options.redirect + "\n" + blockOf(requestHeaders(request));
  return new SafePromise((resolve, reject) => {
    let received: Body | null = null;
    const abort = (): void => {
      const reason = abortReason(signal as never);
      fetch_abort(id);
      if (received !== null) abortBody(received, reason);
      reject(reason);
    };
    if (signal !== null) addAbortAlgorithm(signal, abort);
    promiseThen(
      send(id, packed, body),
      (head) => {
        // The algorithm stays: an abort after the head ends the body.
        received = head.bodyRid === 0 ? null : bodyOfSource(head.bodyRid);
        resolve(responseOfHead(head, received, state.options.redirect === "manual"));
      },
      (error) => {
        if (signal !== null) removeAbortAlgorithm(signal, abort);
        reject(error);
      },
    );
  });
}

function send(id: number, packed: string, body: Body | null): Promise<FetchHead> {
  if (body === null) return fetch_start(id, packed, null, 0);
  const taken = takeBody(body);
  if (taken.rid === 0 && taken.stream === null) return fetch_start(id, packed, taken.content ?? "", 0);
  const sink = openSink();
  const started = fetch_start(id, packed, null, sink);
  promiseIgnore(pump(streamOf(taken), sink));
  return started;
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

function fetchData(url: string, method: string): Promise<Response> {
  const { type, content } = parseDataUrl(withoutFragment(url));
  const headers = headersOfBlock("content-type\n" + type + "\n", "immutable");
  return promiseResolve(responseOf({ type: "basic", url, redirected: false, status: 200, statusText: "OK", headers, block: "", body: method === "HEAD" ? null : bodyOfBytes(content) }));
}
