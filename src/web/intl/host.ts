/** Host side of Intl: the host's ICU. Formatters are kept in a list of those used last, which all apps of the process share: a key holds nothing of theirs but options. */
import { GuestError } from "../../isolate/guest-error.ts";
import type { OpContext } from "../../isolate/invocation.ts";
import type { Handlers } from "../../isolate/op.ts";
import { RecentlyUsed } from "../../base/recently-used.ts";
import { type intlOps, type Kind, KINDS, MAX_DIGITS, type Part } from "./ops.ts";

type Options = Readonly<Record<string, unknown>>;
type Formatter = { resolvedOptions(): object } & Readonly<Record<string, unknown>>;
type Maker = { new (locales: readonly string[], options: Options): Formatter; supportedLocalesOf(locales: readonly string[], options: Options): string[] };

/** ICU's formatters hold 10 to 100 KB each. */
const MAX_FORMATTERS = 128;
const MAX_LOCALES = 16;
const MAX_TAG = 128;
/** Measured: a number, a list or a rule some 20 µs, a date 150 to 600 µs. */
const MAKE_FUEL: Readonly<Record<Kind, number>> = { Collator: 25_000, DateTimeFormat: 200_000, DisplayNames: 25_000, DurationFormat: 25_000, ListFormat: 15_000, NumberFormat: 20_000, PluralRules: 30_000, RelativeTimeFormat: 25_000, Segmenter: 15_000 };
const CALL_FUEL = 1_500;
const FUEL_PER_UNIT = 20;
const LIST_FUEL = 100_000;

/** What a guest may call, by kind. */
const TEXT_METHODS: Readonly<Partial<Record<Kind, readonly string[]>>> = {
  DateTimeFormat: ["format", "formatRange"], DisplayNames: ["of"], DurationFormat: ["format"], ListFormat: ["format"], NumberFormat: ["format", "formatRange"], PluralRules: ["select", "selectRange"], RelativeTimeFormat: ["format"],
};
const PARTS_METHODS: Readonly<Partial<Record<Kind, readonly string[]>>> = {
  DateTimeFormat: ["formatToParts", "formatRangeToParts"], DurationFormat: ["formatToParts"], ListFormat: ["formatToParts"], NumberFormat: ["formatToParts", "formatRangeToParts"], RelativeTimeFormat: ["formatToParts"],
};
const LOCALE_LISTS = ["getCalendars", "getCollations", "getHourCycles", "getNumberingSystems", "getTimeZones", "getTextInfo", "getWeekInfo"];
const LOCALE_FIELDS = ["baseName", "calendar", "caseFirst", "collation", "hourCycle", "language", "numberingSystem", "numeric", "region", "script"];

const formatters = new RecentlyUsed<string, Formatter>(MAX_FORMATTERS);

/** What the host's ICU throws is what the standard demands. */
function asGuestError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) throw new GuestError(error.name, error.message);
    throw error;
  }
}

function parseKey(key: string): readonly [locales: readonly string[], options: Options] {
  const [locales, options] = JSON.parse(key) as [unknown, unknown];
  checkTags(locales);
  if (typeof options !== "object" || options === null) throw new GuestError("TypeError", "the options are not an object");
  return [locales, options as Options];
}

function checkTags(tags: unknown): asserts tags is readonly string[] {
  if (!Array.isArray(tags) || tags.length > MAX_LOCALES) throw new GuestError("RangeError", `more than ${MAX_LOCALES} locales`);
  if (tags.some((tag) => typeof tag !== "string" || tag.length > MAX_TAG)) throw new GuestError("RangeError", "a locale is no language tag");
}

function makerOf(kind: string): Maker {
  if (!KINDS.includes(kind as Kind)) throw new GuestError("TypeError", "no such formatter");
  return (Intl as unknown as Readonly<Record<string, Maker>>)[kind] as Maker;
}

function formatterOf(ctx: OpContext, kind: string, key: string): Formatter {
  const name = kind + key;
  const known = formatters.get(name);
  if (known !== undefined) return known;
  const maker = makerOf(kind);
  ctx.charge(MAKE_FUEL[kind as Kind]);
  const [locales, options] = parseKey(key);
  const made = asGuestError(() => new maker(locales, options));
  formatters.set(name, made);
  return made;
}

