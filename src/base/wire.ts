/**
 * The wire: the one plain-data form of a request or response. Ingress, egress, the isolate boundary and later
 * service bindings and caches all speak it; each side converts exactly once.
 */

/**
 * Header fields as one string, `name LF value LF name LF value LF …` with a final LF, or "". Names keep the case they came in, values are
 * byte strings (one code unit 0–255 per octet) without CR, LF or NUL, so the separator cannot occur in them. Repeated fields repeat.
 */
export type HeaderBlock = string;

/** Bytes that arrive over time. Every source is pulled: nobody reads ahead of its consumer. */
export interface ByteSource {
  /** The next non-empty chunk, or null at the end. One call at a time. Rejects when the source failed; the source is then closed. */
  pull(): Promise<Uint8Array | null>;
  /** The consumer lost interest. Idempotent, never throws. */
  cancel(reason?: unknown): void;
}

export type WireBody = string | Uint8Array | ByteSource | null;

export interface RequestWire {
  readonly method: string;
  /** Absolute URL as the app sees it. */
  readonly url: string;
  readonly headers: HeaderBlock;
  readonly body: WireBody;
}

export interface ResponseWire {
  readonly status: number;
  readonly statusText: string;
  readonly headers: HeaderBlock;
  readonly body: WireBody;
}

/** Calls `visit` for each field in order. */
export function eachHeader(block: HeaderBlock, visit: (name: string, value: string) => void): void {
  for (let at = 0; at < block.length; ) {
    const nameEnd = block.indexOf("\n", at);
    const valueEnd = block.indexOf("\n", nameEnd + 1);
    if (nameEnd < 0 || valueEnd < 0) return;
    visit(block.slice(at, nameEnd), block.slice(nameEnd + 1, valueEnd));
    at = valueEnd + 1;
  }
}

export function isByteSource(body: WireBody): body is ByteSource {
  return body !== null && typeof body === "object" && !(body instanceof Uint8Array);
}

/** What is there already, as a source of one chunk. */
export function sourceOf(content: string | Uint8Array): ByteSource {
  let rest: Uint8Array | null = typeof content === "string" ? new TextEncoder().encode(content) : content;
  if (rest.byteLength === 0) rest = null;
  return {
    pull() {
      const chunk = rest;
      rest = null;
      return Promise.resolve(chunk);
    },
    cancel() {
      rest = null;
    },
  };
}
