/** What a request of the mode `no-cors` may carry (https://fetch.spec.whatwg.org/#no-cors-safelisted-request-header). */
import { regExpTest } from "../../infra/guest/primordials.ts";
import { parseMimeType } from "./mime-type.ts";

/** https://fetch.spec.whatwg.org/#cors-unsafe-request-header-byte */
const UNSAFE = /[\0-\x08\x0a-\x1f"():<>?@[\\\]{}\x7f]/;
const LANGUAGES = /^[0-9A-Za-z *,\-.;=]*$/;
const NAMES = /^(?:accept|accept-language|content-language|content-type)$/;
const SIMPLE_TYPES = /^(?:application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)$/;
const MAX_VALUE = 128;

/** `key` is lower case, as in the next ones. */
export const isNoCorsName = (key: string): boolean => regExpTest(NAMES, key);

/** https://fetch.spec.whatwg.org/#privileged-no-cors-request-header-name */
export const isPrivileged = (key: string): boolean => key === "range";

/** https://fetch.spec.whatwg.org/#cors-safelisted-request-header, for the names above. */
export function isNoCorsSafe(key: string, value: string): boolean {
  if (!isNoCorsName(key) || value.length > MAX_VALUE) return false;
  if (key === "accept") return !regExpTest(UNSAFE, value);
  if (key !== "content-type") return regExpTest(LANGUAGES, value);
  if (regExpTest(UNSAFE, value)) return false;
  const type = parseMimeType(value);
  return type !== null && regExpTest(SIMPLE_TYPES, type.essence);
}
