import { describe, expect, test } from "bun:test";
import { BytePipe } from "../../../../../src/base/byte-pipe.ts";
import { SINK } from "../../../../../src/web/fetch/host/answer-ops.ts";
import { failure, Guest, latin1, turns, Upstream, until } from "./fixture.ts";

const MEGABYTE = 1 << 20;
const isWhole = (received: string): boolean => received.includes("\r\n\r\n");

describe("an upstream", () => {
  test.each([
    ["closes without a word", ""],
    ["closes within the head", "HTTP/1.1 200 OK\r\nA: b"],
    ["answers in another protocol", "+OK ready\r\n"],
    ["sends a head of 1 MB", `HTTP/1.1 200 OK\r\nA: ${"b".repeat(MEGABYTE)}\r\n\r\n`],
    ["sends 10,000 fields", `HTTP/1.1 200 OK\r\n${"A: b\r\n".repeat(10_000)}\r\n`],
    ["sends NUL", "HTTP/1.1 200 OK\r\nA: \0\r\n\r\n"],
    ["sends bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"],
    ["sends 100,000 interim responses", "HTTP/1.1 100 Continue\r\n\r\n".repeat(100_000)],
    ["switches protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"],
  ])("that %s is a TypeError, and its connection is closed", async (_what, bytes) => {
    await using upstream = await Upstream.answering(bytes);
    expect(await failure(new Guest().fetch(upstream.url))).toStartWith("TypeError: fetch failed: the ");
    await until(() => upstream.sockets.size === 0);
  });

  test.each([
    ["closes within a counted body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"],
    ["closes within a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nhello"],
    ["closes before the last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"],
    ["sends a bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n"],
  ])("that %s fails the body after what arrived of it", async (_what, bytes) => {
    await using upstream = await Upstream.answering(bytes);
    const guest = new Guest();
    const source = guest.source(await guest.fetch(upstream.url));
    expect(Buffer.from((await source.pull()) ?? []).toString()).toBe("hello");
    expect(await failure(source.pull())).toStartWith("TypeError: fetch failed: the upstream");
  });

  test("that resets the connection within a body without length does not end it", async () => {
    await using upstream = await Upstream.start((socket, received) => {
      if (isWhole(received)) socket.write("HTTP/1.1 200 OK\r\n\r\nhello");
    });
    const guest = new Guest();
    const source = guest.source(await guest.fetch(upstream.url));
    expect(Buffer.from((await source.pull()) ?? []).toString()).toBe("hello");
    for (const socket of upstream.sockets) socket.resetAndDestroy();
    expect(await failure(source.pull())).toBe("TypeError: fetch failed: the connection to the upstream broke");
  });

  test("that is not there is a TypeError that tells nothing about the network", async () => {
    const { port } = await Upstream.answering("").then(async (gone) => {
      await using closed = gone;
      return { port: closed.port };
    });
    expect(await failure(new Guest().fetch(`http://127.0.0.1:${port}/`))).toBe("TypeError: fetch failed: the upstream could not be reached");
  });

  test("that never answers is given up", async () => {
    await using upstream = await Upstream.start(() => {});
    expect(await failure(new Guest({ limits: { fetchHeadersMs: 20 } }).fetch(upstream.url))).toBe("TypeError: fetch failed: the upstream did not answer in time");
  });

  test("whose body stops arriving is given up once somebody waits for it", async () => {
    await using upstream = await Upstream.start((socket, received) => {
      if (isWhole(received)) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello");
    });
    const guest = new Guest({ limits: { fetchIdleMs: 20 } });
    expect(await failure(guest.bytes(await guest.fetch(upstream.url)))).toBe("TypeError: fetch failed: the upstream's body stopped arriving");
  });

  test("that never accepts is given up", async () => {
    const guest = new Guest({ limits: { fetchConnectMs: 20 }, network: { lookup: () => new Promise(() => {}), localAddresses: () => [], connect: () => Promise.reject(new Error("not asked")) } });
    expect(await failure(guest.fetch("http://slow.test/"))).toBe("TypeError: fetch failed: the upstream's name could not be resolved in time");
  });

  test("that sends two responses is heard once", async () => {
    const one = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none";
    await using upstream = await Upstream.answering(`${one}${one}`);
    const guest = new Guest();
    expect(await guest.text(await guest.fetch(upstream.url))).toBe("one");
    await guest.fetch(upstream.url);
    expect(upstream.connections).toBe(2);
  });

  test("that trickles single bytes in single chunks is read whole", async () => {
    await using upstream = await Upstream.answering(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${"1\r\nx\r\n".repeat(50_000)}0\r\n\r\n`);
    const guest = new Guest();
    expect(await guest.text(await guest.fetch(upstream.url))).toBe("x".repeat(50_000));
  });
});

describe("a large body", () => {
  test("is read no faster than the guest takes it", async () => {
    const total = 64 * MEGABYTE;
    const chunk = new Uint8Array(MEGABYTE).fill(7);
    let sent = 0;
    await using upstream = await Upstream.start((socket, received) => {
      if (!isWhole(received)) return;
      const push = (): void => {
        for (let isWilling = true; isWilling && sent < total; sent += chunk.byteLength) isWilling = socket.write(chunk);
      };
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
      socket.on("drain", push);
      push();
    });
    const guest = new Guest();
    const source = guest.source(await guest.fetch(upstream.url));
    let taken = 0;
    let mostAhead = 0;
    for (let chunk = await source.pull(); chunk !== null; chunk = await source.pull()) {
      taken += chunk.byteLength;
      if (taken < 4 * MEGABYTE) await turns(50);
      mostAhead = Math.max(mostAhead, sent - taken);
    }
    expect(taken).toBe(total);
    // What the kernel holds for both ends, and what one side of the test may have queued.
    expect(mostAhead).toBeLessThan(24 * MEGABYTE);
  });

  test("that the guest gives up closes the connection", async () => {
    await using upstream = await Upstream.start((socket, received) => {
      if (isWhole(received)) socket.write(`HTTP/1.1 200 OK\r\n\r\n${"x".repeat(100_000)}`);
    });
    const guest = new Guest();
    const head = await guest.fetch(upstream.url);
    guest.resources.close(head.bodyRid);
    await until(() => upstream.sockets.size === 0);
  });

  test("dies with its invocation", async () => {
    await using upstream = await Upstream.start((socket, received) => {
      if (isWhole(received)) socket.write("HTTP/1.1 200 OK\r\n\r\nhello");
    });
    const guest = new Guest();
    const source = guest.source(await guest.fetch(upstream.url));
    await source.pull();
    const rest = failure(source.pull());
    guest.end();
    expect(await rest).toStartWith("TypeError: ");
    await until(() => upstream.sockets.size === 0);
  });
});

describe("an upload", () => {
  test("of 50 MB goes no faster than the upstream takes it", async () => {
    const total = 50 * MEGABYTE;
    const chunk = new Uint8Array(256 << 10).fill(1);
    let arrived = 0;
    await using upstream = await Upstream.start((socket) => {
      if (socket.listenerCount("data") > 1) return;
      socket.on("data", (bytes: Buffer) => {
        arrived += bytes.byteLength;
        if (bytes.subarray(-5).equals(latin1("0\r\n\r\n"))) socket.end("HTTP/1.1 204 No Content\r\n\r\n");
      });
    });
    const guest = new Guest();
    const pipe = new BytePipe(256 << 10);
    const answer = guest.fetch(upstream.url, { method: "POST", bodyRid: guest.resources.add(SINK, pipe) });
    let mostAhead = 0;
    for (let written = 0; written < total; written += chunk.byteLength) {
      await pipe.write(chunk);
      mostAhead = Math.max(mostAhead, written - arrived);
    }
    pipe.close();
    expect(await answer).toMatchObject({ status: 204, bodyRid: 0 });
    expect(mostAhead).toBeLessThan(24 * MEGABYTE);
  });

  test("may rest for longer than the upstream may", async () => {
    await using silent = await Upstream.start(() => {});
    await using upstream = await Upstream.start((socket, received) => {
      if (received.endsWith("0\r\n\r\n")) socket.end("HTTP/1.1 204 No Content\r\n\r\n");
    });
    const guest = new Guest({ limits: { fetchHeadersMs: 30 } });
    const pipe = new BytePipe(1024);
    const answer = guest.fetch(upstream.url, { method: "POST", bodyRid: guest.resources.add(SINK, pipe) });
    await until(() => upstream.requests.length === 1);
    // The time that this one takes to fail is the time that the upload rests.
    expect(await failure(guest.fetch(silent.url))).toContain("in time");
    pipe.close();
    expect((await answer).status).toBe(204);
  });

  test("that fails on the guest's side is never taken for whole", async () => {
    await using upstream = await Upstream.start(() => {});
    const guest = new Guest();
    const pipe = new BytePipe(1024);
    const answer = failure(guest.fetch(upstream.url, { method: "POST", bodyRid: guest.resources.add(SINK, pipe) }));
    await pipe.write(Buffer.from("half"));
    await until(() => upstream.requests[0]?.includes("half") === true);
    pipe.abort(new Error("guest stream failed"));
    expect(await answer).toBe("TypeError: fetch failed: the body of the request failed");
    await until(() => upstream.sockets.size === 0);
    expect(upstream.requests[0]).not.toContain("0\r\n\r\n");
  });

  test("stops when the upstream has answered without wanting it", async () => {
    await using upstream = await Upstream.start((socket, received) => {
      if (isWhole(received)) socket.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");
    });
    const guest = new Guest();
    const pipe = new BytePipe(1024);
    let isCanceled = false;
    pipe.onCancel = () => {
      isCanceled = true;
    };
    const head = await guest.fetch(upstream.url, { method: "POST", bodyRid: guest.resources.add(SINK, pipe) });
    expect([head.status, await guest.text(head), isCanceled]).toEqual([413, "no", true]);
  });

  test("is told when its request was refused, so that it does not wait for ever", async () => {
    const guest = new Guest({ allowsPrivate: false });
    const pipe = new BytePipe(1);
    const written = failure(pipe.write(Buffer.from("waiting")));
    await failure(guest.fetch("http://127.0.0.1/", { method: "POST", bodyRid: guest.resources.add(SINK, pipe) }));
    expect(await written).toContain("not allowed");
  });
});
