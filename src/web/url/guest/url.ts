/** URL (https://url.spec.whatwg.org/#url-class). Holds its `href`; the parts are taken from it when somebody asks. */
import { SafeTypeError, stringIndexOf, stringSlice } from "../../infra/guest/primordials.ts";
import { defineInterface, requireArguments } from "../../infra/guest/webidl.ts";
import { toUSVString } from "../../infra/guest/webidl-convert.ts";
import { parseUrl, setUrlPart, splitUrl, type UrlParts } from "./parse.ts";
import { createBoundParams, resetBoundParams, type URLSearchParams } from "./url-search-params.ts";

const toBase = (base: unknown): string | undefined => (base === undefined ? undefined : toUSVString(base));

export class URL {
  #href: string;
  #parts: UrlParts | null = null;
  #params: URLSearchParams | null = null;

  constructor(url: unknown, base?: unknown) {
    requireArguments(arguments.length, 1, "URL");
    const input = toUSVString(url);
    const href = parseUrl(input, toBase(base));
    if (href === null) throw new SafeTypeError("Invalid URL: " + stringSlice(input, 0, 200));
    this.#href = href;
  }

  static parse(url: unknown, base?: unknown): URL | null {
    requireArguments(arguments.length, 1, "URL.parse");
    const href = parseUrl(toUSVString(url), toBase(base));
    return href === null ? null : new URL(href);
  }
  static canParse(url: unknown, base?: unknown): boolean {
    requireArguments(arguments.length, 1, "URL.canParse");
    return parseUrl(toUSVString(url), toBase(base)) !== null;
  }

  get href(): string {
    return this.#href;
  }
  set href(value: unknown) {
    this.#href;
    const input = toUSVString(value);
    const href = parseUrl(input, undefined);
    if (href === null) throw new SafeTypeError("Invalid URL: " + stringSlice(input, 0, 200));
    this.#become(href);
  }
  get origin(): string {
    return originOf(this.#split());
  }
  get protocol(): string {
    return this.#split().protocol;
  }
  set protocol(value: unknown) {
    this.#set("protocol", value);
  }
  get username(): string {
    return this.#split().username;
  }
  set username(value: unknown) {
    this.#set("username", value);
  }
  get password(): string {
    return this.#split().password;
  }
  set password(value: unknown) {
    this.#set("password", value);
  }
  get host(): string {
    const { hostname, port } = this.#split();
    return port === "" ? hostname : hostname + ":" + port;
  }
  set host(value: unknown) {
    this.#set("host", value);
  }
  get hostname(): string {
    return this.#split().hostname;
  }
  set hostname(value: unknown) {
    this.#set("hostname", value);
  }
  get port(): string {
    return this.#split().port;
  }
  set port(value: unknown) {
    this.#set("port", value);
  }
  get pathname(): string {
    return this.#split().pathname;
  }
  set pathname(value: unknown) {
    this.#set("pathname", value);
  }
  get search(): string {
    return this.#split().search;
  }
  set search(value: unknown) {
    this.#set("search", value);
  }
  get searchParams(): URLSearchParams {
    this.#params ??= createBoundParams(stringSlice(this.#split().search, 1), (query) => this.#setQuery(query));
    return this.#params;
  }
  get hash(): string {
    return this.#split().hash;
  }
  set hash(value: unknown) {
    this.#set("hash", value);
  }
  toJSON(): string {
    return this.#href;
  }
  toString(): string {
    return this.#href;
  }

  #split(): UrlParts {
    this.#parts ??= splitUrl(this.#href);
    return this.#parts;
  }
  #set(attribute: string, value: unknown): void {
    const href = this.#href;
    this.#become(setUrlPart(href, attribute, toUSVString(value)));
  }
  #become(href: string): void {
    this.#href = href;
    this.#parts = null;
    if (this.#params !== null) resetBoundParams(this.#params, stringSlice(this.#split().search, 1));
  }
  /** A serialised query needs no parsing. */
  #setQuery(query: string): void {
    const href = this.#href;
    const hashAt = stringIndexOf(href, "#");
    const hash = hashAt < 0 ? "" : stringSlice(href, hashAt);
    const rest = hashAt < 0 ? href : stringSlice(href, 0, hashAt);
    const queryAt = stringIndexOf(rest, "?");
    this.#href = (queryAt < 0 ? rest : stringSlice(rest, 0, queryAt)) + (query === "" ? "" : "?" + query) + hash;
    this.#parts = null;
  }
}
defineInterface(URL, "URL", {
  lengths: { parse: 1, canParse: 1 },
  length: 1,
  inspected: ["href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "searchParams", "hash"],
});

/** https://url.spec.whatwg.org/#concept-url-origin, serialised. */
function originOf(parts: UrlParts): string {
  const { protocol, hostname, port, pathname } = parts;
  switch (protocol) {
    case "http:":
    case "https:":
    case "ws:":
    case "wss:":
    case "ftp:":
      return protocol + "//" + hostname + (port === "" ? "" : ":" + port);
    case "blob:": {
      const inner = parseUrl(pathname, undefined);
      const innerParts = inner === null ? null : splitUrl(inner);
      return innerParts !== null && (innerParts.protocol === "http:" || innerParts.protocol === "https:") ? originOf(innerParts) : "null";
    }
    default:
      return "null";
  }
}
