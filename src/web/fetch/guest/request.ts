/** Request (https://fetch.spec.whatwg.org/#request-class). One that came in is a view of its wire form: URL, headers, body and signal are made when the app asks. */
import { type AbortSignal, createAbortSignal, createDependentSignal, isAbortSignal, signalAbort } from "../../abort/guest.ts";
import type { Blob } from "../../blob/guest/door.ts";
import { blobOfUrl } from "../../blob/guest/object-url.ts";
import { arrayIncludes, regExpTest, SafeTypeError, stringIndexOf, stringSlice, stringStartsWith, stringToUpperCase } from "../../infra/guest/primordials.ts";
import { DOMException } from "../../infra/guest/dom-exception.ts";
import { defineInterface } from "../../infra/guest/webidl.ts";
import { isObject, toByteString, toDictionary, toDOMString, toEnum, toUSVString } from "../../infra/guest/webidl-convert.ts";
import type { ByteStream } from "../../streams/guest/door.ts";
import { parseUrl } from "../../url/guest/parse.ts";
import { type Body, bodyOfSource, cloneBody, extractBody, isBodyLocked, isBodyUsed, proxyBody, readArrayBuffer, readBlob, readBytes, readFormData, readJson, readText, streamOf } from "./body.ts";
import { cloneHeaders, defaultHeader, type Headers, headerOf, headersFrom, headersOfRequest } from "./headers.ts";

export type RedirectMode = "follow" | "error" | "manual";

/** What hardly any request sets. */
interface RequestOptions {
  redirect: RedirectMode;
  mode: string;
  credentials: string;
  cache: string;
  referrer: string;
  referrerPolicy: string;
  integrity: string;
  keepalive: boolean;
  cf: unknown;
  /** What a blob: URL named when the request was made. */
  blob: Blob | null;
}

interface RequestState {
  /** The wire form, `METHOD LF URL LF headerBlock`, until somebody looks; then null, and the next three have it. */
  packed: string | null;
  method: string;
  url: string;
  block: string;
  /** Null until asked for. */
  headers: Headers | null;
  body: Body | null;
  signal: AbortSignal | null;
  options: Readonly<RequestOptions>;
}

let stateOf!: (request: object) => RequestState;
let hasState!: (value: object) => boolean;
let made: RequestState | null = null;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const CREDENTIALS_IN_URL = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*@/;
const NORMALIZED = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"] as const;
const FORBIDDEN = ["CONNECT", "TRACE", "TRACK"] as const;
const REDIRECTS = ["follow", "error", "manual"] as const;
const MODES = ["navigate", "same-origin", "no-cors", "cors"] as const;
const CREDENTIALS = ["omit", "same-origin", "include"] as const;
const CACHES = ["default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached"] as const;
const DUPLEX = ["half"] as const;
const PRIORITIES = ["high", "low", "auto"] as const;
const SIMPLE_METHODS = ["GET", "HEAD", "POST"] as const;
const POLICIES = ["", "no-referrer", "no-referrer-when-downgrade", "same-origin", "origin", "strict-origin", "origin-when-cross-origin", "strict-origin-when-cross-origin", "unsafe-url"] as const;

const DEFAULTS: Readonly<RequestOptions> = {
  redirect: "follow",
  mode: "cors",
  credentials: "same-origin",
  cache: "default",
  referrer: "about:client",
  referrerPolicy: "",
  integrity: "",
  keepalive: false,
  cf: undefined,
  blob: null,
};

/** What a state does not say itself. The engine makes an object of two members in a quarter of the time that one of eight takes. */
const INITIAL: RequestState = { __proto__: null, packed: null, method: "", url: "", block: "", headers: null, body: null, signal: null, options: DEFAULTS } as RequestState;

const newState = (method: string, url: string): RequestState => ({ __proto__: INITIAL, method, url }) as unknown as RequestState;

/** Takes the wire form apart, once. */
function opened(state: RequestState): RequestState {
  const { packed } = state;
  if (packed === null) return state;
  state.packed = null;
  const methodEnd = stringIndexOf(packed, "\n");
  const urlEnd = stringIndexOf(packed, "\n", methodEnd + 1);
  state.method = stringSlice(packed, 0, methodEnd);
  state.url = stringSlice(packed, methodEnd + 1, urlEnd);
  state.block = stringSlice(packed, urlEnd + 1);
  return state;
}

export class Request {
  #state: RequestState;

  constructor(input: unknown, init?: unknown) {
    if (made !== null) {
      this.#state = made;
      made = null;
      return;
    }
    // No look at the number of arguments, which would make an object of them for every request that comes in: undefined is no URL either.
    this.#state = createState(input, toDictionary(init, "Request init"));
  }

