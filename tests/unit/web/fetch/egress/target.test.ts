import { describe, expect, test } from "bun:test";
import { createServer } from "node:tls";
import { type Endpoint, type Network, systemNetwork } from "../../../../../src/web/fetch/host/egress/network.ts";
import { cert, key } from "./certificate.ts";
import { failure, Guest, Upstream } from "./fixture.ts";

const DENIED = "TypeError: fetch to this address is not allowed";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";

/** Answers each question with the next of `answers`, and leads every connection to `port` on loopback. */
function stagedNetwork(answers: readonly (readonly string[])[], port: number, roots?: string): Network & { asked: string[]; connected: Endpoint[] } {
  const system = systemNetwork(roots);
  const asked: string[] = [];
  const connected: Endpoint[] = [];
  return {
    asked,
    connected,
    localAddresses: () => ["192.0.2.1", "1.1.1.1"],
    lookup: async (name) => {
      asked.push(name);
      return answers[asked.length - 1] ?? [];
    },
    connect: (endpoint, signal) => {
      connected.push(endpoint);
      return endpoint.address === "203.0.114.9" ? Promise.reject(new Error("down")) : system.connect({ ...endpoint, address: "127.0.0.1", port }, signal);
    },
  };
}

describe("a target that is not public", () => {
  test.each(["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "１２７.0.0.1", "%31%32%37.0.0.1", "127.0.0.1.", "localhost", "LOCALHOST.", "a.localhost", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "[::]", "0"])("spelt %s is denied before anything is connected", async (host) => {
    await using tripwire = await Upstream.answering(OK);
    const guest = new Guest({ allowsPrivate: false });
    expect(await failure(guest.fetch(`http://${host}:${tripwire.port}/`))).toBe(DENIED);
    expect([tripwire.connections, guest.denied.length]).toEqual([0, 1]);
  });

  test.each(["http://user@127.0.0.1/", "http://user:pw@example.test/", "http://[fe80::1%25eth0]/", "http:///", "//x", "/x", "x", "file:///etc/passwd", "FiLe:///etc/passwd", "data:,x", "blob:http://x/1", "s3://b/k", "ftp://x/", "about:blank", "javascript:1", "unix:/run/x", "http+unix://x/", "http://a b/", "http://a*b.test/"])("or no http URL, as %s, is a TypeError before anything is resolved", async (url) => {
    const network = stagedNetwork([["1.1.1.1"]], 1);
    expect(await failure(new Guest({ network }).fetch(url))).toStartWith("TypeError: fetch: ");
    expect([network.asked, network.connected]).toEqual([[], []]);
  });

  test("is denied the same whether its port is open or closed", async () => {
    await using upstream = await Upstream.answering(OK);
    const guest = new Guest({ allowsPrivate: false });
    expect(await failure(guest.fetch(upstream.url))).toBe(await failure(guest.fetch("http://127.0.0.1:1/")));
    expect(await failure(guest.fetch(upstream.url))).toBe(DENIED);
  });

  test.each([
    ["a private address", ["10.0.0.1"]],
    ["a mixed answer, private last", ["1.1.1.1", "2606:4700::1111", "10.0.0.1"]],
    ["a mixed answer, private first", ["::1", "1.1.1.1"]],
    ["metadata", ["169.254.169.254"]],
    ["an embedded address", ["64:ff9b::7f00:1"]],
    ["what is no address", ["evil"]],
  ])("behind a public name, with %s, is denied", async (_what, addresses) => {
    const network = stagedNetwork([addresses], 1);
    const guest = new Guest({ network, allowsPrivate: false });
    expect(await failure(guest.fetch("http://rebind.test:8080/"))).toBe(DENIED);
    expect([network.connected, guest.denied]).toEqual([[], ["rebind.test:8080"]]);
  });

  test("stays out of reach when DNS changes its answer: what was checked is what is connected", async () => {
    await using upstream = await Upstream.answering(OK);
    const network = stagedNetwork([["1.1.1.1"], ["127.0.0.1"]], upstream.port);
    const guest = new Guest({ network, allowsPrivate: false });
    expect((await guest.fetch("http://rebind.test/")).status).toBe(200);
    expect([network.asked, network.connected.map(({ address }) => address)]).toEqual([["rebind.test"], ["1.1.1.1"]]);
    expect(await failure(guest.fetch("http://rebind.test/"))).toBe(DENIED);
  });

  test.each([22, 25, 6667, 0])("or a port of another protocol (%d) is denied", async (port) => {
    const network = stagedNetwork([["1.1.1.1"]], 1);
    expect(await failure(new Guest({ network }).fetch(`http://mail.test:${port}/`))).toBe(DENIED);
    expect(network.connected).toEqual([]);
  });

  test("may be allowed by the operator, by address, name and port", async () => {
    await using upstream = await Upstream.answering(OK);
    const fetched = async (allow: string, host = "127.0.0.1") => (await new Guest({ allowsPrivate: false, allow: [allow] }).fetch(`http://${host}:${upstream.port}/`)).status;
    expect(await fetched("127.0.0.0/8")).toBe(200);
    expect(await fetched(`127.0.0.1:${upstream.port}`)).toBe(200);
    expect(await fetched("localhost", "localhost")).toBe(200);
    expect(await failure(fetched("127.0.0.1:1"))).toBe(DENIED);
    expect(await failure(fetched("localhost"))).toBe(DENIED);
  });
});

