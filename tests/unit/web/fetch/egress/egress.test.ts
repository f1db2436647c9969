import { describe, expect, test } from "bun:test";
import { BytePipe } from "../../../../../src/base/byte-pipe.ts";
import { SINK } from "../../../../../src/web/fetch/host/answer-ops.ts";
import { failure, Guest, Upstream, until } from "./fixture.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\nx-a: 2\r\nConnection: close\r\n\r\nhi";

describe("a subrequest", () => {
  test("brings back status, fields and body, and nothing of the connection", async () => {
    await using upstream = await Upstream.answering(OK);
    const guest = new Guest();
    const head = await guest.fetch(`${upstream.url}path?q=1`);
    expect(head).toMatchObject({ status: 200, statusText: "OK", url: `${upstream.url}path?q=1`, redirected: false, headers: "Content-Length\n2\nX-A\n1\nx-a\n2\n" });
    expect(await guest.text(head)).toBe("hi");
  });

  test("is built by the host: fields of the connection, host and length are not the guest's", async () => {
    await using upstream = await Upstream.answering(OK);
    await new Guest().fetch(`${upstream.url}p`, { method: "post", data: "é", headers: "Host\nevil.test\ncontent-length\n99\nTransfer-Encoding\nchunked\nConnection\nx-y\nproxy-authorization\nx\nx-nano-hops\n0\nX-Y\n1\nupgrade\nh2c\nexpect\n100-continue\n" });
    expect(upstream.requests).toEqual([
      `POST /p HTTP/1.1\r\nHost: 127.0.0.1:${upstream.port}\r\nX-Y: 1\r\nAccept: */*\r\nAccept-Language: *\r\nUser-Agent: nano\r\nAccept-Encoding: gzip, br\r\nContent-Length: 2\r\nx-nano-hops: 1\r\nConnection: close\r\n\r\n\xc3\xa9`,
    ]);
  });

  test("uploads a stream chunk by chunk", async () => {
    await using upstream = await Upstream.start((socket, received) => {
      if (received.endsWith("0\r\n\r\n")) socket.end(OK);
    });
    const guest = new Guest();
    const pipe = new BytePipe(1024);
    const bodyRid = guest.resources.add(SINK, pipe);
    const answer = guest.fetch(upstream.url, { method: "PUT", bodyRid });
    await pipe.write(Buffer.from("one"));
    await until(() => pipe.queuedBytes === 0);
    await pipe.write(Buffer.from("second"));
    pipe.close();
    expect((await answer).status).toBe(200);
    expect(upstream.requests[0]?.split("\r\n\r\n").slice(1).join("\r\n\r\n")).toBe("3\r\none\r\n6\r\nsecond\r\n0\r\n\r\n");
  });

  test("ends with its invocation", async () => {
    await using upstream = await Upstream.start(() => {});
    const guest = new Guest();
    const answer = failure(guest.fetch(upstream.url));
    await until(() => upstream.requests.length === 1);
    guest.end();
    expect(await answer).toStartWith("TypeError: ");
    await until(() => upstream.sockets.size === 0);
  });

  test("is aborted by the guest", async () => {
    await using upstream = await Upstream.start(() => {});
    const guest = new Guest();
    const answer = failure(guest.fetch(upstream.url, { id: 7 }));
    await until(() => upstream.requests.length === 1);
    guest.abort(7);
    expect(await answer).toBe("AbortError: The operation was aborted.");
    await until(() => upstream.sockets.size === 0);
  });
});

describe("a request", () => {
  test.each(["GET / HTTP/1.1\r\nX: 1", "CONNECT", "connect", "TRACE", "TrAcK", "", "A B", "É", "a\0"])("with the method %j is a TypeError before anything is connected", async (method) => {
    await using upstream = await Upstream.answering(OK);
    expect(await failure(new Guest().fetch(upstream.url, { method }))).toStartWith("TypeError: ");
    expect(upstream.connections).toBe(0);
  });

  test.each([["get", "GET"], ["pOsT", "POST"], ["options", "OPTIONS"], ["FOO", "FOO"], ["patch", "patch"]])("with the method %s is sent as %s", async (method, sent) => {
    await using upstream = await Upstream.answering(OK);
    await new Guest().fetch(upstream.url, { method });
    expect(upstream.requests[0]).toStartWith(`${sent} / HTTP/1.1\r\n`);
  });

  test.each(["a\nb\rc\n", "a\nb\0c\n", "a b\nc\n", "\nc\n", "a:\nc\n", "a\r\nc\n", "a\nŁ\n", "a\nb", "a\nb\nc\n", "a"])("with the header block %j is a TypeError before anything is connected", async (headers) => {
    await using upstream = await Upstream.answering(OK);
    expect(await failure(new Guest().fetch(upstream.url, { headers }))).toStartWith("TypeError: ");
    expect(upstream.connections).toBe(0);
  });

  test("to GET or HEAD has no body", async () => {
    for (const method of ["GET", "HEAD"]) expect(await failure(new Guest().fetch("http://127.0.0.1/", { method, data: "" }))).toStartWith("TypeError: ");
  });

  test("names a stream of its own invocation, or is a TypeError", async () => {
    expect(await failure(new Guest().fetch("http://127.0.0.1/", { method: "POST", bodyRid: 77 }))).toStartWith("TypeError: ");
  });

  test("sends each name once, spelt as at first, and control characters that stay on their line", async () => {
    await using upstream = await Upstream.answering(OK);
    await new Guest().fetch(upstream.url, { headers: "X-Two\n1\nx-TWO\n2\ncookie\na=1\nCookie\nb=2\nx-odd\n\x01\x0b\x1f\x7f\n" });
    expect(upstream.requests[0]).toContain("\r\nX-Two: 1, 2\r\ncookie: a=1; b=2\r\nx-odd: \x01\x0b\x1f\x7f\r\n");
  });

  test("keeps the app's own choices, and asks for no coding of a part", async () => {
    await using upstream = await Upstream.answering(OK);
    const guest = new Guest();
    await guest.fetch(upstream.url, { headers: "ACCEPT\ntext/x\naccept-Language\nde\nuser-agent\nmine\naccept-encoding\nzstd\n" });
    await guest.fetch(upstream.url, { headers: "range\nbytes=0-1\n" });
    expect(upstream.requests[0]).toMatch(/\r\nACCEPT: text\/x\r\naccept-Language: de\r\nuser-agent: mine\r\naccept-encoding: zstd\r\nx-nano-hops/);
    expect(upstream.requests[1]).toContain("\r\nAccept-Encoding: identity\r\n");
  });

  test("without a body says so where one is expected", async () => {
    await using upstream = await Upstream.answering(OK);
    await new Guest().fetch(upstream.url, { method: "POST" });
    expect(upstream.requests[0]).toContain("\r\nContent-Length: 0\r\n");
  });

  test("says how often its chain has come back to nano", async () => {
    await using upstream = await Upstream.answering(OK);
    await new Guest({ hopsOf: () => 4 }).fetch(upstream.url);
    expect(upstream.requests[0]).toContain("\r\nx-nano-hops: 5\r\n");
  });

  test("asks for the path and query, never for the fragment", async () => {
    await using upstream = await Upstream.answering(OK);
    const head = await new Guest().fetch(`${upstream.url}a/../é b?q=%0d%0a'#frag`);
    expect(upstream.requests[0]).toStartWith("GET /%C3%A9%20b?q=%0d%0a%27 HTTP/1.1\r\n");
    expect(head.url).toBe(`${upstream.url}%C3%A9%20b?q=%0d%0a%27`);
  });
});