  get method(): string {
    return opened(this.#state).method;
  }
  get url(): string {
    return opened(this.#state).url;
  }
  get headers(): Headers {
    return headersOf(this.#state);
  }
  get destination(): string {
    this.#state;
    return "";
  }
  get referrer(): string {
    return this.#state.options.referrer;
  }
  get referrerPolicy(): string {
    return this.#state.options.referrerPolicy;
  }
  get mode(): string {
    return this.#state.options.mode;
  }
  get credentials(): string {
    return this.#state.options.credentials;
  }
  get cache(): string {
    return this.#state.options.cache;
  }
  get redirect(): RedirectMode {
    return this.#state.options.redirect;
  }
  get integrity(): string {
    return this.#state.options.integrity;
  }
  get keepalive(): boolean {
    return this.#state.options.keepalive;
  }
  get isReloadNavigation(): boolean {
    this.#state;
    return false;
  }
  get isHistoryNavigation(): boolean {
    this.#state;
    return false;
  }
  get signal(): AbortSignal {
    return signalOf(this.#state);
  }
  get duplex(): "half" {
    this.#state;
    return "half";
  }
  get cf(): unknown {
    return this.#state.options.cf;
  }
  get body(): ByteStream | null {
    const { body } = this.#state;
    return body === null ? null : streamOf(body);
  }
  get bodyUsed(): boolean {
    return isBodyUsed(this.#state.body);
  }
  arrayBuffer(): Promise<ArrayBuffer> {
    return readArrayBuffer(this.#state.body);
  }
  blob(): Promise<unknown> {
    return readBlob(this.#state.body, contentType(this.#state));
  }
  bytes(): Promise<Uint8Array> {
    return readBytes(this.#state.body);
  }
  formData(): Promise<unknown> {
    return readFormData(this.#state.body, contentType(this.#state));
  }
  json(): Promise<unknown> {
    return readJson(this.#state.body);
  }
  text(): Promise<string> {
    return readText(this.#state.body);
  }
  clone(): Request {
    const state = opened(this.#state);
    if (isBodyUsed(state.body) || isBodyLocked(state.body)) throw new SafeTypeError("Request.clone: the body has been read already");
    const copy = newState(state.method, state.url);
    copy.options = state.options;
    copy.headers = state.headers === null ? null : cloneHeaders(state.headers);
    copy.block = state.block;
    copy.body = state.body === null ? null : cloneBody(state.body);
    copy.signal = createDependentSignal([signalOf(state)]);
    made = copy;
    return new Request(undefined);
  }

  static {
    stateOf = (request) => (request as Request).#state;
    hasState = (value) => #state in value;
  }
}
defineInterface(Request, "Request", { length: 1, promises: ["arrayBuffer", "blob", "bytes", "formData", "json", "text"], inspected: ["method", "url", "headers", "redirect", "bodyUsed"] });

const signalOf = (state: RequestState): AbortSignal => (state.signal ??= createAbortSignal());
const headersOf = (state: RequestState): Headers => (state.headers ??= headersOfRequest(opened(state).block));
const contentType = (state: RequestState): string | null => headerOf(headersOf(state), "content-type");

/** https://fetch.spec.whatwg.org/#dom-request */
function createState(input: unknown, init: Readonly<Record<string, unknown>> | undefined): RequestState {
  const source = isRequest(input) ? opened(stateOf(input)) : null;
  const state = newState("GET", source === null ? toUrl(input) : source.url);
  if (source !== null) {
    state.method = source.method;
    state.options = source.options;
  } else if (stringStartsWith(state.url, "blob:")) state.options = { ...DEFAULTS, blob: blobOfUrl(state.url) };
  if (init !== undefined) readInit(state, init);
  const headers = init?.["headers"];
  const guard = state.options.mode === "no-cors" ? "no-cors" : "request";
  // Only what an init gives is looked at anew.
  if (headers === undefined && source !== null && init === undefined) state.headers = cloneHeaders(headersOf(source), guard);
  else state.headers = headersFrom(headers !== undefined ? headers : source === null ? undefined : headersOf(source), guard);
  const body = init?.["body"];
  const hasBody = body !== undefined && body !== null;
  if ((hasBody || (source !== null && source.body !== null)) && (state.method === "GET" || state.method === "HEAD")) throw new SafeTypeError("Request: a " + state.method + " request cannot have a body");
  if (hasBody) {
    const extracted = extractBody(body);
    if (extracted.body.stream !== null) {
      if (init?.["duplex"] === undefined) throw new SafeTypeError('Request: a stream as the body needs duplex: "half"');
      if (state.options.keepalive) throw new SafeTypeError("Request: keepalive is not possible with a stream as the body");
    }
    if (extracted.type !== null) defaultHeader(state.headers, "content-type", extracted.type);
    state.body = extracted.body;
  } else if (source !== null && source.body !== null) {
    if (isBodyUsed(source.body) || isBodyLocked(source.body)) throw new SafeTypeError("Request: the body of the other request has been read already");
    state.body = proxyBody(source.body);
  }
  const signal = init?.["signal"] === undefined ? (source?.signal ?? null) : init["signal"];
  if (signal !== null) {
    if (!isAbortSignal(signal)) throw new SafeTypeError("Request: the signal is not an AbortSignal");
    state.signal = createDependentSignal([signal]);
  }
  return state;
}

function toUrl(input: unknown): string {
  const text = toUSVString(input);
  const href = parseUrl(text, undefined);
  if (href === null) throw new SafeTypeError("Invalid URL: " + stringSlice(text, 0, 200));
  if (regExpTest(CREDENTIALS_IN_URL, href)) throw new SafeTypeError("the URL has a user name or password: use an Authorization header");
  return href;
}

function readInit(state: RequestState, init: Readonly<Record<string, unknown>>): void {
  const { cache, cf, credentials, duplex, integrity, keepalive, method, mode, priority, redirect, referrer, referrerPolicy, window } = init;
  if (window !== undefined && window !== null) throw new SafeTypeError("Request: window must be null");
  const options: RequestOptions = { ...state.options };
  if (cache !== undefined) options.cache = toEnum(cache, CACHES, "Request cache");
  if (credentials !== undefined) options.credentials = toEnum(credentials, CREDENTIALS, "Request credentials");
  if (duplex !== undefined) toEnum(duplex, DUPLEX, "Request duplex");
  if (integrity !== undefined) options.integrity = toDOMString(integrity, "Request integrity");
  if (keepalive !== undefined) options.keepalive = !!keepalive;
  if (method !== undefined) state.method = toMethod(method);
  if (mode !== undefined) {
    options.mode = toEnum(mode, MODES, "Request mode");
    if (options.mode === "navigate") throw new SafeTypeError("Request: the mode cannot be navigate");
  }
  if (priority !== undefined) toEnum(priority, PRIORITIES, "Request priority");
  if (redirect !== undefined) options.redirect = toEnum(redirect, REDIRECTS, "Request redirect");
  if (referrer !== undefined) options.referrer = toReferrer(toUSVString(referrer, "Request referrer"));
  if (referrerPolicy !== undefined) options.referrerPolicy = toEnum(referrerPolicy, POLICIES, "Request referrerPolicy");
  if (cf !== undefined) options.cf = cf;
  if (options.cache === "only-if-cached" && options.mode !== "same-origin") throw new SafeTypeError("Request: only-if-cached needs the mode same-origin");
  if (options.mode === "no-cors" && !arrayIncludes(SIMPLE_METHODS, state.method as never)) throw new SafeTypeError("Request: the mode no-cors allows GET, HEAD and POST only");
  state.options = options;
}

function toReferrer(text: string): string {
  if (text === "") return "";
  const href = parseUrl(text, undefined);
  if (href === null) throw new SafeTypeError("Request: the referrer is no URL");
  return href;
}

/** https://fetch.spec.whatwg.org/#concept-method-normalize */
function toMethod(value: unknown): string {
  const method = toByteString(value, "Request method");
  if (!regExpTest(TOKEN, method)) throw new SafeTypeError("invalid method: " + stringSlice(method, 0, 100));
  const upper = stringToUpperCase(method);
  if (arrayIncludes(FORBIDDEN, upper as never)) throw new SafeTypeError("the method " + upper + " is not allowed");
  return arrayIncludes(NORMALIZED, upper as never) ? upper : method;
}

export const isRequest = (value: unknown): value is Request => isObject(value) && hasState(value);
export const requestState = (request: Request): Readonly<RequestState> => opened(stateOf(request));
export const requestHeaders = (request: Request): Headers => headersOf(stateOf(request));

/** A request that came in: `packed` is `METHOD LF URL LF headerBlock`. */
export function requestOfWire(packed: string, bodyRid: number): Request {
  made = { __proto__: INITIAL, packed } as unknown as RequestState;
  if (bodyRid !== 0) made.body = bodyOfSource(bodyRid);
  return new Request(undefined);
}

/** Whether anybody has looked at the request's signal. */
export const isSignalAsked = (request: Request): boolean => stateOf(request).signal !== null;

/** The client went away. An app that looks at the signal for the first time afterwards finds it aborted. */
export const abortRequest = (request: Request, message: string): void => signalAbort(signalOf(stateOf(request)), new DOMException(message, "AbortError"));
