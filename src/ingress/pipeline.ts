/**
 * The steps of a request, in order: method, URL, header fields, peer, host, app, body, dispatch, answer. Everything that the server in front
 * leaves unchecked is checked here, before an app can see it. Knows no server: `listener` and `fetch-handler` bring it requests.
 */
import type { FailureDetail } from "../apps/dispatch.ts";
import type { DeadlineSweeper } from "../base/deadline.ts";
import { isByteSource, type ResponseWire } from "../base/wire.ts";
import { type ErrorCode, httpErrors } from "../errors.ts";
import type { Outcome } from "../base/outcome.ts";
import { limitValue } from "../limits.ts";
import type { Observer } from "../observe/observer.ts";
import { parseTraceparent, type Tracer } from "../observe/tracer.ts";
import { bodyReader, BodySource } from "./body-source.ts";
import { Exchange, type IngressRequest, type Transport } from "./exchange.ts";
import { healthAnswer } from "./health.ts";
import { lastOf, type TrustedProxies } from "./forwarded.ts";
import { parseHostName } from "../base/host-name.ts";
import { type HeadLimits, HeadReader, type RequestHead } from "./request-head.ts";
import type { DevFront } from "./dev/dev-front.ts";
import { type RespondLimits, Responder } from "./respond.ts";
import type { Router } from "./router.ts";

export type DispatchResult = { readonly cpuMs?: number; readonly memoryBytes?: number } & (
  | { readonly outcome: "ok"; readonly response: ResponseWire }
  | { readonly outcome: Exclude<Outcome, "ok">; readonly code: ErrorCode; readonly retryAfterS?: number; readonly detail?: FailureDetail }
);

/** What stands below: runs the app. May answer at once, which spares a promise; never throws or rejects for anything an app does. */
export interface Dispatcher<App> {
  dispatch(app: App, request: IngressRequest): DispatchResult | Promise<DispatchResult>;
}

export interface RoutedApp {
  readonly name: string;
  readonly maxBodyBytes: number;
  /** Text for logs, without the app's secrets. */
  readonly redact?: (text: string) => string;
}

export interface IngressLimits extends HeadLimits, RespondLimits {
  readonly urlBytes: number;
  readonly bodyIdleMs: number;
  readonly bodyMinBytesPerSecond: number;
}

export interface PipelineOptions<App extends RoutedApp> {
  readonly router: Router<App>;
  readonly dispatcher: Dispatcher<App>;
  readonly observer: Pick<Observer, "request" | "fault">;
  readonly trustedProxies: TrustedProxies;
  readonly limits: IngressLimits;
  readonly sweeper: DeadlineSweeper;
  /** Health checks are answered on every host; else on those that no app serves. */
  readonly hasReservedPaths?: boolean;
  /** In `nano dev`: answers for hosts that no app serves. */
  readonly directory?: (request: Request) => ResponseWire;
  /** Of `nano dev`. */
  readonly front?: DevFront | undefined;
  /** Null when nobody collects traces. */
  readonly tracer: Pick<Tracer, "begin"> | null;
}

/** A host and the app that serves it, remembered under the header value that named it. */
interface Site<App> {
  readonly app: App;
  readonly host: string;
  /** What the app's URLs start with, by scheme. */
  readonly http: string;
  readonly https: string;
}

const maxRememberedSites = 10_000;
/** What an app may be sent. The rest is unknown to HTTP, or to us. */
const methods: ReadonlySet<string> = new Set(
  "GET HEAD POST PUT PATCH DELETE OPTIONS PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK ACL SEARCH REPORT MKCALENDAR MKACTIVITY CHECKOUT MERGE QUERY PURGE LINK UNLINK".split(" "),
);
/** Methods that would turn a server into something else: a tunnel, an echo of a client's secrets. */
const refusedMethods: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);
const MAX_HOPS = limitValue("self_call_depth");
const requestIdForm = /^[\w.:=+/-]{8,128}$/;

