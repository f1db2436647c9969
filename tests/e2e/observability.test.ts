/** What an operator sees from outside: metrics of all workers as one, and traces at a collector. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { metrics } from "../../src/observe/metrics.ts";
import { NanoProcess, temporaryFolder } from "../harness/nano.ts";
import { parsePrometheus } from "../unit/observe/prometheus-parser.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const APP = `
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/spin") for (;;);
    if (pathname === "/throw") throw new Error("no");
    if (pathname === "/out") return new Response((await (await fetch(env.UPSTREAM)).text()));
    return new Response("ok");
  },
};`;

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
}

describe("an operator who looks from outside", () => {
  const spans: OtlpSpan[] = [];
  const upstreamContexts: (string | null)[] = [];
  let running: NanoProcess;
  let collector: Bun.Server<undefined>;
  beforeAll(async () => {
    collector = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      development: false,
      async fetch(request) {
        if (new URL(request.url).pathname !== "/v1/traces") {
          upstreamContexts.push(request.headers.get("traceparent"));
          return new Response("upstream");
        }
        const { resourceSpans } = (await request.json()) as { resourceSpans: { scopeSpans: { spans: OtlpSpan[] }[] }[] };
        spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
        return new Response("{}");
      },
    });
    const origin = `127.0.0.1:${collector.port}`;
    const folder = await temporaryFolder({ "app.js": APP });
    const config = {
      port: 0,
      workers: 2,
      admin: { port: 0, token: TOKEN },
      apps: [{ name: "shop", hostname: "shop.test", path: "app.js", env: { UPSTREAM: `http://${origin}/data` }, egress: { allow: [origin] }, limits: { cpu_ms: 50 } }, { name: "blog", hostname: "blog.test", path: "app.js" }],
    };
    await writeFile(join(folder, "nano.json"), JSON.stringify(config), { mode: 0o600 });
    running = await NanoProcess.start(["serve", "--config", join(folder, "nano.json")], { env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://${origin}`, OTEL_SERVICE_NAME: "web" } });
  });
  afterAll(async () => {
    await running.stop();
    await collector.stop(true);
  });

  const scrape = async () => {
    const { address } = await running.waitFor(() => running.log.find(({ event }) => event === "admin_listening"), "the admin listener");
    const response = await fetch(`http://${String(address)}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } });
    return { type: response.headers.get("content-type"), families: parsePrometheus(await response.text()) };
  };
  const sum = (families: Awaited<ReturnType<typeof scrape>>["families"], name: string, labels: Readonly<Record<string, string>> = {}) =>
    (families.get(name)?.samples ?? []).filter((one) => Object.entries(labels).every(([key, value]) => one.labels[key] === value)).reduce((total, { value }) => total + value, 0);

  test("finds the requests of all workers in one set of metrics, kills by their reason", async () => {
    for (let i = 0; i < 20; i++) await running.request("shop.test", "/", { headers: { connection: "close" } });
    await running.request("shop.test", "/throw");
    await running.request("shop.test", "/spin");
    await running.request("nobody.test", "/");
    let { type, families } = await scrape();
    // A request is counted when its last byte has gone, which a client may see first.
    for (let i = 0; i < 100 && sum(families, "nano_requests_total") < 23; i++) ({ type, families } = await scrape());
    expect(type).toContain("version=0.0.4");
    expect([...families.keys()]).toEqual(Object.keys(metrics));
    expect(sum(families, "nano_requests_total", { app: "shop" })).toBe(22);
    expect(sum(families, "nano_errors_total", { app: "shop" })).toBe(2);
    expect(sum(families, "nano_requests_total", { app: "_none" })).toBe(1);
    expect(sum(families, "nano_exceptions_total", { app: "shop" })).toBe(1);
    expect(sum(families, "nano_kills_total", { app: "shop" })).toBe(1);
    expect(sum(families, "nano_workers")).toBe(2);
    expect(sum(families, "nano_isolates", { app: "shop" })).toBeGreaterThan(0);
    expect(sum(families, "nano_guest_memory_bytes", { app: "shop" })).toBeGreaterThan(1 << 20);
    expect(families.get("nano_process_resident_memory_bytes")?.samples.length).toBe(3);
  });

  test("follows a request from its caller through the handler to the subrequest", async () => {
    const answer = await running.request("shop.test", "/out", { headers: { traceparent: `00-${TRACE}-b7ad6b7169203331-01` } });
    expect(await answer.text()).toBe("upstream");
    await running.waitFor(() => spans.filter(({ traceId }) => traceId === TRACE).length === 3, "the spans");
    const [client, server, handler] = [3, 2, 1].map((kind) => spans.find((span) => span.traceId === TRACE && span.kind === kind));
    expect([server?.parentSpanId, handler?.parentSpanId, client?.parentSpanId, handler?.name]).toEqual(["b7ad6b7169203331", server?.spanId, handler?.spanId, "handler shop"]);
    expect(upstreamContexts).toEqual([`00-${TRACE}-${client?.spanId}-01`]);
  });

  test("loses no span of a nano that stops", async () => {
    await running.request("shop.test", "/", { headers: { traceparent: "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" } });
    running.signal("SIGTERM");
    expect(await running.exited()).toBe(0);
    expect(spans.some(({ traceId }) => traceId.startsWith("1af7"))).toBe(true);
  });
});
