/** Connections that are kept for the next subrequest: whose they are, how many, for how long, and what happens when they were closed meanwhile. */
import { describe, expect, test } from "bun:test";
import { createServer } from "node:tls";
import { BytePipe } from "../../../../../src/base/byte-pipe.ts";
import { SINK } from "../../../../../src/web/fetch/host/answer-ops.ts";
import { ConnectionPool } from "../../../../../src/web/fetch/host/egress/connection-pool.ts";
import { createEgress } from "../../../../../src/web/fetch/host/egress/egress.ts";
import { type Network, systemNetwork } from "../../../../../src/web/fetch/host/egress/network.ts";
import { type AppLimits, resolveAppLimits } from "../../../../../src/limits.ts";
import { cert, key } from "./certificate.ts";
import { failure, Guest, latin1, turns, Upstream, until } from "./fixture.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const isWhole = (received: string) => received.endsWith("\r\n\r\n");

/** Answers every request of a connection with `answer`, and leaves it open. */
const keeping = (answer: string | ((nth: number) => string) = OK) => {
  let nth = 0;
  return Upstream.start((socket, received) => {
    if (isWhole(received) || received.endsWith("body")) socket.write(latin1(typeof answer === "string" ? answer : answer(nth++)));
  });
};

const egressWith = (pool: ConnectionPool, limits: Partial<AppLimits> = {}, network: Network = systemNetwork()) =>
  createEgress({ policyOf: () => ({ allow: [], allowsPrivate: true }), limitsOf: () => ({ ...resolveAppLimits(), ...limits }), onDenied: () => {}, network, pool });

/** The text of one fetch after the other. */
async function texts(guest: Guest, ...requests: readonly [url: string, options?: Parameters<Guest["fetch"]>[1]][]): Promise<string[]> {
  const all: string[] = [];
  for (const [url, options] of requests) {
    const head = await guest.fetch(url, options);
    all.push(head.bodyRid === 0 ? "" : await guest.text(head));
  }
  return all;
}

