/** A subrequest as the host sends it: built anew from the few things a guest may decide. Nothing a guest says reaches the wire unread. */
import { type ByteSource, eachHeader, isByteSource } from "../../../../base/wire.ts";
import { GuestError } from "../../../../isolate/guest-error.ts";
import { isFieldValue, isHopByHop, isToken } from "./field.ts";
import { networkError } from "./network-error.ts";
import type { Fields } from "./response-parser.ts";

/** `same-origin`: follow, but not to another origin. */
export type RedirectMode = "follow" | "error" | "manual" | "same-origin";

export interface OutgoingRequest {
  readonly method: string;
  /** http or https, without userinfo and fragment. */
  readonly url: URL;
  readonly redirect: RedirectMode;
  /** What the guest may set, in its order. */
  readonly fields: Fields;
  readonly body: Uint8Array | ByteSource | null;
}

/** Says how often this chain of requests has come back to nano. */
export const HOPS_FIELD = "x-nano-hops";

const NORMALIZED = /^(?:delete|get|head|options|post|put)$/i;
const FORBIDDEN = /^(?:connect|trace|track)$/i;
const REDIRECT_MODES: readonly string[] = ["follow", "error", "manual", "same-origin"] satisfies RedirectMode[];
/** Fields that are the host's to write. */
const HOST_FIELDS: ReadonlySet<string> = new Set(["host", "content-length", "expect", HOPS_FIELD]);
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);
const HOSTNAME = /^(?:[\w.-]+|\[[\da-f:.]+\])$/;
const TARGET = /^\/[\x21-\x7e]*$/;

/** `packed` is `METHOD LF URL LF redirectMode LF headerBlock`. Throws a guest TypeError when there is anything in it that may not be sent. */
export function parseRequest(packed: string, body: string | Uint8Array | ByteSource | null): OutgoingRequest {
  const [methodEnd, urlEnd, redirectEnd] = lineEnds(packed);
  const method = parseMethod(packed.slice(0, methodEnd));
  const redirect = packed.slice(urlEnd + 1, redirectEnd);
  if (!REDIRECT_MODES.includes(redirect)) throw new GuestError("TypeError", "fetch: unknown redirect mode");
  if (body !== null && (method === "GET" || method === "HEAD")) throw new GuestError("TypeError", `fetch: a ${method} request has no body`);
  return {
    method,
    url: parseUrl(packed.slice(methodEnd + 1, urlEnd)),
    redirect: redirect as RedirectMode,
    fields: parseFields(packed.slice(redirectEnd + 1)),
    body: typeof body === "string" ? new TextEncoder().encode(body) : body,
  };
}

/** Throws a guest TypeError for what no subrequest may go to, whatever it resolves to. `base`: what a `location` is relative to. */
export function parseUrl(text: string, base?: URL): URL {
  const url = URL.parse(text, base?.href);
  if (url === null) throw new GuestError("TypeError", "fetch: the URL is invalid");
  if (url.protocol !== "http:" && url.protocol !== "https:") throw new GuestError("TypeError", `fetch: only http: and https: URLs can be fetched, not ${url.protocol}`);
  if (url.username !== "" || url.password !== "") throw new GuestError("TypeError", "fetch: the URL carries a user name or password");
  url.hash = "";
  // A standard URL is always of this form; checked because another parser's leniency would end up in the resolver or on the wire.
  if (!HOSTNAME.test(url.hostname) || !TARGET.test(url.pathname + url.search)) throw new GuestError("TypeError", "fetch: the URL is invalid");
  return url;
}

export function portOf(url: URL): number {
  return url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
}

/** The head on the wire. `hops` goes into `x-nano-hops`; `isLast` tells the upstream that the connection ends with this request. */
export function serializeHead({ method, url, fields, body }: OutgoingRequest, hops: number, isLast: boolean): Uint8Array {
  const isSet = new Set(fields.map(([name]) => name.toLowerCase()));
  const lines = [`${method} ${url.pathname}${url.search} HTTP/1.1`, `Host: ${url.host}`, ...fields.map(([name, value]) => `${name}: ${value}`)];
  if (!isSet.has("accept")) lines.push("Accept: */*");
  if (!isSet.has("accept-language")) lines.push("Accept-Language: *");
  if (!isSet.has("user-agent")) lines.push("User-Agent: nano");
  // A range of compressed bytes cannot be inflated (https://fetch.spec.whatwg.org/#http-network-or-cache-fetch).
  if (!isSet.has("accept-encoding")) lines.push(`Accept-Encoding: ${isSet.has("range") ? "identity" : "gzip, br"}`);
  if (body instanceof Uint8Array) lines.push(`Content-Length: ${body.byteLength}`);
  else if (body !== null) lines.push("Transfer-Encoding: chunked");
  else if (method === "POST" || method === "PUT") lines.push("Content-Length: 0");
  lines.push(`${HOPS_FIELD}: ${hops}`, ...(isLast ? ["Connection: close"] : []), "", "");
  return Buffer.from(lines.join("\r\n"), "latin1");
}

/** May it be sent again when nobody knows whether it arrived? (https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2) */
export function isRepeatable({ method, body }: OutgoingRequest): boolean {
  return IDEMPOTENT.has(method) && (body === null || body instanceof Uint8Array);
}

export function streamOf(request: OutgoingRequest): ByteSource | null {
  return request.body !== null && isByteSource(request.body) ? request.body : null;
}

function lineEnds(packed: string): [number, number, number] {
  const method = packed.indexOf("\n");
  const url = packed.indexOf("\n", method + 1);
  const redirect = packed.indexOf("\n", url + 1);
  if (method < 0 || url < 0 || redirect < 0) throw new GuestError("TypeError", "fetch: malformed request");
  return [method, url, redirect];
}

/** https://fetch.spec.whatwg.org/#concept-method-normalize, and the methods a fetch may not have. */
function parseMethod(text: string): string {
  if (!isToken(text) || FORBIDDEN.test(text)) throw new GuestError("TypeError", "fetch: this method is not allowed");
  return NORMALIZED.test(text) ? text.toUpperCase() : text;
}

/** Equal names become one field, because a sender may repeat none (https://www.rfc-editor.org/rfc/rfc9110#section-5.3); the first one's spelling stays. */
function parseFields(block: string): Fields {
  const fields = new Map<string, [name: string, value: string]>();
  let length = 0;
  eachHeader(block, (name, value) => {
    length += name.length + value.length + 2;
    if (!isToken(name) || !isFieldValue(value)) throw new GuestError("TypeError", "fetch: malformed header field");
    const lowerName = name.toLowerCase();
    if (HOST_FIELDS.has(lowerName) || isHopByHop(lowerName)) return;
    const first = fields.get(lowerName);
    if (first === undefined) fields.set(lowerName, [name, value]);
    else first[1] += (lowerName === "cookie" ? "; " : ", ") + value;
  });
  if (length !== block.length) throw networkError("malformed header fields");
  return [...fields.values()];
}
