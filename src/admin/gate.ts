/**
 * What every request to the admin API has to pass before anything looks at its path. Browsers are the danger on loopback: a page may send requests there and may give its
 * own name this machine's address, but it cannot leave out `Origin` where it matters, nor send our Host.
 */
import { isIP } from "node:net";
import { parseHostName } from "../base/host-name.ts";
import type { Token } from "./auth.ts";
import { OperationError } from "./operation-error.ts";

export interface Gate {
  /** Null on the unix socket. */
  readonly token: Token | null;
  /** Names that clients may use, canonical. */
  readonly hosts: ReadonlySet<string>;
  /** Any address will do, as the listener is on a network: only names can be made to lead here. */
  readonly takesAddresses: boolean;
}

/** What probes ask for without a token. */
export const OPEN_PATHS: readonly string[] = ["/health", "/healthz", "/readyz"];

/** Throws OperationError. */
export function checkGate(request: Request, gate: Gate): void {
  const { headers } = request;
  if (headers.has("origin")) throw new OperationError("origin_refused");
  if (!isOurs(headers.get("host"), gate)) throw new OperationError("misdirected");
  if (gate.token === null || gate.token.accepts(headers.get("authorization"))) return;
  if (!OPEN_PATHS.includes(new URL(request.url).pathname)) throw new OperationError("unauthorized");
}

function isOurs(host: string | null, { hosts, takesAddresses }: Gate): boolean {
  const named = host === null ? null : parseHostName(host);
  if (named === null) return false;
  return hosts.has(named.host) || (takesAddresses && isIP(named.host.replace(/^\[|\]$/g, "")) !== 0);
}
