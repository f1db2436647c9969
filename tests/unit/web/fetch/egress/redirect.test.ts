import { describe, expect, test } from "bun:test";
import { BytePipe } from "../../../../../src/base/byte-pipe.ts";
import { SINK } from "../../../../../src/web/fetch/host/answer-ops.ts";
import { failure, Guest, latin1, Upstream } from "./fixture.ts";

const to = (location: string, status = 302): string => `HTTP/1.1 ${status} Moved\r\nLocation: ${location}\r\nContent-Length: 4\r\n\r\nmove`;
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone";

/** Answers each path with what `routes` says, and "done" elsewhere. */
function site(routes: Readonly<Record<string, string>>): Promise<Upstream> {
  return Upstream.start((socket, received) => {
    if (!received.includes("\r\n\r\n")) return;
    socket.end(latin1(routes[received.split(" ")[1] as string] ?? OK));
  });
}

describe("a redirect", () => {
  test.each([
    [301, "POST", "GET", ""],
    [302, "POST", "GET", ""],
    [303, "POST", "GET", ""],
    [303, "DELETE", "GET", ""],
    [301, "PUT", "PUT", "body"],
    [307, "POST", "POST", "body"],
    [308, "PATCH", "PATCH", "body"],
  ])("%d turns %s into %s", async (status, method, expected, body) => {
    await using upstream = await site({ "/a": to("/b?c=d#e", status) });
    const guest = new Guest();
    const head = await guest.fetch(`${upstream.url}a`, { method, data: "body", headers: "content-type\ntext/x\nx-a\n1\n" });
    expect(head).toMatchObject({ status: 200, redirected: true, url: `${upstream.url}b?c=d` });
    const [sent, sentBody] = (upstream.requests[1] as string).split("\r\n\r\n");
    expect([sent?.split(" ")[0], sentBody, sent?.includes("content-type: text/x"), sent?.includes("x-a: 1")]).toEqual([expected, body, body !== "", true]);
  });

  test("keeps HEAD at 303", async () => {
    await using upstream = await site({ "/a": "HTTP/1.1 303 See Other\r\nLocation: b\r\n\r\n", "/b": "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" });
    await new Guest().fetch(`${upstream.url}a`, { method: "HEAD" });
    expect(upstream.requests.map((request) => request.split(" HTTP")[0])).toEqual(["HEAD /a", "HEAD /b"]);
  });

  test("to another origin loses what was meant for the first", async () => {
    await using other = await site({});
    await using upstream = await site({ "/a": to("/b"), "/b": to(other.url) });
    await new Guest().fetch(`${upstream.url}a`, { headers: "Authorization\nsecret\nCookie\na=b\nx-a\n1\n" });
    expect(upstream.requests.map((request) => request.includes("Authorization: secret") && request.includes("Cookie: a=b"))).toEqual([true, true]);
    expect(other.requests[0]).not.toMatch(/authorization|cookie/i);
    expect(other.requests[0]).toContain("x-a: 1");
  });

  test("is an error, or the answer itself, when the guest says so", async () => {
    await using upstream = await site({ "/a": to("/b") });
    const guest = new Guest();
    expect(await failure(guest.fetch(`${upstream.url}a`, { redirect: "error" }))).toStartWith("TypeError: ");
    const head = await guest.fetch(`${upstream.url}a`, { redirect: "manual" });
    expect([head.status, head.redirected, await guest.text(head), head.headers]).toEqual([302, false, "move", "Location\n/b\nContent-Length\n4\n"]);
    expect(await failure(guest.fetch(`${upstream.url}a`, { redirect: "sometimes" }))).toBe("TypeError: fetch: unknown redirect mode");
  });

  test("to two places at once is a TypeError", async () => {
    await using upstream = await site({ "/a": "HTTP/1.1 302 Found\r\nLocation: /b\r\nLocation: /c\r\nContent-Length: 0\r\n\r\n" });
    expect(await failure(new Guest().fetch(`${upstream.url}a`))).toBe("TypeError: fetch failed: the upstream redirects to several places");
  });

  test("to another origin takes along no more of the referrer than its origin", async () => {
    await using other = await site({});
    await using upstream = await site({ "/a": to(`${other.url}b`), "/c": to("/d") });
    const headers = `Referer\n${upstream.url}secret?key=1\n`;
    await new Guest().fetch(`${upstream.url}a`, { headers });
    await new Guest().fetch(`${upstream.url}c`, { headers });
    expect([other.requests[0], upstream.requests[2]].map((request) => /^Referer: (.*)\r$/m.exec(request as string)?.[1])).toEqual([upstream.url, `${upstream.url}secret?key=1`]);
  });

  test("stays within its origin where the app wants that", async () => {
    await using other = await site({});
    await using upstream = await site({ "/a": to("/b"), "/c": to(`${other.url}d`) });
    expect(await new Guest().fetch(`${upstream.url}a`, { redirect: "same-origin" })).toMatchObject({ status: 200, redirected: true });
    expect(await failure(new Guest().fetch(`${upstream.url}c`, { redirect: "same-origin" }))).toBe('TypeError: fetch failed: the upstream redirects to another origin, which mode: "same-origin" forbids');
    expect(other.connections).toBe(0);
  });

  test("keeps the bytes of a location that are no ASCII, whatever they mean", async () => {
    await using upstream = await site({ "/a": to("/\xc3\xa4?\xff"), "/%C3%A4?%FF": "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" });
    expect(await new Guest().fetch(`${upstream.url}a`)).toMatchObject({ status: 200, url: `${upstream.url}%C3%A4?%FF` });
  });

  test("without a location is the answer", async () => {
    await using upstream = await site({ "/a": "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n" });
    expect(await new Guest().fetch(`${upstream.url}a`)).toMatchObject({ status: 302, redirected: false });
  });

  test("is followed 20 times and no more", async () => {
    const routes = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`/${at}`, to(`/${at + 1}`)]));
    await using good = await site(routes(20));
    expect(await new Guest().fetch(`${good.url}0`)).toMatchObject({ status: 200, url: `${good.url}20` });
    await using endless = await site(routes(30));
    expect(await failure(new Guest().fetch(`${endless.url}0`))).toBe("TypeError: fetch failed: the upstream redirects more than 20 times");
    expect(endless.connections).toBe(21);
  });

  test.each(["file:///etc/passwd", "FiLe:///etc/passwd", "data:text/plain,x", "javascript:1", "ftp://127.0.0.1/", "unix:/x", "http://u:p@127.0.0.1/", "http://"])("to %s is a TypeError", async (location) => {
    await using upstream = await site({ "/a": to(location) });
    expect(await failure(new Guest().fetch(`${upstream.url}a`))).toStartWith("TypeError: fetch: ");
  });

  test.each([301, 302, 303, 307, 308])("%d to an address that is denied connects to nothing", async (status) => {
    await using tripwire = await site({});
    await using upstream = await site({ "/a": to(tripwire.url, status) });
    const guest = new Guest({ allowsPrivate: false, allow: [`127.0.0.1:${upstream.port}`] });
    expect(await failure(guest.fetch(`${upstream.url}a`))).toBe("TypeError: fetch to this address is not allowed");
    expect([tripwire.connections, guest.denied]).toEqual([0, [`127.0.0.1:${tripwire.port}`]]);
  });

  test.each([302, 307, 308])("%d of a body that was a stream is a TypeError", async (status) => {
    await using upstream = await site({ "/a": to("/b", status) });
    const guest = new Guest();
    const pipe = new BytePipe(1024);
    const answer = failure(guest.fetch(`${upstream.url}a`, { method: "POST", bodyRid: guest.resources.add(SINK, pipe) }));
    pipe.close();
    expect(await answer).toContain("cannot be sent again");
    expect(upstream.connections).toBe(1);
  });

  test("303 needs the body no more, even if it was a stream", async () => {
    await using upstream = await site({ "/a": to("/b", 303) });
    const guest = new Guest();
    const pipe = new BytePipe(1024);
    expect(await guest.fetch(`${upstream.url}a`, { method: "POST", bodyRid: guest.resources.add(SINK, pipe) })).toMatchObject({ status: 200, redirected: true });
    expect(upstream.requests[1]).toStartWith("GET /b ");
  });
});
