import { describe, expect, test } from "bun:test";
import { resolveAppLimits } from "../../../../../src/limits.ts";
import { createEgress } from "../../../../../src/web/fetch/host/egress/egress.ts";
import { failure, Guest, latin1, outcome, turns, Upstream, until } from "./fixture.ts";

const MEGABYTE = 1 << 20;
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

/** Holds every request until the test lets the oldest one go. */
async function heldUpstream(): Promise<{ upstream: Upstream; waiting: (() => void)[]; paths: string[] }> {
  const waiting: (() => void)[] = [];
  const paths: string[] = [];
  const upstream = await Upstream.start((socket, received) => {
    paths.push(received.split(" ")[1] as string);
    waiting.push(() => socket.end(OK));
  });
  return { upstream, waiting, paths };
}

const shared = (limits: Parameters<typeof Object.assign>[1]) => createEgress({ policyOf: () => ({ allow: [], allowsPrivate: true }), limitsOf: () => ({ ...resolveAppLimits(), ...limits }), onDenied: () => {} });

describe("an invocation", () => {
  test("may fetch 50 times; the next is a TypeError that connects to nothing", async () => {
    await using upstream = await Upstream.answering(OK);
    const guest = new Guest();
    const answers = await Promise.allSettled(Array.from({ length: 60 }, () => guest.fetch(upstream.url)));
    expect(answers.map(({ status }) => status)).toEqual([...Array(50).fill("fulfilled"), ...Array(10).fill("rejected")]);
    expect(await failure(guest.fetch(upstream.url))).toStartWith("TypeError: fetch: a request may cause no more than 50 subrequests");
    expect(upstream.connections).toBe(50);
  });

  test("counts what is denied, so that no range can be searched", async () => {
    const guest = new Guest({ allowsPrivate: false, limits: { subrequests: 3 } });
    const failures = await Promise.all([1, 2, 3, 4].map((last) => failure(guest.fetch(`http://10.0.0.${last}/`))));
    expect([failures.filter((text) => text.includes("not allowed")).length, guest.denied.length]).toEqual([3, 3]);
  });

  test("has six open at once; the others wait in order", async () => {
    const { upstream, waiting, paths } = await heldUpstream();
    await using _closed = upstream;
    const guest = new Guest();
    const answers = Array.from({ length: 20 }, (_, at) => guest.fetch(`${upstream.url}${at}`));
    for (let done = 0; done < 20; done++) {
      await until(() => paths.length === Math.min(20, done + 6));
      waiting.shift()?.();
      await answers[done];
    }
    expect(paths.slice(6)).toEqual(Array.from({ length: 14 }, (_, at) => `/${at + 6}`));
    expect(upstream.mostAtOnce).toBeLessThanOrEqual(7);
  });

  test("does not wait for itself when it leaves large bodies unread: they are taken in while others wait, and no seventh connection is open", async () => {
    const [size, budget] = [4 * MEGABYTE, { usedBytes: 0, limitBytes: 64 * MEGABYTE }];
    await using upstream = await Upstream.start((socket, received) => {
      if (received.includes("\r\n\r\n")) socket.end(Buffer.concat([latin1(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`), new Uint8Array(size)]));
    });
    const guest = new Guest({ limits: { streamBufferBytes: 16_384 }, budgetOf: () => budget });
    const heads = await Promise.all(Array.from({ length: 10 }, () => guest.fetch(upstream.url)));
    expect(upstream.mostAtOnce).toBeLessThanOrEqual(6);
    expect(budget.usedBytes).toBeGreaterThanOrEqual(4 * size);
    for (const head of heads) expect((await guest.bytes(head)).byteLength).toBe(size);
    expect(budget.usedBytes).toBe(0);
  });

  test("loses the body that waits longest when there is no room to take it in, and is told why", async () => {
    const [size, budget] = [16 * MEGABYTE, { usedBytes: 0, limitBytes: MEGABYTE }];
    await using upstream = await Upstream.start((socket, received) => {
      if (received.includes("\r\n\r\n")) socket.end(Buffer.concat([latin1(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`), new Uint8Array(size)]));
    });
    const guest = new Guest({ limits: { streamBufferBytes: 16_384, subrequestsAtOnce: 2 }, budgetOf: () => budget });
    const first = await guest.fetch(upstream.url);
    const second = await guest.fetch(upstream.url);
    const third = await guest.fetch(upstream.url);
    expect(upstream.mostAtOnce).toBeLessThanOrEqual(3);
    const read = await Promise.all([first, second, third].map((head) => outcome(guest.bytes(head).then(({ byteLength }) => String(byteLength)))));
    expect(read.filter((text) => text === String(size)).length).toBe(2);
    expect(read.find((text) => text !== String(size))).toBe("TypeError: fetch failed: its body waited to be read while other subrequests waited for its connection, and there was no room to take it in: read bodies, or cancel them, before you fetch more");
    guest.end();
    expect(budget.usedBytes).toBe(0);
  });

  test("gives back what it took in when it ends", async () => {
    const budget = { usedBytes: 0, limitBytes: 64 * MEGABYTE };
    await using upstream = await Upstream.answering(`HTTP/1.1 200 OK\r\n\r\n${"x".repeat(2 * MEGABYTE)}`);
    const guest = new Guest({ limits: { streamBufferBytes: 16_384, subrequestsAtOnce: 1 }, budgetOf: () => budget });
    await guest.fetch(upstream.url);
    await guest.fetch(upstream.url);
    expect(budget.usedBytes).toBeGreaterThan(MEGABYTE);
    guest.end();
    expect(budget.usedBytes).toBe(0);
  });

  test("that is still starting up may not fetch", async () => {
    expect(await failure(new Guest({ limits: { subrequests: 0 } }).fetch("http://127.0.0.1/"))).toBe("TypeError: fetch may only be called while a request is handled");
  });

  test("that is over may not fetch", async () => {
    const guest = new Guest();
    guest.end();
    expect(await failure(guest.fetch("http://127.0.0.1/"))).toBe("TypeError: this request has ended");
  });

  test("aborts what still waits, and the rest goes on", async () => {
    const { upstream, waiting, paths } = await heldUpstream();
    await using _closed = upstream;
    const guest = new Guest({ limits: { subrequestsAtOnce: 1 } });
    const first = guest.fetch(`${upstream.url}1`, { id: 101 });
    const second = failure(guest.fetch(`${upstream.url}2`, { id: 102 }));
    const third = guest.fetch(`${upstream.url}3`, { id: 103 });
    guest.abort(102);
    guest.abort(999);
    expect(await second).toStartWith("AbortError");
    for (const answer of [first, third]) {
      await until(() => waiting.length === 1);
      waiting.shift()?.();
      expect((await answer).status).toBe(200);
    }
    expect(paths).toEqual(["/1", "/3"]);
  });

  test("cannot abort what another one started, nor use its number twice", async () => {
    const { upstream, waiting } = await heldUpstream();
    await using _closed = upstream;
    const egress = shared({});
    const [mine, other] = [new Guest({ egress }), new Guest({ egress })];
    const answer = mine.fetch(upstream.url, { id: 5 });
    await until(() => waiting.length === 1);
    other.abort(5);
    expect(await failure(mine.fetch(upstream.url, { id: 5 }))).toBe("TypeError: fetch: this subrequest is running already");
    waiting.shift()?.();
    expect((await answer).status).toBe(200);
  });

  test("that is aborted while the body arrives fails the body at once", async () => {
    await using upstream = await Upstream.start((socket) => socket.write("HTTP/1.1 200 OK\r\n\r\nhello"));
    const guest = new Guest();
    const head = await guest.fetch(upstream.url, { id: 3 });
    guest.abort(3);
    expect(await failure(guest.source(head).pull())).toStartWith("AbortError");
    await until(() => upstream.sockets.size === 0);
  });
});

