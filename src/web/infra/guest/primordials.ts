/**
 * The intrinsics as plain functions, captured before any app ran. Guest code reaches built-ins only through here: an app that patches
 * `Array.prototype.push` or `Promise.prototype.then` breaks itself, not `fetch`.
 *
 * Also patchable, so avoid them on values of the app and on hot paths: `for…of`, array spread and array destructuring (they call
 * `Array.prototype[Symbol.iterator]`), template literals (QuickJS calls `String.prototype.concat`: write `"a" + b`), `instanceof`
 * (`Symbol.hasInstance`), reading an absent property of a plain object (`Object.prototype`: make it with `__proto__: null`).
 */

type Method<T, A extends unknown[], R> = (this: T, ...args: A) => R;

const { apply, construct, getPrototypeOf, getOwnPropertyDescriptor, ownKeys, defineProperty, setPrototypeOf, has, get } = Reflect;
const bindCall = Function.prototype.bind.bind(Function.prototype.call) as (fn: unknown) => unknown;

/** `uncurryThis(f)(self, ...args)` is `f.call(self, ...args)`, out of the app's reach. */
export const uncurryThis = bindCall as <T, A extends unknown[], R>(fn: Method<T, A, R>) => (self: T, ...args: A) => R;

/** The getter `key` of `prototype`, as a function of the object. */
function getter<T, R>(prototype: object, key: PropertyKey): (self: T) => R {
  const descriptor = getOwnPropertyDescriptor(prototype, key);
  if (descriptor?.get === undefined) throw new Error("no getter " + globalThis.String(key));
  return uncurryThis(descriptor.get as Method<T, [], R>);
}

// Reflect
export {
  apply as reflectApply,
  construct as reflectConstruct,
  defineProperty as reflectDefineProperty,
  get as reflectGet,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  has as reflectHas,
  ownKeys,
  setPrototypeOf,
};

// Constructors, under names that an app cannot replace
export const {
  Array: SafeArray,
  ArrayBuffer: SafeArrayBuffer,
  BigInt: SafeBigInt,
  Boolean: SafeBoolean,
  DataView: SafeDataView,
  Date: SafeDate,
  Error: SafeError,
  EvalError: SafeEvalError,
  Map: SafeMap,
  Number: SafeNumber,
  Object: SafeObject,
  Promise: SafePromise,
  Proxy: SafeProxy,
  RangeError: SafeRangeError,
  ReferenceError: SafeReferenceError,
  RegExp: SafeRegExp,
  Set: SafeSet,
  String: SafeString,
  Symbol: SafeSymbol,
  SyntaxError: SafeSyntaxError,
  TypeError: SafeTypeError,
  URIError: SafeURIError,
  Uint8Array: SafeUint8Array,
  WeakMap: SafeWeakMap,
  WeakRef: SafeWeakRef,
  WeakSet: SafeWeakSet,
} = globalThis;
export const TypedArray = getPrototypeOf(Uint8Array) as unknown as { readonly prototype: Uint8Array };

// Object
export const objectDefineProperty = Object.defineProperty;
export const objectDefineProperties = Object.defineProperties;
export const objectFreeze = Object.freeze;
export const objectKeys = Object.keys;
export const objectCreate = Object.create as (prototype: object | null) => Record<PropertyKey, unknown>;
export const objectHasOwn = Object.hasOwn;
export const objectIs = Object.is;
export const objectIsExtensible = Object.isExtensible;
export const objectToString = uncurryThis(Object.prototype.toString) as (value: unknown) => string;
export const isArray = Array.isArray;

// Function
export const functionBind = uncurryThis(Function.prototype.bind) as <F>(fn: F, self: unknown, ...args: unknown[]) => F;
export const functionToString = uncurryThis(Function.prototype.toString);

// Symbol
export const symbolIterator: typeof Symbol.iterator = Symbol.iterator;
export const symbolAsyncIterator: typeof Symbol.asyncIterator = Symbol.asyncIterator;
export const symbolToStringTag: typeof Symbol.toStringTag = Symbol.toStringTag;
export const symbolToString = uncurryThis(Symbol.prototype.toString);
export const symbolDescription = getter<symbol, string | undefined>(Symbol.prototype, "description");

