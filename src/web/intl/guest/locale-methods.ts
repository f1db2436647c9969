/** What the methods of built-in objects do that speak a language (https://tc39.es/ecma402/#locale-sensitive-functions). */
import { bigintValueOf, dateGetTime, numberToString, numberValueOf, objectCreate, ownKeys, reflectApply, SafeString, SafeTypeError, stringSlice, stringToLowerCase, stringToUpperCase, bigintToString, objectIs } from "../../infra/guest/primordials.ts";
import { hostOps } from "../../infra/guest/host-ops.ts";
import { intlOps, MAX_TEXT } from "../ops.ts";
import { compareTexts, formatText, keyFor } from "./formatters.ts";
import { canonicalLocales, type Options } from "./options.ts";

const { intl_case } = hostOps(intlOps);

const DATE_FIELDS = ["weekday", "year", "month", "day"];
const TIME_FIELDS = ["dayPeriod", "hour", "minute", "second", "fractionalSecondDigits"];
/** The languages whose letters have another upper or lower case than in the rest of the world. */
const OWN_CASES = { __proto__: null, tr: true, az: true, lt: true } as unknown as Readonly<Record<string, true>>;
const CASE_PIECE = MAX_TEXT / 4;

function hasAny(options: Options, names: readonly string[]): boolean {
  for (let i = 0; i < names.length; i++) if (options[names[i] as string] !== undefined) return true;
  return false;
}

/** https://tc39.es/ecma402/#sec-createdatetimeformat: what is shown when the options name no field. */
function withDefaults(options: Options, showsDate: boolean, showsTime: boolean): Options {
  const isStyled = options["dateStyle"] !== undefined || options["timeStyle"] !== undefined;
  if (showsDate !== showsTime && options[showsDate ? "timeStyle" : "dateStyle"] !== undefined) throw new SafeTypeError("Date: a style of the other half of the date is not shown by this method");
  if (isStyled || (showsDate && hasAny(options, DATE_FIELDS)) || (showsTime && hasAny(options, TIME_FIELDS))) return options;
  const result = objectCreate(null) as Options;
  const names = ownKeys(options) as string[];
  for (let i = 0; i < names.length; i++) result[names[i] as string] = options[names[i] as string] as string;
  if (showsDate) result["year"] = result["month"] = result["day"] = "numeric";
  if (showsTime) result["hour"] = result["minute"] = result["second"] = "numeric";
  return result;
}

export function dateText(self: unknown, locales: unknown, options: unknown, showsDate: boolean, showsTime: boolean): string {
  const ms = dateGetTime(self);
  if (ms !== ms) return "Invalid Date";
  return formatText("DateTimeFormat", keyFor("DateTimeFormat", locales, options, (read) => withDefaults(read, showsDate, showsTime)), "format", [ms]);
}

export const numberText = (self: unknown, locales: unknown, options: unknown): string => {
  const number = numberValueOf(self);
  return formatText("NumberFormat", keyFor("NumberFormat", locales, options), "format", [objectIs(number, -0) ? "-0" : numberToString(number)]);
};
export const bigintText = (self: unknown, locales: unknown, options: unknown): string => formatText("NumberFormat", keyFor("NumberFormat", locales, options), "format", [bigintToString(bigintValueOf(self))]);

function thisText(self: unknown, where: string): string {
  if (self === undefined || self === null) throw new SafeTypeError(where + " called on null or undefined");
  if (typeof self === "symbol") throw new SafeTypeError(where + " called on a symbol");
  return SafeString(self);
}

/** The first locale's language, when that has cases of its own. */
function ownCase(locales: unknown): string | undefined {
  const tag = locales === undefined ? undefined : canonicalLocales(locales)[0];
  const language = tag === undefined ? "" : stringSlice(tag, 0, 2);
  return OWN_CASES[language] === true && (tag?.length === 2 || tag?.[2] === "-") ? language : undefined;
}

export function changeCase(self: unknown, locales: unknown, isUpper: boolean): string {
  const text = thisText(self, isUpper ? "String.toLocaleUpperCase" : "String.toLocaleLowerCase");
  const language = ownCase(locales);
  if (language === undefined) return isUpper ? stringToUpperCase(text) : stringToLowerCase(text);
  let result = "";
  for (let at = 0; at < text.length; at += CASE_PIECE) result += intl_case(language, stringSlice(text, at, at + CASE_PIECE), isUpper ? 1 : 0);
  return result;
}

export function compareText(self: unknown, that: unknown, locales: unknown, options: unknown): number {
  const text = thisText(self, "String.localeCompare");
  return compareTexts(keyFor("Collator", locales, options), text, that);
}

/** The items of a list, each as text. */
export function listText(list: ArrayLike<unknown>, length: number, locales: unknown, options: unknown): string {
  let text = "";
  for (let i = 0; i < length; i++) {
    if (i > 0) text += ",";
    const item = list[i];
    if (item === undefined || item === null) continue;
    text += SafeString(reflectApply((item as { toLocaleString(...args: unknown[]): unknown }).toLocaleString, item, [locales, options]));
  }
  return text;
}
