/** Who the peer is, and whether its word counts. Without a trusted proxy in front, nothing that a client says about itself is believed. */
import ipaddr from "ipaddr.js";

type Address = ReturnType<typeof ipaddr.process>;
type Range = readonly [Address, number];

const maxRemembered = 4096;

/** Addresses and CIDR ranges of proxies whose `X-Forwarded-*` and `X-Request-Id` are honoured. */
export class TrustedProxies {
  readonly #ranges: readonly Range[];
  readonly #verdicts = new Map<string, boolean>();

  /** Throws RangeError for what is neither an address nor a CIDR range. */
  constructor(ranges: readonly string[]) {
    this.#ranges = ranges.map(parseRange);
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  includes(address: string): boolean {
    let verdict = this.#verdicts.get(address);
    if (verdict === undefined) {
      verdict = this.#matches(address);
      if (this.#verdicts.size >= maxRemembered) this.#verdicts.clear();
      this.#verdicts.set(address, verdict);
    }
    return verdict;
  }

  /**
   * The client behind trusted proxies: the rightmost `X-Forwarded-For` entry that is no trusted proxy itself. What stands left of
   * it was written by that client and proves nothing. Entries that are no addresses end the walk.
   */
  clientOf(peer: string, forwardedFor: string): string {
    let client = peer;
    for (const entry of forwardedFor.split(",").reverse()) {
      const address = parseEntry(entry.trim());
      if (address === null) return client;
      client = address;
      if (!this.includes(address)) return client;
    }
    return client;
  }

  #matches(address: string): boolean {
    if (!ipaddr.isValid(address)) return false;
    const parsed = ipaddr.process(address);
    return this.#ranges.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network as never, bits));
  }
}

/** The last of a list: the value that the proxy nearest to us, the trusted one, wrote. */
export function lastOf(list: string): string {
  return list.slice(list.lastIndexOf(",") + 1).trim();
}

function parseRange(text: string): Range {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  if (!ipaddr.IPv6.isValid(address) && !ipaddr.IPv4.isValidFourPartDecimal(address)) throw new RangeError(`not an address or CIDR range: ${text}`);
  const parsed = ipaddr.process(address);
  const width = parsed.kind() === "ipv4" ? 32 : 128;
  if (slash < 0) return [parsed, width];
  const bits = /^\d{1,3}$/.test(text.slice(slash + 1)) ? Number(text.slice(slash + 1)) : -1;
  if (bits < 0 || bits > width) throw new RangeError(`not an address or CIDR range: ${text}`);
  return [parsed, bits];
}

/** One `X-Forwarded-For` entry: an address, by some proxies with a port (`192.0.2.1:80`, `[2001:db8::1]:80`). */
function parseEntry(entry: string): string | null {
  const bracket = entry.indexOf("]");
  let address = entry;
  if (entry.startsWith("[")) address = bracket < 0 ? "" : entry.slice(1, bracket);
  else if (entry.indexOf(":") === entry.lastIndexOf(":")) address = entry.split(":")[0] ?? "";
  if (!ipaddr.IPv6.isValid(address) && !ipaddr.IPv4.isValidFourPartDecimal(address)) return null;
  return ipaddr.process(address).toString();
}
