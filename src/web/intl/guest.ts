/** The Intl object (https://tc39.es/ecma402/#intl-object). The default locale is en-US, the default time zone UTC. */
import { getPrototypeOf, objectCreate, objectDefineProperty, ownKeys, SafeString, symbolToStringTag } from "../infra/guest/primordials.ts";
import { hostOps } from "../infra/guest/host-ops.ts";
import { expose } from "../infra/guest/webidl.ts";
import { defineHidden, defineMethods } from "../ecmascript/guest/define.ts";
import { constructors } from "./guest/formatters.ts";
import { Locale } from "./guest/locale.ts";
export { bigintText, changeCase, compareText, dateText, listText, numberText } from "./guest/locale-methods.ts";
import { canonicalLocales } from "./guest/options.ts";
import "./guest/segmenter.ts";
import { intlOps } from "./ops.ts";

const { intl_values } = hostOps(intlOps);

const intl = objectCreate(getPrototypeOf({}));
defineMethods(
  intl,
  {
    getCanonicalLocales(locales?: unknown): string[] {
      return canonicalLocales(locales);
    },
    supportedValuesOf(key: unknown): string[] {
      return intl_values(SafeString(key));
    },
  },
  { getCanonicalLocales: 1 },
);
const kinds = ownKeys(constructors) as (keyof typeof constructors)[];
for (let i = 0; i < kinds.length; i++) {
  const kind = kinds[i] as keyof typeof constructors;
  defineHidden(intl, kind, constructors[kind]);
}
defineHidden(intl, "Locale", Locale);
objectDefineProperty(intl, symbolToStringTag, { __proto__: null, value: "Intl", configurable: true } as PropertyDescriptor);
expose("Intl", intl);
