/** StructuredSerialize and StructuredDeserialize in one step (https://html.spec.whatwg.org/#safe-passing-of-structured-data). */
import { DOMException, exceptionMessage, exceptionName, isDOMException } from "../../infra/guest/dom-exception.ts";
import { shareStack } from "../../infra/guest/error-stack.ts";
import { kindOf } from "../../infra/guest/kind.ts";
import {
  arrayBufferByteLength,
  arrayBufferDetached,
  arrayBufferMaxByteLength,
  arrayBufferResizable,
  arrayBufferResize,
  arrayBufferTransfer,
  arrayIndexOf,
  arrayPush,
  bigintValueOf,
  booleanValueOf,
  dataViewBuffer,
  dataViewByteLength,
  dataViewByteOffset,
  dateGetTime,
  getOwnPropertyDescriptor,
  mapForEach,
  mapGet,
  mapSet,
  numberValueOf,
  objectDefineProperty,
  ownKeys,
  reflectConstruct,
  regExpFlags,
  regExpSource,
  SafeArray,
  SafeArrayBuffer,
  SafeDataView,
  SafeDate,
  SafeError,
  SafeEvalError,
  SafeMap,
  SafeObject,
  SafeRangeError,
  SafeReferenceError,
  SafeRegExp,
  SafeSet,
  SafeSyntaxError,
  SafeTypeError,
  SafeUint8Array,
  SafeURIError,
  setAdd,
  setForEach,
  stringValueOf,
  typedArrayAt,
  typedArrayBuffer,
  typedArrayByteLength,
  typedArrayByteOffset,
  typedArrayLength,
  typedArrayName,
  typedArraySet,
} from "../../infra/guest/primordials.ts";
import { isArrayBuffer, toDOMString } from "../../infra/guest/webidl-convert.ts";
import { clonerOf, type Transfer, transferOf } from "./registry.ts";

/** From each object seen to its clone. */
type Memory = Map<object, object>;

const ERRORS: Readonly<Record<string, ErrorConstructor>> = {
  __proto__: null as never,
  Error: SafeError,
  EvalError: SafeEvalError,
  RangeError: SafeRangeError,
  ReferenceError: SafeReferenceError,
  SyntaxError: SafeSyntaxError,
  TypeError: SafeTypeError,
  URIError: SafeURIError,
};

type ViewConstructor = { new (buffer: ArrayBuffer, offset: number, length?: number): ArrayBufferView; readonly BYTES_PER_ELEMENT: number };
const VIEWS: Record<string, ViewConstructor> = { __proto__: null as never };
const viewNames = [
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float16Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
];
for (let i = 0; i < viewNames.length; i++) {
  const name = viewNames[i] as string;
  const constructor = (globalThis as unknown as Record<string, ViewConstructor | undefined>)[name];
  if (constructor !== undefined) VIEWS[name] = constructor;
}

function notCloneable(what: string): never {
  throw new DOMException(what + " could not be cloned", "DataCloneError");
}

/** `transfer` holds what is taken from its owner, once the whole value has been cloned. `transferred` are its counterparts, in the same order. */
export function cloneWithTransfer(value: unknown, transfer: readonly unknown[]): { readonly clone: unknown; readonly transferred: readonly unknown[] } {
  const memory: Memory = new SafeMap();
  const transferred: unknown[] = [];
  for (let i = 0; i < transfer.length; i++) {
    const item = transfer[i];
    if (arrayIndexOf(transfer, item) !== i) throw new DOMException("The transfer list has an object twice", "DataCloneError");
    const counterpart = isArrayBuffer(item) ? undefined : counterpartOf(item);
    if (counterpart !== undefined) mapSet(memory, item as object, counterpart);
    arrayPush(transferred, counterpart);
  }
  const clone = cloneValue(memory, value);
  for (let i = 0; i < transfer.length; i++) {
    const item = transfer[i] as object;
    if (!isArrayBuffer(item)) transferOfObject(item)?.move(item, transferred[i] as object);
    else {
      if (arrayBufferDetached(item)) notCloneable("A detached ArrayBuffer");
      // A clone has a copy already: all that is left of a transfer is that the owner loses its buffer.
      const copy = arrayBufferTransfer(item);
      transferred[i] = mapGet(memory, item) ?? copy;
    }
  }
  return { clone, transferred };
}

function transferOfObject(item: unknown): Transfer<object> | undefined {
  const info = typeof item === "object" && item !== null ? kindOf(item).info : undefined;
  return info === undefined ? undefined : transferOf(info);
}

