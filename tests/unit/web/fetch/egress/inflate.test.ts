import { describe, expect, test } from "bun:test";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { inflated } from "../../../../../src/web/fetch/host/egress/inflate.ts";
import { failure, Guest, latin1, turns, Upstream } from "./fixture.ts";

const MEGABYTE = 1 << 20;
const TEXT = Buffer.from("text that repeats, ".repeat(10_000));

const encoded = (coding: string, body: Uint8Array): Uint8Array => Buffer.concat([latin1(`HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\nContent-Length: ${body.byteLength}\r\nX-A: 1\r\n\r\n`), body]);

async function fetched(coding: string, body: Uint8Array): Promise<{ headers: string; body: Uint8Array; fuel: number }> {
  await using upstream = await Upstream.answering(encoded(coding, body));
  const guest = new Guest();
  const head = await guest.fetch(upstream.url);
  return { headers: head.headers, body: await guest.bytes(head), fuel: guest.fuel };
}

describe("an encoded body", () => {
  test.each([
    ["gzip", gzipSync(TEXT)],
    ["X-GZip", gzipSync(TEXT)],
    ["br", brotliCompressSync(TEXT)],
    ["deflate", deflateSync(TEXT)],
    ["deflate", deflateRawSync(TEXT)],
    ["gzip, br", brotliCompressSync(gzipSync(TEXT))],
    ["identity, gzip", gzipSync(TEXT)],
  ])("in %s arrives plain, and its fields no longer describe the other", async (coding, body) => {
    const answer = await fetched(coding, body);
    expect(Buffer.from(answer.body).equals(TEXT)).toBe(true);
    expect(answer.headers).toBe("X-A\n1\n");
  });

  test("is charged by its size", async () => {
    const { fuel } = await fetched("gzip", gzipSync(TEXT));
    const { fuel: fuelOfNothing } = await fetched("gzip", gzipSync(""));
    expect(fuel - fuelOfNothing).toBeGreaterThan(TEXT.byteLength);
  });

  test("in a coding that nobody asked for stays as it is", async () => {
    const answer = await fetched("zstd", TEXT);
    expect([answer.headers, Buffer.from(answer.body).equals(TEXT)]).toEqual([`Content-Encoding\nzstd\nContent-Length\n${TEXT.byteLength}\nX-A\n1\n`, true]);
  });

  test("without a byte is empty", async () => {
    expect((await fetched("gzip", new Uint8Array())).body.byteLength).toBe(0);
  });

  test("may be followed by garbage", async () => {
    expect(Buffer.from((await fetched("gzip", Buffer.concat([gzipSync(TEXT), Buffer.alloc(100_000)]))).body).equals(TEXT)).toBe(true);
  });

  test.each([
    ["gzip", gzipSync(TEXT).subarray(0, -20)],
    ["br", brotliCompressSync(TEXT).subarray(0, -2)],
    ["gzip", TEXT],
    ["br", Buffer.from("no brotli at all, for certain")],
  ])("in %s that is cut or false is a TypeError", async (coding, body) => {
    expect(await failure(fetched(coding, body))).toBe("TypeError: fetch failed: the upstream's body is not encoded as it says");
  });

  const zeros = Buffer.alloc(200 * MEGABYTE);
  const bomb = gzipSync(zeros, { level: 9 });
  test.each([
    ["gzip", bomb],
    ["br", brotliCompressSync(Buffer.alloc(50 * MEGABYTE))],
    ["deflate", deflateSync(zeros)],
    ["gzip, gzip", gzipSync(bomb)],
    ["gzip, br, gzip", gzipSync(brotliCompressSync(bomb))],
  ])("in %s that inflates beyond 100:1 is cut", async (coding, body) => {
    await using upstream = await Upstream.answering(encoded(coding, body));
    const guest = new Guest();
    const source = guest.source(await guest.fetch(upstream.url));
    let taken = 0;
    const drain = async (): Promise<void> => {
      for (let chunk = await source.pull(); chunk !== null; chunk = await source.pull()) taken += chunk.byteLength;
    };
    expect(await failure(drain())).toBe("TypeError: fetch failed: the upstream's body inflates beyond all proportion");
    expect(taken).toBeLessThanOrEqual(Math.max(MEGABYTE, 100 * body.byteLength));
  });

  test("in ten codings is refused", async () => {
    expect(await failure(fetched(Array(10).fill("gzip").join(", "), TEXT))).toBe("TypeError: fetch failed: the upstream's response is encoded too many times");
  });

  test("to HEAD keeps its fields and is none", async () => {
    await using upstream = await Upstream.answering(encoded("gzip", new Uint8Array(9)));
    expect(await new Guest().fetch(upstream.url, { method: "HEAD" })).toMatchObject({ headers: "Content-Encoding\ngzip\nContent-Length\n9\nX-A\n1\n", bodyRid: 0 });
  });

  test("is taken from the network no faster than the guest takes what it inflates to", async () => {
    const wire = gzipSync(crypto.getRandomValues(new Uint8Array(65_536)), { level: 0 });
    let pulled = 0;
    const large = { pull: async () => (++pulled > 1000 ? null : wire), cancel: () => {} };
    const source = inflated(large, ["gzip"], () => {});
    await source.pull();
    await turns(200);
    expect(pulled).toBeLessThan(10);
    source.cancel();
  });

  test("is given up in the middle without harm", async () => {
    await using upstream = await Upstream.answering(encoded("gzip", gzipSync(crypto.getRandomValues(new Uint8Array(60_000)))));
    const guest = new Guest();
    const source = guest.source(await guest.fetch(upstream.url));
    await source.pull();
    source.cancel();
    expect(await failure(source.pull())).toStartWith("TypeError: ");
  });
});
