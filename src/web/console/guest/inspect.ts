/**
 * Objects as text for people: nested values, class names, collections, errors with their stacks, cycles. Bounded in depth, entries and length.
 * Never runs an app's getters; of its code only a proxy's traps can run.
 */
import { kindOf, type KindOf } from "../../infra/guest/kind.ts";
import { type DOMException, exceptionMessage, exceptionName, isDOMException } from "../../infra/guest/dom-exception.ts";
import {
  arrayBufferByteLength,
  arrayIncludes,
  arrayJoin,
  arrayPop,
  arrayPush,
  dataViewByteLength,
  dateGetTime,
  dateToISOString,
  functionToString,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  mapForEach,
  mapSize,
  numberIsNaN,
  numberToString,
  ownKeys,
  reflectApply,
  regExpFlags,
  regExpSource,
  safeParseInt,
  setForEach,
  setSize,
  stringIncludes,
  stringReplaceAll,
  stringStartsWith,
  symbolToStringTag,
  typedArrayLength,
  typedArrayName,
  booleanValueOf,
  bigintValueOf,
  numberValueOf,
  stringValueOf,
  symbolValueOf,
} from "../../infra/guest/primordials.ts";
import { dataProperty, framesOf } from "../../infra/guest/error-stack.ts";
import { formatKey, formatPrimitive, formatStack, shorten } from "./text.ts";

const DEFAULT_DEPTH = 4;
const MAX_ENTRIES = 100;
const MAX_STRING = 4096;
/** Units of text after which nothing more is looked into. The host's limit on a line is lower still. */
const MAX_UNITS = 16 << 10;
const LINE_WIDTH = 76;

interface State {
  readonly maxDepth: number;
  readonly open: object[];
  unitsLeft: number;
}

/** `value` as text. A string at the top stays as it is. */
export function inspect(value: unknown, maxDepth = DEFAULT_DEPTH): string {
  if (!isReference(value)) return formatPrimitive(value, false);
  return format({ maxDepth, open: [], unitsLeft: MAX_UNITS }, value);
}

