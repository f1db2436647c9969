/** What is wrong with the shape of a config: keys that do not exist or exist twice, values of a wrong kind. All of it, with places. */
import type { Node } from "jsonc-parser";
import * as v from "valibot";
import { suggest } from "../base/suggestion.ts";
import { problem, type Problem } from "../errors.ts";
import { type LimitKey, limits, olderNames } from "../limits.ts";
import { type Document, fieldName, type Path, quoted } from "./positions.ts";
import { configSchema, FOREIGN_KEYS, KEY_HOMES, unitOf } from "./schema.ts";

/** As much of a schema as is needed to walk along. */
interface Walked {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Walked>>;
  readonly item?: Walked;
  readonly wrapped?: Walked;
}

/** Examples for keys that must be there. */
const EXAMPLES: Readonly<Record<string, string>> = { apps: '"apps": [{ "hostname": "app.localhost", "path": "./app.js" }]' };

export function shapeProblems(document: Document): Problem[] {
  const { issues } = v.safeParse(configSchema, document.value);
  if (document.isPlain && issues === undefined && !hasListForObject(document.value, configSchema as unknown as Walked)) return [];
  const walk = new Walk(document);
  walk.visit(document.root, configSchema as unknown as Walked, []);
  for (const issue of issues ?? []) {
    const path = (issue.path ?? []).map(({ key }) => key as string | number);
    if (issue.expected === "never" || walk.isSpoilt(path)) continue;
    walk.problems.push(issueProblem(document, issue, path));
  }
  return walk.problems;
}

/** What valibot passes over in a file without other faults. */
function hasListForObject(value: unknown, schema: Walked | undefined): boolean {
  const { entries, item } = bare(schema) ?? {};
  if (Array.isArray(value)) return entries !== undefined || (item !== undefined && value.some((inner) => hasListForObject(inner, item)));
  if (typeof value !== "object" || value === null || entries === undefined) return false;
  return Object.entries(value).some(([key, inner]) => typeof inner === "object" && hasListForObject(inner, entries[key]));
}

/** Finds what valibot passes over: lists in place of objects, every unknown key (it tells the first), keys that are there twice. */
class Walk {
  readonly problems: Problem[] = [];
  readonly #document: Document;
  readonly #spoilt = new Set<string>();

  constructor(document: Document) {
    this.#document = document;
  }

  /** `path` is inside a value that is of the wrong kind as a whole. */
  isSpoilt(path: Path): boolean {
    return this.#spoilt.size > 0 && path.some((_, i) => this.#spoilt.has(fieldName(path.slice(0, i + 1))));
  }