export class Pipeline<App extends RoutedApp> {
  readonly #dispatcher: Dispatcher<App>;
  readonly #observer: Pick<Observer, "request" | "fault">;
  readonly #trustedProxies: TrustedProxies;
  readonly #limits: IngressLimits;
  readonly #sweeper: DeadlineSweeper;
  readonly #heads: HeadReader;
  readonly #responder: Responder;
  readonly #tracer: Pick<Tracer, "begin"> | null;
  #router: Router<App>;
  #sites = new Map<string, Site<App>>();
  readonly #hasReservedPaths: boolean;
  readonly #directory: PipelineOptions<App>["directory"];
  readonly #front: DevFront | null;
  #inFlight = 0;
  #isReady = true;

  constructor(options: PipelineOptions<App>) {
    this.#dispatcher = options.dispatcher;
    this.#observer = options.observer;
    this.#trustedProxies = options.trustedProxies;
    this.#limits = options.limits;
    this.#sweeper = options.sweeper;
    this.#tracer = options.tracer;
    this.#router = options.router;
    this.#hasReservedPaths = options.hasReservedPaths ?? false;
    this.#directory = options.directory;
    this.#front = options.front ?? null;
    if (this.#front !== null) this.#front.isNamed = (host) => this.#router.names(host);
    this.#heads = new HeadReader(options.limits);
    this.#responder = new Responder(options.limits, options.sweeper, (exchange, outcome) => this.#end(exchange, outcome), this.#front);
  }

  /** Requests whose answer has not left completely. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** From the next request on, hosts are looked up in `router`. */
  swapRouter(router: Router<App>): void {
    this.#router = router;
    this.#sites = new Map();
  }

  /** From now on health checks say that nothing more is to be sent here. All else goes on. */
  leave(): void {
    this.#isReady = false;
    this.#front?.close();
  }

  /** From now on every response ends its connection. */
  drain(): void {
    this.#responder.isDraining = true;
  }

  handle(request: Request, transport: Transport): Response | Promise<Response> {
    const own = this.#front?.take(request, () => this.#router.find(parseHostName(request.headers.get("host") ?? "")?.host ?? "")?.name ?? "");
    if (own != null) {
      transport.hold(request);
      return own;
    }
    this.#inFlight++;
    const exchange = new Exchange(request, transport, this.#sweeper.now());
    try {
      const app = this.#admit(exchange);
      if (typeof app === "string") return this.#healthOf(exchange, app) ?? this.#directoryOf(exchange, app) ?? this.#refuse(exchange, app);
      if (this.#hasReservedPaths) {
        const health = this.#healthOf(exchange, null);
        if (health !== null) return health;
      }
      const result = this.#dispatcher.dispatch(app, exchange);
      return result instanceof Promise ? this.#answerLater(exchange, result) : this.#answer(exchange, result);
    } catch (error) {
      return this.#fault(exchange, error);
    }
  }

  /** Fills `exchange` with what the app may see and finds the app, or says why not. */
  #admit(exchange: Exchange): App | ErrorCode {
    const { request, method, transport } = exchange;
    const { url } = request;
    const hasTrustedPeer = !this.#trustedProxies.isEmpty && this.#trustedProxies.includes(transport.peerAddress(request));
    const head = this.#heads.read(request.headers, hasTrustedPeer);
    exchange.requestId = head === null ? crypto.randomUUID() : requestIdOf(head, hasTrustedPeer);
    this.#tracer?.begin(exchange.requestId, head?.traceparent ?? null);
    if (!methods.has(method)) return refusedMethods.has(method) ? "method_not_allowed" : "not_implemented";

    const targetStart = startOfTarget(url);
    exchange.setUrl(url, Math.max(0, targetStart));
    if (url.length - targetStart > this.#limits.urlBytes) return "uri_too_long";
    if (head === null) return "headers_too_large";
    exchange.headers = head.block;
    exchange.hops = head.hops;
    if (head.hops > MAX_HOPS) return "loop_detected";
    if (head.forwardedFor !== null) exchange.forwardedAddress = this.#trustedProxies.clientOf(transport.peerAddress(request), head.forwardedFor);

    const hostHeader = head.host ?? (transport.urlHasAuthority ? authorityOf(url, targetStart) : "");
    const site = this.#siteOf(head.forwardedHost === null ? hostHeader : lastOf(head.forwardedHost), exchange);
    if (typeof site === "string") return site;
    // A server leaves the URL relative when it cannot make one of this host, and may take the URL of an absolute target over the Host field.
    if (targetStart < 0 || (transport.urlHasAuthority && !isSameAuthority(authorityOf(url, targetStart), hostHeader))) return "bad_host";
    // No client sends fragments. U+FFFD is what a server makes of raw bytes that are not UTF-8.
    if (url.includes("#") || url.includes("%EF%BF%BD")) return "bad_request";
    const isSecure = head.forwardedProto === null ? url.startsWith("https:") : lastOf(head.forwardedProto).toLowerCase() === "https";
    const origin = isSecure ? site.https : site.http;
    if (targetStart !== origin.length || !url.startsWith(origin)) exchange.setUrl(origin + url.slice(targetStart), origin.length);
    exchange.app = site.app.name;
    if (site.app.redact !== undefined) exchange.redact = site.app.redact;
    return this.#openBody(exchange, head, site.app) ?? site.app;
  }

  #siteOf(hostHeader: string, exchange: Exchange): Site<App> | ErrorCode {
    let site = this.#sites.get(hostHeader);
    if (site === undefined) {
      const name = parseHostName(hostHeader);
      if (name === null) return "bad_host";
      const { host, port } = name;
      exchange.host = host;
      const app = this.#router.find(host);
      if (app === null) return "unknown_host";
      site = { app, host, http: origin("http", host, port, 80), https: origin("https", host, port, 443) };
      if (this.#sites.size >= maxRememberedSites) this.#sites.clear();
      this.#sites.set(hostHeader, site);
    }
    exchange.host = site.host;
    return site;
  }

  #openBody(exchange: Exchange, head: RequestHead, app: App): ErrorCode | null {
    const { contentLength } = head;
    if (contentLength !== null) {
      if (Number.isNaN(contentLength)) return "bad_request";
      if (contentLength > app.maxBodyBytes) return "payload_too_large";
    }
    if (exchange.method === "GET" || exchange.method === "HEAD" || contentLength === 0) return null;
    const { bodyIdleMs, bodyMinBytesPerSecond } = this.#limits;
    const limits = { maxBytes: app.maxBodyBytes, idleMs: bodyIdleMs, minBytesPerSecond: bodyMinBytesPerSecond };
    const reader = bodyReader(exchange.request, contentLength, limits);
    if (reader !== null) exchange.body = new BodySource(reader, limits, this.#sweeper, (error) => exchange.giveUp(error));
    return null;
  }

  /** Never throws: whatever a response is made of, somebody is owed an answer. */
  #answer(exchange: Exchange, result: DispatchResult): Response {
    try {
      return this.#answerWith(exchange, result);
    } catch (error) {
      return this.#fault(exchange, error);
    }
  }

  #answerWith(exchange: Exchange, result: DispatchResult): Response {
    if (result.cpuMs !== undefined) exchange.cpuMs = result.cpuMs;
    if (result.memoryBytes !== undefined) exchange.memoryBytes = result.memoryBytes;
    exchange.answerMs = this.#sweeper.now() - exchange.startedMs;
    if (result.outcome === "ok") return this.#responder.respond(exchange, result.response);
    return this.#responder.fail(exchange, result.code, result.outcome, result.retryAfterS, result.detail);
  }

