/** A pipeline over a dispatcher that a test writes, with a clock that a test moves. */
import { DeadlineSweeper } from "../../../src/base/deadline.ts";
import type { ByteSource } from "../../../src/base/wire.ts";
import type { IngressRequest } from "../../../src/ingress/exchange.ts";
import type { DevFront } from "../../../src/ingress/dev/dev-front.ts";
import { type FetchHandler, fetchHandler } from "../../../src/ingress/fetch-handler.ts";
import { TrustedProxies } from "../../../src/ingress/forwarded.ts";
import { type DispatchResult, type IngressLimits, Pipeline } from "../../../src/ingress/pipeline.ts";
import { type Route, Router } from "../../../src/ingress/router.ts";
import type { RequestRecord } from "../../../src/observe/observer.ts";

export interface TestApp {
  readonly name: string;
  readonly maxBodyBytes: number;
}

export const limits: IngressLimits = {
  urlBytes: 8192,
  headerTotalBytes: 16_384,
  headerBytes: 8192,
  headerCount: 100,
  responseHeaderBytes: 32_768,
  responseHeaderCount: 128,
  writeStallMs: 30_000,
  bodyIdleMs: 30_000,
  bodyMinBytesPerSecond: 1024,
};

export const app: TestApp = { name: "app", maxBodyBytes: 100 };

export class Bench {
  nowMs = 0;
  readonly sweeper = new DeadlineSweeper(1_000_000, () => this.nowMs);
  readonly requests: IngressRequest[] = [];
  readonly records: RequestRecord[] = [];
  readonly faults: unknown[] = [];
  readonly pipeline: Pipeline<TestApp>;
  readonly fetch: FetchHandler;

  constructor(dispatch: (request: IngressRequest) => DispatchResult | Promise<DispatchResult>, options: { routes?: Route<TestApp>[]; trusted?: string[]; hasReservedPaths?: boolean; front?: DevFront } = {}) {
    this.pipeline = new Pipeline({
      router: Router.from(options.routes ?? [{ app, hosts: ["app.test"] }]),
      dispatcher: {
        dispatch: (_app, request) => {
          this.requests.push(request);
          return dispatch(request);
        },
      },
      tracer: null,
      observer: { request: (record) => this.records.push({ ...record, path: record.path, clientAddress: record.clientAddress, userAgent: record.userAgent }), fault: (_id, error) => this.faults.push(error) },
      trustedProxies: new TrustedProxies(options.trusted ?? []),
      sweeper: this.sweeper,
      limits,
      hasReservedPaths: options.hasReservedPaths ?? false,
      front: options.front,
    });
    this.fetch = fetchHandler(this.pipeline);
  }

  /** Moves the clock and fires what is due. */
  pass(ms: number): void {
    this.nowMs += ms;
    this.sweeper.sweep();
  }
}

export function reply(body: string | Uint8Array | ByteSource | null, headers = "content-type\ntext/plain\n", status = 200): DispatchResult {
  return { outcome: "ok", response: { status, statusText: "", headers, body } };
}

export function source(chunks: readonly string[]): ByteSource & { reason: unknown; isCanceled: boolean } {
  const left = chunks.map((chunk) => new TextEncoder().encode(chunk));
  return {
    reason: undefined,
    isCanceled: false,
    async pull() {
      return left.shift() ?? null;
    },
    cancel(reason) {
      this.isCanceled = true;
      this.reason = reason;
    },
  };
}
