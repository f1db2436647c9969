/** URLPattern (https://urlpattern.spec.whatwg.org). All of it runs in the isolate, its regular expressions too: on the host they could hold everybody up. */
import { arrayPush, SafeTypeError, stringSlice, stringStartsWith } from "../infra/guest/primordials.ts";
import { defineInterface } from "../infra/guest/webidl.ts";
import { isObject, toDictionary, toUSVString } from "../infra/guest/webidl-convert.ts";
import { parseUrl, splitUrl } from "../url/guest/parse.ts";
import * as canonical from "./guest/canonicalize.ts";
import { compile, type Component, type ComponentResult, HOST, matchComponent, matchesSpecial, PATH, PLAIN } from "./guest/component.ts";
import { parseConstructorString } from "./guest/constructor-string.ts";
import { COMPONENTS, type ComponentName, emptyInit, type PatternInit, processInit, toInit } from "./guest/init.ts";

type Result = { inputs: (string | PatternInit)[] } & Record<ComponentName, ComponentResult>;

export class URLPattern {
  #components: Readonly<Record<ComponentName, Component>>;

  constructor(input?: unknown, baseOrOptions?: unknown, options?: unknown) {
    const hasBase = arguments.length > 2 || !(baseOrOptions === undefined || baseOrOptions === null || isObject(baseOrOptions));
    const pattern = toInput(input, "URLPattern");
    const base = hasBase ? toUSVString(baseOrOptions) : undefined;
    const ignoreCase = !!toDictionary(hasBase ? options : baseOrOptions, "URLPattern: options")?.["ignoreCase"];
    this.#components = compileAll(toPatternInit(pattern, base), ignoreCase);
  }

  get protocol(): string {
    return this.#components.protocol.pattern;
  }
  get username(): string {
    return this.#components.username.pattern;
  }
  get password(): string {
    return this.#components.password.pattern;
  }
  get hostname(): string {
    return this.#components.hostname.pattern;
  }
  get port(): string {
    return this.#components.port.pattern;
  }
  get pathname(): string {
    return this.#components.pathname.pattern;
  }
  get search(): string {
    return this.#components.search.pattern;
  }
  get hash(): string {
    return this.#components.hash.pattern;
  }
  get hasRegExpGroups(): boolean {
    const components = this.#components;
    for (let i = 0; i < COMPONENTS.length; i++) if (components[COMPONENTS[i] as ComponentName].hasRegExpGroups) return true;
    return false;
  }

  test(input?: unknown, baseURL?: unknown): boolean {
    return match(this.#components, input, baseURL, "URLPattern.test") !== null;
  }
  exec(input?: unknown, baseURL?: unknown): Result | null {
    return match(this.#components, input, baseURL, "URLPattern.exec");
  }
}
defineInterface(URLPattern, "URLPattern", {
  lengths: { test: 0, exec: 0 },
  inspected: ["protocol", "username", "password", "hostname", "port", "pathname", "search", "hash", "hasRegExpGroups"],
});

/** `(USVString or URLPatternInit)` */
function toInput(value: unknown, where: string): string | PatternInit {
  return value === undefined || value === null || isObject(value) ? toInit(value, where) : toUSVString(value, where);
}

/** https://urlpattern.spec.whatwg.org/#url-pattern-create, first half. */
function toPatternInit(input: string | PatternInit, base: string | undefined): PatternInit {
  if (typeof input !== "string") {
    if (base !== undefined) throw new SafeTypeError("URLPattern: a base URL goes into the object, as its baseURL");
    return input;
  }
  const init = parseConstructorString(input);
  if (base !== undefined) init.baseURL = base;
  else if (init.protocol === undefined) throw new SafeTypeError("URLPattern: a relative pattern needs a base URL: " + stringSlice(input, 0, 200));
  return init;
}

function compileAll(given: PatternInit, ignoreCase: boolean): Readonly<Record<ComponentName, Component>> {
  const init = processInit(given, true);
  const text = (name: ComponentName): string => init[name] ?? "*";
  const portText = canonical.isDefaultPort(text("protocol"), text("port")) ? "" : text("port");
  const protocol = compile(text("protocol"), canonical.protocol, PLAIN, false);
  const hostname = text("hostname");
  const isIpv6 = stringStartsWith(hostname, "[") || stringStartsWith(hostname, "{[") || stringStartsWith(hostname, "\\[");
  return {
    protocol,
    username: compile(text("username"), canonical.username, PLAIN, false),
    password: compile(text("password"), canonical.password, PLAIN, false),
    hostname: compile(hostname, isIpv6 ? canonical.ipv6Hostname : canonical.hostname, HOST, false),
    port: compile(portText, (value) => canonical.port(value), PLAIN, false),
    pathname: matchesSpecial(protocol) ? compile(text("pathname"), canonical.pathname, PATH, ignoreCase) : compile(text("pathname"), canonical.opaquePathname, PLAIN, ignoreCase),
    search: compile(text("search"), canonical.search, PLAIN, ignoreCase),
    hash: compile(text("hash"), canonical.hash, PLAIN, ignoreCase),
  };
}

/** https://urlpattern.spec.whatwg.org/#url-pattern-match */
function match(components: Readonly<Record<ComponentName, Component>>, value: unknown, baseValue: unknown, where: string): Result | null {
  const input = toInput(value, where);
  const base = baseValue === undefined ? undefined : toUSVString(baseValue, where);
  if (typeof input !== "string" && base !== undefined) throw new SafeTypeError(where + ": a base URL goes into the object, as its baseURL");
  const url = typeof input === "string" ? partsOf(input, base) : canonicalParts(input);
  if (url === null) return null;
  const inputs: Result["inputs"] = [typeof input === "string" ? input : { ...input }];
  if (base !== undefined) arrayPush(inputs, base);
  const result = { inputs } as Result;
  for (let i = 0; i < COMPONENTS.length; i++) {
    const name = COMPONENTS[i] as ComponentName;
    const matched = matchComponent(components[name], url[name] as string);
    if (matched === null) return null;
    result[name] = matched;
  }
  return result;
}

function partsOf(input: string, base: string | undefined): PatternInit | null {
  const href = parseUrl(input, base);
  if (href === null) return null;
  const parts = splitUrl(href);
  const { protocol, username, password, hostname, port, pathname, search, hash } = parts;
  const init = emptyInit();
  init.protocol = stringSlice(protocol, 0, -1);
  init.username = username;
  init.password = password;
  init.hostname = hostname;
  init.port = port;
  init.pathname = pathname;
  init.search = stringSlice(search, 1);
  init.hash = stringSlice(hash, 1);
  return init;
}

function canonicalParts(input: PatternInit): PatternInit | null {
  try {
    return processInit(input, false);
  } catch {
    return null;
  }
}
