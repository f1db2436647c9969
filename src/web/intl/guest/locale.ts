/** Intl.Locale (https://tc39.es/ecma402/#sec-intl-locale-constructor). */
import { jsonStringify, objectDefineProperty, SafeString, SafeTypeError, symbolToStringTag, weakMapGet, weakMapSet } from "../../infra/guest/primordials.ts";
import { hostOps } from "../../infra/guest/host-ops.ts";
import { isObject } from "../../infra/guest/webidl-convert.ts";
import { defineMethods } from "../../ecmascript/guest/define.ts";
import { intlOps } from "../ops.ts";
import { localeTags } from "./locale-tags.ts";
import { bounded, readOptions } from "./options.ts";

const { intl_locale, intl_locale_list } = hostOps(intlOps);

const OPTIONS = ["language:s", "script:s", "region:s", "variants:s", "calendar:s", "collation:s", "firstDayOfWeek:s", "hourCycle:s", "caseFirst:s", "numeric:b", "numberingSystem:s"] as const;
const FIELDS = ["baseName", "calendar", "caseFirst", "collation", "hourCycle", "language", "numberingSystem", "numeric", "region", "script"] as const;
const LISTS = ["getCalendars", "getCollations", "getHourCycles", "getNumberingSystems", "getTimeZones", "getTextInfo", "getWeekInfo"] as const;

function tagOf(value: unknown): string {
  const tag = isObject(value) ? weakMapGet(localeTags, value) : undefined;
  if (tag === undefined) throw new SafeTypeError("not an Intl.Locale");
  return tag;
}

export function Locale(this: object, tag: unknown, options?: unknown): void {
  if (new.target === undefined) throw new SafeTypeError("Intl.Locale must be called with new");
  if (typeof tag !== "string" && !isObject(tag)) throw new SafeTypeError("Intl.Locale: the tag is neither a string nor an object");
  const text = weakMapGet(localeTags, tag as object) ?? SafeString(tag);
  const resolved = intl_locale(bounded(text), bounded(jsonStringify(readOptions(options, OPTIONS, "Intl.Locale", true))));
  weakMapSet(localeTags, this, resolved["tag"] as string);
}
objectDefineProperty(Locale, "length", { __proto__: null, value: 1, configurable: true } as PropertyDescriptor);
objectDefineProperty(Locale, "prototype", { __proto__: null, writable: false } as PropertyDescriptor);

const changed = (self: unknown, method: "maximize" | "minimize"): object => new (Locale as unknown as new (tag: string) => object)(intl_locale_list(tagOf(self), method) as string);
defineMethods(Locale.prototype, {
  maximize(this: unknown) {
    return changed(this, "maximize");
  },
  minimize(this: unknown) {
    return changed(this, "minimize");
  },
  toString(this: unknown) {
    return tagOf(this);
  },
});
for (let i = 0; i < FIELDS.length; i++) {
  const name = FIELDS[i] as string;
  objectDefineProperty(Locale.prototype, name, {
    __proto__: null,
    get(this: unknown) {
      return intl_locale(tagOf(this), "{}")[name];
    },
    configurable: true,
  } as unknown as PropertyDescriptor);
}
for (let i = 0; i < LISTS.length; i++) {
  const name = LISTS[i] as string;
  defineMethods(Locale.prototype, {
    [name](this: unknown) {
      return intl_locale_list(tagOf(this), name) ?? undefined;
    },
  });
}
objectDefineProperty(Locale.prototype, symbolToStringTag, { __proto__: null, value: "Intl.Locale", configurable: true } as PropertyDescriptor);
