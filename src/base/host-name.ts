/**
 * The canonical form of a Host header, the only form that routing and URLs are built from. Stricter than the URL standard on purpose:
 * whatever two parsers could read differently (userinfo, underscores, odd IPv4 spellings, merged fields) is refused, never repaired.
 */
import ipaddr from "ipaddr.js";

export interface HostName {
  /** Lower case, without port, trailing dot or, for IPv6, surplus zeros. IPv6 keeps its brackets. */
  readonly host: string;
  /** Null when the header names none. */
  readonly port: number | null;
}

const maxHostLength = 253;
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** URL parsers read a name that ends in such a label as an IPv4 address in one of its old spellings. */
const numericLabel = /^(?:\d+|0x[\da-f]*)$/;
/** Most names: nothing in them could be read as an address. */
const plainName = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const digits = /^\d{1,5}$/;

/** Null when the value is no host with optional port. */
export function parseHostName(value: string): HostName | null {
  if (value.startsWith("[")) return parseBracketed(value);
  const colon = value.indexOf(":");
  const name = canonicalName(colon < 0 ? value : value.slice(0, colon));
  if (name === null) return null;
  return withPort(name, colon < 0 ? "" : value.slice(colon + 1));
}

/** A configured hostname or `*.` pattern in canonical form, or null. Takes no port: routes do not differ by port. */
export function parseHostPattern(value: string): string | null {
  const isWildcard = value.startsWith("*.");
  const parsed = parseHostName(isWildcard ? value.slice(2) : value);
  if (parsed === null || parsed.port !== null) return null;
  if (!isWildcard) return parsed.host;
  return isName(parsed.host) ? `*.${parsed.host}` : null;
}

/** False for address literals, which have no subdomains. */
function isName(host: string): boolean {
  return !host.startsWith("[") && !numericLabel.test(lastLabel(host));
}

function parseBracketed(value: string): HostName | null {
  const end = value.indexOf("]");
  const address = value.slice(1, end);
  if (end < 0 || address.includes("%") || !ipaddr.IPv6.isValid(address)) return null;
  const rest = value.slice(end + 1);
  if (rest !== "" && !rest.startsWith(":")) return null;
  return withPort(`[${ipaddr.IPv6.parse(address).toRFC5952String()}]`, rest.slice(1));
}

function canonicalName(value: string): string | null {
  const name = (value.endsWith(".") ? value.slice(0, -1) : value).toLowerCase();
  if (name.length === 0 || name.length > maxHostLength) return null;
  if (plainName.test(name)) return name;
  for (const part of name.split(".")) if (!label.test(part)) return null;
  if (numericLabel.test(lastLabel(name)) && !ipaddr.IPv4.isValidFourPartDecimal(name)) return null;
  return name;
}

function lastLabel(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

/** An empty port (`app.test:`) is none, as RFC 3986 has it. */
function withPort(host: string, port: string): HostName | null {
  if (port === "") return { host, port: null };
  const number = digits.test(port) ? Number(port) : 0;
  return number >= 1 && number <= 65_535 ? { host, port: number } : null;
}
