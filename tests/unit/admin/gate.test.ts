import { describe, expect, test } from "bun:test";
import { bench, TOKEN } from "./fixture.ts";

const statusWith = async (headers: Record<string, string>, path = "/admin/apps") => (await bench().ask("GET", path, { headers })).status;

describe("the token", () => {
  test.each([
    ["none", ""],
    ["another of the same length", `Bearer ${TOKEN.replace("9", "8")}`],
    ["its beginning", `Bearer ${TOKEN.slice(0, -1)}`],
    ["more than it", `Bearer ${TOKEN}x`],
    ["another case", `Bearer ${TOKEN.toUpperCase()}`],
    ["one of 1 MB", `Bearer ${TOKEN.repeat(32_000)}`],
    ["without a scheme", TOKEN],
    ["Basic", `Basic ${btoa(`admin:${TOKEN}`)}`],
    ["Basic with the token as it is", `Basic ${TOKEN}`],
    ["an empty one", "Bearer "],
    ["two of them", `Bearer ${TOKEN}, Bearer ${TOKEN}`],
  ])("%s is refused with 401", async (_, authorization) => {
    expect(await statusWith({ authorization })).toBe(401);
  });

  test("in the query is none, and the right one is taken, whatever the case of its scheme", async () => {
    expect(await statusWith({ authorization: "" }, `/admin/apps?token=${TOKEN}&access_token=${TOKEN}`)).toBe(401);
    expect(await statusWith({ authorization: `bearer ${TOKEN}` })).toBe(200);
  });

  test("is asked for before anything is said about a path", async () => {
    expect(await statusWith({ authorization: "" }, "/admin/nothing")).toBe(401);
    expect((await bench().ask("GET", "/admin/apps", { headers: { authorization: "" } })).headers.get("www-authenticate")).toBe('Bearer realm="nano admin"');
  });
});

describe("browsers", () => {
  test.each(["http://evil.test", "null", "http://127.0.0.1:9999", "http://localhost"])("a request with Origin %s is refused with 403, and no reply has CORS headers", async (origin) => {
    const { ask } = bench();
    for (const [method, headers] of [["GET", { origin }], ["POST", { origin }], ["OPTIONS", { origin, "access-control-request-method": "DELETE" }]] as const) {
      const reply = await ask(method, "/admin/apps", { headers });
      expect(reply.status).toBe(403);
      expect([...reply.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
    }
    expect([...(await ask("GET", "/admin/apps")).headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  test.each(["127.0.0.1.evil.com", "localhost.evil", "evil.test", "127.0.0.2", "10.0.0.5", "a@127.0.0.1", "127.0.0.1 evil", "0x7f.1", ""])("Host %p is refused with 421", async (host) => {
    expect(await statusWith({ host })).toBe(421);
  });

  test.each(["127.0.0.1", "127.0.0.1:1", "LOCALHOST", "localhost.:80"])("Host %p is ours", async (host) => {
    expect(await statusWith({ host })).toBe(200);
  });

  test("on a network any address is ours, and still no name that is not", async () => {
    const { ask } = bench({ takesAddresses: true });
    const status = async (host: string) => (await ask("GET", "/healthz", { headers: { host } })).status;
    expect([await status("10.0.0.5:9000"), await status("[fd00::5]:9000"), await status("rebound.evil")]).toEqual([200, 200, 421]);
  });
});

describe("bodies", () => {
  test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", ""])("of type %p are refused with 415", async (type) => {
    const { ask, operations } = bench();
    expect((await ask("POST", "/admin/apps", { body: '{"path":"./a.js"}', headers: { "content-type": type } })).status).toBe(415);
    expect(operations.calls).toEqual([]);
  });

  test("above 1 MB are refused with 413, whether they say so or not", async () => {
    const { ask } = bench();
    const large = `{"path":"${"x".repeat(1 << 20)}"}`;
    const chunks = new ReadableStream({ start: (controller) => (controller.enqueue(new TextEncoder().encode(large)), controller.close()) });
    const headers = { "content-type": "application/json; charset=utf-8" };
    expect((await ask("POST", "/admin/apps", { body: large, headers: { ...headers, "content-length": String(large.length) } })).status).toBe(413);
    expect((await ask("POST", "/admin/apps", { body: chunks, headers })).status).toBe(413);
  });

  test.each(["", "{", "[]", "null", '"text"', "{} {}", `${"[".repeat(200_000)}`])("that are no JSON object (%#) are refused with 400, without being quoted", async (body) => {
    const reply = await bench().ask("POST", "/admin/apps", { body, headers: { "content-type": "application/json" } });
    expect([reply.status, await reply.json()]).toMatchObject([400, { error: "bad_json" }]);
  });
});
