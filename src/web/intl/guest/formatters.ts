/** The constructors of Intl that make formatters (https://tc39.es/ecma402/). The guest reads arguments and keeps shapes, the host formats. */
import {
  arrayPush,
  bigintToString,
  dateGetTime,
  dateNow,
  functionBind,
  getOwnPropertyDescriptor,
  jsonStringify,
  numberToString,
  objectCreate,
  objectDefineProperty,
  objectIs,
  ownKeys,
  SafeNumber,
  SafeObject,
  SafeRangeError,
  SafeString,
  SafeTypeError,
  SafeWeakMap,
  stringSlice,
  symbolToStringTag,
  weakMapGet,
  weakMapSet,
} from "../../infra/guest/primordials.ts";
import { hostOps } from "../../infra/guest/host-ops.ts";
import { listFromIterable } from "../../infra/guest/webidl.ts";
import { isObject } from "../../infra/guest/webidl-convert.ts";
import { defineMethods } from "../../ecmascript/guest/define.ts";
import { intlOps, type Kind, MAX_DIGITS, MAX_TEXT, type Part } from "../ops.ts";
import { canonicalLocales, keyOf, type OptionList, type Options, readOptions } from "./options.ts";

const { intl_resolve, intl_supported, intl_format, intl_parts, intl_compare } = hostOps(intlOps);

interface State {
  readonly kind: Kind;
  readonly key: string;
  /** The function that `format` or `compare` gives, once asked for. */
  bound: unknown;
}
const states = new SafeWeakMap<object, State>();

export function stateOf(value: unknown, kind: Kind): State {
  const state = isObject(value) ? weakMapGet(states, value) : undefined;
  if (state?.kind !== kind) throw new SafeTypeError("not an Intl." + kind);
  return state;
}

interface Shape {
  readonly options: OptionList;
  /** Works without `new`. */
  readonly isCallable?: boolean;
  /** Options may be of any type that becomes an object. */
  readonly isCoerced?: boolean;
  /** How many arguments the constructor wants. */
  readonly length?: number;
  readonly prepare?: (options: Options, given: unknown) => Options;
}

const MATCHER = "localeMatcher:s";
const DIGITS = ["minimumIntegerDigits:n", "minimumFractionDigits:n", "maximumFractionDigits:n", "minimumSignificantDigits:n", "maximumSignificantDigits:n", "roundingIncrement:n", "roundingMode:s", "roundingPriority:s", "trailingZeroDisplay:s"] as const;
const DATE_OPTIONS = [
  MATCHER, "calendar:s", "numberingSystem:s", "hour12:b", "hourCycle:s", "timeZone:s", "weekday:s", "era:s", "year:s", "month:s", "day:s", "dayPeriod:s", "hour:s", "minute:s", "second:s", "fractionalSecondDigits:n", "timeZoneName:s", "formatMatcher:s", "dateStyle:s", "timeStyle:s",
] as const;
const DURATION_UNITS = ["years", "months", "weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds", "nanoseconds"] as const;

const SHAPES = {
  Collator: { isCallable: true, isCoerced: true, options: ["usage:s", MATCHER, "collation:s", "numeric:b", "caseFirst:s", "sensitivity:s", "ignorePunctuation:b"] },
  DateTimeFormat: { isCallable: true, isCoerced: true, options: DATE_OPTIONS, prepare: (options) => withZone(options) },
  DisplayNames: { length: 2, options: [MATCHER, "style:s", "type:s", "fallback:s", "languageDisplay:s"], prepare: (options) => requireOption(options, "type") },
  DurationFormat: { options: durationOptions() },
  ListFormat: { options: [MATCHER, "type:s", "style:s"] },
  NumberFormat: { isCallable: true, isCoerced: true, options: joined([MATCHER, "numberingSystem:s", "style:s", "currency:s", "currencyDisplay:s", "currencySign:s", "unit:s", "unitDisplay:s", "notation:s"], DIGITS, ["compactDisplay:s", "useGrouping:g", "signDisplay:s"]) },
  PluralRules: { isCoerced: true, options: joined([MATCHER, "type:s"], DIGITS, []) },
  RelativeTimeFormat: { isCoerced: true, options: [MATCHER, "numberingSystem:s", "style:s", "numeric:s"] },
  Segmenter: { options: [MATCHER, "granularity:s"] },
} as const satisfies Record<Kind, Shape>;

