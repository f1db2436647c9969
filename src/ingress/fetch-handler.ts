/** The pipeline as a plain `fetch`, for whoever brings the server: the library under `@hono/node-server`, tests, another Bun program. */
import type { Transport } from "./exchange.ts";
import type { Pipeline, RoutedApp } from "./pipeline.ts";

export interface FetchInfo {
  /** The peer, if the server knows it. */
  readonly clientAddress?: string;
}

export type FetchHandler = (request: Request, info?: FetchInfo) => Promise<Response>;

export function fetchHandler<App extends RoutedApp>(pipeline: Pipeline<App>): FetchHandler {
  return async (request, info) => pipeline.handle(request, transportFor(info?.clientAddress ?? ""));
}

/** Connections are the server's business, their timeouts too. */
function transportFor(clientAddress: string): Transport {
  return { urlHasAuthority: true, peerAddress: () => clientAddress, hold() {}, release() {} };
}
