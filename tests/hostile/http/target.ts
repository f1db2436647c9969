/** The server that the raw-socket suite attacks: the one named in NANO_HTTP_TARGET (host port, with `apps/echo.js` as app.test), or a pipeline of its own. */
import { DeadlineSweeper } from "../../../src/base/deadline.ts";
import { eachHeader, isByteSource, type ResponseWire } from "../../../src/base/wire.ts";
import type { IngressRequest } from "../../../src/ingress/exchange.ts";
import { TrustedProxies } from "../../../src/ingress/forwarded.ts";
import { Listener } from "../../../src/ingress/listener.ts";
import { Pipeline } from "../../../src/ingress/pipeline.ts";
import { Router } from "../../../src/ingress/router.ts";
import echo from "./apps/echo.js";
import type { SuiteLimits } from "./cases.ts";

export interface Target extends AsyncDisposable {
  readonly port: number;
  readonly limits: SuiteLimits;
  /** How often an app has run. Null where that cannot be known. */
  calls(): number | null;
  inFlight(): number | null;
}

export const suiteHosts: readonly string[] = ["app.test", "xn--bcher-kva.test"];
const limits: SuiteLimits = { urlBytes: 8192, headerTotalBytes: 16_384, headerCount: 128, bodyBytes: 1 << 20 };

export function openTarget(): Target {
  const port = Number(process.env.NANO_HTTP_TARGET ?? 0);
  if (port > 0) return { port, limits, calls: () => null, inFlight: () => null, async [Symbol.asyncDispose]() {} };
  let calls = 0;
  const sweeper = new DeadlineSweeper(100);
  const pipeline = new Pipeline({
    router: Router.from([{ app: { name: "echo", maxBodyBytes: limits.bodyBytes }, hosts: suiteHosts }]),
    dispatcher: {
      async dispatch(_app, request) {
        calls++;
        try {
          return { outcome: "ok", response: await toWire(await echo.fetch(toRequest(request))) };
        } catch (error) {
          return { outcome: "exception", code: "app_exception", detail: { name: "Error", message: String(error), stack: "", frame: "" } };
        }
      },
    },
    tracer: null,
      observer: { request() {}, fault: (_id, error) => console.error(error) },
    trustedProxies: new TrustedProxies([]),
    sweeper,
    limits: { ...limits, headerBytes: 16_384, responseHeaderBytes: 32_768, responseHeaderCount: 128, writeStallMs: 30_000, bodyIdleMs: 30_000, bodyMinBytesPerSecond: 1024 },
  });
  const listener = Listener.open({ pipeline, host: "127.0.0.1", port: 0, idleTimeoutS: 10, maxHeadBytes: 64 << 10 });
  return {
    port: listener.port,
    limits,
    calls: () => calls,
    inFlight: () => pipeline.inFlight,
    async [Symbol.asyncDispose]() {
      await listener.close(0);
      sweeper.close();
    },
  };
}

function toRequest({ method, url, headers, body }: IngressRequest): Request {
  const fields = new Headers();
  eachHeader(headers, (name, value) => fields.append(name, value));
  if (body === null || !isByteSource(body)) return new Request(url, { method, headers: fields });
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = await body.pull();
      if (chunk === null) controller.close();
      else controller.enqueue(chunk);
    },
  });
  return new Request(url, { method, headers: fields, body: stream });
}

async function toWire(response: Response): Promise<ResponseWire> {
  let headers = "";
  for (const [name, value] of response.headers) headers += `${name}\n${value}\n`;
  return { status: response.status, statusText: response.statusText, headers, body: new Uint8Array(await response.arrayBuffer()) };
}
