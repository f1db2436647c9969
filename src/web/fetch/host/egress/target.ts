/** From a URL to a connection: all addresses of the name are checked, and the connection goes to a checked one without asking DNS again. */
import type { Socket } from "node:net";
import { type EgressPolicy, isLocalName, isNamedWithPort, isOwnListener, isPermitted, literalAddress } from "./address-policy.ts";
import type { Network } from "./network.ts";
import { deniedError, networkError } from "./network-error.ts";

export interface Target {
  readonly url: URL;
  readonly port: number;
  /** For finding the addresses, and again for trying all of them. */
  readonly connectMs: number;
  readonly signal: AbortSignal;
}

const MAX_ATTEMPTS = 4;
const LOCAL_ADDRESSES: readonly string[] = ["127.0.0.1", "::1"];
/** Ports of protocols that a request could be mistaken for (https://fetch.spec.whatwg.org/#port-blocking). */
const BAD_PORTS: ReadonlySet<number> = new Set([
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526,
  530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
]);

/** The addresses a guest may connect to for `target`. One denied address among them denies them all: its name is then in hands that try something. */
export async function permittedAddresses(target: Target, policy: EgressPolicy, network: Network, onDenied: () => void): Promise<readonly string[]> {
  const { url, port } = target;
  const { hostname } = url;
  const literal = literalAddress(hostname);
  const isNamed = isNamedWithPort(policy, hostname, port);
  const isOwn = (address: string): boolean => !isNamed && isOwnListener(policy.ownListeners ?? [], address, port, () => network.localAddresses());
  const mayConnect = (address: string): boolean => isPermitted(policy, hostname, port, address) && !isOwn(address);
  const isBadPort = (port === 0 || BAD_PORTS.has(port)) && !isNamed;
  let permitted: readonly string[] = [];
  if (isBadPort) permitted = [];
  else if (literal !== null) permitted = [literal].filter(mayConnect);
  // Its addresses are ours, so an operator may allow one of the two.
  else if (isLocalName(hostname)) permitted = LOCAL_ADDRESSES.filter(mayConnect);
  else {
    const addresses = await resolved(target, network);
    if (addresses.every(mayConnect)) permitted = addresses;
  }
  if (permitted.length > 0) return permitted;
  onDenied();
  throw deniedError();
}

export interface Connection {
  readonly socket: Socket;
  readonly address: string;
}

/** Tries the addresses in order, each for its share of the time that is left. */
export async function connectPermitted({ url, port, connectMs, signal }: Target, permitted: readonly string[], network: Network): Promise<Connection> {
  const addresses = permitted.slice(0, MAX_ATTEMPTS);
  const tlsName = url.protocol === "https:" ? (literalAddress(url.hostname) ?? url.hostname.replace(/\.$/, "")) : null;
  let failure: unknown = networkError("the upstream has no usable address");
  for (const address of addresses) {
    try {
      return { socket: await network.connect({ address, port, tlsName, timeoutMs: Math.ceil(connectMs / addresses.length) }, signal), address };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      failure = error;
    }
  }
  throw failure;
}

/** Names cannot be un-asked, so what comes too late is dropped. */
function resolved({ url, connectMs, signal }: Target, network: Network): Promise<readonly string[]> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    };
    const fail = (reason: unknown): void => {
      settle();
      reject(reason);
    };
    const onAbort = (): void => fail(signal.reason);
    const timer = setTimeout(() => fail(networkError("the upstream's name could not be resolved in time")), connectMs);
    signal.addEventListener("abort", onAbort);
    network.lookup(url.hostname).then(
      (addresses) => {
        settle();
        if (addresses.length > 0) resolve(addresses);
        else reject(networkError("the upstream's name has no address"));
      },
      () => fail(networkError("the upstream's name could not be resolved")),
    );
  });
}