describe("an app", () => {
  test("shares its places among its invocations, and leaves those of others alone", async () => {
    const { upstream, waiting, paths } = await heldUpstream();
    await using _closed = upstream;
    const egress = shared({ appSubrequestsAtOnce: 2 });
    const guests = ["a", "a", "a", "b"].map((app) => new Guest({ egress, app }));
    const answers = guests.map((guest, at) => guest.fetch(`${upstream.url}${at}`));
    await until(() => paths.length === 3);
    await turns(20);
    expect([...paths].sort()).toEqual(["/0", "/1", "/3"]);
    waiting.shift()?.();
    await until(() => paths.length === 4);
    for (const release of waiting) release();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  test("gets its places back when invocations end in the middle", async () => {
    const { upstream, waiting, paths } = await heldUpstream();
    await using _closed = upstream;
    const egress = shared({ appSubrequestsAtOnce: 1 });
    const [first, second, third] = [new Guest({ egress }), new Guest({ egress }), new Guest({ egress })];
    const lost = [first.fetch(upstream.url), second.fetch(upstream.url)].map(failure);
    const answer = third.fetch(upstream.url);
    await until(() => paths.length === 1);
    second.end();
    first.end();
    expect(await Promise.all(lost)).toEqual(Array(2).fill("TypeError: this request has ended"));
    await until(() => paths.length === 2);
    waiting[1]?.();
    expect((await answer).status).toBe(200);
  });
});