  /** Whichever comes first: the app's answer, or our refusal of a body that is too long or too slow. */
  #answerLater(exchange: Exchange, result: Promise<DispatchResult>): Promise<Response> {
    this.#sweeper.watch(exchange);
    return new Promise((resolve) => {
      const settle = (response: Response): void => {
        exchange.onGiveUp = null;
        this.#sweeper.unwatch(exchange);
        resolve(response);
      };
      exchange.onGiveUp = (fault) => settle(this.#refuse(exchange, fault));
      result.then(
        (value) => settle(exchange.isEnded || exchange.request.signal.aborted ? this.#discard(exchange, value) : this.#answer(exchange, value)),
        (error) => settle(this.#fault(exchange, error)),
      );
    });
  }

  /** Nobody waits for this answer any more. */
  #discard(exchange: Exchange, result: DispatchResult): Response {
    if (result.outcome === "ok" && isByteSource(result.response.body)) result.response.body.cancel(new Error("the client has gone"));
    if (!exchange.isEnded) {
      exchange.cpuMs = result.cpuMs ?? 0;
      exchange.status = httpErrors.client_gone.status;
      this.#end(exchange, "canceled");
    }
    return new Response(null);
  }

  /** `refusal`: why no app gets the request. */
  #healthOf(exchange: Exchange, refusal: ErrorCode | null): Response | null {
    if (refusal !== null && refusal !== "unknown_host") return null;
    const answer = healthAnswer(exchange.method, exchange.target, this.#isReady);
    if (answer === null) return null;
    exchange.app = "";
    return this.#responder.respond(exchange, answer);
  }

  #directoryOf(exchange: Exchange, refusal: ErrorCode): Response | null {
    if (this.#directory === undefined || refusal !== "unknown_host") return null;
    const response = this.#responder.respond(exchange, this.#directory(exchange.request));
    response.headers.set("x-nano-error", refusal);
    return response;
  }

  #refuse(exchange: Exchange, code: ErrorCode): Response {
    return this.#responder.fail(exchange, code, code);
  }