// Array. The callbacks' types are those of the untyped prototype, so the generic ones are spelled out.
const array = Array.prototype;
export const arrayPush = uncurryThis(array.push) as <T>(self: T[], ...items: T[]) => number;
export const arrayPop = uncurryThis(array.pop) as <T>(self: T[]) => T | undefined;
export const arrayShift = uncurryThis(array.shift) as <T>(self: T[]) => T | undefined;
export const arrayUnshift = uncurryThis(array.unshift) as <T>(self: T[], ...items: T[]) => number;
export const arrayIndexOf = uncurryThis(array.indexOf) as <T>(self: readonly T[], item: T, from?: number) => number;
export const arrayIncludes = uncurryThis(array.includes) as <T>(self: readonly T[], item: T) => boolean;
export const arrayJoin = uncurryThis(array.join) as (self: readonly unknown[], separator?: string) => string;
export const arrayFill = uncurryThis(array.fill) as <T>(self: T[], item: T, start?: number, end?: number) => T[];
export const arraySort = uncurryThis(array.sort) as <T>(self: T[], compare: (a: T, b: T) => number) => T[];
export const arrayReverse = uncurryThis(array.reverse) as <T>(self: T[]) => T[];

/** A copy of `self[start … end)`, made without `Symbol.species`. */
export function arraySlice<T>(self: readonly T[], start = 0, end = self.length): T[] {
  const copy: T[] = [];
  for (let i = start; i < end; i++) arrayPush(copy, self[i] as T);
  return copy;
}

/** Removes `count` items at `start`, in place. */
export function arrayRemove<T>(self: T[], start: number, count = 1): void {
  for (let i = start + count; i < self.length; i++) self[i - count] = self[i] as T;
  self.length -= count;
}

// String
const string = String.prototype as String & { isWellFormed(): boolean; toWellFormed(): string };
type OnString<A extends unknown[], R> = (self: string, ...args: A) => R;
export const stringAt = uncurryThis(string.at) as OnString<[number], string | undefined>;
export const stringCharCodeAt = uncurryThis(string.charCodeAt) as OnString<[number], number>;
export const stringCodePointAt = uncurryThis(string.codePointAt) as OnString<[number], number | undefined>;
export const stringEndsWith = uncurryThis(string.endsWith) as OnString<[string], boolean>;
export const stringIncludes = uncurryThis(string.includes) as OnString<[string], boolean>;
export const stringIndexOf = uncurryThis(string.indexOf) as OnString<[string, number?], number>;
export const stringLastIndexOf = uncurryThis(string.lastIndexOf) as OnString<[string, number?], number>;
export const stringIsWellFormed = uncurryThis(string.isWellFormed) as OnString<[], boolean>;
export const stringToWellFormed = uncurryThis(string.toWellFormed) as OnString<[], string>;
export const stringPadEnd = uncurryThis(string.padEnd) as OnString<[number, string?], string>;
export const stringPadStart = uncurryThis(string.padStart) as OnString<[number, string?], string>;
export const stringRepeat = uncurryThis(string.repeat) as OnString<[number], string>;
export const stringSlice = uncurryThis(string.slice) as OnString<[number?, number?], string>;
export const stringStartsWith = uncurryThis(string.startsWith) as OnString<[string, number?], boolean>;
export const stringToLowerCase = uncurryThis(string.toLowerCase) as OnString<[], string>;
export const stringToUpperCase = uncurryThis(string.toUpperCase) as OnString<[], string>;
export const stringTrim = uncurryThis(string.trim) as OnString<[], string>;
export const stringFromCharCode = String.fromCharCode;
export const stringFromCodePoint = String.fromCodePoint;

/** `text.split(separator)` for a plain string; the built-in asks the separator for `Symbol.split`. */
export function stringSplit(text: string, separator: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (let at = stringIndexOf(text, separator); at >= 0; at = stringIndexOf(text, separator, from)) {
    arrayPush(parts, stringSlice(text, from, at));
    from = at + separator.length;
  }
  arrayPush(parts, stringSlice(text, from));
  return parts;
}

/** `text.replaceAll(what, by)` for plain strings. */
export function stringReplaceAll(text: string, what: string, by: string): string {
  return stringIndexOf(text, what) < 0 ? text : arrayJoin(stringSplit(text, what), by);
}

