/** Response (https://fetch.spec.whatwg.org/#response-class). */
import {
  jsonStringify,
  numberIsInteger,
  regExpTest,
  SafeRangeError,
  SafeTypeError,
} from "../../infra/guest/primordials.ts";
import { defineInterface, requireArguments } from "../../infra/guest/webidl.ts";
import { isObject, toByteString, toDictionary, toUnsignedShort, toUSVString } from "../../infra/guest/webidl-convert.ts";
import type { ByteStream } from "../../streams/guest/door.ts";
import { parseUrl } from "../../url/guest/parse.ts";
import { type Body, bodyOfText, cloneBody, extractBody, isBodyLocked, isBodyUsed, readArrayBuffer, readBlob, readBytes, readFormData, readJson, readText, streamOf } from "./body.ts";
import { blockOf, cloneHeaders, defaultHeader, type Headers, headerOf, headersFrom, headersOfBlock } from "./headers.ts";

export type ResponseType = "default" | "error" | "basic" | "opaqueredirect";

export interface ResponseState {
  type: ResponseType;
  url: string;
  redirected: boolean;
  status: number;
  statusText: string;
  headers: Headers | null;
  /** The headers until somebody asks for the object. */
  block: string;
  body: Body | null;
}

let stateOf!: (response: object) => ResponseState;
let hasState!: (value: object) => boolean;
let made: ResponseState | null = null;

const TEXT_BLOCK = "content-type\ntext/plain;charset=UTF-8\n";
const REASON = /^[\t\x20-\x7e\x80-\xff]*$/;
const isNullBodyStatus = (status: number) => status === 204 || status === 205 || status === 304 || status === 101 || status === 103;

/** What a state does not say itself: see `request.ts`. */
const INITIAL: ResponseState = { __proto__: null, type: "default", url: "", redirected: false, status: 200, statusText: "", headers: null, block: "", body: null } as ResponseState;

const newState = (): ResponseState => ({ __proto__: INITIAL }) as unknown as ResponseState;

export class Response {
  #state: ResponseState;

  constructor(body?: unknown, init?: unknown) {
    if (made !== null) {
      this.#state = made;
      made = null;
      return;
    }
    // The commonest responses by far, without a look at what they do not have.
    this.#state = typeof body === "string" && init === undefined ? ({ __proto__: INITIAL, block: TEXT_BLOCK, body: bodyOfText(body) } as unknown as ResponseState) : createState(body, init);
  }

  static error(): Response {
    const state = newState();
    state.status = 0;
    state.type = "error";
    state.headers = headersOfBlock("", "immutable");
    return responseOf(state);
  }
  static redirect(url: unknown, status?: unknown): Response {
    requireArguments(arguments.length, 1, "Response.redirect");
    const href = parseUrl(toUSVString(url), undefined);
    if (href === null) throw new SafeTypeError("Response.redirect: invalid URL");
    const code = status === undefined ? 302 : toUnsignedShort(status, "Response.redirect");
    if (code !== 301 && code !== 302 && code !== 303 && code !== 307 && code !== 308) throw new SafeRangeError("Response.redirect: " + code + " is no redirect status");
    const state = newState();
    state.status = code;
    state.headers = headersOfBlock("location\n" + href + "\n", "immutable");
    return responseOf(state);
  }
  static json(data: unknown, init?: unknown): Response {
    requireArguments(arguments.length, 1, "Response.json");
    const text = jsonStringify(data) as string | undefined;
    if (text === undefined) throw new SafeTypeError("Response.json: the value has no JSON form");
    const state = newState();
    initialize(state, init, bodyOfText(text), "application/json");
    return responseOf(state);
  }

  get type(): ResponseType {
    return this.#state.type;
  }
  get url(): string {
    return this.#state.url;
  }
  get redirected(): boolean {
    return this.#state.redirected;
  }
  get status(): number {
    return this.#state.status;
  }
  get ok(): boolean {
    const { status } = this.#state;
    return status >= 200 && status <= 299;
  }
  get statusText(): string {
    return this.#state.statusText;
  }
  get headers(): Headers {
    return headersOf(this.#state);
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
    return readBlob(this.#state.body, headerOf(headersOf(this.#state), "content-type"));
  }
  bytes(): Promise<Uint8Array> {
    return readBytes(this.#state.body);
  }
  formData(): Promise<unknown> {
    return readFormData(this.#state.body, headerOf(headersOf(this.#state), "content-type"));
  }
  json(): Promise<unknown> {
    return readJson(this.#state.body);
  }
  text(): Promise<string> {
    return readText(this.#state.body);
  }
  clone(): Response {
    const state = this.#state;
    if (isBodyUsed(state.body) || isBodyLocked(state.body)) throw new SafeTypeError("Response.clone: the body has been read already");
    return responseOf({ __proto__: INITIAL, ...state, headers: state.headers === null ? null : cloneHeaders(state.headers), body: state.body === null ? null : cloneBody(state.body) } as ResponseState);
  }

  static {
    stateOf = (response) => (response as Response).#state;
    hasState = (value) => #state in value;
  }
}
defineInterface(Response, "Response", { lengths: { redirect: 1, json: 1 }, promises: ["arrayBuffer", "blob", "bytes", "formData", "json", "text"], inspected: ["status", "statusText", "headers", "ok", "redirected", "type", "url", "bodyUsed"] });

const headersOf = (state: ResponseState): Headers => (state.headers ??= headersOfBlock(state.block, "response"));

function createState(body: unknown, init: unknown): ResponseState {
  const state = newState();
  if (body === undefined || body === null) {
    initialize(state, init, null, null);
    return state;
  }
  const extracted = extractBody(body);
  initialize(state, init, extracted.body, extracted.type);
  return state;
}

/** https://fetch.spec.whatwg.org/#initialize-a-response */
function initialize(state: ResponseState, init: unknown, body: Body | null, type: string | null): void {
  const dictionary = toDictionary(init, "Response init");
  const headers = dictionary?.["headers"];
  const status = dictionary?.["status"];
  const statusText = dictionary?.["statusText"];
  if (status !== undefined) {
    state.status = toUnsignedShort(status, "Response status");
    if (!numberIsInteger(state.status) || state.status < 200 || state.status > 599) throw new SafeRangeError("Response: the status must be 200 to 599, not " + state.status);
  }
  if (statusText !== undefined) {
    state.statusText = toByteString(statusText, "Response statusText");
    if (!regExpTest(REASON, state.statusText)) throw new SafeTypeError("Response: the statusText has a line break or a control character");
  }
  if (body !== null && isNullBodyStatus(state.status)) throw new SafeTypeError("Response: a response with status " + state.status + " cannot have a body");
  state.body = body;
  if (headers === undefined) state.block = type === null ? "" : "content-type\n" + type + "\n";
  else {
    state.headers = headersFrom(headers, "response");
    if (type !== null) defaultHeader(state.headers, "content-type", type);
  }
}

export const isResponse = (value: unknown): value is Response => isObject(value) && hasState(value);
export const responseState = (response: Response): Readonly<ResponseState> => stateOf(response);
export const responseBlock = (state: Readonly<ResponseState>): string => (state.headers === null ? state.block : blockOf(state.headers));

export function responseOf(state: ResponseState): Response {
  made = state;
  return new Response();
}
