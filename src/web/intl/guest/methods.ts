/** The methods of built-in objects that speak a language, in place of the engine's. What they do is in the room, which waits until one is called. */
import { getPrototypeOf, SafeArray, SafeBigInt, SafeDate, SafeNumber, SafeObject, SafeString, SafeUint8Array, typedArrayLength } from "../../infra/guest/primordials.ts";
import { defineMethods } from "../../ecmascript/guest/define.ts";
import { lazyRoom } from "../../infra/guest/rooms.ts";

const intl = lazyRoom<typeof import("../guest.ts")>("intl");

const NO_ARGUMENTS = { toLocaleString: 0, toLocaleDateString: 0, toLocaleTimeString: 0, toLocaleLowerCase: 0, toLocaleUpperCase: 0, localeCompare: 1 };

defineMethods(
  SafeDate.prototype,
  {
    toLocaleString(this: unknown, locales?: unknown, options?: unknown) {
      return intl.use().dateText(this, locales, options, true, true);
    },
    toLocaleDateString(this: unknown, locales?: unknown, options?: unknown) {
      return intl.use().dateText(this, locales, options, true, false);
    },
    toLocaleTimeString(this: unknown, locales?: unknown, options?: unknown) {
      return intl.use().dateText(this, locales, options, false, true);
    },
  },
  NO_ARGUMENTS,
);
defineMethods(
  SafeNumber.prototype,
  {
    toLocaleString(this: unknown, locales?: unknown, options?: unknown) {
      return intl.use().numberText(this, locales, options);
    },
  },
  NO_ARGUMENTS,
);
defineMethods(
  SafeBigInt.prototype,
  {
    toLocaleString(this: unknown, locales?: unknown, options?: unknown) {
      return intl.use().bigintText(this, locales, options);
    },
  },
  NO_ARGUMENTS,
);
defineMethods(
  SafeString.prototype,
  {
    localeCompare(this: unknown, that: unknown, locales?: unknown, options?: unknown) {
      return intl.use().compareText(this, that, locales, options);
    },
    toLocaleLowerCase(this: unknown, locales?: unknown) {
      return intl.use().changeCase(this, locales, false);
    },
    toLocaleUpperCase(this: unknown, locales?: unknown) {
      return intl.use().changeCase(this, locales, true);
    },
  },
  NO_ARGUMENTS,
);
defineMethods(
  SafeArray.prototype,
  {
    toLocaleString(this: unknown, locales?: unknown, options?: unknown) {
      const list = SafeObject(this) as ArrayLike<unknown>;
      return intl.use().listText(list, list.length, locales, options);
    },
  },
  NO_ARGUMENTS,
);
defineMethods(
  getPrototypeOf(SafeUint8Array.prototype) as object,
  {
    toLocaleString(this: unknown, locales?: unknown, options?: unknown) {
      return intl.use().listText(this as Uint8Array, typedArrayLength(this as Uint8Array), locales, options);
    },
  },
  NO_ARGUMENTS,
);
