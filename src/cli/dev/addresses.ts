/** Where a server can be reached, as URLs for people. */
import { networkInterfaces } from "node:os";

export interface Reachable {
  /** From this machine. */
  readonly local: string;
  /** From others, when it listens for them. */
  readonly network: readonly string[];
}

const WILDCARDS: readonly string[] = ["0.0.0.0", "::"];
const LOOPBACK: readonly string[] = ["127.0.0.1", "::1", "localhost"];

export function reachable(scheme: "http" | "https", { host, port }: { readonly host: string; readonly port: number }, interfaces = networkInterfaces()): Reachable {
  const url = (name: string) => `${scheme}://${name.includes(":") ? `[${name}]` : name}:${port}/`;
  const isWildcard = WILDCARDS.includes(host);
  const network = isWildcard
    ? Object.values(interfaces).flatMap((addresses) =>
        (addresses ?? []).filter(({ internal, family, address }) => !internal && (family === "IPv4" || host === "::") && !address.startsWith("fe80:")).map(({ address }) => url(address)))
    : [];
  return { local: url(isWildcard || LOOPBACK.includes(host) ? "localhost" : host), network };
}