  #fault(exchange: Exchange, error: unknown): Response {
    this.#observer.fault(exchange.requestId, error);
    return this.#responder.fail(exchange, "internal_error", "internalError");
  }

  #end(exchange: Exchange, outcome: string): void {
    if (exchange.isEnded) return;
    exchange.outcome = outcome;
    exchange.latencyMs = this.#sweeper.now() - exchange.startedMs;
    exchange.isEnded = true;
    exchange.release();
    this.#inFlight--;
    this.#observer.request(exchange);
  }
}

/** The id that a trusted proxy gave it, or that of the trace it belongs to, or one of its own. */
function requestIdOf({ requestId, traceparent }: RequestHead, hasTrustedPeer: boolean): string {
  if (requestId !== null && requestIdForm.test(requestId)) return requestId;
  return (hasTrustedPeer && traceparent !== null ? parseTraceparent(traceparent)?.traceId : undefined) ?? crypto.randomUUID();
}

/** Negative when the URL is not absolute. */
function startOfTarget(url: string): number {
  if (url.startsWith("http://")) return url.indexOf("/", 7);
  return url.startsWith("https://") ? url.indexOf("/", 8) : -1;
}

function authorityOf(url: string, targetStart: number): string {
  return targetStart < 0 ? "" : url.slice(url.indexOf("//") + 2, targetStart);
}

function isSameAuthority(a: string, b: string): boolean {
  return a === b || canonicalAuthority(a) === canonicalAuthority(b);
}

function canonicalAuthority(authority: string): string {
  const name = parseHostName(authority);
  return name === null ? authority : `${name.host}:${name.port ?? 80}`;
}

function origin(scheme: string, host: string, port: number | null, defaultPort: number): string {
  return port === null || port === defaultPort ? `${scheme}://${host}` : `${scheme}://${host}:${port}`;
}
