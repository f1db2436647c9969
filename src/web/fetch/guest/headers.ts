/** Headers (https://fetch.spec.whatwg.org/#headers-class). A block that came over the wire is parsed when somebody looks into it. */
import {
  arrayPush,
  arraySort,
  mapGet,
  mapSet,
  regExpTest,
  SafeMap,
  SafeTypeError,
  stringIndexOf,
  stringSlice,
  stringStartsWith,
  stringToLowerCase,
  symbolIterator,
} from "../../infra/guest/primordials.ts";
import { defineInterface, definePairIterable, listFromIterable, requireArguments } from "../../infra/guest/webidl.ts";
import { isObject, toByteString, toRecord, toSequence } from "../../infra/guest/webidl-convert.ts";
import { trimHttpSpace } from "./mime-type.ts";
import { isNoCorsName, isNoCorsSafe, isPrivileged } from "./no-cors.ts";

/**
 * Who may change a list: everybody; nobody (`immutable`, as of an incoming request); `no-cors`, to what such a request may carry. The forbidden names of the
 * standard protect a browser's user and are no concern of a server's.
 */
export type Guard = "none" | "immutable" | "request" | "no-cors" | "response";

/** name, value, name, value, … in order, names as given. */
type Fields = string[];

interface HeaderList {
  /** The wire form, until somebody looks. */
  block: string | null;
  fields: Fields;
  /** What an iteration goes through, until the fields change. */
  sorted: Fields | null;
  guard: Guard;
  /** The names in the block are lower case, and none but set-cookie is there twice: those of a request that came in. */
  isPlain: boolean;
}

/** What a list does not say itself: see `request.ts`. */
const INITIAL = { __proto__: null, sorted: null, isPlain: false };

const newList = (block: string | null, guard: Guard): HeaderList => ({ __proto__: INITIAL, block, fields: [], guard }) as unknown as HeaderList;

let listOf!: (headers: object) => HeaderList;
let hasList!: (value: object) => boolean;
let made: HeaderList | null = null;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const BAD_VALUE = /[\0\r\n]/;

export class Headers {
  #list: HeaderList;