/** One list of three: a spread would run through an iterator that the app may have replaced. */
function joined(first: OptionList, second: OptionList, third: OptionList): OptionList {
  const list: OptionList[number][] = [];
  const lists = [first, second, third];
  for (let i = 0; i < lists.length; i++) for (let j = 0; j < (lists[i] as OptionList).length; j++) arrayPush(list, (lists[i] as OptionList)[j] as OptionList[number]);
  return list;
}

function durationOptions(): OptionList {
  const list: `${string}:s`[] = [MATCHER, "numberingSystem:s", "style:s"];
  for (let i = 0; i < DURATION_UNITS.length; i++) arrayPush(list, (DURATION_UNITS[i] + ":s") as `${string}:s`, (DURATION_UNITS[i] + "Display:s") as `${string}:s`);
  arrayPush(list as string[], "fractionalDigits:n");
  return list;
}

/** Apps live in UTC, wherever the host is. */
function withZone(options: Options): Options {
  if (options["timeZone"] !== undefined) return options;
  const result = objectCreate(null) as Options;
  const names = ownKeys(options) as string[];
  for (let i = 0; i < names.length; i++) result[names[i] as string] = options[names[i] as string] as string;
  result["timeZone"] = "UTC";
  return result;
}

function requireOption(options: Options, name: string): Options {
  if (options[name] === undefined) throw new SafeTypeError("Intl.DisplayNames: the option " + name + " is missing");
  return options;
}

/** The key for `locales` and `options` as the constructor `kind` reads them. */
export function keyFor(kind: Kind, locales: unknown, given: unknown, change?: (options: Options) => Options): string {
  const shape: Shape = SHAPES[kind];
  const tags = canonicalLocales(locales);
  const options = readOptions(given, shape.options, "Intl." + kind, shape.isCoerced === true);
  const prepared = shape.prepare === undefined ? options : shape.prepare(options, given);
  return keyOf(tags, change === undefined ? prepared : change(prepared));
}

type Constructor = ((locales?: unknown, options?: unknown) => object) & { readonly prototype: object };
export const constructors = objectCreate(null) as Record<Kind, Constructor>;

function define(kind: Kind, methods: Record<string, unknown>, lengths?: Record<string, number>): void {
  const { isCallable = false, length = 0 }: Shape = SHAPES[kind];
  const holder = {
    [kind]: function (this: unknown, locales?: unknown, options?: unknown): object {
      if (new.target === undefined && !isCallable) throw new SafeTypeError("Intl." + kind + " must be called with new");
      const made = new.target === undefined ? objectCreate(constructor.prototype) : (this as object);
      const key = keyFor(kind, locales, options);
      // The host looks at the options, and refuses what no formatter can be made with.
      intl_resolve(kind, key);
      weakMapSet(states, made, { kind, key, bound: undefined });
      return made;
    },
  };
  const constructor = holder[kind] as unknown as Constructor;
  objectDefineProperty(constructor, "length", { __proto__: null, value: length, configurable: true } as PropertyDescriptor);
  objectDefineProperty(constructor, "prototype", { __proto__: null, writable: false } as PropertyDescriptor);
  defineMethods(constructor, {
    supportedLocalesOf(locales: unknown, options?: unknown): string[] {
      return intl_supported(kind, keyOfList(canonicalLocales(locales), readOptions(options, [MATCHER], "Intl." + kind + ".supportedLocalesOf", true)));
    },
  }, { supportedLocalesOf: 1 });
  defineMethods(
    constructor.prototype,
    {
      resolvedOptions(this: unknown): object {
        const { key } = stateOf(this, kind);
        return intl_resolve(kind, key);
      },
    },
  );
  defineMethods(constructor.prototype, methods, lengths);
  objectDefineProperty(constructor.prototype, symbolToStringTag, { __proto__: null, value: "Intl." + kind, configurable: true } as PropertyDescriptor);
  constructors[kind] = constructor;
}

const keyOfList = (tags: readonly string[], options: Options): string => jsonStringify([tags, options]);

