import { describe, expect, test } from "bun:test";
import { app, Bench, reply, source } from "./fixture.ts";

const get = (init?: RequestInit): Request => new Request("http://app.test/", init);

describe("a response of an app", () => {
  test("keeps several cookies apart and loses what belongs to the connection", async () => {
    const bench = new Bench(() => reply("x", "set-cookie\na=1\nSet-Cookie\nb=2\nconnection\nclose\ntransfer-encoding\nchunked\ncontent-length\n7\ndate\nnever\nx-nano-error\nfake\nx-request-id\nfake\n"));
    const response = await bench.fetch(get());
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    for (const name of ["connection", "transfer-encoding", "content-length", "date", "x-nano-error"]) expect(response.headers.get(name)).toBeNull();
    expect(response.headers.get("x-request-id")).not.toBe("fake");
  });

  test.each([
    ["status 101", 101, ""],
    ["status 600", 600, ""],
    ["status 199", 199, ""],
    ["a status that is no number", Number.NaN, ""],
    ["a name with a space", 200, "a b\nc\n"],
    ["an empty name", 200, "\nc\n"],
    ["CR in a value", 200, "a\nb\rc\n"],
    ["NUL in a value", 200, "a\nb\0\n"],
    ["a value beyond Latin-1", 200, "a\n\u0390\n"],
    ["129 fields", 200, "a\nb\n".repeat(129)],
    ["33 KB of fields", 200, `a\n${"b".repeat(33_000)}\n`],
    ["a block that ends early", 200, "a\nb"],
  ])("with %s becomes 502 and its stream is canceled", async (_what, status, headers) => {
    const body = source(["x"]);
    const bench = new Bench(() => reply(body, headers, status));
    const response = await bench.fetch(get());
    expect([response.status, response.headers.get("x-nano-error"), body.isCanceled, bench.records[0]?.outcome]).toEqual([502, "bad_response", true, "badResponse"]);
  });

  test("may use names that JavaScript objects know", async () => {
    const bench = new Bench(() => reply("x", "__proto__\n1\nconstructor\n2\ntoString\n3\n"));
    const { headers } = await bench.fetch(get());
    expect(["__proto__", "constructor", "tostring"].map((name) => headers.get(name))).toEqual(["1", "2", "3"]);
  });

  test("does not inherit fields from another with the same head", async () => {
    const bench = new Bench(() => reply("x"));
    const ids = [await bench.fetch(get()), await bench.fetch(get({ method: "HEAD" })), await bench.fetch(get())].map(({ headers }) => headers);
    expect(new Set(ids.map((headers) => headers.get("x-request-id"))).size).toBe(3);
    expect(ids.map((headers) => headers.has("content-length"))).toEqual([false, true, false]);
  });

  test("without a content-type stays without", async () => {
    const bench = new Bench(() => reply("text", ""));
    const response = await bench.fetch(get());
    expect([response.headers.get("content-type"), await response.text()]).toEqual([null, "text"]);
  });

  test("to HEAD tells the length that GET would have and carries nothing", async () => {
    const bodies = [reply("héllo"), reply(source(["x"]), "content-length\n9\n"), reply(null, "content-length\n9\n")];
    const bench = new Bench(() => bodies.shift() ?? reply(null));
    for (const length of ["6", "9", "9"]) {
      const response = await bench.fetch(get({ method: "HEAD" }));
      expect([response.headers.get("content-length"), response.headers.has("date"), await response.text()]).toEqual([length, true, ""]);
    }
  });

  test.each([204, 205, 304])("with status %d carries no body", async (status) => {
    const body = source(["x"]);
    const response = await new Bench(() => reply(body, "etag\n1\n", status)).fetch(get());
    expect([response.status, response.headers.get("etag"), response.body, body.isCanceled]).toEqual([status, "1", null, true]);
  });
});