function counterpartOf(item: unknown): object {
  const transfer = transferOfObject(item);
  if (transfer === undefined || !transfer.isTransferable(item as object)) throw new DOMException("An object that cannot be transferred is in the transfer list", "DataCloneError");
  return transfer.create();
}

export const structuredCloneOf = (value: unknown, transfer: readonly unknown[]): unknown => cloneWithTransfer(value, transfer).clone;

function cloneValue(memory: Memory, value: unknown): unknown {
  if (typeof value === "symbol") notCloneable("A symbol");
  if (typeof value === "function") notCloneable("A function");
  if (typeof value !== "object" || value === null) return value;
  return mapGet(memory, value) ?? cloneObject(memory, value);
}

function remember<T extends object>(memory: Memory, value: object, clone: T): T {
  mapSet(memory, value, clone);
  return clone;
}

function cloneObject(memory: Memory, value: object): object {
  if (isDOMException(value)) {
    const clone = new DOMException(exceptionMessage(value), exceptionName(value));
    copyStack(value, clone);
    return remember(memory, value, clone);
  }
  const { kind, info } = kindOf(value);
  switch (kind) {
    case "Object":
      return cloneProperties(memory, value, remember(memory, value, {}));
    case "Array": {
      const array = new SafeArray<unknown>();
      array.length = (value as unknown[]).length;
      return cloneProperties(memory, value, remember(memory, value, array));
    }
    case "Map":
      return cloneMap(memory, value as Map<unknown, unknown>);
    case "Set":
      return cloneSet(memory, value as Set<unknown>);
    case "Date":
      return remember(memory, value, new SafeDate(dateGetTime(value)));
    case "RegExp":
      return remember(memory, value, new SafeRegExp(regExpSource(value as RegExp), regExpFlags(value as RegExp)));
    case "Boolean":
      return remember(memory, value, SafeObject(booleanValueOf(value)) as object);
    case "Number":
      return remember(memory, value, SafeObject(numberValueOf(value)) as object);
    case "String":
      return remember(memory, value, SafeObject(stringValueOf(value)) as object);
    case "BigInt":
      return remember(memory, value, SafeObject(bigintValueOf(value)) as object);
    case "ArrayBuffer":
      return remember(memory, value, cloneBuffer(value as ArrayBuffer));
    case "TypedArray":
    case "DataView":
      return remember(memory, value, cloneView(memory, value as ArrayBufferView, kind));
    case "Error":
      return cloneError(memory, value);
    case "Interface": {
      const clone = info === undefined ? undefined : clonerOf(info);
      if (clone === undefined) notCloneable("A " + (info?.name ?? "platform object"));
      return remember(memory, value, clone(value as never, (inner) => cloneValue(memory, inner)));
    }
    default:
      notCloneable("A " + kind);
  }
}

function cloneProperties(memory: Memory, value: object, clone: object): object {
  const keys = ownKeys(value);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    if (typeof key !== "string" || getOwnPropertyDescriptor(value, key)?.enumerable !== true) continue;
    setOwn(clone, key, cloneValue(memory, (value as Record<string, unknown>)[key]));
  }
  return clone;
}

/** An assignment, unless that would meet a setter or a read-only property of a prototype. */
function setOwn(target: object, key: string, value: unknown): void {
  if (key in target) objectDefineProperty(target, key, { __proto__: null, value, writable: true, enumerable: true, configurable: true } as PropertyDescriptor);
  else (target as Record<string, unknown>)[key] = value;
}

function cloneMap(memory: Memory, value: Map<unknown, unknown>): Map<unknown, unknown> {
  const clone = remember(memory, value, new SafeMap<unknown, unknown>());
  // A getter that runs while values are cloned may change the map: what counts is what it held at the start.
  const entries: unknown[] = [];
  mapForEach(value, (item, key) => arrayPush(entries, key, item));
  for (let i = 0; i < entries.length; i += 2) {
    const key = cloneValue(memory, entries[i]);
    mapSet(clone, key, cloneValue(memory, entries[i + 1]));
  }
  return clone;
}

function cloneSet(memory: Memory, value: Set<unknown>): Set<unknown> {
  const clone = remember(memory, value, new SafeSet<unknown>());
  const items: unknown[] = [];
  setForEach(value, (item) => arrayPush(items, item));
  for (let i = 0; i < items.length; i++) setAdd(clone, cloneValue(memory, items[i]));
  return clone;
}

