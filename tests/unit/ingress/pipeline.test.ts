import { describe, expect, test } from "bun:test";
import { isByteSource } from "../../../src/base/wire.ts";
import type { DispatchResult } from "../../../src/ingress/pipeline.ts";
import { Router } from "../../../src/ingress/router.ts";
import { app, Bench, reply, source } from "./fixture.ts";

const errorOf = async (response: Response): Promise<unknown> => ((await response.json()) as { error: string }).error;

describe("what the app sees", () => {
  test("the URL carries the canonical host, and the scheme that the server knows", async () => {
    const bench = new Bench(() => reply("x"));
    await bench.fetch(new Request("https://APP.test/a?b=c", { headers: { host: "App.Test." } }));
    await bench.fetch(new Request("http://app.test:8080/"));
    expect(bench.requests.map(({ url }) => url)).toEqual(["https://app.test/a?b=c", "http://app.test:8080/"]);
  });

  test("a trusted proxy speaks for its client, and nobody else does", async () => {
    const bench = new Bench(() => reply("x"), { trusted: ["10.0.0.0/8"] });
    const headers = { "x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https", "x-forwarded-host": "app.test", "x-request-id": "proxy-id-1", "cf-ray": "r" };
    const trusted = await bench.fetch(new Request("http://inner.test/x", { headers }), { clientAddress: "10.0.0.1" });
    const stranger = await bench.fetch(new Request("http://app.test/x", { headers }), { clientAddress: "198.51.100.1" });
    expect(bench.requests.map(({ url, clientAddress }) => [url, clientAddress])).toEqual([["https://app.test/x", "203.0.113.9"], ["http://app.test/x", "198.51.100.1"]]);
    expect(trusted.headers.get("x-request-id")).toBe("proxy-id-1");
    expect(stranger.headers.get("x-request-id")).not.toBe("proxy-id-1");
    expect(bench.requests[0]?.headers).toContain("cf-ray");
    expect(bench.requests[1]?.headers).not.toMatch(/cf-ray|x-forwarded/);
  });

  test("hop-by-hop fields and names with underscores stay outside", async () => {
    const bench = new Bench(() => reply("x"));
    await bench.fetch(new Request("http://app.test/", { headers: { te: "trailers", "proxy-authorization": "p", x_a: "1", "x-nano-app": "n", "x-b": "2" } }));
    expect(bench.requests[0]?.headers).toBe("x-b\n2\n");
  });

  test("a request for one host on a connection for another is refused", async () => {
    const bench = new Bench(() => reply("x"));
    const response = await bench.fetch(new Request("http://evil.test/x", { headers: { host: "app.test" } }));
    expect([response.status, await errorOf(response), bench.requests.length]).toEqual([400, "bad_host", 0]);
  });
});

describe("routes", () => {
  test("a swapped table counts from the next request on, for hosts seen before too", async () => {
    const bench = new Bench(() => reply("x"));
    expect((await bench.fetch(new Request("http://app.test/"))).status).toBe(200);
    bench.pipeline.swapRouter(Router.from([{ app, hosts: ["new.test"] }]));
    expect((await bench.fetch(new Request("http://app.test/"))).status).toBe(404);
    expect((await bench.fetch(new Request("http://new.test/"))).status).toBe(200);
  });
});

