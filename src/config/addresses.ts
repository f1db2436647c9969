/** Addresses as the configuration writes them. */
import ipaddr from "ipaddr.js";
import { parseHostName } from "../base/host-name.ts";

/** Null when `text` is an address or a CIDR range; else what is wrong, and the way out. */
export function rangeFault(text: string): { readonly fault: string; readonly hint: string } | null {
  const [address = "", prefix, ...rest] = text.split("/");
  if (!isAddress(address) || rest.length > 0) return { fault: "this is no address and no CIDR range", hint: 'for example "10.0.0.0/8", "192.0.2.7" or "2001:db8::/32"' };
  if (prefix === undefined) return null;
  const width = address.includes(":") ? 128 : 32;
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
  if (bits < 0 || bits > width) return { fault: `/${prefix} is no length of a prefix`, hint: `use 0 to ${width}` };
  const network = networkOf(address, bits);
  return network === ipaddr.parse(address).toString() ? null : { fault: `${text} is no network: bits are set behind the prefix`, hint: `did you mean "${network}/${bits}", or the one address "${address}"?` };
}

/** Null when `text` may stand in `egress.allow`: a host, host:port, address or CIDR range. */
export function egressFault(text: string): { readonly fault: string; readonly hint: string } | null {
  const hint = 'write a host such as "db.internal", "db.internal:8080", or a range such as "10.0.0.0/8"';
  if (text.includes("://")) return { fault: "this is a URL, not a host", hint };
  if (text.includes("*")) return { fault: "hosts are allowed one by one, without *", hint };
  if (isAddress(text.split("/")[0] ?? "")) return rangeFault(text);
  return parseHostName(text) === null ? { fault: "this is no host", hint } : null;
}

/** An address, or a name, to listen on. Brackets around IPv6 are optional. */
export function listenAddress(text: string): string | null {
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  if (ipaddr.IPv6.isValid(bare) || ipaddr.IPv4.isValidFourPartDecimal(bare)) return bare;
  const name = parseHostName(text);
  return name === null || name.port !== null ? null : name.host;
}

function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || (ipaddr.IPv6.isValid(text) && !text.includes("%"));
}

function networkOf(address: string, bits: number): string {
  return (address.includes(":") ? ipaddr.IPv6.networkAddressFromCIDR(`${address}/${bits}`) : ipaddr.IPv4.networkAddressFromCIDR(`${address}/${bits}`)).toString();
}