  constructor(init?: unknown) {
    if (made !== null) {
      this.#list = made;
      made = null;
      return;
    }
    this.#list = newList(null, "none");
    if (init !== undefined) fill(this.#list, init);
  }

  append(name: unknown, value: unknown): void {
    const list = this.#list;
    requireArguments(arguments.length, 2, "Headers.append");
    append(list, toByteString(name, "Headers.append"), toByteString(value, "Headers.append"));
  }
  delete(name: unknown): void {
    const list = this.#list;
    requireArguments(arguments.length, 1, "Headers.delete");
    const key = toName(toByteString(name, "Headers.delete"));
    const fields = changing(list);
    if (list.guard === "no-cors" && !isNoCorsName(key) && !isPrivileged(key)) return;
    removeAll(fields, key, 0);
    dropPrivileged(list);
  }
  get(name: unknown): string | null {
    const list = this.#list;
    requireArguments(arguments.length, 1, "Headers.get");
    if (list.isPlain && list.block !== null && typeof name === "string") {
      const value = lookUp(list.block, name);
      if (value !== null) return value;
    }
    return getField(list, toName(toByteString(name, "Headers.get")));
  }
  has(name: unknown): boolean {
    const list = this.#list;
    requireArguments(arguments.length, 1, "Headers.has");
    return find(fieldsOf(list), toName(toByteString(name, "Headers.has")), 0) >= 0;
  }
  set(name: unknown, value: unknown): void {
    const list = this.#list;
    requireArguments(arguments.length, 2, "Headers.set");
    const text = toByteString(name, "Headers.set");
    const key = toName(text);
    const normal = toValue(toByteString(value, "Headers.set"));
    const fields = changing(list);
    if (list.guard === "no-cors" && !isNoCorsSafe(key, normal)) return;
    setField(fields, text, key, normal);
    dropPrivileged(list);
  }
  getSetCookie(): string[] {
    const fields = fieldsOf(this.#list);
    const values: string[] = [];
    for (let at = find(fields, "set-cookie", 0); at >= 0; at = find(fields, "set-cookie", at + 2)) arrayPush(values, fields[at + 1] as string);
    return values;
  }

  static {
    listOf = (headers) => (headers as Headers).#list;
    hasList = (value) => #list in value;
  }
}
definePairIterable(Headers, "Headers", (headers: Headers) => sortedPairs(listOf(headers)));
defineInterface(Headers, "Headers");

function toName(name: string): string {
  if (!regExpTest(TOKEN, name)) throw new SafeTypeError("invalid header name: " + stringSlice(name, 0, 100));
  return stringToLowerCase(name);
}

/** https://fetch.spec.whatwg.org/#concept-header-value-normalize */
function toValue(value: string): string {
  const normal = trimHttpSpace(value);
  if (regExpTest(BAD_VALUE, normal)) throw new SafeTypeError("invalid header value: it has a line break or a NUL");
  return normal;
}

/** The fields, about to be changed by the app. */
function changing(list: HeaderList): Fields {
  if (list.guard === "immutable") throw new SafeTypeError("these headers are immutable; copy them first: new Headers(headers)");
  list.sorted = null;
  return fieldsOf(list);
}

function append(list: HeaderList, name: string, value: string): void {
  const normal = toValue(value);
  const key = toName(name);
  const fields = changing(list);
  if (list.guard === "no-cors") {
    const before = getField(list, key);
    if (!isNoCorsSafe(key, before === null ? normal : before + ", " + normal)) return;
  }
  arrayPush(fields, name, normal);
  dropPrivileged(list);
}

/** https://fetch.spec.whatwg.org/#concept-headers-remove-privileged-no-cors-request-headers */
function dropPrivileged({ guard, fields }: HeaderList): void {
  if (guard === "no-cors") removeAll(fields, "range", 0);
}

function setField(fields: Fields, name: string, key: string, value: string): void {
  const at = find(fields, key, 0);
  if (at < 0) {
    arrayPush(fields, name, value);
    return;
  }
  fields[at + 1] = value;
  removeAll(fields, key, at + 2);
}

/** In one pass: an app may have been sent thousands of equal names. */
function removeAll(fields: Fields, key: string, from: number): void {
  let at = find(fields, key, from);
  if (at < 0) return;
  let end = at;
  for (; at < fields.length; at += 2) {
    const name = fields[at] as string;
    if (isNamed(name, key)) continue;
    fields[end++] = name;
    fields[end++] = fields[at + 1] as string;
  }
  fields.length = end;
}

const isNamed = (name: string, key: string): boolean => name === key || (name.length === key.length && stringToLowerCase(name) === key);

/** Index of the name of the next field called `key`, or -1. */
function find(fields: Fields, key: string, from: number): number {
  for (let i = from; i < fields.length; i += 2) if (isNamed(fields[i] as string, key)) return i;
  return -1;
}

function getField(list: HeaderList, key: string): string | null {
  const fields = fieldsOf(list);
  let at = find(fields, key, 0);
  if (at < 0) return null;
  let value = fields[at + 1] as string;
  for (at = find(fields, key, at + 2); at >= 0; at = find(fields, key, at + 2)) value = value + ", " + (fields[at + 1] as string);
  return value;
}

/** The value of a field in a plain block, without taking it apart; null when there is none of exactly this name. */
function lookUp(block: string, name: string): string | null {
  const { length } = name;
  if (name === "set-cookie") return null;
  for (let at = 0; at < block.length; ) {
    const nameEnd = stringIndexOf(block, "\n", at);
    const valueEnd = stringIndexOf(block, "\n", nameEnd + 1);
    if (nameEnd - at === length && stringStartsWith(block, name, at)) return stringSlice(block, nameEnd + 1, valueEnd);
    at = valueEnd + 1;
  }
  return null;
}

function fieldsOf(list: HeaderList): Fields {
  const { block } = list;
  if (block === null) return list.fields;
  list.block = null;
  const { fields } = list;
  for (let at = 0; at < block.length; ) {
    const nameEnd = stringIndexOf(block, "\n", at);
    const valueEnd = stringIndexOf(block, "\n", nameEnd + 1);
    arrayPush(fields, stringSlice(block, at, nameEnd), stringSlice(block, nameEnd + 1, valueEnd));
    at = valueEnd + 1;
  }
  return fields;
}

/** https://fetch.spec.whatwg.org/#concept-headers-fill */
function fill(list: HeaderList, init: unknown): void {
  if (!isObject(init)) throw new SafeTypeError("Headers: the init is neither a list of pairs nor an object");
  if (hasList(init) && (init as { [symbolIterator]?: unknown })[symbolIterator] === Headers.prototype[symbolIterator as never]) {
    const source = fieldsOf(listOf(init));
    if (list.guard === "no-cors") for (let i = 0; i < source.length; i += 2) append(list, source[i] as string, source[i + 1] as string);
    else for (let i = 0; i < source.length; i++) arrayPush(list.fields, source[i] as string);
    return;
  }
  const pairs = listFromIterable(init, "Headers");
  if (pairs === undefined) {
    const record = toRecord(init, toByteString, toByteString, "Headers");
    for (let i = 0; i < record.length; i += 2) append(list, record[i] as string, record[i + 1] as string);
    return;
  }
  for (let i = 0; i < pairs.length; i++) {
    const pair = toSequence(pairs[i], toByteString, "Headers");
    if (pair.length !== 2) throw new SafeTypeError("Headers: a pair has " + pair.length + " items, not 2");
    append(list, pair[0] as string, pair[1] as string);
  }
}

/** https://fetch.spec.whatwg.org/#concept-header-list-sort-and-combine */
function sortedPairs(list: HeaderList): readonly string[] {
  if (list.sorted !== null) return list.sorted;
  const fields = fieldsOf(list);
  const names: string[] = [];
  const values = new SafeMap<string, string>();
  const cookies: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const key = stringToLowerCase(fields[i] as string);
    const value = fields[i + 1] as string;
    const before = mapGet(values, key);
    if (before === undefined) arrayPush(names, key);
    if (key === "set-cookie") arrayPush(cookies, value);
    mapSet(values, key, before === undefined ? value : before + ", " + value);
  }
  arraySort(names, (a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const pairs: string[] = [];
  for (let i = 0; i < names.length; i++) {
    const key = names[i] as string;
    if (key !== "set-cookie") arrayPush(pairs, key, mapGet(values, key) as string);
    else for (let j = 0; j < cookies.length; j++) arrayPush(pairs, key, cookies[j] as string);
  }
  list.sorted = pairs;
  return pairs;
}

export const isHeaders = (value: unknown): value is Headers => isObject(value) && hasList(value);

/** Headers over a wire block, which is parsed lazily. */
export function headersOfBlock(block: string, guard: Guard): Headers {
  made = newList(block, guard);
  return new Headers();
}

/** Headers of a request that came in: see `isPlain`. */
export function headersOfRequest(block: string): Headers {
  made = newList(block, "immutable");
  made.isPlain = true;
  return new Headers();
}

/** What `init` gives (anything that the constructor takes) under `guard`. */
export function headersFrom(init: unknown, guard: Guard): Headers {
  const list = newList(null, guard === "no-cors" ? guard : "none");
  if (init !== undefined) {
    if (isHeaders(init) && guard !== "no-cors") {
      const source = listOf(init);
      list.block = source.block;
      for (let i = 0; i < source.fields.length; i++) arrayPush(list.fields, source.fields[i] as string);
    } else fill(list, init);
  }
  list.guard = guard;
  made = list;
  return new Headers();
}

/** A copy of all fields under `guard`, by default the same. */
export function cloneHeaders(headers: Headers, guard: Guard = listOf(headers).guard): Headers {
  const copy = headersFrom(headers, "none");
  listOf(copy).guard = guard;
  return copy;
}

/** The wire form. */
export function blockOf(headers: Headers): string {
  const list = listOf(headers);
  if (list.block !== null) return list.block;
  const { fields } = list;
  let block = "";
  for (let i = 0; i < fields.length; i += 2) block = block + (fields[i] as string) + "\n" + (fields[i + 1] as string) + "\n";
  return block;
}

/** Our own look at a field; `key` is lower case. */
export const headerOf = (headers: Headers, key: string): string | null => getField(listOf(headers), key);

/** Sets a field unless it is there, or a request without CORS may not carry it from an app. */
export function defaultHeader(headers: Headers, key: string, value: string): void {
  const list = listOf(headers);
  const fields = fieldsOf(list);
  if (find(fields, key, 0) >= 0 || (key !== "referer" && list.guard === "no-cors" && !isNoCorsSafe(key, value))) return;
  list.sorted = null;
  arrayPush(fields, key, value);
}