describe("a streamed response", () => {
  test("is counted and told when it ends, not when it starts", async () => {
    const bench = new Bench(() => reply(source(["ab", "c"])));
    const response = await bench.fetch(get());
    expect([bench.records.length, bench.pipeline.inFlight]).toEqual([0, 1]);
    expect(await response.text()).toBe("abc");
    expect([bench.records[0]?.bytes, bench.records[0]?.outcome, bench.pipeline.inFlight]).toEqual([3, "ok", 0]);
  });

  test("is pulled no further than the client reads", async () => {
    let pulls = 0;
    const bench = new Bench(() => reply({ pull: async () => (pulls++, new Uint8Array(10)), cancel() {} }));
    const reader = (await bench.fetch(get())).body?.getReader();
    await reader?.read();
    await reader?.read();
    expect(pulls).toBeLessThanOrEqual(3);
  });

  test("that nobody reads any more is cut after the stall limit", async () => {
    const body = source(["a", "b", "c"]);
    const bench = new Bench(() => reply(body));
    const reader = (await bench.fetch(get())).body?.getReader();
    await reader?.read();
    bench.pass(29_999);
    expect(body.isCanceled).toBe(false);
    bench.pass(1);
    expect([body.isCanceled, bench.records[0]?.outcome]).toEqual([true, "canceled"]);
    await expect(reader?.read()).rejects.toThrow("stopped reading");
  });

  test("that fails is cut, never ended as if whole", async () => {
    const bench = new Bench(() => reply({ pull: () => Promise.reject(new Error("boom")), cancel() {} }));
    const response = await bench.fetch(get());
    await expect(response.text()).rejects.toThrow("boom");
  });

  test("is canceled when the client goes", async () => {
    const client = new AbortController();
    const body = source(["a", "b"]);
    const bench = new Bench(() => reply(body));
    await bench.fetch(get({ signal: client.signal }));
    client.abort();
    expect([body.isCanceled, bench.records[0]?.outcome, bench.pipeline.inFlight]).toEqual([true, "canceled", 0]);
  });
});

describe("an error", () => {
  test("is JSON with code and id, not to be stored, with the time to wait", async () => {
    const bench = new Bench(() => ({ outcome: "loadShed", code: "overloaded", retryAfterS: 7 }));
    const response = await bench.fetch(get());
    expect([response.status, response.headers.get("cache-control"), response.headers.get("retry-after")]).toEqual([503, "no-store", "7"]);
    expect(await response.json()).toEqual({ error: "overloaded", request_id: response.headers.get("x-request-id") });
  });

  test("while draining says when to come back and ends the connection", async () => {
    const bench = new Bench(() => ({ outcome: "loadShed", code: "draining", retryAfterS: 2 }));
    const response = await bench.fetch(get());
    expect(response.headers.get("connection")).toBe("close");
    expect(await response.json()).toMatchObject({ error: "draining", retry_after_s: 2 });
  });

  test("says nothing of what the app threw, whoever asks, unless it is in dev", async () => {
    const detail = { name: "TypeError", message: "no", stack: "    at fetch (app.js:1:2)", frame: "> 1 | no();\n    |  ^" };
    const bench = new Bench(() => ({ outcome: "exception", code: "app_exception", detail }));
    for (const accept of ["text/html", "application/json", "*/*"]) {
      const response = await bench.fetch(get({ headers: { accept } }));
      expect(await response.json()).toEqual({ error: "app_exception", request_id: response.headers.get("x-request-id") });
    }
  });

  test("for HEAD has no body", async () => {
    const response = await new Bench(() => reply("x"), { routes: [{ app, hosts: ["other.test"] }] }).fetch(get({ method: "HEAD" }));
    expect([response.status, response.headers.get("x-nano-error"), await response.text()]).toEqual([404, "unknown_host", ""]);
  });
});

test("while draining every response asks the client to leave", async () => {
  const bench = new Bench(() => reply("x"));
  bench.pipeline.drain();
  expect((await bench.fetch(get())).headers.get("connection")).toBe("close");
});
