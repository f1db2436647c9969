/** What an app sees of a request and a client of the answer, through a real socket: routing, proxies, methods, bodies, connections. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { exchange } from "../hostile/http/raw-client.ts";
import { NanoProcess } from "../harness/nano.ts";

const WHO = "export default { fetch(request, env) { return new Response(env.NAME); } };\n";
const APP = `
let aborts = 0;
let background = "";
export default {
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/request") return Response.json({ url: request.url, method: request.method, headers: [...request.headers] });
    if (pathname === "/cookies") {
      const headers = new Headers({ "x-a": "1" });
      headers.append("set-cookie", "a=1; Path=/");
      headers.append("set-cookie", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT");
      return new Response("cookies", { headers });
    }
    if (pathname === "/status") return new Response(searchParams.has("empty") ? null : "body", { status: Number(searchParams.get("is")), headers: { etag: '"e"' } });
    if (pathname === "/stream") return new Response(new ReadableStream({ pull(c) { c.enqueue(new TextEncoder().encode("chunk")); c.close(); } }));
    if (pathname === "/body") return new Response(String((await request.arrayBuffer()).byteLength));
    if (pathname === "/hang") {
      request.signal.addEventListener("abort", () => aborts++);
      return new Promise(() => {});
    }
    if (pathname === "/endless") {
      request.signal.addEventListener("abort", () => aborts++);
      return new Response(new ReadableStream({ async pull(c) { await new Promise((r) => setTimeout(r, 2)); c.enqueue(new TextEncoder().encode("tick")); } }));
    }
    if (pathname === "/aborts") return new Response(String(aborts));
    if (pathname === "/later") {
      ctx.waitUntil(new Promise((r) => setTimeout(r, 20)).then(() => { background = searchParams.get("word"); }));
      return new Response("answered" + background);
    }
    return new Response(background);
  },
};
`;

let routed: NanoProcess;
let server: NanoProcess;
beforeAll(async () => {
  const app = (name: string, hostnames: readonly string[], more: object = {}) => ({ name, hostnames, path: "who.js", env: { NAME: name }, ...more });
  [routed, server] = await Promise.all([
    NanoProcess.serve(
      { apps: [app("exact", ["shop.test"]), app("below", ["*.shop.test"]), app("deeper", ["*.eu.shop.test"]), app("www", ["www.shop.test"]), app("six", ["[2001:DB8:0::1]"]), app("four", ["192.0.2.7"]), app("rest", ["rest.test"], { default: true })] },
      { "who.js": WHO },
    ),
    NanoProcess.serve({ trusted_proxies: [], apps: [{ hostname: "app.test", path: "app.js", limits: { isolates: 1, max_body_mb: 1 } }, { hostname: "other.test", path: "app.js" }] }, { "app.js": APP }),
  ]);
});
afterAll(() => Promise.all([routed.stop(), server.stop()]));

/** Bytes of all answers on one connection that the client asks to close. */
const raw = async (method: string, path: string, fields = "") => {
  const { text, closed } = await exchange(server.port, `${method} ${path} HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n${fields}\r\n`, null);
  expect(closed).toBe(true);
  const end = text.indexOf("\r\n\r\n");
  return { head: text.slice(0, end).toLowerCase(), body: text.slice(end + 4) };
};

/** Asks until the app answers `wanted`. */
async function untilAnswer(path: string, wanted: string): Promise<void> {
  let found = "";
  for (let i = 0; i < 1_000 && found !== wanted; i++) found = await (await server.request("app.test", path)).text();
  expect(found).toBe(wanted);
}

describe("the Host header", () => {
  test.each([
    ["shop.test", "exact"],
    ["SHOP.Test", "exact"],
    ["shop.test.", "exact"],
    ["shop.test:8080", "exact"],
    ["Shop.test.:81", "exact"],
    ["www.shop.test", "www"],
    ["a.shop.test", "below"],
    ["a.b.shop.test", "below"],
    ["a.eu.shop.test", "deeper"],
    ["eu.shop.test", "below"],
    ["[2001:db8::1]", "six"],
    ["[2001:0DB8:0:0::1]:3000", "six"],
    ["192.0.2.7:80", "four"],
    ["notshop.test", "rest"],
    ["test", "rest"],
    ["[::1]", "rest"],
  ])("%s is served by %s", async (host, name) => {
    expect(await (await routed.request(host, "/")).text()).toBe(name);
  });

  test("a host that is none is refused, though there is a default", async () => {
    for (const host of ["a b", "under_score.test", "shop.test:99999", "[::1", "127.1", "a..b"]) {
      const { statuses } = await exchange(routed.port, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, null);
      expect([host, statuses]).toEqual([host, [400]]);
    }
  });
});

