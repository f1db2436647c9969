/**
 * Which addresses a guest may reach. Pure: knows neither DNS nor sockets. What is not known to be a public unicast address is denied; an
 * operator's `allow` list is the only way past that.
 */
import ipaddr from "ipaddr.js";
import { parseHostName } from "../../../../base/host-name.ts";

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = readonly [network: Address, bits: number];

export interface EgressPolicy {
  /** Exact hosts, `host:port`, addresses or CIDR ranges. Metadata services are reached by address or range only. */
  readonly allow: readonly string[];
  /** Loopback and private networks too (`nano dev`). */
  readonly allowsPrivate: boolean;
  /** Where nano itself listens. Only an entry with the port leads there. */
  readonly ownListeners?: readonly OwnListener[];
}

/** `host` is what it was bound to. */
export interface OwnListener {
  readonly host: string;
  readonly port: number;
}

/** `metadata`: link-local and what clouds answer their credentials on. `never`: no host to speak HTTP with (multicast, reserved, embedded IPv4). */
export type AddressKind = "public" | "private" | "metadata" | "never";

/** Metadata services outside the link-local ranges: EC2 over IPv6, Alibaba, Azure (which uses a public address). */
const METADATA: readonly Range[] = ["fd00:ec2::/32", "100.100.100.200/32", "168.63.129.16/32"].map((cidr) => ipaddr.parseCIDR(cidr));
const PRIVATE: readonly string[] = ["loopback", "private", "carrierGradeNat", "uniqueLocal"];
/** The only IPv6 block that is given out as global unicast (https://www.iana.org/assignments/ipv6-address-space). */
const GLOBAL_UNICAST_V6: Range = ipaddr.parseCIDR("2000::/3");

export function addressKind(address: string): AddressKind {
  const parsed = parse(address);
  return parsed === null ? "never" : kindOf(parsed);
}

function kindOf(address: Address): AddressKind {
  const range: string = address.range();
  if (range === "linkLocal" || METADATA.some((cidr) => isWithin(address, cidr))) return "metadata";
  if (PRIVATE.includes(range)) return "private";
  if (range !== "unicast") return "never";
  return address.kind() === "ipv4" || isWithin(address, GLOBAL_UNICAST_V6) ? "public" : "never";
}

/** May a guest connect to `address`, which `hostname` (of a parsed URL) stands for, on `port`? */
export function isPermitted({ allow, allowsPrivate }: EgressPolicy, hostname: string, port: number, address: string): boolean {
  const parsed = parse(address);
  if (parsed === null) return false;
  const kind = kindOf(parsed);
  if (kind === "public" || (kind === "private" && allowsPrivate)) return true;
  return allow.some((entry) => {
    const range = rangeOf(entry);
    if (range !== null) return isWithin(parsed, range);
    const named = parseHostName(entry);
    if (named === null || (named.port !== null && named.port !== port)) return false;
    const literal = rangeOf(withoutBrackets(named.host));
    if (literal !== null) return isWithin(parsed, literal);
    // A name may lead to whatever its owner wants, though not to what is no host at all, nor to credentials of the machine.
    return kind !== "never" && kind !== "metadata" && named.host === withoutDot(hostname);
  });
}

/** Is `hostname:port` named in `allow` itself, port included? */
export function isNamedWithPort({ allow }: EgressPolicy, hostname: string, port: number): boolean {
  return allow.some((entry) => {
    const named = parseHostName(entry);
    return named !== null && named.port === port && named.host === withoutDot(hostname);
  });
}

/** Does nano listen on `address` and `port`? `localAddresses` gives those of the machine's interfaces. */
export function isOwnListener(listeners: readonly OwnListener[], address: string, port: number, localAddresses: () => readonly string[]): boolean {
  return listeners.some((listener) => {
    if (listener.port !== port) return false;
    const bound = parse(withoutBrackets(listener.host));
    const target = parse(address);
    if (target === null) return true;
    if (bound !== null && bound.range() !== "unspecified") return isSame(bound, target) || target.range() === "unspecified";
    const range: string = target.range();
    return range === "loopback" || range === "unspecified" || localAddresses().some((local) => isSame(parse(local.replace(/%.*$/, "")), target));
  });
}

function isSame(one: Address | null, other: Address): boolean {
  return one !== null && one.kind() === other.kind() && one.toNormalizedString() === other.toNormalizedString();
}

/** `localhost` and the names under it never reach DNS (https://www.rfc-editor.org/rfc/rfc6761#section-6.3). */
export function isLocalName(hostname: string): boolean {
  const name = withoutDot(hostname);
  return name === "localhost" || name.endsWith(".localhost");
}

/** The address a URL's hostname spells, without brackets; null when it is a name. */
export function literalAddress(hostname: string): string | null {
  const bare = withoutBrackets(hostname);
  return parse(bare) === null ? null : bare;
}

function parse(address: string): Address | null {
  return ipaddr.IPv4.isValidFourPartDecimal(address) || ipaddr.IPv6.isValid(address) ? ipaddr.parse(address) : null;
}

/** An address as the range of one. */
function rangeOf(entry: string): Range | null {
  if (ipaddr.isValidCIDR(entry)) return ipaddr.parseCIDR(entry);
  const address = parse(entry);
  return address === null ? null : [address, address.kind() === "ipv4" ? 32 : 128];
}

function isWithin(address: Address, [network, bits]: Range): boolean {
  return address.kind() === network.kind() && address.match(network as ipaddr.IPv4 & ipaddr.IPv6, bits);
}

function withoutBrackets(host: string): string {
  return host.startsWith("[") ? host.slice(1, -1) : host;
}

function withoutDot(host: string): string {
  return host.endsWith(".") ? host.slice(0, -1) : host;
}
