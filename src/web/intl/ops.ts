/**
 * Ops of Intl. The host's ICU formats. A formatter is named by its kind and by its key: what it was made with, as JSON text of `[locales, options]`; the host keeps
 * those that were used last. So a formatter belongs to no request, and costs an isolate nothing.
 */
import { f64, json, str, sync } from "../../isolate/op.ts";

export const KINDS = ["Collator", "DateTimeFormat", "DisplayNames", "DurationFormat", "ListFormat", "NumberFormat", "PluralRules", "RelativeTimeFormat", "Segmenter"] as const;
export type Kind = (typeof KINDS)[number];

export const MAX_KEY = 4096;
/** Texts and lists of one call, UTF-16 units. */
export const MAX_TEXT = 1 << 16;
/** Digits of a number that is given as text. */
export const MAX_DIGITS = 4096;

export type Part = Readonly<Record<string, string>>;

const kind = str(32);
const key = str(MAX_KEY);

export const intlOps = {
  /** Kind and key. What has been resolved; a RangeError for what no formatter can be made with. */
  intl_resolve: sync([kind, key], json<Readonly<Record<string, unknown>>>()),
  /** Kind, and JSON of `[locales, options]`: those that there are data for. */
  intl_supported: sync([kind, key], json<string[]>()),
  /** JSON list of language tags; the same tags in canonical form. */
  intl_canonical: sync([key], json<string[]>()),
  /** The name of a list, such as "currency". */
  intl_values: sync([str(32)], json<string[]>(1 << 20)),
  /** Kind, key, name of the method, its arguments as JSON. A text. */
  intl_format: sync([kind, key, str(32), str(MAX_TEXT)], str()),
  /** As above, for methods that give parts. */
  intl_parts: sync([kind, key, str(32), str(MAX_TEXT)], json<Part[]>(1 << 22)),
  /** Key, two texts. Negative, 0 or positive. */
  intl_compare: sync([key, str(MAX_TEXT), str(MAX_TEXT)], f64),
  /** Key, text. Lengths of its segments, negative for those that are no words; the last one may go on past the text. */
  intl_segments: sync([key, str(MAX_TEXT)], json<number[]>(1 << 20)),
  /** A tag and JSON of the options that change it. Its parts and what else a Locale tells. */
  intl_locale: sync([key, key], json<Readonly<Record<string, unknown>>>()),
  /** A tag, and the name of a method of Locale that gives a list, or "maximize", "minimize". */
  intl_locale_list: sync([key, str(32)], json<unknown>()),
  /** Language, text, whether to upper case. */
  intl_case: sync([str(64), str(MAX_TEXT), f64], str(1 << 18)),
};
