/** URLPatternInit: its conversion, and https://urlpattern.spec.whatwg.org/#process-a-urlpatterninit */
import { objectCreate, SafeTypeError, stringLastIndexOf, stringSlice, stringStartsWith } from "../../infra/guest/primordials.ts";
import { toDictionary, toUSVString } from "../../infra/guest/webidl-convert.ts";
import { parseUrl, splitUrl } from "../../url/guest/parse.ts";
import * as canonical from "./canonicalize.ts";
import { escapePattern } from "./parts.ts";

export const COMPONENTS = ["protocol", "username", "password", "hostname", "port", "pathname", "search", "hash"] as const;
export type ComponentName = (typeof COMPONENTS)[number];
export type PatternInit = { [K in ComponentName | "baseURL"]?: string | undefined };

/** In the order in which Web IDL reads a dictionary. */
const MEMBERS = ["baseURL", "hash", "hostname", "password", "pathname", "port", "protocol", "search", "username"] as const;

/** Without a prototype: what is absent stays absent. */
export const emptyInit = (): PatternInit => objectCreate(null) as PatternInit;

export function toInit(value: unknown, where: string): PatternInit {
  const init = emptyInit();
  const dictionary = toDictionary(value, where);
  if (dictionary === undefined) return init;
  for (let i = 0; i < MEMBERS.length; i++) {
    const name = MEMBERS[i] as (typeof MEMBERS)[number];
    const member = dictionary[name];
    if (member !== undefined) init[name] = toUSVString(member, where);
  }
  return init;
}

/** `isPattern` when the components are patterns, which stay as they are; else they are of a URL and become canonical. */
export function processInit(init: PatternInit, isPattern: boolean): PatternInit {
  const result = emptyInit();
  if (!isPattern) for (let i = 0; i < COMPONENTS.length; i++) result[COMPONENTS[i] as ComponentName] = "";
  const { protocol, username, password, hostname, port, pathname, search, hash, baseURL } = init;
  const basePath = baseURL === undefined ? null : inherit(init, baseURL, isPattern, result);
  if (protocol !== undefined) {
    const scheme = stringSlice(protocol, -1) === ":" ? stringSlice(protocol, 0, -1) : protocol;
    result.protocol = isPattern ? scheme : canonical.protocol(scheme);
  }
  if (username !== undefined) result.username = isPattern ? username : canonical.username(username);
  if (password !== undefined) result.password = isPattern ? password : canonical.password(password);
  if (hostname !== undefined) result.hostname = isPattern ? hostname : canonical.hostname(hostname);
  const scheme = result.protocol ?? "";
  if (port !== undefined) result.port = isPattern ? port : canonical.port(port, scheme);
  if (pathname !== undefined) {
    let path = pathname;
    if (basePath !== null && !isAbsolute(path, isPattern)) path = stringSlice(basePath, 0, stringLastIndexOf(basePath, "/") + 1) + path;
    result.pathname = isPattern ? path : scheme === "" || canonical.isSpecial(scheme) ? canonical.pathname(path) : canonical.opaquePathname(path);
  }
  if (search !== undefined) {
    const query = search[0] === "?" ? stringSlice(search, 1) : search;
    result.search = isPattern ? query : canonical.search(query);
  }
  if (hash !== undefined) {
    const fragment = hash[0] === "#" ? stringSlice(hash, 1) : hash;
    result.hash = isPattern ? fragment : canonical.hash(fragment);
  }
  return result;
}

/** Takes what is less specific than anything given from the base URL. Returns the base URL's path, or null when that is opaque. */
function inherit(init: PatternInit, baseURL: string, isPattern: boolean, result: PatternInit): string | null {
  const href = parseUrl(baseURL, undefined);
  if (href === null) throw new SafeTypeError("URLPattern: the base URL is not a URL: " + stringSlice(baseURL, 0, 200));
  const { protocol, username, password, hostname, port, pathname, search, hash } = splitUrl(href);
  const take = (text: string): string => (isPattern ? escapePattern(text) : text);
  const scheme = stringSlice(protocol, 0, -1);
  const path = take(pathname);
  let isInherited = init.protocol === undefined;
  if (isInherited) result.protocol = take(scheme);
  const isHostFree = isInherited && init.hostname === undefined && init.port === undefined && init.username === undefined;
  if (!isPattern && isHostFree) {
    result.username = username;
    if (init.password === undefined) result.password = password;
  }
  isInherited &&= init.hostname === undefined;
  if (isInherited) result.hostname = take(hostname);
  isInherited &&= init.port === undefined;
  if (isInherited) result.port = port;
  isInherited &&= init.pathname === undefined;
  if (isInherited) result.pathname = path;
  isInherited &&= init.search === undefined;
  if (isInherited) result.search = take(stringSlice(search, 1));
  isInherited &&= init.hash === undefined;
  if (isInherited) result.hash = take(stringSlice(hash, 1));
  return canonical.isSpecial(scheme) || pathname[0] === "/" ? path : null;
}

/** https://urlpattern.spec.whatwg.org/#is-an-absolute-pathname */
function isAbsolute(path: string, isPattern: boolean): boolean {
  return path[0] === "/" || (isPattern && (stringStartsWith(path, "\\/") || stringStartsWith(path, "{/")));
}
