/** How long a shared cache may keep a response, https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2. */
import { eachHeader, type HeaderBlock } from "../../../base/wire.ts";

const NOT_KEPT = /^(?:no-store|private|no-cache)(?:$|[\s=])/;

/**
 * When the response stops being fresh, Unix milliseconds: never (infinite) when it does not say, and at once (`nowMs`) when it may not be kept. A response that sets
 * cookies is one visitor's and is not kept.
 */
export function expiryOf(headers: HeaderBlock, nowMs: number): number {
  const fields = new Map<string, string>();
  eachHeader(headers, (name, value) => {
    const key = name.toLowerCase();
    const before = fields.get(key);
    fields.set(key, before === undefined ? value : `${before},${value}`);
  });
  if (fields.has("set-cookie")) return nowMs;
  const directives = (fields.get("cache-control") ?? "").split(",").map((directive) => directive.trim().toLowerCase());
  if (directives.some((directive) => NOT_KEPT.test(directive))) return nowMs;
  const seconds = secondsOf(directives, "s-maxage") ?? secondsOf(directives, "max-age");
  if (seconds !== null) return nowMs + seconds * 1_000;
  const expires = fields.get("expires");
  if (expires === undefined) return Number.POSITIVE_INFINITY;
  // "0" and the like mean that it has expired; every form of a date begins with the day of the week.
  const at = /^[A-Za-z]{3}/.test(expires) ? Date.parse(expires) : Number.NaN;
  return Number.isNaN(at) ? nowMs : at;
}

function secondsOf(directives: readonly string[], name: string): number | null {
  const value = directives.find((directive) => directive.startsWith(`${name}=`))?.slice(name.length + 1).replaceAll('"', "");
  return value !== undefined && /^\d{1,10}$/.test(value) ? Number(value) : null;
}
