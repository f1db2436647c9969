/** Locales and options as ECMA-402 reads them, and the key that names a formatter made with them. */
import { arrayPush, jsonStringify, mathFloor, mathMin, objectCreate, reflectHas, SafeObject, SafeRangeError, SafeString, SafeTypeError, weakMapGet } from "../../infra/guest/primordials.ts";
import { hostOps } from "../../infra/guest/host-ops.ts";
import { isObject } from "../../infra/guest/webidl-convert.ts";
import { intlOps, MAX_KEY } from "../ops.ts";
import { localeTags } from "./locale-tags.ts";

const { intl_canonical } = hostOps(intlOps);

/** `s` text, `b` truth value, `n` number, `g` the grouping of NumberFormat, which is text or a truth value. */
type Reading = "s" | "b" | "n" | "g";
/** Names, each with its reading behind a colon, in the order in which they are read. */
export type OptionList = readonly `${string}:${Reading}`[];
export type Options = Record<string, string | boolean | number>;

const MAX_LOCALES = 16;
const DEFAULT_LOCALE = "en-US";
const NO_OPTIONS: Options = objectCreate(null) as Options;

/** https://tc39.es/ecma402/#sec-canonicalizelocalelist */
export function canonicalLocales(locales: unknown): string[] {
  if (locales === undefined) return [];
  const list: string[] = [];
  if (typeof locales === "string" || weakMapGet(localeTags, locales as object) !== undefined) arrayPush(list, tagOf(locales));
  else {
    const object = SafeObject(locales ?? refuse()) as Record<string, unknown>;
    const length = mathMin(mathFloor(+(object["length"] as number)) || 0, MAX_LOCALES + 1);
    for (let i = 0; i < length; i++) if (reflectHas(object, i)) arrayPush(list, tagOf(object[i]));
  }
  return list.length === 0 || (list.length === 1 && list[0] === DEFAULT_LOCALE) ? list : intl_canonical(bounded(jsonStringify(list)));
}

function refuse(): never {
  throw new SafeTypeError("Intl: null is no list of locales");
}

function tagOf(value: unknown): string {
  if (typeof value !== "string" && !isObject(value)) throw new SafeTypeError("Intl: a locale is neither a string nor an object");
  return weakMapGet(localeTags, value as object) ?? SafeString(value);
}

export function bounded(text: string): string {
  if (text.length > MAX_KEY) throw new SafeRangeError("Intl: locales and options are longer than " + MAX_KEY + " characters");
  return text;
}

/** Reads what `list` names from `value`; nothing from undefined. */
export function readOptions(value: unknown, list: OptionList, where: string, isCoerced: boolean): Options {
  if (value === undefined) return NO_OPTIONS;
  if (!isCoerced && !isObject(value)) throw new SafeTypeError(where + ": the options are not an object");
  if (value === null) throw new SafeTypeError(where + ": the options are null");
  const source = SafeObject(value) as Record<string, unknown>;
  const options = objectCreate(null) as Options;
  for (let i = 0; i < list.length; i++) {
    const entry = list[i] as string;
    const name = nameOf(entry);
    const given = source[name];
    if (given !== undefined) options[name] = read(given, entry[entry.length - 1] as Reading, where + ": " + name);
  }
  return options;
}

const nameOf = (entry: string): string => {
  let name = "";
  for (let i = 0; i < entry.length - 2; i++) name += entry[i];
  return name;
};

function read(value: unknown, reading: Reading, where: string): string | boolean | number {
  switch (reading) {
    case "b":
      return !!value;
    case "n": {
      const number = +(value as number);
      if (number - number !== 0) throw new SafeRangeError(where + " is not a finite number");
      return number;
    }
    case "g":
      if (value === true || value === false) return value;
      if (!value) return false;
      return SafeString(value);
    case "s":
      if (typeof value === "symbol") throw new SafeTypeError(where + " is a symbol");
      return SafeString(value);
  }
}

/** The key of a formatter, see `ops`. */
export const keyOf = (locales: readonly string[], options: Options): string => bounded(jsonStringify([locales.length === 0 ? [DEFAULT_LOCALE] : locales, options]));