describe("the request", () => {
  test("its URL has the host, port, path and query that the client asked for", async () => {
    const seen = async (host: string, path: string) => ((await (await server.request(host, path)).json()) as { url: string }).url;
    expect(await seen("app.test", "/request?a=%20b&c")).toBe("http://app.test/request?a=%20b&c");
    expect(await seen("APP.test.:8080", "/request")).toBe("http://app.test:8080/request");
    expect(await seen("app.test:80", "/request")).toBe("http://app.test/request");
  });

  test("nobody may speak for a proxy when none is trusted", async () => {
    const headers = { "x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https", "x-forwarded-host": "other.test", "x-request-id": "chosen-by-client", "x-kept": "1" };
    const response = await server.request("app.test", "/request", { headers });
    const seen = (await response.json()) as { url: string; headers: [string, string][] };
    expect(seen.url).toBe("http://app.test/request");
    expect(seen.headers.map(([name]) => name).filter((name) => name.startsWith("x-"))).toEqual(["x-kept", "x-request-id"]);
    expect(response.headers.get("x-request-id")).not.toBe("chosen-by-client");
  });

  test("a trusted proxy tells scheme, host and client", async () => {
    const trusting = await NanoProcess.serve({ trusted_proxies: ["127.0.0.0/8"], log: { format: "apache" }, apps: [{ hostname: "app.test", path: "app.js" }] }, { "app.js": APP });
    const response = await trusting.request("inner.test", "/request?q", { headers: { "x-forwarded-for": "198.51.100.66, 203.0.113.9, 127.0.0.2", "x-forwarded-proto": "https", "x-forwarded-host": "app.test", "x-request-id": "proxy-request-1" } });
    const seen = (await response.json()) as { url: string; headers: [string, string][] };
    expect(seen.url).toBe("https://app.test/request?q");
    expect(Object.fromEntries(seen.headers)).toMatchObject({ "x-forwarded-for": "198.51.100.66, 203.0.113.9, 127.0.0.2" });
    expect(response.headers.get("x-request-id")).toBe("proxy-request-1");
    // The client is the last address that no trusted proxy vouches for as its own.
    await trusting.waitFor(() => /^203\.0\.113\.9 - - /m.test(trusting.out), "the client's address in the log");
    await trusting.stop();
  });
});

describe("the answer", () => {
  test("several Set-Cookie stay several", async () => {
    const response = await server.request("app.test", "/cookies");
    expect(response.headers.getSetCookie()).toEqual(["a=1; Path=/", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT"]);
    expect((await raw("GET", "/cookies")).head.match(/^set-cookie: /gm)).toHaveLength(2);
  });

  test("HEAD has GET's length and no body", async () => {
    const { head, body } = await raw("HEAD", "/cookies");
    expect([head.split("\r\n")[0], body]).toEqual(["http/1.1 200 ok", ""]);
    expect(head).toContain("\r\ncontent-length: 7");
    const stream = await raw("HEAD", "/stream");
    expect([stream.head.split("\r\n")[0], stream.body]).toEqual(["http/1.1 200 ok", ""]);
    expect((await raw("HEAD", "/unknown", "X-A: b\r\n")).body).toBe("");
  });

  test.each([204, 304])("%d has neither body nor length", async (status) => {
    const { head, body } = await raw("GET", `/status?is=${status}&empty`);
    expect([head.split(" ")[1], body]).toEqual([String(status), ""]);
    expect(head).toContain('\r\netag: "e"');
    expect(head).not.toMatch(/^content-length: (?!0$)|^transfer-encoding/m);
  });

  test("a connection is kept for the next request", async () => {
    const { statuses, text } = await exchange(server.port, "GET /request HTTP/1.1\r\nHost: app.test\r\n\r\n", 1);
    expect(statuses).toEqual([200, 200]);
    expect(text).toContain('"url":"http://app.test/request"');
  });

  test("waitUntil goes on after the answer", async () => {
    expect(await (await server.request("app.test", "/later?word=done")).text()).toBe("answered");
    await untilAnswer("/", "done");
  });
});

describe("a body beyond max_body_mb", () => {
  const tooLong = new Uint8Array((1 << 20) + 1);

  test("is refused with 413 before the app sees it, when it says its length", async () => {
    const response = await server.request("app.test", "/body", { method: "POST", body: tooLong });
    expect([response.status, response.headers.get("x-nano-error")]).toEqual([413, "payload_too_large"]);
  });

  test("is refused with 413 when it comes in chunks", async () => {
    const half = tooLong.subarray(0, 600_000);
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(half);
        controller.enqueue(half);
        controller.close();
      },
    });
    const response = await server.request("app.test", "/body", { method: "POST", body });
    expect([response.status, response.headers.get("x-nano-error")]).toEqual([413, "payload_too_large"]);
  });

  test("of exactly that size arrives whole", async () => {
    const response = await server.request("app.test", "/body", { method: "POST", body: tooLong.subarray(1) });
    expect([response.status, await response.text()]).toEqual([200, String(1 << 20)]);
  });
});

describe("a client that leaves", () => {
  test.each([["/hang", 1], ["/endless", 2]])("aborts request.signal of %s", async (path, count) => {
    await untilAnswer("/aborts", String(count - 1));
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(`GET ${path} HTTP/1.1\r\nHost: app.test\r\n\r\n`);
    // Long enough for nano to have asked the server to tell of departures, which it does not for quick requests.
    if (path === "/endless")
      await new Promise<void>((resolve) => {
        let text = "";
        socket.on("data", (chunk) => {
          text += chunk.toString("latin1");
          if (text.split("tick").length > 20) resolve();
        });
      });
    // The app's listener is in place once a later request of the same isolate has been answered.
    else await server.request("app.test", "/aborts");
    socket.destroy();
    await untilAnswer("/aborts", String(count));
  });
});
