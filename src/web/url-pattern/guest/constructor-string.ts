/** Patterns written as one URL: https://urlpattern.spec.whatwg.org/#constructor-string-parsing */
import { stringSlice } from "../../infra/guest/primordials.ts";
import { protocol as canonicalProtocol } from "./canonicalize.ts";
import { compile, matchesSpecial, PLAIN } from "./component.ts";
import { type ComponentName, emptyInit, type PatternInit } from "./init.ts";
import { type Token, tokenize } from "./tokenize.ts";

type State = "init" | "authority" | "done" | ComponentName;
/** In the order of a URL. */
const ORDER = { __proto__: null, init: 0, protocol: 1, authority: 2, username: 3, password: 4, hostname: 5, port: 6, pathname: 7, search: 8, hash: 9, done: 10 } as unknown as Readonly<Record<State, number>>;

export function parseConstructorString(input: string): PatternInit {
  const tokens = tokenize(input, true);
  const result = emptyInit();
  let state: State = "init";
  let start = 0;
  let at = 0;
  let increment = 1;
  let groupDepth = 0;
  let bracketDepth = 0;
  let isSpecialScheme = false;

  const safe = (index: number): Token => tokens[index < tokens.length ? index : tokens.length - 1] as Token;
  const isChar = (value: string, index = at): boolean => {
    const token = safe(index);
    return token.value === value && (token.type === "char" || token.type === "escaped-char" || token.type === "invalid-char");
  };
  /** A question mark that is no modifier. */
  const isSearch = (): boolean => {
    if (isChar("?")) return true;
    if ((tokens[at] as Token).value !== "?") return false;
    const before = at === 0 ? "" : safe(at - 1).type;
    return before !== "name" && before !== "regexp" && before !== "close" && before !== "asterisk";
  };
  const component = (): string => stringSlice(input, safe(start).index, (tokens[at] as Token).index);
  const rewind = (next: State): void => {
    at = start;
    increment = 0;
    state = next;
  };
  const change = (next: State, skip: number): void => {
    if (state !== "init" && state !== "authority" && state !== "done") result[state] = component();
    if (state !== "init" && next !== "done") {
      if (ORDER[state] < ORDER.hostname && ORDER[next] > ORDER.hostname) result.hostname ??= "";
      if (ORDER[state] < ORDER.pathname && ORDER[next] > ORDER.pathname) result.pathname ??= isSpecialScheme ? "/" : "";
      if (ORDER[state] < ORDER.search && next === "hash") result.search ??= "";
    }
    state = next;
    at += skip;
    start = at;
    increment = 0;
  };
  /** The state that begins here, of those that may follow the current one. */
  const changeToLater = (): void => {
    if (ORDER[state] < ORDER.pathname && isChar("/")) change("pathname", 0);
    else if (ORDER[state] < ORDER.search && isSearch()) change("search", 1);
    else if (state !== "hash" && isChar("#")) change("hash", 1);
  };
  const step = (): void => {
    switch (state) {
      case "init":
        if (isChar(":")) rewind("protocol");
        break;
      case "protocol":
        if (!isChar(":")) break;
        isSpecialScheme = matchesSpecial(compile(component(), canonicalProtocol, PLAIN, false));
        if (isChar("/", at + 1) && isChar("/", at + 2)) change("authority", 3);
        else change(isSpecialScheme ? "authority" : "pathname", 1);
        break;
      case "authority":
        if (isChar("@")) rewind("username");
        else if (isChar("/") || isSearch() || isChar("#")) rewind("hostname");
        break;
      case "username":
        if (isChar(":")) change("password", 1);
        else if (isChar("@")) change("hostname", 1);
        break;
      case "password":
        if (isChar("@")) change("hostname", 1);
        break;
      case "hostname":
        if (isChar("[")) bracketDepth++;
        else if (isChar("]")) bracketDepth--;
        else if (isChar(":") && bracketDepth === 0) change("port", 1);
        else changeToLater();
        break;
      default:
        changeToLater();
    }
  };

  for (; at < tokens.length; at += increment) {
    increment = 1;
    const { type } = tokens[at] as Token;
    if (type === "end") {
      if (state === "init") {
        rewind("init");
        if (isChar("#")) change("hash", 1);
        else if (isSearch()) change("search", 1);
        else change("pathname", 0);
      } else if (state === "authority") rewind("hostname");
      else {
        change("done", 0);
        break;
      }
    } else if (type === "open") groupDepth++;
    else if (groupDepth > 0 && type !== "close") continue;
    else {
      if (groupDepth > 0) groupDepth--;
      step();
    }
  }
  if (result.hostname !== undefined) result.port ??= "";
  return result;
}