/** A getter that gives one bound function for each object. */
function defineBound(kind: Kind, name: string, method: (state: State) => unknown): void {
  const accessor = {
    get [name](): unknown {
      const state = stateOf(this, kind);
      if (state.bound === undefined) {
        state.bound = method(state);
        objectDefineProperty(state.bound as object, "name", { __proto__: null, value: "", configurable: true } as PropertyDescriptor);
      }
      return state.bound;
    },
  };
  objectDefineProperty(constructors[kind].prototype, name, { __proto__: null, get: (getOwnPropertyDescriptor(accessor, name) as PropertyDescriptor).get, configurable: true } as unknown as PropertyDescriptor);
}

function text(value: unknown): string {
  if (typeof value === "symbol") throw new SafeTypeError("Intl: a symbol is no text");
  const result = SafeString(value);
  if (result.length > MAX_TEXT) throw new SafeRangeError("Intl: a text of more than " + MAX_TEXT + " characters");
  return result;
}

/** https://tc39.es/ecma402/#sec-tointlmathematicalvalue: as text, which keeps what a number cannot hold. */
export function numeric(value: unknown): string {
  const primitive = isObject(value) ? toPrimitive(value) : value;
  if (typeof primitive === "bigint") return withinDigits(bigintToString(primitive));
  if (typeof primitive === "string") {
    const number = SafeNumber(primitive);
    return number - number !== 0 ? numberToString(number) : withinDigits(primitive);
  }
  const number = SafeNumber(primitive);
  return objectIs(number, -0) ? "-0" : numberToString(number);
}

const toPrimitive = (value: object): unknown => {
  const number = typeof (value as { valueOf?: unknown }).valueOf === "function" ? (value as { valueOf(): unknown }).valueOf() : value;
  return isObject(number) ? SafeString(value) : number;
};

function withinDigits(digits: string): string {
  if (digits.length > MAX_DIGITS) throw new SafeRangeError("Intl: a number of more than " + MAX_DIGITS + " digits");
  return digits;
}

/** https://tc39.es/ecma402/#sec-datetime-format-functions: a date, or now. */
function time(value: unknown): number {
  const ms = value === undefined ? dateNow() : timeOf(value);
  if (ms - ms !== 0 || ms > 8.64e15 || ms < -8.64e15) throw new SafeRangeError("Intl.DateTimeFormat: not a valid date");
  return ms;
}
function timeOf(value: unknown): number {
  try {
    return dateGetTime(value);
  } catch {
    return +(value as number);
  }
}

const finite = (value: unknown): number => {
  const number = SafeNumber(value);
  if (number - number !== 0) throw new SafeRangeError("Intl: not a finite number");
  return number;
};

function texts(list: unknown): string[] {
  if (list === undefined) return [];
  const items = isObject(list) || typeof list === "string" ? listFromIterable(SafeObjectOf(list), "Intl.ListFormat", (item) => {
    if (typeof item !== "string") throw new SafeTypeError("Intl.ListFormat: an item is not a string");
    return item;
  }) : undefined;
  if (items === undefined) throw new SafeTypeError("Intl.ListFormat: not iterable");
  return items;
}
const SafeObjectOf = (value: unknown): object => (isObject(value) ? value : (SafeObject(value) as object));

export const formatText = (kind: Kind, key: string, method: string, args: readonly unknown[]): string => intl_format(kind, key, method, text(jsonStringify(args)));
/** Texts of any length: what the first pieces of both cannot tell, the next ones do. */
export function compareTexts(key: string, a: unknown, b: unknown): number {
  if (typeof a === "symbol" || typeof b === "symbol") throw new SafeTypeError("Intl: a symbol is no text");
  const left = SafeString(a);
  const right = SafeString(b);
  if (left.length <= MAX_TEXT && right.length <= MAX_TEXT) return intl_compare(key, left, right);
  for (let at = 0; at < left.length || at < right.length; at += MAX_TEXT) {
    const order = intl_compare(key, stringSlice(left, at, at + MAX_TEXT), stringSlice(right, at, at + MAX_TEXT));
    if (order !== 0) return order;
  }
  return 0;
}
const asText = (kind: Kind, self: unknown, method: string, args: readonly unknown[]): string => formatText(kind, stateOf(self, kind).key, method, args);
const asParts = (kind: Kind, self: unknown, method: string, args: readonly unknown[]): Part[] => intl_parts(kind, stateOf(self, kind).key, method, text(jsonStringify(args)));

