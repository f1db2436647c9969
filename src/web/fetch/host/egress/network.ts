/** The network as subrequests use it: names to addresses, addresses to sockets. Comes in as an argument, so that tests have answers and rebinding of their own. */
import { lookup } from "node:dns/promises";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { checkServerIdentity, connect as connectTls, type TLSSocket } from "node:tls";
import { networkError } from "./network-error.ts";

export interface Endpoint {
  /** An address, never a name: whoever connects must not resolve again what has been checked. */
  readonly address: string;
  readonly port: number;
  /** The name or address the certificate has to be for; null without TLS. */
  readonly tlsName: string | null;
  readonly timeoutMs: number;
}

export interface Network {
  /** All addresses of a name. */
  lookup(name: string): Promise<readonly string[]>;
  /** Addresses of this machine. */
  localAddresses(): readonly string[];
  /** A connected, paused socket. Rejects, with nothing left open, on failure, after `timeoutMs` and when `signal` aborts. */
  connect(endpoint: Endpoint, signal: AbortSignal): Promise<Socket>;
}

/** `roots`: certificates (PEM) to trust in place of the system's. */
export function systemNetwork(roots?: string): Network {
  return {
    lookup: async (name) => (await lookup(name, { all: true })).map(({ address }) => address),
    localAddresses: () => Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)),
    connect: (endpoint, signal) => openSocket(endpoint, signal, roots),
  };
}

function openSocket(endpoint: Endpoint, signal: AbortSignal, roots: string | undefined): Promise<Socket> {
  const { address, port, tlsName, timeoutMs } = endpoint;
  if (isIP(address) === 0) return Promise.reject(networkError("the upstream has no usable address"));
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const socket = tlsName === null ? connectTcp({ host: address, port, noDelay: true }) : openTls(address, port, tlsName, roots);
    // For as long as the socket lives, and after: an error event that nobody listens to would end the process.
    socket.on("error", () => {});
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      socket.removeListener("close", onClose);
    };
    const fail = (reason: unknown): void => {
      settle();
      socket.destroy();
      reject(reason);
    };
    const onAbort = (): void => fail(signal.reason);
    const onClose = (): void => fail(networkError(tlsName === null ? "the upstream could not be reached" : "the upstream could not be reached over TLS, or its certificate is not for this name"));
    const timer = setTimeout(() => fail(networkError("the upstream could not be reached in time")), timeoutMs);
    signal.addEventListener("abort", onAbort);
    socket.on("close", onClose);
    socket.once(tlsName === null ? "connect" : "secureConnect", () => {
      if (tlsName !== null && !isProven(socket as TLSSocket, tlsName)) {
        onClose();
        return;
      }
      settle();
      socket.pause();
      resolve(socket);
    });
  });
}

function openTls(address: string, port: number, name: string, roots: string | undefined): TLSSocket {
  return connectTls({
    host: address,
    port,
    // RFC 6066 knows no addresses in SNI.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    // Said aloud, because an environment variable can turn the default around.
    rejectUnauthorized: true,
    ALPNProtocols: ["http/1.1"],
    ...(roots === undefined ? {} : { ca: roots }),
  });
}

/** Checked here too, in one way for both runtimes. */
function isProven(socket: TLSSocket, name: string): boolean {
  return socket.authorized && checkServerIdentity(name, socket.getPeerCertificate()) === undefined;
}