// RegExp. `exec` is the built-in one; `test`, `replace` and `split` would call the app's.
export const regExpExec = uncurryThis(RegExp.prototype.exec);
export const regExpTest = (pattern: RegExp, text: string): boolean => regExpExec(pattern, text) !== null;
export const regExpSource = getter<RegExp, string>(RegExp.prototype, "source");
const FLAGS = ["hasIndices", "global", "ignoreCase", "multiline", "dotAll", "unicode", "unicodeSets", "sticky"];
const hasFlag = FLAGS.map((name) => getter<RegExp, boolean>(RegExp.prototype, name));
/** The built-in `flags` asks for each flag by name, and so would run an app's code. */
export function regExpFlags(pattern: RegExp): string {
  let flags = "";
  for (let i = 0; i < FLAGS.length; i++) if ((hasFlag[i] as (self: RegExp) => boolean)(pattern)) flags += "dgimsuvy"[i];
  return flags;
}

// Number, BigInt, Math
export const { isFinite: numberIsFinite, isInteger: numberIsInteger, isNaN: numberIsNaN, isSafeInteger: numberIsSafeInteger } = Number;
export const MAX_SAFE_INTEGER: number = Number.MAX_SAFE_INTEGER;
export const numberToString = uncurryThis(Number.prototype.toString);
export const numberToFixed = uncurryThis(Number.prototype.toFixed);
export const numberValueOf = uncurryThis(Number.prototype.valueOf) as (value: unknown) => number;
export const stringValueOf = uncurryThis(String.prototype.valueOf) as (value: unknown) => string;
export const booleanValueOf = uncurryThis(Boolean.prototype.valueOf) as (value: unknown) => boolean;
export const bigintValueOf = uncurryThis(BigInt.prototype.valueOf) as (value: unknown) => bigint;
export const symbolValueOf = uncurryThis(Symbol.prototype.valueOf) as (value: unknown) => symbol;
export const bigintToString = uncurryThis(BigInt.prototype.toString);
export const { abs: mathAbs, ceil: mathCeil, floor: mathFloor, max: mathMax, min: mathMin, pow: mathPow, sign: mathSign, trunc: mathTrunc } = Math;
export const safeParseInt = globalThis.parseInt;
export const safeParseFloat = globalThis.parseFloat;

// Map, Set, WeakMap
const map = Map.prototype;
export const mapGet = uncurryThis(map.get) as <K, V>(self: Map<K, V>, key: K) => V | undefined;
export const mapSet = uncurryThis(map.set) as <K, V>(self: Map<K, V>, key: K, value: V) => Map<K, V>;
export const mapHas = uncurryThis(map.has) as <K>(self: Map<K, unknown>, key: K) => boolean;
export const mapDelete = uncurryThis(map.delete) as <K>(self: Map<K, unknown>, key: K) => boolean;
export const mapClear = uncurryThis(map.clear);
export const mapForEach = uncurryThis(map.forEach) as <K, V>(self: Map<K, V>, visit: (value: V, key: K) => void) => void;
export const mapSize = getter<Map<unknown, unknown>, number>(map, "size");
const set = Set.prototype;
export const setAdd = uncurryThis(set.add) as <T>(self: Set<T>, item: T) => Set<T>;
export const setHas = uncurryThis(set.has) as <T>(self: Set<T>, item: T) => boolean;
export const setDelete = uncurryThis(set.delete) as <T>(self: Set<T>, item: T) => boolean;
export const setClear = uncurryThis(set.clear);
export const setForEach = uncurryThis(set.forEach) as <T>(self: Set<T>, visit: (item: T) => void) => void;
export const setSize = getter<Set<unknown>, number>(set, "size");
export const weakMapGet = uncurryThis(WeakMap.prototype.get) as <K extends WeakKey, V>(self: WeakMap<K, V>, key: K) => V | undefined;
export const weakMapSet = uncurryThis(WeakMap.prototype.set) as <K extends WeakKey, V>(self: WeakMap<K, V>, key: K, value: V) => WeakMap<K, V>;
export const weakMapHas = uncurryThis(WeakMap.prototype.has) as <K extends WeakKey>(self: WeakMap<K, unknown>, key: K) => boolean;
export const weakMapDelete = uncurryThis(WeakMap.prototype.delete) as <K extends WeakKey>(self: WeakMap<K, unknown>, key: K) => boolean;
export const weakSetHas = uncurryThis(WeakSet.prototype.has) as (self: WeakSet<WeakKey>, item: unknown) => boolean;
export const weakSetAdd = uncurryThis(WeakSet.prototype.add) as <K extends WeakKey>(self: WeakSet<K>, item: K) => WeakSet<K>;
export const weakSetDelete = uncurryThis(WeakSet.prototype.delete) as <K extends WeakKey>(self: WeakSet<K>, item: K) => boolean;
export const weakRefDeref = uncurryThis(WeakRef.prototype.deref) as <T extends WeakKey>(self: WeakRef<T>) => T | undefined;

