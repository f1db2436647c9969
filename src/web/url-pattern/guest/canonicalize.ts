/** Canonical forms of the components of a URL, by the URL parser: https://urlpattern.spec.whatwg.org/#canon-encoding-callbacks. All throw a TypeError for what cannot be one. */
import { regExpExec, regExpTest, SafeTypeError, stringSlice, stringToLowerCase, uriEncode } from "../../infra/guest/primordials.ts";
import { parseUrl, setUrlPart, splitUrl, type UrlParts } from "../../url/guest/parse.ts";

const DUMMY_HOST = "dummy.invalid";
const DUMMY = "https://" + DUMMY_HOST + "/";
const SPECIAL_PORTS = { __proto__: null, http: "80", https: "443", ws: "80", wss: "443", ftp: "21", file: "" } as unknown as Readonly<Record<string, string | undefined>>;
export const SPECIAL_SCHEMES = ["http", "https", "ws", "wss", "ftp", "file"];

export const isSpecial = (scheme: string): boolean => SPECIAL_PORTS[scheme] !== undefined;
export const isDefaultPort = (scheme: string, port: string): boolean => port !== "" && SPECIAL_PORTS[scheme] === port;

function refuse(component: string, value: string): never {
  throw new SafeTypeError("URLPattern: '" + stringSlice(value, 0, 200) + "' is not a valid " + component);
}

const set = (part: "username" | "password" | "pathname" | "search" | "hash", value: string): string => splitUrl(setUrlPart(DUMMY, part, value))[part];

export function protocol(value: string): string {
  if (value === "") return value;
  const href = parseUrl(value + "://" + DUMMY_HOST + "/", undefined);
  if (href === null) refuse("protocol", value);
  return stringSlice(splitUrl(href).protocol, 0, -1);
}

export const username = (value: string): string => (value === "" ? value : set("username", value));
export const password = (value: string): string => (value === "" ? value : set("password", value));

/** What ends a host, once tabs and line ends are taken out, and what cannot stand in one. */
const HOST = /^((?:\[[^\]]*\]?|[^/?#\\:[])*)(:?)/;
const TABS_AND_LINE_ENDS = /[\t\n\r]/;

export function hostname(value: string): string {
  if (value === "") return value;
  const match = regExpExec(HOST, withoutTabs(value)) as RegExpExecArray;
  const host = match[1] as string;
  const parts = host === "" || match[2] !== "" ? null : hostParts(host);
  if (parts === null) refuse("hostname", value);
  return parts.hostname;
}

function hostParts(host: string): UrlParts | null {
  const href = parseUrl("https://" + host + "/", undefined);
  const parts = href === null ? null : splitUrl(href);
  return parts === null || parts.username !== "" || parts.password !== "" || parts.pathname !== "/" ? null : parts;
}

const IPV6 = /^[0-9a-fA-F:[\]]*$/;

export function ipv6Hostname(value: string): string {
  if (!regExpTest(IPV6, value)) refuse("IPv6 address", value);
  return stringToLowerCase(value);
}

const PORT = /^[0-9]+/;

export function port(value: string, scheme = ""): string {
  if (value === "") return value;
  const digits = regExpExec(PORT, withoutTabs(value))?.[0];
  if (digits === undefined || +digits > 65535) refuse("port", value);
  const number = "" + +digits;
  return isDefaultPort(scheme, number) ? "" : number;
}

export function pathname(value: string): string {
  if (value === "") return value;
  return value[0] === "/" ? set("pathname", value) : stringSlice(set("pathname", "/-" + value), 2);
}

/** The path of a URL that has no hierarchy: only control characters and what is not ASCII are encoded. */
export function opaquePathname(value: string): string {
  let result = "";
  for (let i = 0; i < value.length; i++) {
    let character = value[i] as string;
    if (character === "?" || character === "#") break;
    if (character >= "\ud800" && character <= "\udbff") character += value[++i] as string;
    if (!regExpTest(TABS_AND_LINE_ENDS, character)) result += character > "~" || character < " " ? uriEncode(character) : character;
  }
  return result;
}

export const search = (value: string): string => (value === "" ? value : stringSlice(set("search", "?" + value), 1));
export const hash = (value: string): string => (value === "" ? value : stringSlice(set("hash", "#" + value), 1));

function withoutTabs(value: string): string {
  if (!regExpTest(TABS_AND_LINE_ENDS, value)) return value;
  let result = "";
  for (let i = 0; i < value.length; i++) if (!regExpTest(TABS_AND_LINE_ENDS, value[i] as string)) result += value[i] as string;
  return result;
}
