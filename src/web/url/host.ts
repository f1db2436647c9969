/** Host side of URL: the host's own URL class, charged by length. */
import type { OpContext } from "../../isolate/invocation.ts";
import type { Handlers } from "../../isolate/op.ts";
import type { urlOps } from "./ops.ts";

const PARSE_FUEL = 500;
const FUEL_PER_UNIT = 10;

const SETTABLE = new Set(["protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"] as const);
type Settable = typeof SETTABLE extends Set<infer T> ? T : never;

const HOST_AND_PORT = /^(\[[^\]]*\]|[^:/?#\\]+):(\d+)/;

/** Bun's `host` setter keeps the old port when the new one is the default of the scheme. */
function setDefaultPort(url: URL, host: string): void {
  const match = HOST_AND_PORT.exec(host.replaceAll(/[\t\n\r]/g, ""));
  if (match !== null && URL.canParse(`${url.protocol}//${match[1]}`)) url.port = match[2] as string;
}

export const urlHost: Handlers<typeof urlOps, OpContext> = {
  url_parse(ctx, input, base) {
    ctx.charge(PARSE_FUEL + (input.length + (base?.length ?? 0)) * FUEL_PER_UNIT);
    return URL.parse(input, base ?? undefined)?.href ?? null;
  },
  url_set(ctx, href, attribute, value) {
    ctx.charge(2 * PARSE_FUEL + (href.length + value.length) * FUEL_PER_UNIT);
    const url = URL.parse(href);
    if (url === null || !SETTABLE.has(attribute as Settable)) return href;
    url[attribute as Settable] = value;
    if (attribute === "host") setDefaultPort(url, value);
    return url.href;
  },
  url_decode_form(ctx, text) {
    ctx.charge(text.length * FUEL_PER_UNIT);
    return new URLSearchParams(`=${text.replaceAll("&", "%26")}`).get("") ?? "";
  },
};
