/** Redirects, by hand: whoever follows one checks the new address like the first (https://fetch.spec.whatwg.org/#http-redirect-fetch). */
import { networkError } from "./network-error.ts";
import { type OutgoingRequest, parseUrl, streamOf } from "./outgoing-request.ts";
import type { Fields, ResponseHead } from "./response-parser.ts";

const REDIRECT_STATUSES: readonly number[] = [301, 302, 303, 307, 308];
/** https://fetch.spec.whatwg.org/#request-body-header-name */
const BODY_FIELDS: readonly string[] = ["content-encoding", "content-language", "content-location", "content-type", "content-length"];
/** Meant for the origin they were set for. */
const CREDENTIAL_FIELDS: readonly string[] = ["authorization", "cookie"];

/** The request that `head` asks for in place of `request`; null when `head` is the answer. Throws a guest TypeError when it may not be followed. */
export function redirected(request: OutgoingRequest, { status, fields }: ResponseHead): OutgoingRequest | null {
  if (!REDIRECT_STATUSES.includes(status) || request.redirect === "manual") return null;
  if (request.redirect === "error") throw networkError('the upstream redirects, which redirect: "error" forbids');
  const locations = fields.filter(([name]) => name.toLowerCase() === "location");
  if (locations.length > 1) throw networkError("the upstream redirects to several places");
  const location = locations[0]?.[1];
  if (location === undefined) return null;
  const url = parseUrl(decoded(location), request.url);
  if (request.redirect === "same-origin" && url.origin !== request.url.origin) throw networkError('the upstream redirects to another origin, which mode: "same-origin" forbids');
  if (status !== 303 && streamOf(request) !== null) throw networkError("the upstream redirects a request whose body was a stream and cannot be sent again");
  const becomesGet = ((status === 301 || status === 302) && request.method === "POST") || (status === 303 && request.method !== "GET" && request.method !== "HEAD");
  const dropped = [...(becomesGet ? BODY_FIELDS : []), ...(url.origin === request.url.origin ? [] : CREDENTIAL_FIELDS)];
  return {
    ...request,
    ...(becomesGet ? { method: "GET", body: null } : {}),
    url,
    fields: request.fields.filter(([name]) => !dropped.includes(name.toLowerCase())).flatMap(([name, value]) => (name.toLowerCase() === "referer" ? refererFor(url, name, value) : [[name, value] as const])),
  };
}

/** What the default policy lets another origin know, whatever the first one was told (https://w3c.github.io/webappsec-referrer-policy/#referrer-policy-strict-origin-when-cross-origin). */
function refererFor(url: URL, name: string, value: string): Fields {
  const referrer = URL.parse(value);
  if (referrer === null || referrer.origin === url.origin) return [[name, value]];
  return referrer.protocol === "https:" && url.protocol === "http:" ? [] : [[name, `${referrer.origin}/`]];
}

/** What is no ASCII is meant as these very bytes, mostly of UTF-8. */
function decoded(byteString: string): string {
  return byteString.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
}