  visit(node: Node, schema: Walked | undefined, path: Path): void {
    const { entries, item } = bare(schema) ?? {};
    if (node.type === "array") {
      if (entries !== undefined) this.#spoil(path);
      else for (const [i, child] of (node.children ?? []).entries()) this.visit(child, item, [...path, i]);
    }
    if (node.type !== "object") return;
    const seen = new Map<string, number>();
    for (const property of node.children ?? []) {
      const [key, value] = property.children ?? [];
      if (key === undefined || value === undefined) continue;
      const name = key.value as string;
      const inner = [...path, name];
      const line = seen.get(name);
      if (line !== undefined) this.problems.push(problem("key_twice", { line }, this.#document.placeOfKey(key, inner)));
      seen.set(name, this.#document.lineOf(key.offset));
      if (entries !== undefined && !Object.hasOwn(entries, name)) this.#unknown(key, name, Object.keys(entries), inner);
      else this.visit(value, entries?.[name], inner);
    }
  }

  #spoil(path: Path): void {
    this.#spoilt.add(fieldName(path));
    this.problems.push(this.#document.problem("value_wrong", { fault: "must be an object, not a list", hint: "write it in { }" }, path));
  }

  #unknown(key: Node, name: string, known: readonly string[], path: Path): void {
    this.problems.push(problem("key_unknown", { key: quoted(name), hint: hintFor(name, known, path) }, this.#document.placeOfKey(key, path)));
  }
}

function bare(schema: Walked | undefined): Walked | undefined {
  return schema?.wrapped === undefined ? schema : bare(schema.wrapped);
}

/** A key of this place that was meant, a place where the key belongs, or else what there is. */
function hintFor(name: string, known: readonly string[], path: Path): string {
  const wanted = FOREIGN_KEYS[name] ?? name;
  if (known.includes(wanted)) return `did you mean "${wanted}"?`;
  const near = suggest(name, known);
  const here = path.slice(0, -1).filter((segment) => typeof segment === "string").join(".");
  const homes = KEY_HOMES.filter(({ at }) => Object.hasOwn(entriesAt(at), wanted));
  const home = homes.find(({ at }) => at === (here === "" ? "limits" : `${here}.limits`)) ?? homes.find(({ at }) => at.startsWith(here)) ?? homes[0];
  if (home === undefined) return near === undefined ? `keys here are: ${known.join(", ")}` : `did you mean "${near}"?`;
  return wanted === name ? `it belongs to ${home.called}` : `did you mean "${wanted}"? It belongs to ${home.called}`;
}

function entriesAt(at: string): Readonly<Record<string, Walked>> {
  let schema: Walked | undefined = configSchema as unknown as Walked;
  for (const segment of at === "" ? [] : at.split(".")) {
    const found = bare(schema?.entries?.[segment]);
    schema = found?.item ?? found;
  }
  return bare(schema)?.entries ?? {};
}

function issueProblem(document: Document, issue: v.InferIssue<typeof configSchema>, path: Path): Problem {
  const key = String(path.at(-1));
  if (issue.type === "strict_object" && issue.path?.at(-1)?.origin === "key")
    return problem("key_missing", { key, example: EXAMPLES[key] ?? `"${key}"` }, { ...document.place(path.slice(0, -1)), field: fieldName(path) });
  const limit = limitOf(key, path);
  if (limit !== undefined && (issue.type === "min_value" || issue.type === "max_value")) {
    const { least, most, help } = limits[limit];
    return document.problem("limit_bounds", { key, value: issue.input as number, least, most, unit: unitOf(limit), help }, path);
  }
  const [fault = "", hint] = issue.message.split("\n");
  if (issue.type === "picklist" && typeof issue.input === "string") {
    const near = suggest(issue.input, [...(issue.expected ?? "").matchAll(/"(\w+)"/g)].map(([, value]) => value as string));
    return document.problem("value_wrong", { fault, hint: near === undefined ? undefined : `did you mean "${near}"?` }, path);
  }
  const isKind = issue.kind === "schema";
  return document.problem("value_wrong", { fault: isKind ? `${fault}, not ${kindOf(issue.input)}` : fault, hint: (isKind ? wayOut(issue.expected, issue.input) : undefined) ?? hint }, path, { isSecret: isOfEnv(path) || path.includes("fallback") || path.includes("token"), ofKey: isOfEnv(path) });
}

function isOfEnv(path: Path): boolean {
  return path.includes("env") || path.includes("secrets");
}

function limitOf(key: string, path: Path): LimitKey | undefined {
  if (key === "memory_mb" && path.at(-2) === "server") return "process_memory_mb";
  const name = Object.hasOwn(olderNames, key) ? olderNames[key as keyof typeof olderNames] : key;
  return !isOfEnv(path) && Object.hasOwn(limits, name) ? (name as LimitKey) : undefined;
}

function kindOf(input: unknown): string {
  if (input === null || typeof input === "boolean" || typeof input === "number") return String(input);
  if (Array.isArray(input)) return "a list";
  return typeof input === "object" ? "an object" : "a string";
}

function wayOut(expected: string | null, input: unknown): string | undefined {
  if (input === null) return "remove the key to have the default";
  if (typeof input !== "string") return undefined;
  const isMeant = (expected === "number" && /^\d{1,9}$/.test(input)) || (expected === "boolean" && /^(true|false)$/.test(input));
  if (isMeant) return `write it without quotes: ${input}`;
  return expected === "Array" ? "put it in [ ]" : undefined;
}
