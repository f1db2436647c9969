/** One request and its answer, from the first look at it to the last byte: what the dispatcher is given, and what the observer is told afterwards. */
import type { Due } from "../base/deadline.ts";
import { eachHeader, type HeaderBlock, type RequestWire, type WireBody } from "../base/wire.ts";
import type { FailedRequest } from "./dev/failure.ts";
import type { RequestRecord } from "../observe/observer.ts";
import { type BodyError, type BodyFault, BodySource } from "./body-source.ts";

/** What the dispatcher serves. The body is pulled, within the app's limit; a client that goes away is told through `onAbort` or `signal`. */
export interface IngressRequest extends RequestWire {
  readonly requestId: string;
  /** Canonical, as routed. */
  readonly host: string;
  readonly clientAddress: string;
  /** How often the request has come back to nano already. */
  readonly hops: number;
  /** Made on first use: ask only when an app does. */
  readonly signal: AbortSignal;
  /** At most once; at once when it has happened already. */
  onAbort(listener: (reason: unknown) => void): void;
}

/** How a server tells about a connection. One for all requests: the request names itself. */
export interface Transport {
  /** Empty once the client has gone. */
  peerAddress(request: Request): string;
  /** From here on the server must not cut the connection for being quiet; `release` takes that back. */
  hold(request: Request): void;
  release(request: Request): void;
  /** The URL's own authority stands in for a missing Host and must agree with a present one. False where the server derives the one from the other. */
  readonly urlHasAuthority: boolean;
}

/** An answer that takes no longer needs no care for its connection. Well below any idle timeout of a server. */
const quickMs = 500;

export class Exchange implements IngressRequest, RequestRecord, Due {
  /** Watched while the answer is awaited. */
  dueAt: number;
  readonly request: Request;
  readonly method: string;
  readonly transport: Transport;
  readonly startedMs: number;
  requestId = "";
  hops = 0;
  host = "";
  headers: HeaderBlock = "";
  body: WireBody = null;
  app = "";
  /** What logs get to see of the request, without what the app keeps secret. */
  redact: (text: string) => string = (text) => text;
  status = 0;
  bytes = 0;
  cpuMs = 0;
  memoryBytes = 0;
  latencyMs = 0;
  answerMs = 0;
  outcome = "";
  forwardedAddress: string | null = null;
  /** True once this has been counted and told. */
  isEnded = false;
  /** Answers in the app's stead, while there is no answer yet. */
  onGiveUp: ((fault: BodyFault) => void) | null = null;
  #isHeld = false;
  #url = "";
  #targetStart = 0;
  #clientAddress: string | null = null;
  #abortListeners: ((reason: unknown) => void)[] | null = null;
  #lastAbortListener: ((reason: unknown) => void) | null = null;
  #controller: AbortController | null = null;
  #abortReason: { readonly reason: unknown } | null = null;

  constructor(request: Request, transport: Transport, startedMs: number) {
    this.request = request;
    this.method = request.method;
    this.transport = transport;
    this.startedMs = startedMs;
    this.dueAt = startedMs + quickMs;
  }

  get url(): string {
    return this.#url;
  }

  /** `targetStart` is where path and query start. */
  setUrl(url: string, targetStart: number): void {
    this.#url = url;
    this.#targetStart = targetStart;
  }

  /** Path and query. */
  get target(): string {
    return this.#url.slice(this.#targetStart);
  }

  get clientAddress(): string {
    this.#clientAddress ??= this.forwardedAddress ?? this.transport.peerAddress(this.request);
    return this.#clientAddress;
  }

  /** What `nano dev` tells of the request. */
  get failed(): FailedRequest {
    const headers: [string, string][] = [];
    eachHeader(this.headers, (name, value) => headers.push([name, value]));
    return { requestId: this.requestId, app: this.app, method: this.method, url: this.url, headers };
  }

  /** The answer takes its time. Once the client has left, nobody can tell where it was. */
  onDue(): void {
    this.dueAt = Number.POSITIVE_INFINITY;
    this.#isHeld = true;
    this.transport.hold(this.request);
    void this.clientAddress;
  }

  release(): void {
    if (this.#isHeld) this.transport.release(this.request);
    this.#isHeld = false;
  }

  /** Without the query, which may hold what no log should. */
  get path(): string {
    const query = this.#url.indexOf("?", this.#targetStart);
    return this.redact(this.#url.slice(this.#targetStart, query < 0 ? undefined : query));
  }

  get receivedBytes(): number {
    return this.body instanceof BodySource ? this.body.bytes : 0;
  }

  get protocol(): string {
    return "HTTP/1.1";
  }

  get userAgent(): string {
    return this.redact(this.#field("user-agent"));
  }

  get referrer(): string {
    return this.redact(this.#field("referer"));
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      const controller = new AbortController();
      this.#controller = controller;
      this.onAbort((reason) => controller.abort(reason));
    }
    return this.#controller.signal;
  }

  onAbort(listener: (reason: unknown) => void): void {
    this.#listen();
    if (this.#abortReason !== null) listener(this.#abortReason.reason);
    else this.#abortListeners?.push(listener);
  }

  /** Like `onAbort`, after all others: an app hears of it before its answer is cut, which would end the app's work. */
  onAbortLast(listener: (reason: unknown) => void): void {
    this.#listen();
    if (this.#abortReason !== null) listener(this.#abortReason.reason);
    else this.#lastAbortListener = listener;
  }

  /** The body broke a limit: the app is told that it is over, and the client gets the reason if it has had nothing yet. */
  giveUp(error: BodyError): void {
    this.#abort(error);
    this.onGiveUp?.(error.fault);
  }

  /** The client has left in the middle of the answer, or takes nothing of it: the app is told. */
  depart(reason: unknown): void {
    this.#abort(reason);
  }

  #listen(): void {
    if (this.#abortListeners !== null) return;
    this.#abortListeners = [];
    const signal = this.request.signal;
    if (signal.aborted) this.#abort(signal.reason);
    else signal.addEventListener("abort", () => this.#abort(signal.reason), { once: true });
  }

  /** Without effect once the answer is complete. */
  #abort(reason: unknown): void {
    if (this.#abortReason !== null || this.isEnded) return;
    this.#abortReason = { reason };
    for (const listener of this.#abortListeners?.splice(0) ?? []) listener(reason);
    this.#lastAbortListener?.(reason);
  }

  /** Names in the block are lower case, as the head reader leaves them. */
  #field(name: string): string {
    const block = `\n${this.headers}`;
    const at = block.indexOf(`\n${name}\n`);
    if (at < 0) return "";
    const start = at + name.length + 2;
    return block.slice(start, block.indexOf("\n", start));
  }
}