describe("bodies", () => {
  const drain = (bench: { value: string }) => async ({ body }: { body: unknown }): Promise<DispatchResult> => {
    if (body === null || typeof body !== "object" || !isByteSource(body as never)) return reply("no body");
    const pulled = body as { pull(): Promise<Uint8Array | null> };
    try {
      for (let chunk = await pulled.pull(); chunk !== null; chunk = await pulled.pull()) bench.value += new TextDecoder().decode(chunk);
      return reply("read");
    } catch (error) {
      bench.value += String(error);
      return { outcome: "exception", code: "app_exception" };
    }
  };

  test("exactly the limit passes; one byte more is refused before the app by its length, and under it while it streams", async () => {
    const got = { value: "" };
    const bench = new Bench(drain(got));
    expect((await bench.fetch(new Request("http://app.test/", { method: "POST", body: "a".repeat(100) }))).status).toBe(200);
    expect(got.value.length).toBe(100);
    const announced = await bench.fetch(new Request("http://app.test/", { method: "POST", headers: { "content-length": "101" }, body: "a".repeat(101) }));
    expect([announced.status, bench.requests.length]).toEqual([413, 1]);
    const streamed = await bench.fetch(new Request("http://app.test/", { method: "POST", body: new Blob(["a".repeat(60), "a".repeat(41)]).stream() }));
    expect([streamed.status, await errorOf(streamed), bench.requests.length]).toEqual([413, "payload_too_large", 2]);
    expect(bench.pipeline.inFlight).toBe(0);
  });

  test("a client that stops sending gets 408, and the app is told", async () => {
    const bench = new Bench(drain({ value: "" }));
    const answer = bench.fetch(new Request("http://app.test/", { method: "POST", body: new ReadableStream({}) }));
    let told: unknown = null;
    bench.requests[0]?.onAbort((reason) => {
      told = reason;
    });
    bench.pass(29_999);
    expect(told).toBeNull();
    bench.pass(1);
    expect([(await answer).status, String(told)]).toEqual([408, "Error: the client stopped sending the request body"]);
  });

  test("a client that trickles below the least rate gets 408, a slow steady one does not", async () => {
    const run = async (bytesPerSecond: number): Promise<number> => {
      const bench = new Bench(drain({ value: "" }), { routes: [{ app: { name: "big", maxBodyBytes: 1e9 }, hosts: ["app.test"] }] });
      let send: ReadableStreamDefaultController<Uint8Array> | null = null;
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          send = controller;
        },
      });
      const answer = bench.fetch(new Request("http://app.test/", { method: "POST", body }));
      const sender = send as ReadableStreamDefaultController<Uint8Array> | null;
      for (let second = 0; second < 60 && bench.records.length === 0; second++) {
        sender?.enqueue(new Uint8Array(bytesPerSecond));
        await new Promise((resolve) => setImmediate(resolve));
        bench.pass(1000);
      }
      if (bench.records.length === 0) sender?.close();
      return (await answer).status;
    };
    expect(await run(100)).toBe(408);
    expect(await run(2000)).toBe(200);
  });
});

describe("the client leaves", () => {
  test("before the answer: the app hears it, the stream it made is canceled, and the log says so", async () => {
    const client = new AbortController();
    const made = source(["x"]);
    const result = Promise.withResolvers<DispatchResult>();
    const bench = new Bench(() => result.promise);
    const answer = bench.fetch(new Request("http://app.test/", { signal: client.signal }));
    const signal = bench.requests[0]?.signal;
    client.abort();
    expect(signal?.aborted).toBe(true);
    result.resolve(reply(made));
    await answer;
    expect([made.isCanceled, bench.records[0]?.outcome, bench.records[0]?.status, bench.pipeline.inFlight]).toEqual([true, "canceled", 499, 0]);
  });
});

describe("faults of ours", () => {
  test("a dispatcher that throws or rejects costs one request, tells the observer, and shows nothing", async () => {
    for (const dispatch of [
      () => {
        throw new Error("secret");
      },
      () => Promise.reject(new Error("secret")),
    ]) {
      const bench = new Bench(dispatch);
      const response = await bench.fetch(new Request("http://app.test/"));
      const text = await response.text();
      expect([response.status, text.includes("internal_error"), text.includes("secret")]).toEqual([500, true, false]);
      expect([bench.faults.map(String), bench.records.map(({ outcome }) => outcome), bench.pipeline.inFlight]).toEqual([["Error: secret"], ["internalError"], 0]);
    }
  });
});

test("the log line has what was asked, without the query, and what it cost", async () => {
  const bench = new Bench(() => ({ ...reply("hello"), cpuMs: 3 }));
  await bench.fetch(new Request("http://app.test/a/b?token=1", { headers: { "user-agent": "curl" } }), { clientAddress: "192.0.2.1" });
  expect(bench.records[0]).toMatchObject({ app: "app", host: "app.test", method: "GET", path: "/a/b", status: 200, bytes: 5, cpuMs: 3, outcome: "ok", clientAddress: "192.0.2.1", userAgent: "curl" });
});

test("the server is kept from cutting a slow answer or a stream, and told when that is over; a quick answer costs it nothing", async () => {
  const calls: string[] = [];
  const transport = { urlHasAuthority: true, peerAddress: () => "", hold: () => calls.push("hold"), release: () => calls.push("release") };
  const result = Promise.withResolvers<DispatchResult>();
  const results = [Promise.resolve(reply("quick")), result.promise, Promise.resolve(reply(source(["a"])))];
  const bench = new Bench(() => results.shift() ?? reply(null));
  await bench.pipeline.handle(new Request("http://app.test/"), transport);
  expect(calls).toEqual([]);
  const slow = bench.pipeline.handle(new Request("http://app.test/"), transport);
  bench.pass(500);
  expect(calls).toEqual(["hold"]);
  result.resolve(reply("slow"));
  await slow;
  expect(calls).toEqual(["hold", "release"]);
  const streamed = await bench.pipeline.handle(new Request("http://app.test/"), transport);
  expect(calls.length).toBe(3);
  await streamed.text();
  expect(calls).toEqual(["hold", "release", "hold", "release"]);
});
