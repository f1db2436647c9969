/**
 * `_redirects` and `_headers` in a folder of static files, in the form they have on Cloudflare. They come with an app, so they are matched in linear time, a segment of the path
 * after the other, and what is not understood is told and not guessed.
 */
import { eachHeader } from "../../../base/wire.ts";
import { limitValue } from "../../../limits.ts";

export interface RuleFault {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** `:name` in a pattern stands for one segment, `*` at its end for the rest. */
interface Pattern {
  /** It stands for one path, which is this. */
  readonly only: string | null;
  readonly segments: readonly string[];
  readonly hasSplat: boolean;
}

type Values = ReadonlyMap<string, string>;

export interface RedirectRule {
  readonly from: Pattern;
  readonly to: string;
  readonly status: number;
}
export interface HeaderRule {
  readonly on: Pattern;
  readonly set: readonly (readonly [name: string, value: string])[];
  /** Lower case. */
  readonly unset: readonly string[];
}

const MOST_REDIRECTS = limitValue("asset_redirects");
const MOST_PATTERNS = limitValue("asset_patterns");
const MOST_LINE = 2_000;
const STATUSES: ReadonlySet<string> = new Set(["301", "302", "303", "307", "308"]);
const TOKEN = /^[!#$%&'*+\-.^_`|~\w]+$/;
const VALUE = /^[\t\x20-\x7e]*$/;
/** Those that frame a message, or tell of nano itself. */
const NOT_THEIRS = /^(?:connection|content-length|date|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|x-request-id|x-nano-.*)$/;

const linesOf = (text: string): readonly (readonly [text: string, line: number])[] =>
  text.split(/\r\n|\r|\n/).flatMap((line, i): (readonly [string, number])[] => (line.trim() === "" || line.trim().startsWith("#") ? [] : [[line, i + 1]]));

export function parseRedirects(text: string): { readonly redirects: Redirects; readonly faults: readonly RuleFault[] } {
  const redirects = new Redirects();
  const faults: RuleFault[] = [];
  for (const [said, line] of linesOf(text)) {
    const fault = (message: string): void => void faults.push({ line, message });
    const [source = "", to = "", status = "302", ...rest] = said.trim().split(/\s+/);
    const from = patternOf(source);
    if (said.length > MOST_LINE || to === "" || rest.length > 0) fault("a line has a path, where it leads, and a status: /old /new 301");
    else if (from === null) fault(`${source} is no path that begins with /, with * at the end and :name for whole segments`);
    else if (status === "200") fault("a rewrite (200) is not followed: not_found_handling serves single-page applications");
    else if (!STATUSES.has(status)) fault(`${status} is no status of a redirect: 301, 302, 303, 307 or 308`);
    else if (!isTarget(to)) fault(`${to} is no path and no http or https URL`);
    else if (redirects.size === MOST_REDIRECTS) fault(`there are more than ${MOST_REDIRECTS} redirects`);
    else if (!redirects.add({ from, to, status: Number(status) })) fault(`there are more than ${MOST_PATTERNS} redirects with * or :name`);
  }
  return { redirects, faults };
}

export function parseHeaders(text: string): { readonly rules: readonly HeaderRule[]; readonly faults: readonly RuleFault[] } {
  const rules: { on: Pattern; set: (readonly [string, string])[]; unset: string[] }[] = [];
  const faults: RuleFault[] = [];
  let isSkipping = true;
  for (const [said, line] of linesOf(text)) {
    const fault = (message: string): void => void faults.push({ line, message });
    if (!/^\s/.test(said)) {
      const on = patternOf(said.trim());
      isSkipping = on === null || rules.length === MOST_PATTERNS;
      if (on === null) fault(`${said.trim()} is no path that begins with /, with * at the end and :name for whole segments`);
      else if (isSkipping) fault(`there are more than ${MOST_PATTERNS} rules`);
      else rules.push({ on, set: [], unset: [] });
      continue;
    }
    if (isSkipping) continue;
    const rule = rules.at(-1) as (typeof rules)[number];
    const [, removed] = /^!\s*(\S+)$/.exec(said.trim()) ?? [];
    const at = said.indexOf(":");
    const [name, value] = [said.slice(0, at).trim(), said.slice(at + 1).trim()];
    if (removed !== undefined) rule.unset.push(removed.toLowerCase());
    else if (at < 0 || said.length > MOST_LINE || !TOKEN.test(name) || !VALUE.test(value)) fault("a header is a name and a value: Name: value");
    else if (NOT_THEIRS.test(name.toLowerCase())) fault(`${name} is for nano to set`);
    else rule.set.push([name.toLowerCase(), value]);
  }
  return { rules, faults };
}

/** Redirects in their order: those of one path are looked up, the few others tried one after the other. */
export class Redirects {
  readonly #exact = new Map<string, { readonly rule: RedirectRule; readonly index: number }>();
  readonly #patterns: { readonly rule: RedirectRule; readonly index: number }[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** False for one pattern too many. */
  add(rule: RedirectRule): boolean {
    const { only } = rule.from;
    if (only === null && this.#patterns.length === MOST_PATTERNS) return false;
    const one = { rule, index: this.#size++ };
    if (only === null) this.#patterns.push(one);
    else if (!this.#exact.has(only)) this.#exact.set(only, one);
    return true;
  }

  /** The first redirect of a decoded path; `query` begins with `?` or is empty, and goes along unless the target has one of its own. */
  find(path: string, query: string): { readonly status: number; readonly location: string } | null {
    const exact = this.#exact.get(path);
    const segments = path.split("/");
    for (const { rule, index } of this.#patterns) {
      if (exact !== undefined && exact.index < index) break;
      const values = match(rule.from, segments);
      if (values !== null) return led(rule, values, query);
    }
    return exact === undefined ? null : led(exact.rule, NO_VALUES, query);
  }
}

const NO_VALUES: Values = new Map();

function led({ to, status }: RedirectRule, values: Values, query: string): { readonly status: number; readonly location: string } {
  const [target = "", fragment] = filled(to, values, (text) => text.split("/").map(encodeURIComponent).join("/")).split("#", 2);
  return { status, location: `${target}${target.includes("?") ? "" : query}${fragment === undefined ? "" : `#${fragment}`}` };
}

/** `block` as the rules for a decoded path change it. The first rule that sets a field takes the place of nano's own; further ones add to it. */
export function headersFor(rules: readonly HeaderRule[], path: string, block: string): string {
  const segments = path.split("/");
  const fields = new Map<string, string[]>();
  eachHeader(block, (name, value) => void fields.set(name, [value]));
  const said = new Set<string>();
  for (const { on, set, unset } of rules) {
    const values = match(on, segments);
    if (values === null) continue;
    for (const name of unset) fields.delete(name);
    for (const [name, text] of set) {
      const value = filled(text, values, encodeURIComponent);
      if (said.has(name)) fields.set(name, [...(fields.get(name) ?? []), value]);
      else fields.set(name, [value]);
      said.add(name);
    }
  }
  return [...fields].flatMap(([name, all]) => all.map((value) => `${name}\n${value}\n`)).join("");
}

/** Null for what is no pattern. */
function patternOf(source: string): Pattern | null {
  const isSplat = source.endsWith("*");
  const bare = isSplat ? source.slice(0, -1) : source;
  if (!bare.startsWith("/") || /[*?#]/.test(bare) || source.length > MOST_LINE) return null;
  try {
    const segments = bare.split("/").map((segment) => decodeURIComponent(segment));
    return { only: isSplat || segments.some((segment) => NAMED.test(segment)) ? null : segments.join("/"), segments, hasSplat: isSplat };
  } catch {
    return null;
  }
}

/** What the names of `pattern` stand for; null when it does not match. */
function match({ segments: wanted, hasSplat }: Pattern, segments: readonly string[]): Values | null {
  if (hasSplat ? segments.length < wanted.length : segments.length !== wanted.length) return null;
  const values = new Map<string, string>();
  for (const [i, part] of wanted.entries()) {
    const segment = segments[i] as string;
    if (hasSplat && i === wanted.length - 1) {
      if (!segment.startsWith(part)) return null;
      values.set("splat", [segment.slice(part.length), ...segments.slice(i + 1)].join("/"));
    } else if (NAMED.test(part)) {
      if (segment === "") return null;
      values.set(part.slice(1), segment);
    } else if (part !== segment) return null;
  }
  return values;
}

const NAMED = /^:[A-Za-z]\w*$/;

/** `:name` in `text` by what it stands for. */
function filled(text: string, values: Values, encode: (text: string) => string): string {
  if (values.size === 0) return text;
  return text.replace(/:([A-Za-z]\w*)/g, (said, name: string) => {
    const value = values.get(name);
    return value === undefined ? said : encode(value);
  });
}

function isTarget(to: string): boolean {
  if (!VALUE.test(to)) return false;
  return /^https?:\/\/[^/]/.test(to) || (to.startsWith("/") && !to.startsWith("//"));
}