function cloneBuffer(buffer: ArrayBuffer): ArrayBuffer {
  if (arrayBufferDetached(buffer)) notCloneable("A detached ArrayBuffer");
  const length = arrayBufferByteLength(buffer);
  const options = arrayBufferResizable(buffer) ? { __proto__: null, maxByteLength: arrayBufferMaxByteLength(buffer) } : undefined;
  const clone = reflectConstruct(SafeArrayBuffer, [length, options]) as ArrayBuffer;
  typedArraySet(new SafeUint8Array(clone), new SafeUint8Array(buffer));
  return clone;
}

function cloneView(memory: Memory, view: ArrayBufferView, kind: "TypedArray" | "DataView"): object {
  const isTyped = kind === "TypedArray";
  const buffer = isTyped ? typedArrayBuffer(view) : dataViewBuffer(view as DataView);
  if (!isArrayBuffer(buffer) || arrayBufferDetached(buffer)) notCloneable("A view of an ArrayBuffer that is detached or shared");
  if (!isWithin(view, isTyped)) notCloneable("A view beyond the end of its buffer");
  const isTracking = arrayBufferResizable(buffer) && tracksLength(view, buffer, isTyped);
  const copy = (mapGet(memory, buffer) ?? remember(memory, buffer, cloneBuffer(buffer))) as ArrayBuffer;
  if (isTyped) {
    const View = VIEWS[typedArrayName(view) as string] as ViewConstructor;
    return isTracking ? new View(copy, typedArrayByteOffset(view)) : new View(copy, typedArrayByteOffset(view), typedArrayLength(view));
  }
  return isTracking ? new SafeDataView(copy, dataViewByteOffset(view as DataView)) : new SafeDataView(copy, dataViewByteOffset(view as DataView), dataViewByteLength(view as DataView));
}

function isWithin(view: ArrayBufferView, isTyped: boolean): boolean {
  try {
    if (isTyped) typedArrayAt(view, 0);
    else dataViewByteLength(view as DataView);
    return true;
  } catch {
    return false;
  }
}

/** Whether a view of a resizable buffer follows its length. No built-in function tells, so the buffer changes its length by one element, and back. */
function tracksLength(view: ArrayBufferView, buffer: ArrayBuffer, isTyped: boolean): boolean {
  const lengthOf = () => (isTyped ? typedArrayByteLength(view) : dataViewByteLength(view as DataView));
  const before = lengthOf();
  const size = arrayBufferByteLength(buffer);
  const step = isTyped ? (VIEWS[typedArrayName(view) as string] as ViewConstructor).BYTES_PER_ELEMENT : 1;
  if (size + step <= arrayBufferMaxByteLength(buffer)) {
    arrayBufferResize(buffer, size + step);
    const isTracking = lengthOf() !== before;
    arrayBufferResize(buffer, size);
    return isTracking;
  }
  if (before < step) return false;
  const end = new SafeUint8Array(step);
  typedArraySet(end, new SafeUint8Array(buffer, size - step, step));
  arrayBufferResize(buffer, size - step);
  const isTracking = isWithin(view, isTyped) && lengthOf() !== before;
  arrayBufferResize(buffer, size);
  typedArraySet(new SafeUint8Array(buffer), end, size - step);
  return isTracking;
}

function cloneError(memory: Memory, value: object): object {
  const given = (value as { name?: unknown }).name;
  const name = given === undefined ? "Error" : toDOMString(given);
  const clone = reflectConstruct(ERRORS[name] ?? SafeError, []) as Error;
  remember(memory, value, clone);
  const message = getOwnPropertyDescriptor(value, "message");
  if (message !== undefined && "value" in message) defineHidden(clone, "message", toDOMString(message.value));
  const cause = getOwnPropertyDescriptor(value, "cause");
  if (cause !== undefined && "value" in cause) defineHidden(clone, "cause", cloneValue(memory, cause.value));
  copyStack(value, clone);
  return clone;
}

function copyStack(from: object, to: object): void {
  const own = getOwnPropertyDescriptor(from, "stack")?.value as unknown;
  if (typeof own === "string") defineHidden(to, "stack", own);
  else shareStack(from, to);
}

function defineHidden(target: object, key: string, value: unknown): void {
  objectDefineProperty(target, key, { __proto__: null, value, writable: true, configurable: true } as PropertyDescriptor);
}
