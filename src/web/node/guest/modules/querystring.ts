/** node:querystring (https://nodejs.org/api/querystring.html). */
import { typeError } from "../support/errors.ts";
import { web } from "../support/globals.ts";

type Query = Record<string, unknown>;
interface ParseOptions {
  readonly maxKeys?: number;
  readonly decodeURIComponent?: (text: string) => string;
}

const MAX_KEYS = 1000;

/** Percent-decodes what is well-formed and keeps the rest; bytes that are no UTF-8 become U+FFFD. */
export function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    const source = new web.TextEncoder().encode(text);
    const bytes: number[] = [];
    for (let i = 0; i < source.length; i++) {
      const digits = source[i] === 0x25 ? String.fromCharCode(source[i + 1] ?? 0, source[i + 2] ?? 0) : "";
      const isEscape = /^[0-9a-f]{2}$/i.test(digits);
      bytes.push(isEscape ? Number.parseInt(digits, 16) : (source[i] as number));
      if (isEscape) i += 2;
    }
    return new web.TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));
  }
}

export function escape(value: unknown): string {
  try {
    return encodeURIComponent(String(value));
  } catch {
    throw typeError("ERR_INVALID_URI", "URI malformed");
  }
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return Number.isFinite(value) ? `${value}` : "";
  return typeof value === "bigint" || typeof value === "boolean" ? `${value}` : "";
}

export function stringify(query: unknown, separator = "&", equals = "=", options?: { readonly encodeURIComponent?: (text: string) => string }): string {
  if (typeof query !== "object" || query === null) return "";
  const encode = options?.encodeURIComponent ?? querystring.escape;
  const pair = (key: string, value: unknown) => encode(key) + (equals || "=") + encode(textOf(value));
  return Object.entries(query as Query)
    .flatMap(([key, value]) => (Array.isArray(value) ? value.map((item) => pair(key, item)) : [pair(key, value)]))
    .join(separator || "&");
}

export function parse(text: unknown, separator?: string | null, equals?: string | null, options?: ParseOptions): Query {
  const query = Object.create(null) as Query;
  if (typeof text !== "string" || text === "") return query;
  const decode = options?.decodeURIComponent ?? querystring.unescape;
  const decoded = (part: string): string => {
    const spaced = part.replaceAll("+", " ");
    if (!spaced.includes("%")) return spaced;
    try {
      return decode(spaced);
    } catch {
      return unescape(spaced);
    }
  };
  const most = typeof options?.maxKeys === "number" ? options.maxKeys : MAX_KEYS;
  const pairs = most > 0 ? text.split(separator || "&", most) : text.split(separator || "&");
  for (const pair of pairs) {
    if (pair === "") continue;
    const sign = equals || "=";
    const at = pair.indexOf(sign);
    const key = decoded(at < 0 ? pair : pair.slice(0, at));
    const value = at < 0 ? "" : decoded(pair.slice(at + sign.length));
    const before = query[key];
    if (before === undefined) query[key] = value;
    else if (Array.isArray(before)) before.push(value);
    else query[key] = [before, value];
  }
  return query;
}

export { parse as decode, stringify as encode };
/** `escape` and `unescape` are looked up here, because apps replace them. */
const querystring = { stringify, encode: stringify, parse, decode: parse, escape, unescape };
export default querystring;
