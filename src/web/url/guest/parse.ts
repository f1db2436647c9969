/** URL parsing: plain http(s) URLs here, everything else by the host. */
import { hostOps } from "../../infra/guest/host-ops.ts";
import { regExpExec, stringCharCodeAt, stringIncludes, stringIndexOf, stringLastIndexOf, stringSlice } from "../../infra/guest/primordials.ts";
import { urlOps } from "../ops.ts";

const { url_parse, url_set } = hostOps(urlOps);

/** Only characters that parsing leaves as they are, in every part. */
const PLAIN = /^(https?):\/\/([a-z0-9.-]{1,63})(?::([1-9][0-9]{0,4}))?(\/[\w\-.~!$&'()*+,;=:@/%]*)?(\?[\w\-.~!$&()*+,;=:@/?%]*)?(#[\w\-.~!$&()*+,;=:@/?%]*)?$/;
const PLAIN_PATH = /^\/(?:[\w\-~!$&'()*+,;=:@%][\w\-.~!$&'()*+,;=:@/%]*)?(?:\?[\w\-.~!$&()*+,;=:@/?%]*)?(?:#[\w\-.~!$&()*+,;=:@/?%]*)?$/;
const ENCODED_DOT = /%2e/i;
const MAX_PLAIN_LENGTH = 2048;
const LOWER_A = 97;
const LOWER_Z = 122;

/** The normalised form of `input`, or null when only the host can tell. */
function parsePlain(input: string): string | null {
  if (input.length > MAX_PLAIN_LENGTH) return null;
  const match = regExpExec(PLAIN, input);
  if (match === null || !isPlainHost(match[2] as string)) return null;
  const port = match[3];
  if (port !== undefined && (+port > 65535 || port === (match[1] === "http" ? "80" : "443"))) return null;
  const path = match[4];
  if (path === undefined) {
    const end = (match[1] as string).length + 3 + (match[2] as string).length + (port === undefined ? 0 : port.length + 1);
    return stringSlice(input, 0, end) + "/" + stringSlice(input, end);
  }
  return hasDotSegment(path) ? null : input;
}

/** No empty label, nothing that is or may be Punycode, and no IPv4 address: those end in a number. */
function isPlainHost(host: string): boolean {
  const last = stringCharCodeAt(host, stringLastIndexOf(host, ".") + 1);
  return last >= LOWER_A && last <= LOWER_Z && host[0] !== "." && !stringIncludes(host, "..") && !stringIncludes(host, "--");
}

function hasDotSegment(path: string): boolean {
  return stringIncludes(path, "/.") || (stringIncludes(path, "%") && regExpExec(ENCODED_DOT, path) !== null);
}

/** https://url.spec.whatwg.org/#concept-url-parser, serialised; null on failure. Both arguments are scalar value strings. */
export function parseUrl(input: string, base: string | undefined): string | null {
  if (base === undefined) return parsePlain(input) ?? url_parse(input, null);
  const baseHref = parsePlain(base);
  if (baseHref !== null && input.length <= MAX_PLAIN_LENGTH && regExpExec(PLAIN_PATH, input) !== null && !hasDotSegment(input))
    return stringSlice(baseHref, 0, stringIndexOf(baseHref, "/", 8)) + input;
  return url_parse(input, baseHref ?? base);
}

export const setUrlPart = url_set;

export interface UrlParts {
  readonly protocol: string;
  readonly username: string;
  readonly password: string;
  readonly hostname: string;
  readonly port: string;
  readonly pathname: string;
  readonly search: string;
  readonly hash: string;
}

/** Scheme, credentials, host, port, path, query, fragment of a normalised URL, where no separator stands for itself. */
const PARTS = /^([^:]+:)(\/\/(?:([^:@/?#]*)(?::([^@/?#]*))?@)?(\[[^\]]*\]|[^:/?#]*)(?::([0-9]+))?)?([^?#]*)(\?[^#]*)?(#[^]*)?$/;

export function splitUrl(href: string): UrlParts {
  const match = regExpExec(PARTS, href) as RegExpExecArray;
  const path = match[7] as string;
  const search = match[8] ?? "";
  const hash = match[9] ?? "";
  return {
    protocol: match[1] as string,
    username: match[3] ?? "",
    password: match[4] ?? "",
    hostname: match[5] ?? "",
    port: match[6] ?? "",
    // Without a host, "/." keeps a path that starts with "//" from looking like one.
    pathname: match[2] === undefined && stringIndexOf(path, "/.//") === 0 ? stringSlice(path, 2) : path,
    search: search === "?" ? "" : search,
    hash: hash === "#" ? "" : hash,
  };
}