describe("nano's own listener", () => {
  const listening = (host: string, port: number, allow: readonly string[] = []) => (network: Network) => new Guest({ network, policyOf: () => ({ allow, allowsPrivate: true, ownListeners: [{ host, port }] }) });

  test.each(["127.0.0.1", "0.0.0.0", "::", "localhost"])("bound to %s is not reached over loopback, whatever is allowed beside it", async (host) => {
    await using tripwire = await Upstream.answering(OK);
    for (const allow of [[], ["127.0.0.0/8"], ["127.0.0.1", "localhost"]]) expect(await failure(listening(host, tripwire.port, allow)(systemNetwork()).fetch(tripwire.url))).toBe(DENIED);
    expect(tripwire.connections).toBe(0);
  });

  test("on all interfaces is not reached at any address of the machine, nor by a name of it", async () => {
    await using upstream = await Upstream.answering(OK);
    const network = stagedNetwork([["1.1.1.1"], ["1.1.1.2"], ["1.1.1.1"]], upstream.port);
    const guest = listening("0.0.0.0", 8080)(network);
    expect(await failure(guest.fetch("http://self.test:8080/"))).toBe(DENIED);
    expect((await guest.fetch("http://other.test:8080/")).status).toBe(200);
    expect((await guest.fetch("http://self.test:8081/")).status).toBe(200);
    expect(await failure(guest.fetch("http://192.0.2.1:8080/"))).toBe(DENIED);
  });

  test("is reached when the app may go to that host and port", async () => {
    await using upstream = await Upstream.answering(OK);
    expect((await listening("0.0.0.0", upstream.port, [`127.0.0.1:${upstream.port}`])(systemNetwork()).fetch(upstream.url)).status).toBe(200);
    expect((await listening("127.0.0.1", upstream.port, [`localhost:${upstream.port}`])(systemNetwork()).fetch(`http://localhost:${upstream.port}/`)).status).toBe(200);
  });

  test("leaves the same port of other machines and other addresses alone", async () => {
    await using upstream = await Upstream.answering(OK);
    expect((await listening("127.0.0.2", upstream.port)(systemNetwork()).fetch(upstream.url)).status).toBe(200);
  });
});

describe("a public name", () => {
  test("is tried at all its addresses in order", async () => {
    await using upstream = await Upstream.answering(OK);
    const network = stagedNetwork([["203.0.114.9", "1.1.1.1"]], upstream.port);
    expect((await new Guest({ network }).fetch("http://two.test/")).status).toBe(200);
    expect(network.connected.map(({ address }) => address)).toEqual(["203.0.114.9", "1.1.1.1"]);
    expect(upstream.requests[0]).toContain("\r\nHost: two.test\r\n");
  });

  test("that has no address is a TypeError", async () => {
    expect(await failure(new Guest({ network: stagedNetwork([[]], 1) }).fetch("http://none.test/"))).toBe("TypeError: fetch failed: the upstream's name has no address");
  });

  test("is reached directly, whatever proxy the environment names", async () => {
    await using proxy = await Upstream.answering(OK);
    await using upstream = await Upstream.answering(OK);
    const before = { ...process.env };
    for (const name of ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"]) process.env[name] = proxy.url;
    try {
      await new Guest({ network: stagedNetwork([["1.1.1.1"]], upstream.port) }).fetch("http://direct.test/");
    } finally {
      for (const name of ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"]) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    }
    expect([proxy.connections, upstream.connections]).toEqual([0, 1]);
  });
});

describe("TLS", () => {
  async function secureSite(names: (string | false)[]): Promise<AsyncDisposable & { port: number }> {
    const server = createServer({ key, cert }, (socket) => {
      names.push((socket as unknown as { servername: string | false }).servername);
      socket.on("error", () => {});
      socket.once("data", () => socket.end(OK));
    });
    server.on("tlsClientError", () => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { port: (server.address() as { port: number }).port, [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) };
  }

  test("asks for the name, and takes the certificate that is for it", async () => {
    const names: (string | false)[] = [];
    await using site = await secureSite(names);
    const guest = new Guest({ network: stagedNetwork([["1.1.1.1"]], site.port, cert) });
    expect(await guest.text(await guest.fetch("https://secure.test/"))).toBe("hi");
    expect(names).toEqual(["secure.test"]);
  });

  test("takes a certificate for an address when that is what the URL names", async () => {
    await using site = await secureSite([]);
    const guest = new Guest({ network: systemNetwork(cert) });
    expect(await guest.text(await guest.fetch(`https://127.0.0.1:${site.port}/`))).toBe("hi");
  });

  test.each([
    ["for another name", "https://other.test/", cert, {}],
    ["of an unknown issuer", "https://secure.test/", undefined, {}],
    ["of an unknown issuer, though the environment says that this is fine", "https://secure.test/", undefined, { NODE_TLS_REJECT_UNAUTHORIZED: "0" }],
  ])("refuses a certificate %s", async (_what, url, roots, environment: Record<string, string>) => {
    const names: (string | false)[] = [];
    await using site = await secureSite(names);
    Object.assign(process.env, environment);
    try {
      const guest = new Guest({ network: stagedNetwork([["1.1.1.1"]], site.port, roots) });
      expect(await failure(guest.fetch(url))).toBe("TypeError: fetch failed: the upstream could not be reached over TLS, or its certificate is not for this name");
    } finally {
      for (const name of Object.keys(environment)) delete process.env[name];
    }
  });

  test("to what speaks no TLS is a TypeError", async () => {
    await using plain = await Upstream.start((socket) => socket.end(OK));
    expect(await failure(new Guest().fetch(`https://127.0.0.1:${plain.port}/`))).toStartWith("TypeError: fetch failed: ");
  });
});
