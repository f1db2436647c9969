/** Deep equality as node:assert and node:util define it (https://nodejs.org/api/assert.html#comparison-details). */
import { door } from "../door.ts";

type Bag = Record<PropertyKey, unknown>;
type Pairs = Map<object, Set<object>>;

export const isDeepEqual = (a: unknown, b: unknown): boolean => equal(a, b, false, new Map());
export const isDeepStrictEqual = (a: unknown, b: unknown): boolean => equal(a, b, true, new Map());

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

function equal(a: unknown, b: unknown, strict: boolean, open: Pairs): boolean {
  if (Object.is(a, b)) return true;
  if (!isObject(a) || !isObject(b)) {
    if (strict || isObject(a) || isObject(b)) return false;
    // biome-ignore lint/suspicious/noDoubleEquals: the loose comparison is loose
    return a == b || (a !== a && b !== b);
  }
  if (strict && Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  const kind = door.kindOf(a);
  if (kind !== door.kindOf(b)) return false;
  // A cycle is equal to a cycle of the same form.
  const seen = open.get(a);
  if (seen?.has(b)) return true;
  open.set(a, (seen ?? new Set()).add(b));
  const result = sameContents(kind, a, b, strict, open) && sameProperties(a, b, strict, open);
  open.get(a)?.delete(b);
  return result;
}

function sameContents(kind: string, a: object, b: object, strict: boolean, open: Pairs): boolean {
  switch (kind) {
    case "Date":
      return Object.is((a as Date).getTime(), (b as Date).getTime());
    case "RegExp":
      return String(a) === String(b) && (a as RegExp).lastIndex === (b as RegExp).lastIndex;
    case "Error":
      return (a as Error).message === (b as Error).message && (a as Error).name === (b as Error).name && equal((a as Error).cause, (b as Error).cause, strict, open);
    case "Boolean":
    case "Number":
    case "String":
    case "BigInt":
    case "Symbol":
      return Object.is(a.valueOf(), b.valueOf());
    case "ArrayBuffer":
      return sameItems(new Uint8Array(a as ArrayBuffer), new Uint8Array(b as ArrayBuffer));
    case "TypedArray":
      return sameItems(a as Uint8Array, b as Uint8Array);
    case "DataView":
      return sameItems(bytesOf(a as DataView), bytesOf(b as DataView));
    case "Map":
      return sameMaps(a as Map<unknown, unknown>, b as Map<unknown, unknown>, strict, open);
    case "Set":
      return sameSets(a as Set<unknown>, b as Set<unknown>, strict, open);
    case "Array":
      return (a as unknown[]).length === (b as unknown[]).length;
    // What these hold cannot be looked at: only an object itself is equal to it.
    case "Promise":
    case "WeakMap":
    case "WeakSet":
    case "WeakRef":
      return false;
    default:
      return true;
  }
}

const bytesOf = (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

function sameItems(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i]) && a[i] !== b[i]) return false;
  return true;
}

function sameProperties(a: object, b: object, strict: boolean, open: Pairs): boolean {
  const keys = keysOf(a, strict);
  if (keys.length !== keysOf(b, strict).length) return false;
  return keys.every((key) => Object.prototype.propertyIsEnumerable.call(b, key) && equal((a as Bag)[key], (b as Bag)[key], strict, open));
}

/** Indices of a typed array have been compared. */
function keysOf(value: object, strict: boolean): PropertyKey[] {
  const names: PropertyKey[] = ArrayBuffer.isView(value) ? Object.keys(value).filter((key) => !/^\d+$/.test(key)) : Object.keys(value);
  return strict ? [...names, ...Object.getOwnPropertySymbols(value).filter((key) => Object.prototype.propertyIsEnumerable.call(value, key))] : names;
}

function sameSets(a: Set<unknown>, b: Set<unknown>, strict: boolean, open: Pairs): boolean {
  if (a.size !== b.size) return false;
  const left = [...b].filter((item) => !a.has(item));
  return [...a].every((item) => b.has(item) || takeFirst(left, (other) => equal(item, other, strict, open)));
}

function sameMaps(a: Map<unknown, unknown>, b: Map<unknown, unknown>, strict: boolean, open: Pairs): boolean {
  if (a.size !== b.size) return false;
  const left = [...b].filter(([key]) => !a.has(key));
  return [...a].every(([key, value]) => (b.has(key) ? equal(value, b.get(key), strict, open) : takeFirst(left, ([otherKey, other]) => equal(key, otherKey, strict, open) && equal(value, other, strict, open))));
}

function takeFirst<T>(items: T[], matches: (item: T) => boolean): boolean {
  const at = items.findIndex(matches);
  if (at >= 0) items.splice(at, 1);
  return at >= 0;
}
