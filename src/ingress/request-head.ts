/** Reads a request's header fields once: what nano needs of them, and the block that the app sees. Never lets a field through that only a trusted proxy may set. */
import type { HeaderBlock } from "../base/wire.ts";

export interface HeadLimits {
  readonly headerTotalBytes: number;
  readonly headerBytes: number;
  readonly headerCount: number;
}

export interface RequestHead {
  readonly block: HeaderBlock;
  readonly host: string | null;
  /** Null when absent, NaN when it is no number. */
  readonly contentLength: number | null;
  readonly isChunked: boolean;
  /** What a trusted proxy says; all null from anyone else. */
  readonly forwardedFor: string | null;
  readonly forwardedHost: string | null;
  readonly forwardedProto: string | null;
  readonly requestId: string | null;
  /** From anyone: it names a trace and permits nothing. */
  readonly traceparent: string | null;
  /** How often this request has come back to nano through fetch(). Whoever claims more than is true only hurts himself. */
  readonly hops: number;
}

type Rule = "keep" | "drop" | "trusted" | "host" | "content-length" | "transfer-encoding" | "x-forwarded-for" | "x-forwarded-host" | "x-forwarded-proto" | "x-request-id" | "x-nano-hops" | "traceparent";

/** Fields between the client and nano, not for the app. `expect` is settled before the handler runs. */
const hopByHop = ["connection", "keep-alive", "te", "trailer", "upgrade", "http2-settings", "expect"];
const read: readonly Rule[] = ["host", "content-length", "transfer-encoding", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-request-id", "x-nano-hops", "traceparent"];
/** Names differ little from request to request, so their rules are remembered, up to this many. */
const maxRemembered = 1024;

export class HeadReader {
  readonly #limits: HeadLimits;
  readonly #rules = new Map<string, Rule>();

  constructor(limits: HeadLimits) {
    this.#limits = limits;
    for (const name of hopByHop) this.#rules.set(name, "drop");
    for (const name of read) this.#rules.set(name, name);
  }

  /** Null when the fields exceed a limit. Names arrive in lower case; a field that was sent twice arrives joined, as Fetch has it. */
  read(headers: Headers, isTrusted: boolean): RequestHead | null {
    const { headerTotalBytes, headerBytes, headerCount } = this.#limits;
    let block = "";
    let bytes = 0;
    let count = 0;
    let host: string | null = null;
    let contentLength: number | null = null;
    let isChunked = false;
    let forwardedFor: string | null = null;
    let forwardedHost: string | null = null;
    let forwardedProto: string | null = null;
    let requestId: string | null = null;
    let traceparent: string | null = null;
    let hops = 0;
    for (const [name, value] of headers) {
      const fieldBytes = name.length + value.length;
      bytes += fieldBytes + 4;
      if (++count > headerCount || fieldBytes > headerBytes || bytes > headerTotalBytes) return null;
      switch (this.#rules.get(name) ?? this.#ruleOf(name)) {
        case "keep":
          break;
        case "drop":
          continue;
        case "host":
          host = value;
          break;
        case "content-length":
          contentLength = decimal.test(value) ? Number(value) : Number.NaN;
          break;
        case "transfer-encoding":
          isChunked = true;
          continue;
        case "x-nano-hops":
          hops = decimal.test(value) ? Number(value) : Number.MAX_SAFE_INTEGER;
          continue;
        case "trusted":
          if (!isTrusted) continue;
          break;
        case "x-request-id":
          if (isTrusted) requestId = value;
          break;
        case "traceparent":
          traceparent = value;
          break;
        case "x-forwarded-for":
          if (!isTrusted) continue;
          forwardedFor = value;
          break;
        case "x-forwarded-host":
          if (!isTrusted) continue;
          forwardedHost = value;
          break;
        case "x-forwarded-proto":
          if (!isTrusted) continue;
          forwardedProto = value;
          break;
      }
      block += `${name}\n${value}\n`;
    }
    return { block, host, contentLength, isChunked, forwardedFor, forwardedHost, forwardedProto, requestId, traceparent, hops };
  }

  #ruleOf(name: string): Rule {
    const rule = ruleOf(name);
    if (this.#rules.size < maxRemembered) this.#rules.set(name, rule);
    return rule;
  }
}

const decimal = /^\d{1,15}$/;

function ruleOf(name: string): Rule {
  // `X_Forwarded_For` reads as `X-Forwarded-For` to anything that maps fields to variables, CGI-style.
  if (name.includes("_") || name.startsWith("proxy-") || name.startsWith("x-nano-")) return "drop";
  if (name === "forwarded" || name.startsWith("x-forwarded-") || name.startsWith("cf-")) return "trusted";
  return "keep";
}
