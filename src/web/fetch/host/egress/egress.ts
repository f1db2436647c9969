/**
 * The egress: subrequests of guests. The one place where a guest's wish meets the network, so every hop is decided here before anything is connected, and
 * nothing of the host's own fetch is used (it reads files and environment, inflates without end and connects where it likes).
 */
import type { ByteBudget, BytePipe } from "../../../../base/byte-pipe.ts";
import type { ByteSource } from "../../../../base/wire.ts";
import type { Invocation, OpContext } from "../../../../isolate/invocation.ts";
import type { Handlers } from "../../../../isolate/op.ts";
import { type AppLimits, limitValue, resolveAppLimits } from "../../../../limits.ts";
import type { FetchHead, fetchOps } from "../../ops.ts";
import { SINK, SOURCE } from "../answer-ops.ts";
import type { EgressPolicy } from "./address-policy.ts";
import { isHopByHop } from "./field.ts";
import type { ConnectionPool } from "./connection-pool.ts";
import { Exchange } from "./http-client.ts";
import { inflated, knownCodings } from "./inflate.ts";
import { type Network, systemNetwork } from "./network.ts";
import { networkError } from "./network-error.ts";
import { isRepeatable, type OutgoingRequest, parseRequest, portOf, serializeHead, streamOf } from "./outgoing-request.ts";
import { redirected } from "./redirect.ts";
import type { Fields, ResponseHead } from "./response-parser.ts";
import { type Subrequest, Subrequests } from "./subrequests.ts";
import { type Connection, connectPermitted, permittedAddresses } from "./target.ts";

export interface EgressOptions {
  policyOf(app: string): EgressPolicy;
  /** Undefined for an app that is gone. */
  limitsOf(app: string): AppLimits | undefined;
  onDenied(ctx: OpContext, host: string): void;
  /** How often the request that `invocation` serves has come back to nano already; 0 when that is not known. */
  hopsOf?(invocation: Invocation): number;
  /** What an app's response bodies may fill while others wait for their connections; nothing unless given. */
  budgetOf?(app: string): ByteBudget | null;
  /** The system's unless given. */
  readonly network?: Network;
  /** Whoever gives it closes it. Without one, connections end with their subrequests. */
  readonly pool?: ConnectionPool;
  /** Who answers an app's subrequests in place of the network; null or absent: the network. */
  readonly standInFor?: ((app: string) => StandIn | null) | undefined;
}

/** An exchange, whoever the upstream is. */
export type Answering = Pick<Exchange, "head" | "finished" | "cancel" | "pull">;
export type StandIn = (request: OutgoingRequest, ctx: OpContext, signal: AbortSignal) => Answering;

type EgressOps = Pick<Handlers<typeof fetchOps, OpContext>, "fetch_start" | "fetch_abort">;

const MISDIRECTED = 421;
const MAX_REDIRECTS = limitValue("fetch_redirects");
/** What the host does for one hop, and for a TLS handshake. */
const HOP_FUEL = 25_000;
const TLS_FUEL = 250_000;
const FUEL_PER_SENT_BYTE = 1 / 16;
const FUEL_PER_INFLATED_BYTE = 2;
/** https://fetch.spec.whatwg.org/#null-body-status */
const NULL_BODY_STATUSES: readonly number[] = [204, 205, 304];

