/** What a guest sees of good and bad upstreams, as data: run in Bun and in Node, and compared. */
import { createServer } from "node:tls";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { BytePipe } from "../../../../../src/base/byte-pipe.ts";
import { SINK } from "../../../../../src/web/fetch/host/answer-ops.ts";
import { ConnectionPool } from "../../../../../src/web/fetch/host/egress/connection-pool.ts";
import { systemNetwork } from "../../../../../src/web/fetch/host/egress/network.ts";
import { cert, key } from "./certificate.ts";
import { failure, Guest, latin1, outcome, turns, Upstream, until } from "./fixture.ts";

const MEGABYTE = 1 << 20;
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

const answered = async (bytes: string | Uint8Array): Promise<unknown> => {
  await using upstream = await Upstream.answering(bytes);
  const guest = new Guest();
  return await outcome(guest.fetch(upstream.url).then(async (head) => `${head.status} ${head.headers} ${(await guest.bytes(head)).byteLength}`));
};

const encoded = (coding: string, body: Uint8Array): Uint8Array => Buffer.concat([latin1(`HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\n\r\n`), body]);

async function reset(): Promise<unknown> {
  await using upstream = await Upstream.start((socket) => socket.write("HTTP/1.1 200 OK\r\n\r\nhello"));
  const guest = new Guest();
  const source = guest.source(await guest.fetch(upstream.url));
  await source.pull();
  for (const socket of upstream.sockets) socket.resetAndDestroy();
  return await failure(source.pull());
}

async function backpressure(): Promise<unknown> {
  const total = 64 * MEGABYTE;
  let sent = 0;
  await using upstream = await Upstream.start((socket) => {
    const push = (): void => {
      for (let isWilling = true; isWilling && sent < total; sent += MEGABYTE) isWilling = socket.write(new Uint8Array(MEGABYTE));
    };
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
    socket.on("drain", push);
    push();
  });
  const guest = new Guest();
  const head = await guest.fetch(upstream.url);
  await turns(500);
  return [sent < 24 * MEGABYTE, (await guest.bytes(head)).byteLength];
}

async function upload(): Promise<unknown> {
  let arrived = 0;
  await using upstream = await Upstream.start((socket, received) => {
    arrived = received.length;
    if (received.endsWith("0\r\n\r\n")) socket.end(OK);
  });
  const guest = new Guest();
  const pipe = new BytePipe(65_536);
  const answer = guest.fetch(upstream.url, { method: "POST", bodyRid: guest.resources.add(SINK, pipe) });
  for (let count = 0; count < 20; count++) await pipe.write(new Uint8Array(100_000));
  pipe.close();
  return [(await answer).status, arrived > 2_000_000];
}

async function tls(roots: string | undefined, name: string): Promise<unknown> {
  const server = createServer({ key, cert }, (socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(OK));
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const system = systemNetwork(roots);
  const guest = new Guest({ network: { ...system, lookup: async () => ["1.1.1.1"], connect: (endpoint, signal) => system.connect({ ...endpoint, address: "127.0.0.1" }, signal) } });
  const result = await outcome(guest.fetch(`https://${name}:${port}/`).then((head) => guest.text(head)));
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return result;
}

async function kept(): Promise<unknown> {
  await using upstream = await Upstream.start((socket, received) => {
    if (received.endsWith("\r\n\r\n")) socket.write(OK);
  });
  const pool = new ConnectionPool();
  const guest = new Guest({ pool });
  const texts: string[] = [];
  for (let count = 0; count < 3; count++) texts.push(await guest.text(await guest.fetch(upstream.url)));
  pool.close();
  await until(() => upstream.sockets.size === 0);
  return [texts, upstream.connections];
}

async function aborted(): Promise<unknown> {
  await using upstream = await Upstream.start(() => {});
  const guest = new Guest();
  const answer = failure(guest.fetch(upstream.url, { id: 1 }));
  await until(() => upstream.requests.length === 1);
  guest.abort(1);
  await until(() => upstream.sockets.size === 0);
  return await answer;
}

export async function probe(): Promise<Record<string, unknown>> {
  return {
    plain: await answered(OK),
    untilClose: await answered("HTTP/1.1 200 OK\r\n\r\nhello"),
    chunked: await answered("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
    cut: await answered("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"),
    silent: await answered(""),
    garbage: await answered("garbage\r\n\r\n"),
    gzip: await answered(encoded("gzip", gzipSync(new Uint8Array(500_000)))),
    gzipThenGarbage: await answered(encoded("gzip", Buffer.concat([gzipSync("text"), new Uint8Array(100_000)]))),
    gzipCut: await answered(encoded("gzip", gzipSync("text").subarray(0, -9))),
    br: await answered(encoded("br", brotliCompressSync(new Uint8Array(500_000)))),
    bomb: await answered(encoded("gzip", gzipSync(new Uint8Array(20 * MEGABYTE)))),
    reset: await reset(),
    backpressure: await backpressure(),
    upload: await upload(),
    tls: await tls(cert, "secure.test"),
    tlsOfAnotherName: await tls(cert, "other.test"),
    tlsOfAnUnknownIssuer: await tls(undefined, "secure.test"),
    local: await failure(new Guest({ allowsPrivate: false }).fetch("http://localhost/")),
    unreachable: await failure(new Guest().fetch("http://127.0.0.1:4/")),
    kept: await kept(),
    aborted: await aborted(),
  };
}