describe("a connection", () => {
  test("serves the next subrequest of its app, of any invocation", async () => {
    await using upstream = await keeping();
    using pool = disposable(new ConnectionPool());
    const egress = egressWith(pool.pool);
    expect(await texts(new Guest({ egress }), [upstream.url], [upstream.url])).toEqual(["hi", "hi"]);
    expect(await texts(new Guest({ egress }), [upstream.url, { method: "HEAD" }])).toEqual([""]);
    expect([upstream.connections, upstream.requests[0]?.includes("Connection: close")]).toEqual([1, false]);
  });

  test("is never another app's", async () => {
    await using upstream = await keeping();
    using pool = disposable(new ConnectionPool());
    const egress = egressWith(pool.pool);
    for (const app of ["a", "b", "a", "b"]) expect(await texts(new Guest({ egress, app }), [upstream.url])).toEqual(["hi"]);
    expect(upstream.connections).toBe(2);
  });

  test("is used only while its address is among those that the name has, and may be reached", async () => {
    await using upstream = await keeping();
    using pool = disposable(new ConnectionPool());
    const answers = [["1.1.1.1"], ["1.1.1.2"], ["1.1.1.1", "1.1.1.2"], ["127.0.0.1"], ["10.0.0.1", "1.1.1.1"]];
    const system = systemNetwork();
    const connected: string[] = [];
    const network: Network = {
      ...system,
      lookup: async () => answers.shift() ?? [],
      connect: (endpoint, signal) => {
        connected.push(endpoint.address);
        return system.connect({ ...endpoint, address: "127.0.0.1", port: upstream.port }, signal);
      },
    };
    const egress = createEgress({ policyOf: () => ({ allow: [], allowsPrivate: false }), limitsOf: () => resolveAppLimits(), onDenied: () => {}, network, pool: pool.pool });
    const guest = new Guest({ egress });
    expect(await texts(guest, ["http://x.test/"], ["http://x.test/"], ["http://x.test/"])).toEqual(["hi", "hi", "hi"]);
    expect(connected).toEqual(["1.1.1.1", "1.1.1.2"]);
    for (let i = 0; i < 2; i++) expect(await failure(guest.fetch("http://x.test/"))).toBe("TypeError: fetch to this address is not allowed");
  });

  test("of one origin does not serve another one at the same address", async () => {
    await using upstream = await keeping();
    using pool = disposable(new ConnectionPool());
    const system = systemNetwork();
    const egress = egressWith(pool.pool, {}, { ...system, lookup: async () => ["127.0.0.1"] });
    await texts(new Guest({ egress }), [`http://a.test:${upstream.port}/`], [`http://b.test:${upstream.port}/`], [`http://a.test:${upstream.port}/`]);
    expect(upstream.connections).toBe(2);
  });

  test("over TLS is kept for the name that it was proven for", async () => {
    let connections = 0;
    const server = createServer({ key, cert }, (socket) => {
      connections++;
      socket.on("error", () => {});
      socket.on("data", () => socket.write(OK));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const pool = new ConnectionPool();
    const system = systemNetwork(cert);
    const egress = egressWith(pool, {}, { ...system, lookup: async () => ["127.0.0.1"] });
    const guest = new Guest({ egress });
    expect(await texts(guest, [`https://secure.test:${port}/`], [`https://secure.test:${port}/`], [`https://secure.test:${port}/`])).toEqual(["hi", "hi", "hi"]);
    expect(connections).toBe(1);
    expect(await failure(guest.fetch(`https://other.test:${port}/`))).toContain("its certificate is not for this name");
    expect(await failure(guest.fetch(`http://secure.test:${port}/`))).toStartWith("TypeError: fetch failed: ");
    expect(pool.size).toBe(1);
    pool.close();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });

  test.each([
    ["says that it closes", "HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nhi"],
    ["speaks HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi"],
    ["says more than it was asked for", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"],
  ])("whose upstream %s is not kept", async (_what, answer) => {
    await using upstream = await keeping(answer);
    using pool = disposable(new ConnectionPool());
    const guest = new Guest({ egress: egressWith(pool.pool) });
    expect(await texts(guest, [upstream.url], [upstream.url])).toEqual(["hi", "hi"]);
    expect([upstream.connections, pool.pool.size]).toEqual([2, 0]);
  });

  test("that says something while it waits is closed, and nobody hears it", async () => {
    await using upstream = await keeping();
    using pool = disposable(new ConnectionPool());
    const guest = new Guest({ egress: egressWith(pool.pool) });
    await texts(guest, [upstream.url]);
    for (const socket of upstream.sockets) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
    await until(() => pool.pool.size === 0);
    expect(await texts(guest, [upstream.url])).toEqual(["hi"]);
    expect(upstream.connections).toBe(2);
  });

  test("whose body was given up in the middle is closed", async () => {
    await using upstream = await keeping("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhi");
    using pool = disposable(new ConnectionPool());
    const guest = new Guest({ egress: egressWith(pool.pool) });
    guest.source(await guest.fetch(upstream.url)).cancel();
    await until(() => upstream.sockets.size === 0);
    expect(pool.pool.size).toBe(0);
  });
});

describe("a kept connection that the upstream closed", () => {
  /** Closes each connection when its second request has come, without a word. */
  const closing = () =>
    Upstream.start((socket, received) => {
      if (!isWhole(received) && !received.endsWith("body")) return;
      if (received.split(" HTTP/1.1").length > 2) socket.destroy();
      else socket.write(OK);
    });

  test("is replaced by a new one, once, for what may be repeated", async () => {
    await using upstream = await closing();
    using pool = disposable(new ConnectionPool());
    const guest = new Guest({ egress: egressWith(pool.pool) });
    expect(await texts(guest, [upstream.url], [upstream.url], [upstream.url, { method: "PUT", data: "body" }])).toEqual(["hi", "hi", "hi"]);
    expect(upstream.connections).toBe(3);
  });

  test("is not risked for what may not be repeated", async () => {
    await using upstream = await closing();
    using pool = disposable(new ConnectionPool());
    const guest = new Guest({ egress: egressWith(pool.pool) });
    const pipe = new BytePipe(1024);
    await pipe.write(latin1("x"));
    expect(await texts(guest, [upstream.url], [upstream.url, { method: "POST", data: "body" }], [upstream.url, { method: "PATCH", data: "body" }])).toEqual(["hi", "hi", "hi"]);
    const upload = guest.fetch(upstream.url, { method: "PUT", bodyRid: guest.resources.add(SINK, pipe) });
    await until(() => upstream.connections === 4);
    pipe.close();
    expect((await upload).status).toBe(200);
    expect(upstream.requests.every((received) => received.split(" HTTP/1.1").length === 2)).toBe(true);
  });

  test("is not replaced when the guest has lost interest", async () => {
    await using upstream = await Upstream.start((socket, received) => {
      if (isWhole(received) && received.split(" HTTP/1.1").length === 2) socket.write(OK);
    });
    using pool = disposable(new ConnectionPool());
    const guest = new Guest({ egress: egressWith(pool.pool) });
    await texts(guest, [upstream.url]);
    const second = failure(guest.fetch(upstream.url, { id: 77 }));
    await until(() => (upstream.requests[0]?.split(" HTTP/1.1").length ?? 0) === 3);
    guest.abort(77);
    expect(await second).toBe("AbortError: The operation was aborted.");
    expect(upstream.connections).toBe(1);
  });
});

describe("a request that is told to have come over the wrong connection", () => {
  const MISDIRECTED = "HTTP/1.1 421 Misdirected Request\r\nContent-Length: 2\r\n\r\nno";

  test("is sent again over a new one, once", async () => {
    await using upstream = await keeping((nth) => (nth === 1 || nth >= 3 ? MISDIRECTED : OK));
    using pool = disposable(new ConnectionPool());
    const guest = new Guest({ egress: egressWith(pool.pool) });
    expect(await texts(guest, [upstream.url], [upstream.url])).toEqual(["hi", "hi"]);
    expect(upstream.connections).toBe(2);
    expect(await texts(guest, [upstream.url, { method: "POST", data: "body" }])).toEqual(["no"]);
    expect(upstream.connections).toBe(4);
  });

  test("is not when its body was a stream", async () => {
    await using upstream = await Upstream.start((socket, received) => {
      if (received.endsWith("0\r\n\r\n")) socket.end(MISDIRECTED);
    });
    const guest = new Guest();
    const pipe = new BytePipe(1024);
    pipe.close();
    expect((await guest.fetch(upstream.url, { method: "POST", bodyRid: guest.resources.add(SINK, pipe) })).status).toBe(421);
    expect(upstream.connections).toBe(1);
  });
});

describe("those that wait", () => {
  const fetchedAtOnce = async (guest: Guest, upstream: Upstream, count: number) => {
    const heads = await Promise.all(Array.from({ length: count }, () => guest.fetch(upstream.url)));
    for (const head of heads) await guest.text(head);
  };

  test("are few for an app, and few in all", async () => {
    await using upstream = await keeping();
    using pool = disposable(new ConnectionPool(5));
    const egress = egressWith(pool.pool, { fetchIdleConnections: 3 });
    await fetchedAtOnce(new Guest({ egress, app: "a" }), upstream, 6);
    expect(pool.pool.size).toBe(3);
    await fetchedAtOnce(new Guest({ egress, app: "b" }), upstream, 6);
    expect(pool.pool.size).toBe(5);
    await until(() => upstream.sockets.size === 5);
  });

  test("wait for so long only", async () => {
    await using upstream = await keeping();
    using pool = disposable(new ConnectionPool());
    await texts(new Guest({ egress: egressWith(pool.pool, { fetchKeepAliveMs: 5 }) }), [upstream.url]);
    await until(() => pool.pool.size === 0 && upstream.sockets.size === 0);
  });

  test.each([{ fetchKeepAliveMs: 0 }, { fetchIdleConnections: 0 }])("are none where %j says so, and the upstream is told", async (limits) => {
    await using upstream = await Upstream.answering(OK);
    using pool = disposable(new ConnectionPool());
    await texts(new Guest({ egress: egressWith(pool.pool, limits) }), [upstream.url]);
    expect([pool.pool.size, upstream.requests[0]?.includes("\r\nConnection: close\r\n")]).toEqual([0, true]);
  });

  test("are closed with the pool, which takes no more", async () => {
    await using upstream = await keeping();
    const pool = new ConnectionPool();
    const guest = new Guest({ egress: egressWith(pool) });
    await texts(guest, [upstream.url]);
    pool.close();
    await until(() => upstream.sockets.size === 0);
    await texts(guest, [upstream.url]);
    await turns(5);
    expect(pool.size).toBe(0);
  });
});

const disposable = (pool: ConnectionPool) => ({ pool, [Symbol.dispose]: () => pool.close() });