/** Both ends of a range, read by `read`; a range without an end is an error. */
function range<T>(start: unknown, end: unknown, read: (value: unknown) => T): T[] {
  if (start === undefined || end === undefined) throw new SafeTypeError("Intl: a range has two ends");
  return [read(start), read(end)];
}

define("Collator", {});
defineBound("Collator", "compare", ({ key }) => functionBind((a: unknown, b: unknown) => compareTexts(key, a, b), undefined));

define("DateTimeFormat", {
  formatToParts(this: unknown, date: unknown) {
    return asParts("DateTimeFormat", this, "formatToParts", [time(date)]);
  },
  formatRange(this: unknown, start: unknown, end: unknown) {
    return asText("DateTimeFormat", this, "formatRange", range(start, end, time));
  },
  formatRangeToParts(this: unknown, start: unknown, end: unknown) {
    return asParts("DateTimeFormat", this, "formatRangeToParts", range(start, end, time));
  },
});
defineBound("DateTimeFormat", "format", ({ key }) => functionBind((date?: unknown) => formatText("DateTimeFormat", key, "format", [time(date)]), undefined));

define("DisplayNames", {
  of(this: unknown, code: unknown) {
    const { key } = stateOf(this, "DisplayNames");
    const name = formatText("DisplayNames", key, "of", [text(code)]);
    return name === "" ? undefined : name;
  },
});

define("DurationFormat", {
  format(this: unknown, duration: unknown) {
    return asText("DurationFormat", this, "format", [toDuration(duration)]);
  },
  formatToParts(this: unknown, duration: unknown) {
    return asParts("DurationFormat", this, "formatToParts", [toDuration(duration)]);
  },
});

function toDuration(value: unknown): Record<string, unknown> | string {
  if (typeof value === "string") return value;
  if (!isObject(value)) throw new SafeTypeError("Intl.DurationFormat: not a duration");
  const duration = objectCreate(null) as Record<string, unknown>;
  for (let i = 0; i < DURATION_UNITS.length; i++) {
    const unit = DURATION_UNITS[i] as string;
    const amount = (value as Record<string, unknown>)[unit];
    if (amount !== undefined) duration[unit] = finite(amount);
  }
  return duration;
}

define("ListFormat", {
  format(this: unknown, list: unknown) {
    return asText("ListFormat", this, "format", [texts(list)]);
  },
  formatToParts(this: unknown, list: unknown) {
    return asParts("ListFormat", this, "formatToParts", [texts(list)]);
  },
});

define("NumberFormat", {
  formatToParts(this: unknown, value: unknown) {
    return asParts("NumberFormat", this, "formatToParts", [numeric(value)]);
  },
  formatRange(this: unknown, start: unknown, end: unknown) {
    return asText("NumberFormat", this, "formatRange", range(start, end, numeric));
  },
  formatRangeToParts(this: unknown, start: unknown, end: unknown) {
    return asParts("NumberFormat", this, "formatRangeToParts", range(start, end, numeric));
  },
});
defineBound("NumberFormat", "format", ({ key }) => functionBind((value: unknown) => formatText("NumberFormat", key, "format", [numeric(value)]), undefined));

/** JSON has no NaN: what is no finite number is "other" in every language. */
define("PluralRules", {
  select(this: unknown, value: unknown) {
    const { key } = stateOf(this, "PluralRules");
    const number = SafeNumber(value);
    return number - number !== 0 ? "other" : formatText("PluralRules", key, "select", [number]);
  },
  selectRange(this: unknown, start: unknown, end: unknown) {
    return asText("PluralRules", this, "selectRange", range(start, end, finite));
  },
});

define("RelativeTimeFormat", {
  format(this: unknown, value: unknown, unit: unknown) {
    return asText("RelativeTimeFormat", this, "format", [finite(value), text(unit)]);
  },
  formatToParts(this: unknown, value: unknown, unit: unknown) {
    return asParts("RelativeTimeFormat", this, "formatToParts", [finite(value), text(unit)]);
  },
});

define("Segmenter", {});
