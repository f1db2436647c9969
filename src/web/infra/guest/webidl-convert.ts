/** Web IDL conversions of JavaScript values to IDL types (https://webidl.spec.whatwg.org/#js-type-mapping). `where` names the value for error messages. */
import {
  arrayBufferByteLength,
  arrayBufferIsView,
  arrayIncludes,
  arrayPush,
  dataViewBuffer,
  dataViewByteLength,
  dataViewByteOffset,
  getOwnPropertyDescriptor,
  mathFloor,
  mathTrunc,
  MAX_SAFE_INTEGER,
  ownKeys,
  regExpExec,
  SafeString,
  SafeTypeError,
  SafeUint8Array,
  stringIsWellFormed,
  stringToWellFormed,
  typedArrayBuffer,
  typedArrayByteLength,
  typedArrayByteOffset,
  typedArrayName,
} from "./primordials.ts";
import { listFromIterable } from "./webidl.ts";

export type Converter<T> = (value: unknown, where: string) => T;

export function toDOMString(value: unknown, where = "value"): string {
  if (typeof value === "string") return value;
  if (typeof value === "symbol") throw new SafeTypeError(where + ": a symbol cannot be converted to a string");
  return SafeString(value);
}

export function toUSVString(value: unknown, where = "value"): string {
  const text = toDOMString(value, where);
  return stringIsWellFormed(text) ? text : stringToWellFormed(text);
}

const NOT_A_BYTE = /[^\0-\xff]/;

export function toByteString(value: unknown, where = "value"): string {
  const text = toDOMString(value, where);
  if (regExpExec(NOT_A_BYTE, text) !== null) throw new SafeTypeError(where + ": a character above U+00FF is not allowed here");
  return text;
}

/** `double`: a finite number. */
export function toDouble(value: unknown, where: string): number {
  const number = +(value as number);
  if (number - number !== 0) throw new SafeTypeError(where + ": not a finite number");
  return number;
}

export type IntegerMode = "wrap" | "enforceRange" | "clamp";

/** An integer type of `bits` bits (8, 16, 32, 64). */
export function toInteger(value: unknown, bits: number, signed: boolean, mode: IntegerMode, where: string): number {
  let number = +(value as number);
  const upper = bits === 64 ? MAX_SAFE_INTEGER : 2 ** (signed ? bits - 1 : bits) - 1;
  const lower = !signed ? 0 : bits === 64 ? -MAX_SAFE_INTEGER : -(2 ** (bits - 1));
  if (mode === "enforceRange") {
    if (number - number !== 0) throw new SafeTypeError(where + ": not a finite number");
    number = mathTrunc(number) + 0;
    if (number < lower || number > upper) throw new SafeTypeError(where + ": out of range");
    return number;
  }
  if (mode === "clamp") {
    if (number !== number) return 0;
    number = number < lower ? lower : number > upper ? upper : number;
    const floor = mathFloor(number);
    const rest = number - floor;
    return (rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor) + 0;
  }
  if (number - number !== 0) return 0;
  number = mathTrunc(number) + 0;
  if (number >= lower && number <= upper) return number;
  const modulus = 2 ** bits;
  number %= modulus;
  if (number < 0) number += modulus;
  return signed && number >= modulus / 2 ? number - modulus : number;
}

export const toUnsignedShort = (value: unknown, where: string): number => toInteger(value, 16, false, "wrap", where);
export const toLong = (value: unknown, where: string): number => toInteger(value, 32, true, "wrap", where);
export const toUnsignedLong = (value: unknown, where: string): number => toInteger(value, 32, false, "wrap", where);
export const toUnsignedLongLong = (value: unknown, where: string): number => toInteger(value, 64, false, "wrap", where);
export const toUnsignedLongEnforced = (value: unknown, where: string): number => toInteger(value, 32, false, "enforceRange", where);
export const toUnsignedLongLongEnforced = (value: unknown, where: string): number => toInteger(value, 64, false, "enforceRange", where);

export function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/**
 * The object whose members make a dictionary, or undefined when there is none (undefined, null). Read the members in the order of the IDL:
 * inherited dictionaries first, then alphabetically; each exactly once.
 */
export function toDictionary(value: unknown, where: string): Readonly<Record<string, unknown>> | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw new SafeTypeError(where + ": not an object");
  return value as Record<string, unknown>;
}

export function toEnum<T extends string>(value: unknown, allowed: readonly T[], where: string): T {
  const text = toDOMString(value, where) as T;
  if (!arrayIncludes(allowed, text)) throw new SafeTypeError(where + ": '" + text + "' is not one of the allowed values");
  return text;
}

export function toCallback<F extends (...args: never[]) => unknown>(value: unknown, where: string): F {
  if (typeof value !== "function") throw new SafeTypeError(where + ": not a function");
  return value as F;
}

export function toSequence<T>(value: unknown, item: Converter<T>, where: string): T[] {
  const items = isObject(value) ? listFromIterable(value, where, item) : undefined;
  if (items === undefined) throw new SafeTypeError(where + ": not iterable");
  return items;
}

/** `record<K, V>` as one list: key, value, key, value, … */
export function toRecord<V>(value: unknown, key: Converter<string>, convert: Converter<V>, where: string): (string | V)[] {
  if (!isObject(value)) throw new SafeTypeError(where + ": not an object");
  const record: (string | V)[] = [];
  const names = ownKeys(value);
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string | symbol;
    if (getOwnPropertyDescriptor(value, name)?.enumerable !== true) continue;
    const converted = key(name, where);
    const item = convert((value as Record<string | symbol, unknown>)[name], where);
    // Two names may become one only where the conversion changed it (lone surrogates).
    let at = converted === name ? -1 : 0;
    if (at === 0) while (at < record.length && record[at] !== converted) at += 2;
    if (at < 0 || at >= record.length) arrayPush(record, converted, item);
    else record[at + 1] = item;
  }
  return record;
}

export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  if (typeof value !== "object" || value === null) return false;
  try {
    arrayBufferByteLength(value as ArrayBuffer);
    return true;
  } catch {
    return false;
  }
}

/** A view of the bytes of an ArrayBuffer or ArrayBufferView (not a copy); undefined for anything else. A detached buffer gives no bytes. */
export function viewBytes(value: unknown): Uint8Array<ArrayBuffer> | undefined {
  if (arrayBufferIsView(value)) {
    const typed = typedArrayName(value) !== undefined;
    const buffer = typed ? typedArrayBuffer(value) : dataViewBuffer(value as DataView);
    try {
      return typed
        ? new SafeUint8Array(buffer, typedArrayByteOffset(value), typedArrayByteLength(value))
        : new SafeUint8Array(buffer, dataViewByteOffset(value as DataView), dataViewByteLength(value as DataView));
    } catch {
      return new SafeUint8Array(0);
    }
  }
  if (!isArrayBuffer(value)) return undefined;
  try {
    return new SafeUint8Array(value);
  } catch {
    return new SafeUint8Array(0);
  }
}

/** `BufferSource` as a view of its bytes. */
export function toBufferSource(value: unknown, where: string): Uint8Array<ArrayBuffer> {
  const bytes = viewBytes(value);
  if (bytes === undefined) throw new SafeTypeError(where + ": not an ArrayBuffer or a view of one");
  return bytes;
}

