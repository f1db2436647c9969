/** Traces: which requests are recorded, how their spans hang together, and how they reach a collector. */
import { describe, expect, test } from "bun:test";
import type { RequestRecord } from "../../../src/observe/observer.ts";
import { encodeSpans, OtlpExporter } from "../../../src/observe/otlp.ts";
import { parseTraceparent, type Span, Tracer } from "../../../src/observe/tracer.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const request = (requestId: string): RequestRecord => ({ requestId, app: "a", host: "h", method: "GET", path: "/p?secret=1", protocol: "HTTP/1.1", clientAddress: "", userAgent: "", referrer: "", status: 200, bytes: 1, latencyMs: 5, answerMs: 3, cpuMs: 0.5, memoryBytes: 0, receivedBytes: 0, outcome: "ok" });
const span = (name: string): Span => ({ traceId: TRACE, spanId: PARENT, parentId: "", name, kind: "server", startedAt: 1_700_000_000_000.25, endedAt: 1_700_000_000_001, isError: false, attributes: {} });

function tracer(ratio: number) {
  const spans: Span[] = [];
  return { spans, tracer: new Tracer({ take: (taken) => void spans.push(...taken), ratio, now: () => 1_000 }) };
}

describe("a trace", () => {
  test("goes on where its caller began it: request, handler and subrequest under each other", () => {
    const { spans, tracer: traces } = tracer(0);
    traces.begin("r1", `00-${TRACE}-${PARENT}-01`);
    const outgoing = traces.outgoing("r1");
    if (outgoing === null) throw new Error("nothing is recorded");
    traces.subrequest({ app: "a", requestId: "r1", method: "POST", origin: "https://x.example", status: 201, result: "ok", startedAt: 990, ms: 4 }, outgoing);
    traces.request(request("r1"));
    const [subrequest, server, handler] = spans;
    expect(spans.map(({ traceId, kind }) => [traceId, kind])).toEqual([[TRACE, "client"], [TRACE, "server"], [TRACE, "internal"]]);
    expect(server?.parentId).toBe(PARENT);
    expect(handler?.parentId).toBe(server?.spanId);
    expect(subrequest?.parentId).toBe(handler?.spanId);
    expect(outgoing.traceparent).toBe(`00-${TRACE}-${subrequest?.spanId}-01`);
    expect([server?.startedAt, server?.endedAt, handler?.endedAt]).toEqual([995, 1_000, 998]);
    expect(JSON.stringify(spans)).not.toContain("secret");
  });

  test("that its caller does not record is not recorded here", () => {
    const { spans, tracer: traces } = tracer(1);
    traces.begin("r1", `00-${TRACE}-${PARENT}-00`);
    traces.request(request("r1"));
    expect(traces.outgoing("r1")).toBeNull();
    expect(spans).toEqual([]);
  });

  test("starts here when the caller has none, or sends nonsense", () => {
    for (const traceparent of [null, "", "00-0-0-01", `ff-${TRACE}-${PARENT}-01`, `00-${"0".repeat(32)}-${PARENT}-01`]) {
      const { spans, tracer: traces } = tracer(1);
      traces.begin("r1", traceparent);
      traces.request(request("r1"));
      expect(spans[0]?.traceId).toMatch(/^(?!0{32})[\da-f]{32}$/);
      expect(spans[0]?.traceId).not.toBe(TRACE);
      expect(spans[0]?.parentId).toBe("");
    }
  });

  test("of a later version of the field is understood", () => {
    expect(parseTraceparent(`01-${TRACE}-${PARENT}-03-more`)).toEqual({ traceId: TRACE, parentId: PARENT, isSampled: true });
  });

  test("is forgotten some time after the answer, so that memory does not grow", () => {
    const { tracer: traces } = tracer(1);
    for (let i = 0; i < 1_100; i++) {
      traces.begin(`r${i}`, null);
      traces.request(request(`r${i}`));
    }
    expect(traces.outgoing("r0")).toBeNull();
    expect(traces.outgoing("r1099")).not.toBeNull();
  });
});

/** A collector that answers with `statuses`, then 200. */
function collector(statuses: readonly number[] = []) {
  const bodies: string[] = [];
  const results: [string, number][] = [];
  const post = ((_url: string, init: RequestInit) => {
    bodies.push(String(init.body));
    return Promise.resolve(new Response(null, { status: statuses[bodies.length - 1] ?? 200 }));
  }) as unknown as typeof fetch;
  const exporter = new OtlpExporter({ url: "http://127.0.0.1:1/v1/traces", headers: {}, resource: { "service.name": "nano" }, version: "1", onSpans: (result, spans) => results.push([result, spans]), post });
  return { exporter, bodies, results };
}

describe("the export", () => {
  test("sends what waits when nano stops", async () => {
    const { exporter, bodies, results } = collector();
    exporter.take([span("one"), span("two")]);
    await exporter.close(5_000);
    expect(results).toEqual([["exported", 2]]);
    expect(bodies[0]).toContain('"name":"two"');
  });

  test("drops what a collector refuses, and counts it", async () => {
    const { exporter, results } = collector([400]);
    exporter.take([span("one")]);
    await exporter.close(5_000);
    expect(results).toEqual([["dropped", 1]]);
  });

  test("keeps a bounded number of spans while the collector is slow", () => {
    const { exporter, results } = collector();
    for (let i = 0; i < 6_000; i++) exporter.take([span("s")]);
    // One batch of 512 is on its way, 4,096 wait.
    expect(results.filter(([result]) => result === "dropped").length).toBe(6_000 - 4_096 - 512);
  });

  test("is in the JSON form of OTLP", () => {
    const encoded = encodeSpans([{ ...span("GET"), parentId: PARENT, isError: true, attributes: { text: "t", whole: 200, part: 0.5, yes: true } }], { resource: { "service.name": "shop" }, version: "1.2.3" });
    expect(encoded).toEqual({
      resourceSpans: [
        {
          resource: { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] },
          scopeSpans: [
            {
              scope: { name: "nano", version: "1.2.3" },
              spans: [
                {
                  traceId: TRACE,
                  spanId: PARENT,
                  parentSpanId: PARENT,
                  name: "GET",
                  kind: 2,
                  startTimeUnixNano: "1700000000000250000",
                  endTimeUnixNano: "1700000000001000000",
                  attributes: [
                    { key: "text", value: { stringValue: "t" } },
                    { key: "whole", value: { intValue: "200" } },
                    { key: "part", value: { doubleValue: 0.5 } },
                    { key: "yes", value: { boolValue: true } },
                  ],
                  status: { code: 2 },
                },
              ],
            },
          ],
        },
      ],
    });
  });
});
