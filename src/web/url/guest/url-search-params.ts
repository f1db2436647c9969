/** URLSearchParams (https://url.spec.whatwg.org/#interface-urlsearchparams). */
import { arrayPush, arraySort, SafeTypeError, stringSlice, symbolIterator } from "../../infra/guest/primordials.ts";
import { defineInterface, definePairIterable, listFromIterable, requireArguments } from "../../infra/guest/webidl.ts";
import { isObject, toRecord, toUSVString } from "../../infra/guest/webidl-convert.ts";
import { parseFormUrlencoded, serializeFormUrlencoded } from "./form-urlencoded.ts";

/** Told of every change with the new query; null for one that belongs to no URL. */
type OnChange = ((query: string) => void) | null;

let listOf!: (params: URLSearchParams) => string[];
let bind!: (params: URLSearchParams, list: string[], onChange: OnChange) => void;

export class URLSearchParams {
  #list: string[];
  #onChange: OnChange = null;

  constructor(init?: unknown) {
    this.#list = init === undefined ? [] : toList(init);
  }

  get size(): number {
    return this.#list.length / 2;
  }
  append(name: unknown, value: unknown): void {
    const list = this.#list;
    requireArguments(arguments.length, 2, "URLSearchParams.append");
    const key = toUSVString(name);
    arrayPush(list, key, toUSVString(value));
    this.#changed();
  }
  delete(name: unknown, value?: unknown): void {
    const list = this.#list;
    requireArguments(arguments.length, 1, "URLSearchParams.delete");
    const key = toUSVString(name);
    const only = value === undefined ? undefined : toUSVString(value);
    remove(list, 0, key, only);
    this.#changed();
  }
  get(name: unknown): string | null {
    const list = this.#list;
    requireArguments(arguments.length, 1, "URLSearchParams.get");
    const key = toUSVString(name);
    for (let i = 0; i < list.length; i += 2) if (list[i] === key) return list[i + 1] as string;
    return null;
  }
  getAll(name: unknown): string[] {
    const list = this.#list;
    requireArguments(arguments.length, 1, "URLSearchParams.getAll");
    const key = toUSVString(name);
    const values: string[] = [];
    for (let i = 0; i < list.length; i += 2) if (list[i] === key) arrayPush(values, list[i + 1] as string);
    return values;
  }
  has(name: unknown, value?: unknown): boolean {
    const list = this.#list;
    requireArguments(arguments.length, 1, "URLSearchParams.has");
    const key = toUSVString(name);
    const only = value === undefined ? undefined : toUSVString(value);
    for (let i = 0; i < list.length; i += 2) if (list[i] === key && (only === undefined || list[i + 1] === only)) return true;
    return false;
  }
  set(name: unknown, value: unknown): void {
    const list = this.#list;
    requireArguments(arguments.length, 2, "URLSearchParams.set");
    const key = toUSVString(name);
    const text = toUSVString(value);
    let at = 0;
    while (at < list.length && list[at] !== key) at += 2;
    if (at === list.length) arrayPush(list, key, text);
    else {
      list[at + 1] = text;
      remove(list, at + 2, key, undefined);
    }
    this.#changed();
  }
  sort(): void {
    const list = this.#list;
    const pairs: { readonly name: string; readonly value: string }[] = [];
    for (let i = 0; i < list.length; i += 2) arrayPush(pairs, { name: list[i] as string, value: list[i + 1] as string });
    arraySort(pairs, (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    for (let i = 0; i < pairs.length; i++) {
      const pair = pairs[i] as (typeof pairs)[number];
      list[2 * i] = pair.name;
      list[2 * i + 1] = pair.value;
    }
    this.#changed();
  }
  toString(): string {
    return serializeFormUrlencoded(this.#list);
  }

  #changed(): void {
    const onChange = this.#onChange;
    if (onChange !== null) onChange(serializeFormUrlencoded(this.#list));
  }

  static {
    listOf = (params) => params.#list;
    bind = (params, list, onChange) => {
      params.#list = list;
      params.#onChange = onChange;
    };
  }
}
definePairIterable(URLSearchParams, "URLSearchParams", (params) => listOf(params));
defineInterface(URLSearchParams, "URLSearchParams", { lengths: { delete: 1, has: 1 } });

export const isURLSearchParams = (value: unknown): value is URLSearchParams => {
  try {
    return isObject(value) && listOf(value as URLSearchParams) !== undefined;
  } catch {
    return false;
  }
};
/** The serialisation, for bodies. */
export const formTextOf = (params: URLSearchParams): string => serializeFormUrlencoded(listOf(params));

/** The parameters of `query` (without "?"), whose changes `onChange` hears. */
export function createBoundParams(query: string, onChange: OnChange): URLSearchParams {
  const params = new URLSearchParams();
  bind(params, parseFormUrlencoded(query), onChange);
  return params;
}

/** The URL of bound parameters has a new query. */
export function resetBoundParams(params: URLSearchParams, query: string): void {
  const list = listOf(params);
  const fresh = parseFormUrlencoded(query);
  list.length = fresh.length;
  for (let i = 0; i < fresh.length; i++) list[i] = fresh[i] as string;
}

function remove(list: string[], from: number, name: string, value: string | undefined): void {
  let kept = from;
  for (let i = from; i < list.length; i += 2) {
    if (list[i] === name && (value === undefined || list[i + 1] === value)) continue;
    list[kept] = list[i] as string;
    list[kept + 1] = list[i + 1] as string;
    kept += 2;
  }
  list.length = kept;
}

function toList(init: unknown): string[] {
  if (!isObject(init)) {
    const text = toUSVString(init);
    return parseFormUrlencoded(text[0] === "?" ? stringSlice(text, 1) : text);
  }
  const where = "URLSearchParams";
  if ((init as { [symbolIterator]?: unknown })[symbolIterator] == null) return toRecord(init, toUSVString, toUSVString, where);
  const list: string[] = [];
  const pairs = listFromIterable(init, where) ?? [];
  for (let i = 0; i < pairs.length; i++) {
    const item = pairs[i];
    const pair = isObject(item) ? listFromIterable(item, where) : undefined;
    if (pair === undefined) throw new SafeTypeError(where + ": an item is not a name and a value");
    for (let j = 0; j < pair.length; j++) pair[j] = toUSVString(pair[j]);
    if (pair.length !== 2) throw new SafeTypeError(where + ": an item is not a name and a value");
    arrayPush(list, pair[0] as string, pair[1] as string);
  }
  return list;
}
