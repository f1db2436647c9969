/** The parser that Node had before `URL` (https://nodejs.org/api/url.html#legacy-url-api): it takes relative references and never throws for what is no URL. */
import querystring from "../modules/querystring.ts";
import { wrongType } from "./errors.ts";
import { web, type WebUrl } from "./globals.ts";

type Part = "protocol" | "auth" | "host" | "port" | "hostname" | "hash" | "search" | "pathname" | "path";

const SLASHED = new Set(["http:", "https:", "ftp:", "gopher:", "file:", "ws:", "wss:"]);
const UNSAFE = /[\t\n\r "'<>\\^`{|}]/g;

const escapeUnsafe = (text: string): string => text.replace(UNSAFE, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);

export class Url implements Record<Part, string | null> {
  protocol: string | null = null;
  slashes: boolean | null = null;
  auth: string | null = null;
  host: string | null = null;
  port: string | null = null;
  hostname: string | null = null;
  hash: string | null = null;
  search: string | null = null;
  query: unknown = null;
  pathname: string | null = null;
  path: string | null = null;
  href = "";

  format(): string {
    return format(this);
  }
  resolve(to: string): string {
    return resolve(this.href, to);
  }
}

export function parse(input: unknown, parsesQuery = false, slashesDenoteHost = false): Url {
  if (input instanceof Url) return input;
  if (typeof input !== "string") throw wrongType("url", "of type string", input);
  const url = new Url();
  let rest = input.trim();
  const query = rest.indexOf("?");
  const beforeQuery = query < 0 ? rest : rest.slice(0, query);
  rest = beforeQuery.replaceAll("\\", "/") + rest.slice(beforeQuery.length);
  const scheme = /^[a-z][a-z0-9.+-]*:/i.exec(rest)?.[0];
  if (scheme !== undefined) {
    url.protocol = scheme.toLowerCase();
    rest = rest.slice(scheme.length);
  }
  const isSlashed = url.protocol !== null && SLASHED.has(url.protocol);
  if (rest.startsWith("//") && (url.protocol !== null || slashesDenoteHost || /^\/\/[^@/]+@[^@/]+/.test(rest)) && url.protocol !== "javascript:") {
    url.slashes = true;
    rest = readHost(url, rest.slice(2));
  } else if (url.protocol !== null && !isSlashed && url.protocol !== "javascript:") rest = readHost(url, rest);
  if (url.protocol !== "javascript:") rest = escapeUnsafe(rest);
  const hash = rest.indexOf("#");
  if (hash >= 0) {
    url.hash = rest.slice(hash);
    rest = rest.slice(0, hash);
  }
  const search = rest.indexOf("?");
  if (search >= 0) {
    url.search = rest.slice(search);
    url.query = parsesQuery ? querystring.parse(url.search.slice(1)) : url.search.slice(1);
    rest = rest.slice(0, search);
  } else if (parsesQuery) {
    url.search = null;
    url.query = Object.create(null);
  }
  if (rest !== "") url.pathname = rest;
  else if (isSlashed && url.hostname) url.pathname = "/";
  if (url.pathname !== null || url.search !== null) url.path = (url.pathname ?? "") + (url.search ?? "");
  url.href = format(url);
  return url;
}

/** Takes user, host and port off the front of `text`; returns what follows. */
function readHost(url: Url, text: string): string {
  const end = text.search(/[/?#]/);
  const authority = end < 0 ? text : text.slice(0, end);
  const at = authority.lastIndexOf("@");
  if (at >= 0) url.auth = decodeLoosely(authority.slice(0, at));
  const place = authority.slice(at + 1);
  const port = /:(\d*)$/.exec(place);
  if (port?.[1]) url.port = port[1];
  const name = port === null ? place : place.slice(0, port.index);
  const isV6 = name.startsWith("[") && name.endsWith("]");
  url.hostname = isV6 ? name.slice(1, -1).toLowerCase() : toASCII(name);
  url.host = (isV6 ? `[${url.hostname}]` : url.hostname) + (url.port === null ? "" : `:${url.port}`);
  return end < 0 ? "" : text.slice(end);
}

function toASCII(name: string): string {
  const lower = name.toLowerCase();
  if (/^[\0-\x7f]*$/.test(lower)) return lower;
  try {
    return new web.URL(`ws://${lower}`).hostname;
  } catch {
    return lower;
  }
}

function decodeLoosely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

interface UrlObject extends Partial<Record<Part, string | null>> {
  slashes?: boolean | null;
  query?: unknown;
}
interface FormatOptions {
  readonly fragment?: boolean;
  readonly search?: boolean;
  readonly auth?: boolean;
}

export function format(input: unknown, options: FormatOptions = {}): string {
  if (typeof input === "string") return parse(input).href;
  if (input instanceof web.URL) return formatWhatwg(input as WebUrl, options);
  if (typeof input !== "object" || input === null) throw wrongType("urlObject", "of type string or an instance of Object", input);
  const { auth, hostname, port, host: given, slashes, query, protocol: scheme, pathname: path, search: asked, hash: fragment } = input as UrlObject;
  const protocol = scheme ? (scheme.endsWith(":") ? scheme : `${scheme}:`) : "";
  const user = auth ? `${encodeURIComponent(auth).replace(/%3A/i, ":")}@` : "";
  const place = hostname ? (hostname.includes(":") && !hostname.startsWith("[") ? `[${hostname}]` : hostname) + (port ? `:${port}` : "") : "";
  const host = given ? user + given : place === "" ? null : user + place;
  const built = typeof query === "object" && query !== null && Object.keys(query).length > 0 ? `?${querystring.stringify(query)}` : "";
  const search = asked ? (asked.startsWith("?") ? asked : `?${asked}`) : built;
  const hash = fragment ? (fragment.startsWith("#") ? fragment : `#${fragment}`) : "";
  let pathname = (path ?? "").replace(/[?#]/g, encodeURIComponent);
  const isSlashed = slashes || ((protocol === "" || SLASHED.has(protocol)) && host !== null);
  if (isSlashed && pathname !== "" && !pathname.startsWith("/")) pathname = `/${pathname}`;
  return protocol + (isSlashed ? `//${host ?? ""}` : (host ?? "")) + pathname + search.replaceAll("#", "%23") + hash;
}

function formatWhatwg(url: WebUrl, { fragment = true, search = true, auth = true }: FormatOptions): string {
  const copy = new web.URL(url.href);
  if (!fragment) copy.hash = "";
  if (!search) copy.search = "";
  if (!auth) {
    copy.username = "";
    copy.password = "";
  }
  return copy.href;
}

/** A base that no reference can name stands for a base without scheme and host. */
const NOWHERE = "http://nowhere.invalid";

export function resolve(from: string, to: string): string {
  try {
    const isRelative = !/^[a-z][a-z0-9.+-]*:/i.test(from);
    const base = new web.URL(from, NOWHERE).href;
    const result = new web.URL(to, base);
    if (!isRelative || !result.href.startsWith(`${NOWHERE}/`)) return result.href;
    const text = result.pathname + result.search + result.hash;
    return from.startsWith("/") || to.startsWith("/") ? text : text.slice(1);
  } catch {
    return to;
  }
}
export const resolveObject = (from: string, to: string): Url => parse(resolve(from, to));
