/** Sends spans by OTLP/HTTP as JSON, https://opentelemetry.io/docs/specs/otlp/#otlphttp: in batches, bounded, and never in the way. */
import { limitValue } from "../limits.ts";
import type { AttributeValue, Span, SpanKind } from "./tracer.ts";

/** Plain data: it reaches worker processes in a message. */
export interface TracingOptions {
  /** Where spans are posted, by OTLP/HTTP. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Attributes that describe this nano. */
  readonly resource: Readonly<Record<string, string>>;
  /** Share of the traces that start here which are recorded, 0 to 1. */
  readonly ratio: number;
}

export interface OtlpOptions extends Omit<TracingOptions, "ratio"> {
  readonly version: string;
  /** Told of spans that went out, and of those that were given up. */
  readonly onSpans: (result: "exported" | "dropped", spans: number) => void;
  readonly post?: typeof fetch;
}

const MOST_WAITING = limitValue("trace_spans");
const BATCH = 512;
const EVERY_MS = 2_000;
const TIMEOUT_MS = 10_000;
/** Between tries of a batch that the collector could not take. */
const RETRY_MS = [1_000, 5_000] as const;
const KIND: Readonly<Record<SpanKind, number>> = { internal: 1, server: 2, client: 3 };
const ERROR_STATUS = { code: 2 };

export class OtlpExporter {
  readonly #options: OtlpOptions;
  #waiting: Span[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #sending: Promise<void> | null = null;
  #isClosing = false;

  constructor(options: OtlpOptions) {
    this.#options = options;
  }

  readonly take = (spans: readonly Span[]): void => {
    const room = MOST_WAITING - this.#waiting.length;
    if (spans.length > room) {
      this.#options.onSpans("dropped", spans.length);
      return;
    }
    this.#waiting.push(...spans);
    if (this.#waiting.length >= BATCH) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), EVERY_MS);
  };

  /** Sends what waits, without second tries, and resolves when that is done or `graceMs` have passed. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    const until = performance.now() + graceMs;
    for (this.#send(); this.#sending !== null && performance.now() < until; ) await Promise.race([this.#sending, new Promise((resolve) => setTimeout(resolve, until - performance.now()))]);
  }

  #send(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#sending !== null || this.#waiting.length === 0) return;
    const batch = this.#waiting.splice(0, BATCH);
    this.#sending = this.#post(batch).then((isSent) => {
      this.#options.onSpans(isSent ? "exported" : "dropped", batch.length);
      this.#sending = null;
      if (this.#waiting.length > 0) this.#send();
    });
  }

  /** https://opentelemetry.io/docs/specs/otlp/#failures-1: what may be tried again is. */
  async #post(batch: readonly Span[]): Promise<boolean> {
    const body = JSON.stringify(encodeSpans(batch, this.#options));
    for (let tries = 0; ; tries++) {
      const status = await this.#postOnce(body);
      if (status >= 200 && status < 300) return true;
      const waitMs = RETRY_MS[tries];
      const mayRetry = status === 0 || [429, 502, 503, 504].includes(status);
      if (!mayRetry || waitMs === undefined || this.#isClosing) return false;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  /** The status, or 0 when there was no answer. */
  async #postOnce(body: string): Promise<number> {
    const { url, headers, post = fetch } = this.#options;
    try {
      const response = await post(url, { method: "POST", headers: { ...headers, "content-type": "application/json" }, body, redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
      await response.body?.cancel();
      return response.status;
    } catch {
      return 0;
    }
  }
}

/** https://github.com/open-telemetry/opentelemetry-proto, in the JSON encoding of OTLP: ids in hexadecimal, times in nanoseconds as text. */
export function encodeSpans(spans: readonly Span[], { resource, version }: Pick<OtlpOptions, "resource" | "version">): unknown {
  return {
    resourceSpans: [
      {
        resource: { attributes: encodeAttributes(resource) },
        scopeSpans: [
          {
            scope: { name: "nano", version },
            spans: spans.map(({ traceId, spanId, parentId, name, kind, startedAt, endedAt, isError, attributes }) => ({
              traceId,
              spanId,
              ...(parentId === "" ? {} : { parentSpanId: parentId }),
              name,
              kind: KIND[kind],
              startTimeUnixNano: nanoseconds(startedAt),
              endTimeUnixNano: nanoseconds(endedAt),
              attributes: encodeAttributes(attributes),
              status: isError ? ERROR_STATUS : {},
            })),
          },
        ],
      },
    ],
  };
}

function encodeAttributes(attributes: Readonly<Record<string, AttributeValue>>): unknown[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: encodeValue(value) }));
}

function encodeValue(value: AttributeValue): unknown {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

/** Milliseconds have no room for nanoseconds beside the year: the fraction is kept to the microsecond. */
function nanoseconds(ms: number): string {
  return String(BigInt(Math.round(ms * 1000)) * 1000n);
}