export function createEgress(options: EgressOptions): EgressOps {
  const network = options.network ?? systemNetwork();
  /** Where connections of an app wait for its next subrequest; null when they do not. */
  const poolFor = ({ fetchKeepAliveMs, fetchIdleConnections }: AppLimits): ConnectionPool | null => (fetchKeepAliveMs > 0 && fetchIdleConnections > 0 ? (options.pool ?? null) : null);
  const subrequests = new Subrequests();

  return {
    async fetch_start(ctx, id, packed, data, bodyRid) {
      const { invocation } = ctx;
      const upload = bodyRid === 0 ? null : invocation.resources.get<BytePipe>(bodyRid, SINK);
      try {
        const request = parseRequest(packed, upload ?? data);
        const subrequest = subrequests.start(invocation, id);
        try {
          const limits = options.limitsOf(invocation.app) ?? resolveAppLimits();
          await subrequest.admitted(limits.appSubrequestsAtOnce);
          return await follow(ctx, request, subrequest, limits);
        } catch (error) {
          subrequest.end();
          throw error;
        }
      } catch (error) {
        upload?.cancel(error);
        throw error;
      }
    },
    fetch_abort: (ctx, id) => subrequests.abort(ctx.invocation, id),
  };

  async function follow(ctx: OpContext, first: OutgoingRequest, subrequest: Subrequest, limits: AppLimits): Promise<FetchHead> {
    let request = first;
    let isRetried = false;
    for (let redirects = 0; ; redirects++) {
      let exchange = await send(ctx, request, subrequest, limits);
      try {
        let head = await exchange.head;
        // https://www.rfc-editor.org/rfc/rfc9110#section-15.5.20: the connection was the wrong one, and nothing has been done.
        if (head.status === MISDIRECTED && !isRetried && streamOf(request) === null) {
          isRetried = true;
          exchange.cancel();
          exchange = await send(ctx, request, subrequest, limits, true);
          head = await exchange.head;
        }
        const next = redirected(request, head);
        if (next === null) {
          exchange.finished.then(() => subrequest.end());
          return { ...answerOf(ctx, request, head, exchange), url: request.url.href, redirected: redirects > 0 };
        }
        if (redirects === MAX_REDIRECTS) throw networkError(`the upstream redirects more than ${MAX_REDIRECTS} times`);
        request = next;
      } catch (error) {
        exchange.cancel(error);
        throw error;
      }
      exchange.cancel();
    }
  }

  async function send(ctx: OpContext, request: OutgoingRequest, subrequest: Subrequest, limits: AppLimits, isFresh = false): Promise<Answering> {
    const { url, body } = request;
    const { app } = ctx.invocation;
    const { signal } = subrequest;
    ctx.charge(HOP_FUEL + (body instanceof Uint8Array ? body.byteLength * FUEL_PER_SENT_BYTE : 0));
    const standIn = options.standInFor?.(app) ?? null;
    if (standIn !== null) return standIn(request, ctx, signal);
    const target = { url, port: portOf(url), connectMs: limits.fetchConnectMs, signal };
    const addresses = await permittedAddresses(target, options.policyOf(app), network, () => options.onDenied(ctx, url.host));
    const open = opener(ctx, request, subrequest, limits);
    const kept = isRepeatable(request) && !isFresh ? poolFor(limits)?.take(addresses.map((address) => ({ app, origin: url.origin, address }))) : undefined;
    if (kept) {
      const exchange = open(kept);
      await exchange.head.catch(() => {});
      if (!exchange.isUnheard || signal.aborted) return exchange;
    }
    if (url.protocol === "https:") ctx.charge(TLS_FUEL);
    return open(await connectPermitted(target, addresses, network));
  }

  /** What makes an exchange of a connection. */
  function opener(ctx: OpContext, request: OutgoingRequest, subrequest: Subrequest, limits: AppLimits): (connection: Connection) => Exchange {
    const { invocation } = ctx;
    const { app } = invocation;
    const { method, url, body } = request;
    const pool = poolFor(limits);
    const head = serializeHead(request, (options.hopsOf?.(invocation) ?? 0) + 1, pool === null);
    const keeping = { idleMs: limits.fetchKeepAliveMs, mostOfApp: limits.fetchIdleConnections };
    return ({ socket, address }) => {
      const exchange: Exchange = new Exchange(
        socket,
        { method, head, body },
        {
          headersMs: limits.fetchHeadersMs,
          idleMs: limits.fetchIdleMs,
          readAheadBytes: invocation.limits.streamBufferBytes,
          signal: subrequest.signal,
          budget: options.budgetOf?.(app) ?? { usedBytes: 0, limitBytes: 0 },
          onRest: (isResting) => (isResting ? subrequest.rest(() => exchange.takeIn()) : subrequest.wake()),
          keep: pool === null ? null : (used) => pool.put({ app, origin: url.origin, address }, used, keeping),
        },
      );
      return exchange;
    };
  }
}

/** The answer as the guest gets it; its body, if it has one, among the invocation's resources. */
function answerOf(ctx: OpContext, { method }: OutgoingRequest, { status, statusText, fields }: ResponseHead, exchange: Answering): Omit<FetchHead, "url" | "redirected"> {
  if (method === "HEAD" || NULL_BODY_STATUSES.includes(status)) {
    exchange.cancel();
    return { status, statusText, headers: blockOf(fields, []), bodyRid: 0 };
  }
  const codings = knownCodings(fields.filter(([name]) => name.toLowerCase() === "content-encoding").map(([, value]) => value).join(",")) ?? [];
  const isInflated = codings.length > 0;
  const body: ByteSource = isInflated ? inflated(exchange, codings, (bytes) => ctx.charge(bytes * FUEL_PER_INFLATED_BYTE)) : exchange;
  // The standard leaves these fields, but then an app that passes the response on would describe a body that is no more.
  const headers = blockOf(fields, isInflated ? ["content-encoding", "content-length"] : []);
  return { status, statusText, headers, bodyRid: ctx.invocation.resources.add(SOURCE, body, () => body.cancel()) };
}

function blockOf(fields: Fields, without: readonly string[]): string {
  const kept = fields.filter(([name]) => !isHopByHop(name.toLowerCase()) && !without.includes(name.toLowerCase()));
  return kept.map(([name, value]) => `${name}\n${value}\n`).join("");
}