function call<T>(ctx: OpContext, kind: string, key: string, method: string, args: string, allowed: Readonly<Partial<Record<Kind, readonly string[]>>>): T {
  const formatter = formatterOf(ctx, kind, key);
  ctx.charge(CALL_FUEL + args.length * FUEL_PER_UNIT);
  if (!allowed[kind as Kind]?.includes(method)) throw new GuestError("TypeError", "no such method");
  const values = JSON.parse(args) as unknown[];
  if (!Array.isArray(values)) throw new GuestError("TypeError", "no arguments");
  if (kind === "NumberFormat" && values.some((value) => typeof value === "string" && value.length > MAX_DIGITS)) throw new GuestError("RangeError", `a number of more than ${MAX_DIGITS} digits`);
  return asGuestError(() => (formatter[method] as (...args: unknown[]) => T)(...values));
}

const localeOf = (tag: string, options: string): Intl.Locale => {
  const parsed = JSON.parse(options) as unknown;
  return asGuestError(() => new Intl.Locale(tag, parsed as Intl.LocaleOptions));
};

export const intlHost: Handlers<typeof intlOps, OpContext> = {
  intl_resolve(ctx, kind, key) {
    ctx.charge(CALL_FUEL);
    return formatterOf(ctx, kind, key).resolvedOptions() as Options;
  },
  intl_supported(ctx, kind, key) {
    ctx.charge(MAKE_FUEL.NumberFormat);
    const [locales, options] = parseKey(key);
    return asGuestError(() => makerOf(kind).supportedLocalesOf(locales, options));
  },
  intl_canonical(ctx, list) {
    ctx.charge(CALL_FUEL + list.length * FUEL_PER_UNIT);
    const tags: unknown = JSON.parse(list);
    checkTags(tags);
    return asGuestError(() => Intl.getCanonicalLocales(tags));
  },
  intl_values(ctx, name) {
    ctx.charge(LIST_FUEL);
    return asGuestError(() => Intl.supportedValuesOf(name as Parameters<typeof Intl.supportedValuesOf>[0]));
  },
  intl_format: (ctx, kind, key, method, args) => String(call<unknown>(ctx, kind, key, method, args, TEXT_METHODS) ?? ""),
  intl_parts: (ctx, kind, key, method, args) => call<Part[]>(ctx, kind, key, method, args, PARTS_METHODS),
  intl_compare(ctx, key, a, b) {
    const collator = formatterOf(ctx, "Collator", key) as unknown as Intl.Collator;
    ctx.charge(CALL_FUEL / 2 + (a.length + b.length) * FUEL_PER_UNIT);
    return collator.compare(a, b);
  },
  intl_segments(ctx, key, text) {
    const segmenter = formatterOf(ctx, "Segmenter", key) as unknown as Intl.Segmenter;
    ctx.charge(CALL_FUEL + text.length * FUEL_PER_UNIT * 5);
    return Array.from(segmenter.segment(text), ({ segment, isWordLike }) => (isWordLike === false ? -segment.length : segment.length));
  },
  intl_locale(ctx, tag, options) {
    ctx.charge(MAKE_FUEL.NumberFormat);
    const locale = localeOf(tag, options);
    const fields = locale as unknown as Readonly<Record<string, unknown>>;
    return Object.fromEntries([["tag", locale.toString()], ...LOCALE_FIELDS.map((name) => [name, fields[name]])]);
  },
  intl_locale_list(ctx, tag, method) {
    ctx.charge(MAKE_FUEL.NumberFormat);
    const locale = localeOf(tag, "{}");
    if (method === "maximize" || method === "minimize") return locale[method]().toString();
    if (!LOCALE_LISTS.includes(method)) throw new GuestError("TypeError", "no such method");
    return (locale as unknown as Readonly<Record<string, (() => unknown) | undefined>>)[method]?.call(locale) ?? null;
  },
  intl_case(ctx, language, text, isUpper) {
    ctx.charge(CALL_FUEL + text.length * FUEL_PER_UNIT);
    return asGuestError(() => (isUpper === 1 ? text.toLocaleUpperCase(language) : text.toLocaleLowerCase(language)));
  },
};