// ArrayBuffer, typed arrays, DataView
const bufferPrototype = ArrayBuffer.prototype as ArrayBuffer & { transfer(length?: number): ArrayBuffer };
export const arrayBufferIsView = ArrayBuffer.isView;
export const arrayBufferByteLength = getter<ArrayBuffer, number>(bufferPrototype, "byteLength");
export const arrayBufferResizable = getter<ArrayBuffer, boolean>(bufferPrototype, "resizable");
export const arrayBufferResize = uncurryThis((bufferPrototype as unknown as { resize(length: number): void }).resize) as (self: ArrayBuffer, length: number) => void;
export const arrayBufferMaxByteLength = getter<ArrayBuffer, number>(bufferPrototype, "maxByteLength");
export const arrayBufferDetached = getter<ArrayBuffer, boolean>(bufferPrototype, "detached");
export const arrayBufferTransfer = uncurryThis(bufferPrototype.transfer) as (self: ArrayBuffer, length?: number) => ArrayBuffer;
/** The name of the typed array's class, or undefined for anything else. */
export const typedArrayName = getter<unknown, string | undefined>(TypedArray.prototype, Symbol.toStringTag);
export const typedArrayBuffer = getter<ArrayBufferView, ArrayBuffer>(TypedArray.prototype, "buffer");
export const typedArrayByteLength = getter<ArrayBufferView, number>(TypedArray.prototype, "byteLength");
export const typedArrayByteOffset = getter<ArrayBufferView, number>(TypedArray.prototype, "byteOffset");
export const typedArrayLength = getter<ArrayBufferView, number>(TypedArray.prototype, "length");
/** Throws when the view is out of its buffer's bounds. */
export const typedArrayAt = uncurryThis(TypedArray.prototype.at) as (self: ArrayBufferView, index: number) => number | bigint | undefined;
export const typedArraySet = uncurryThis(TypedArray.prototype.set) as (self: Uint8Array, source: ArrayLike<number>, offset?: number) => void;
export const typedArrayFill = uncurryThis(TypedArray.prototype.fill) as (self: Uint8Array, value: number, start?: number, end?: number) => Uint8Array;
export const dataViewBuffer = getter<DataView, ArrayBuffer>(DataView.prototype, "buffer");
export const dataViewByteLength = getter<DataView, number>(DataView.prototype, "byteLength");
export const dataViewByteOffset = getter<DataView, number>(DataView.prototype, "byteOffset");

// Promise
export const promiseThen = uncurryThis(Promise.prototype.then) as <T, R = T, S = never>(
  self: Promise<T>,
  resolved?: ((value: T) => R | PromiseLike<R>) | null,
  rejected?: ((reason: unknown) => S | PromiseLike<S>) | null,
) => Promise<R | S>;
export const promiseResolve = functionBind(Promise.resolve, Promise) as <T>(value: T | PromiseLike<T>) => Promise<T>;
export const promiseReject = functionBind(Promise.reject, Promise) as (reason: unknown) => Promise<never>;
export const promiseWithResolvers = functionBind(
  (Promise as unknown as { withResolvers: () => unknown }).withResolvers,
  Promise,
) as <T>() => { promise: Promise<T>; resolve: (value: T | PromiseLike<T>) => void; reject: (reason: unknown) => void };
/** Marks a rejection as handled. */
export const promiseIgnore = (promise: Promise<unknown>): void => void promiseThen(promise, undefined, () => {});

// Date, JSON, URI
export const dateNow = Date.now;
export const dateGetTime = uncurryThis(Date.prototype.getTime) as (self: unknown) => number;
export const dateToISOString = uncurryThis(Date.prototype.toISOString);
export const jsonParse: (text: string) => unknown = JSON.parse;
export const jsonStringify: (value: unknown, replacer?: null, indent?: number) => string = JSON.stringify;

/** `encodeURIComponent` */
export const uriEncode = encodeURIComponent;

export const errorToString = uncurryThis(Error.prototype.toString) as (self: unknown) => string;

/** %IteratorPrototype% and %AsyncIteratorPrototype%. */
export const IteratorPrototype = getPrototypeOf(getPrototypeOf([][Symbol.iterator]()) as object) as object;
export const AsyncIteratorPrototype = getPrototypeOf(
  getPrototypeOf(getPrototypeOf((async function* () {})()) as object) as object,
) as object;