function isReference(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

function format(state: State, value: unknown): string {
  const text = isReference(value) ? formatReference(state, value) : formatPrimitive(typeof value === "string" ? shorten(value, MAX_STRING) : value, true);
  state.unitsLeft -= text.length;
  return text;
}

function formatReference(state: State, value: object): string {
  if (arrayIncludes(state.open, value)) return "[Circular]";
  if (state.unitsLeft <= 0) return "…";
  try {
    const kind = kindOf(value);
    if (kind.kind === "Error" || isDOMException(value)) return formatError(state, value);
    if (state.open.length > state.maxDepth) return "[" + (className(value) ?? "Object") + "]";
    arrayPush(state.open, value);
    try {
      return formatObject(state, value, kind);
    } finally {
      arrayPop(state.open);
    }
  } catch {
    return "[an object that cannot be inspected]";
  }
}

function formatObject(state: State, value: object, { kind, info }: KindOf): string {
  const name = className(value);
  const entries: string[] = [];
  switch (kind) {
    case "Array": {
      const { length } = value as unknown[];
      addItems(state, entries, value as unknown[], length);
      addProperties(state, entries, value, true);
      return layOut(name === "Array" ? "" : (name ?? "Array") + "(" + numberToString(length) + ") ", "[", entries, "]");
    }
    case "TypedArray": {
      const length = typedArrayLength(value as Uint8Array);
      addItems(state, entries, value as unknown as unknown[], length);
      return layOut((name ?? (typedArrayName(value) as string)) + "(" + numberToString(length) + ") ", "[", entries, "]");
    }
    case "Map":
      mapForEach(value as Map<unknown, unknown>, (item, key) => {
        if (hasRoom(state, entries)) arrayPush(entries, format(state, key) + " => " + format(state, item));
      });
      addRest(entries, mapSize(value as Map<unknown, unknown>));
      addProperties(state, entries, value, false);
      return layOut((name ?? kind) + "(" + numberToString(mapSize(value as Map<unknown, unknown>)) + ") ", "{", entries, "}");
    case "Set":
      setForEach(value as Set<unknown>, (item) => {
        if (hasRoom(state, entries)) arrayPush(entries, format(state, item));
      });
      addRest(entries, setSize(value as Set<unknown>));
      addProperties(state, entries, value, false);
      return layOut((name ?? kind) + "(" + numberToString(setSize(value as Set<unknown>)) + ") ", "{", entries, "}");
    case "ArrayBuffer":
    case "DataView":
      arrayPush(entries, "byteLength: " + numberToString(kind === "DataView" ? dataViewByteLength(value as DataView) : arrayBufferByteLength(value as ArrayBuffer)));
      break;
    case "WeakMap":
    case "WeakSet":
      arrayPush(entries, "<items unknown>");
      break;
    case "Interface":
      if (info !== undefined) addInterface(state, entries, value, info);
      break;
    case "Object":
    case "Promise":
    case "WeakRef":
    case "Generator":
      break;
    default:
      addProperties(state, entries, value, kind === "String");
      return layOut(formatLeaf(value, kind, name), "{", entries, "}", true);
  }
  addProperties(state, entries, value, false);
  return layOut(prefixOf(value, name), "{", entries, "}");
}

/** What is one word, plus properties if somebody hung some on it. */
function formatLeaf(value: object, kind: KindOf["kind"], name: string | null): string {
  switch (kind) {
    case "Date":
      return numberIsNaN(dateGetTime(value)) ? "Invalid Date" : dateToISOString(value as Date);
    case "RegExp":
      return "/" + regExpSource(value as RegExp) + "/" + regExpFlags(value as RegExp);
    case "Function":
      return formatFunction(value as () => unknown);
    case "Number":
      return "[Number: " + formatPrimitive(numberValueOf(value), true) + "]";
    case "String":
      return "[String: " + formatPrimitive(shorten(stringValueOf(value), MAX_STRING), true) + "]";
    case "Boolean":
      return "[Boolean: " + formatPrimitive(booleanValueOf(value), true) + "]";
    case "BigInt":
      return "[BigInt: " + formatPrimitive(bigintValueOf(value), true) + "]";
    case "Symbol":
      return "[Symbol: " + formatPrimitive(symbolValueOf(value), true) + "]";
    default:
      return name ?? kind;
  }
}

function formatFunction(value: () => unknown): string {
  const name = dataProperty(value, "name");
  const label = typeof name === "string" && name !== "" ? name : null;
  if (!stringStartsWith(functionToString(value), "class")) return label === null ? "[Function (anonymous)]" : "[Function: " + label + "]";
  const parent = getPrototypeOf(value);
  const parentName = typeof parent === "function" ? dataProperty(parent, "name") : "";
  return "[class " + (label ?? "(anonymous)") + (typeof parentName === "string" && parentName !== "" ? " extends " + parentName : "") + "]";
}

function formatError(state: State, value: object): string {
  let name: unknown;
  let message: unknown;
  if (isDOMException(value)) {
    name = exceptionName(value as DOMException);
    message = exceptionMessage(value as DOMException);
  } else {
    name = dataProperty(value, "name");
    message = dataProperty(value, "message");
    const cls = className(value);
    if (name === "Error" && cls !== null) name = cls;
  }
  const label = typeof name === "string" && name !== "" ? name : "Error";
  const head = typeof message === "string" && message !== "" ? label + ": " + shorten(message, MAX_STRING) : label;
  const frames = formatStack(framesOf(value));
  if (state.open.length > state.maxDepth) return "[" + head + "]";
  const entries: string[] = [];
  arrayPush(state.open, value);
  addHidden(state, entries, value, "cause");
  addHidden(state, entries, value, "errors");
  addProperties(state, entries, value, false);
  arrayPop(state.open);
  const text = frames === "" ? (state.open.length === 0 ? head : "[" + head + "]") : head + "\n" + shorten(frames, MAX_STRING);
  return entries.length === 0 ? text : text + " {\n  " + indentLines(arrayJoin(entries, ",\n")) + "\n}";
}

/** An own property that is not enumerable, and still of interest. */
function addHidden(state: State, entries: string[], value: object, key: string): void {
  const descriptor = getOwnPropertyDescriptor(value, key);
  if (descriptor !== undefined && descriptor.enumerable !== true && "value" in descriptor) arrayPush(entries, "[" + key + "]: " + format(state, descriptor.value));
}

function addInterface(state: State, entries: string[], value: object, info: NonNullable<KindOf["info"]>): void {
  for (let i = 0; i < info.inspected.length; i++) {
    const attribute = info.inspected[i] as (typeof info.inspected)[number];
    arrayPush(entries, attribute[0] + ": " + format(state, reflectApply(attribute[1], value, [])));
  }
  if (info.pairs === undefined) return;
  const list = info.pairs(value);
  for (let i = 0; i < list.length && hasRoom(state, entries); i += 2) arrayPush(entries, format(state, list[i]) + " => " + format(state, list[i + 1]));
  addRest(entries, list.length / 2 + info.inspected.length);
}

function hasRoom(state: State, entries: readonly string[]): boolean {
  return entries.length < MAX_ENTRIES && state.unitsLeft > 0;
}

function addRest(entries: string[], total: number): void {
  const rest = total - entries.length;
  if (rest > 0) arrayPush(entries, "... " + numberToString(rest) + (rest === 1 ? " more item" : " more items"));
}

function addItems(state: State, entries: string[], items: unknown[], length: number): void {
  let i = 0;
  while (i < length && hasRoom(state, entries)) {
    const start = i;
    let descriptor = getOwnPropertyDescriptor(items, i);
    while (descriptor === undefined && ++i < length && i - start < MAX_ENTRIES) descriptor = getOwnPropertyDescriptor(items, i);
    if (i > start) arrayPush(entries, "<" + numberToString(i - start) + (i - start === 1 ? " empty item>" : " empty items>"));
    if (descriptor === undefined) continue;
    arrayPush(entries, formatDescriptor(state, descriptor));
    i++;
  }
  if (i < length) arrayPush(entries, "... " + numberToString(length - i) + (length - i === 1 ? " more item" : " more items"));
}

/** `indexed`: without the integer keys, which come first in `ownKeys`. */
function addProperties(state: State, entries: string[], value: object, indexed: boolean): void {
  const keys = ownKeys(value);
  let i = 0;
  if (indexed) for (i = keys.length; i > 0 && !isIndex(keys[i - 1] as string | symbol); ) i--;
  for (; i < keys.length; i++) {
    const key = keys[i] as string | symbol;
    const descriptor = getOwnPropertyDescriptor(value, key);
    if (descriptor?.enumerable !== true) continue;
    if (!hasRoom(state, entries)) {
      arrayPush(entries, "... " + numberToString(keys.length - i) + " more");
      return;
    }
    arrayPush(entries, formatKey(key) + ": " + formatDescriptor(state, descriptor));
  }
}

function isIndex(key: string | symbol): boolean {
  if (typeof key !== "string") return false;
  const index = safeParseInt(key, 10);
  return numberToString(index) === key && index >= 0;
}

function formatDescriptor(state: State, descriptor: PropertyDescriptor): string {
  if (descriptor.get === undefined && descriptor.set === undefined) return format(state, descriptor.value);
  return descriptor.set === undefined ? "[Getter]" : descriptor.get === undefined ? "[Setter]" : "[Getter/Setter]";
}

/** The name of the constructor; null without a prototype. */
export function className(value: object): string | null {
  if (getPrototypeOf(value) === null) return null;
  const constructor = dataProperty(value, "constructor");
  const name = typeof constructor === "function" ? dataProperty(constructor, "name") : undefined;
  return typeof name === "string" && name !== "" ? name : "Object";
}

function prefixOf(value: object, name: string | null): string {
  const tag = dataProperty(value, symbolToStringTag);
  const suffix = typeof tag === "string" && tag !== "" && tag !== name ? " [" + tag + "]" : "";
  if (name === null) return "[Object: null prototype]" + suffix + " ";
  return name === "Object" && suffix === "" ? "" : name + suffix + " ";
}

const indentLines = (text: string): string => stringReplaceAll(text, "\n", "\n  ");

/** One line if it fits, else one entry a line; many short items of an array share lines. */
function layOut(prefix: string, open: string, entries: readonly string[], close: string, isLeaf = false): string {
  if (entries.length === 0) return isLeaf ? prefix : prefix + open + close;
  const start = prefix + (isLeaf ? " " : "") + open;
  let width = start.length + entries.length;
  let longest = 0;
  let broken = false;
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as string;
    width += entry.length + 1;
    if (entry.length > longest) longest = entry.length;
    if (stringIncludes(entry, "\n")) broken = true;
  }
  if (!broken && width <= LINE_WIDTH) return start + " " + arrayJoin(entries, ", ") + " " + close;
  if (open === "[" && !broken && longest <= LINE_WIDTH / 4) return start + "\n  " + arrayJoin(fillLines(entries), ",\n  ") + "\n" + close;
  return start + "\n  " + indentLines(arrayJoin(entries, ",\n")) + "\n" + close;
}

function fillLines(entries: readonly string[]): string[] {
  const lines: string[] = [];
  let line = "";
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as string;
    if (line !== "" && line.length + entry.length + 2 > LINE_WIDTH) {
      arrayPush(lines, line);
      line = "";
    }
    line = line === "" ? entry : line + ", " + entry;
  }
  arrayPush(lines, line);
  return lines;
}
