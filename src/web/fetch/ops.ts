/** Ops of Fetch: how requests and responses and their bodies cross the boundary. Header blocks and packed requests are the form of `base/wire.ts`. */
import { async, body, bool, bytes, json, nothing, nullable, str, sync, u32 } from "../../isolate/op.ts";

export interface FetchHead {
  readonly status: number;
  readonly statusText: string;
  /** The URL after redirects. */
  readonly url: string;
  readonly redirected: boolean;
  readonly headers: string;
  /** A `source` to pull the body from, or 0 when there is none. */
  readonly bodyRid: number;
}

export const fetchOps = {
  /** Answers an invocation. `head` is `statusText LF headerBlock`. The body is `data`, or what the sink `bodyRid` (from `sink_open`) will carry, or what the source `bodyRid` gives, which nobody has read from, or none (null and 0). True at the end: nothing is left to do for the invocation. */
  respond: sync([u32, u32, str(256 << 10), nullable(body()), u32, bool], nothing),
  /** The handler failed: error name, message and stack as text, for the log and for `dev`. */
  respond_error: sync([u32, str(), str(), str()], nothing),
  /** All `waitUntil` promises of the invocation have settled. */
  invocation_done: sync([u32], nothing),

  /** Next chunk of the source `rid` (a request's body, a fetched response's body), or null at its end. One read at a time. */
  source_read: async([u32], nullable(bytes())),
  /** All of the source `rid` as text (https://encoding.spec.whatwg.org/#utf-8-decode-without-bom; a byte order mark is the guest's to drop), or null when it is long: what has been read of it then comes again from `source_read`. */
  source_text: async([u32], nullable(str())),
  source_cancel: sync([u32], nothing),
  /** Opens a sink: a response or upload body that the guest writes. When its reader goes away the guest gets the event `sink_canceled` (rid). */
  sink_open: sync([], u32),
  /** Writes a chunk. True when the sink wants more at once, else `sink_ready` tells when it does. Throws when its reader has gone. */
  sink_push: sync([u32, bytes()], bool),
  /** Resolves when the sink wants more; rejects when its reader has gone. */
  sink_ready: async([u32], nothing),
  sink_close: sync([u32], nothing),
  sink_abort: sync([u32, str(8192)], nothing),

  /**
   * A subrequest. First argument: a number the guest chose, for `fetch_abort`. `request` is `METHOD LF URL LF redirectMode LF headerBlock`; the mode may also be `same-origin`, to follow within the origin. The body is `data`, or what
   * the sink `bodyRid` will carry, or none. Resolves with the head; rejects with TypeError (network error, denied address, limit) or AbortError.
   */
  fetch_start: async([u32, str(256 << 10), nullable(body()), u32], json<FetchHead>()),
  fetch_abort: sync([u32], nothing),
};
