/** Bodies that an app passes on unread go from source to client on the host: the isolate meets none of their bytes. */
import { describe, expect, test } from "bun:test";
import type { ByteSource } from "../../src/base/wire.ts";
import { sourceOf, TestIsolate } from "../harness/isolate.ts";

const CHARGE_PER_BYTE = 1 / 16;
const bytesOf = (length: number) => Uint8Array.from({ length }, (_, at) => (at * 7) >> 2);
const chunksOf = (data: Uint8Array, size: number) => Array.from({ length: Math.ceil(data.length / size) }, (_, i) => data.subarray(i * size, (i + 1) * size));

/** A source that gives its chunks when the test says so. */
function heldSource(): { readonly source: ByteSource; readonly give: (chunk: Uint8Array | null | Error) => void; readonly isCanceled: () => boolean } {
  let puller = Promise.withResolvers<Uint8Array | null>();
  let isCanceled = false;
  return {
    source: {
      pull: () => puller.promise,
      cancel() {
        isCanceled = true;
      },
    },
    give(chunk) {
      const { resolve, reject } = puller;
      puller = Promise.withResolvers();
      if (chunk instanceof Error) reject(chunk);
      else resolve(chunk);
    },
    isCanceled: () => isCanceled,
  };
}

const PASSES = {
  "the stream itself": "new Response(request.body, { headers: { 'x-a': 'b' } })",
  "the body of a request made of it": "new Response(new Request('http://x.test/', { method: 'POST', body: request.body, duplex: 'half' }).body, { headers: { 'x-a': 'b' } })",
};

describe.each(Object.entries(PASSES))("%s", (_name, response) => {
  const app = () => TestIsolate.load(`export default { fetch(request) { return ${response} } }`);

  test("arrives as it was", async () => {
    using isolate = await app();
    const data = bytesOf(300_000);
    const answer = await isolate.send({ method: "POST", body: sourceOf(...chunksOf(data, 10_000)) }).answer;
    expect(answer.headers).toEqual([["x-a", "b"]]);
    expect(Buffer.compare(Buffer.from(await answer.bytes()), Buffer.from(data))).toBe(0);
  });

  test("costs the guest the same whatever its length", async () => {
    using isolate = await app();
    const fuelOf = async (length: number) => {
      const { fuel } = await isolate.request({ method: "POST", body: sourceOf(...chunksOf(bytesOf(length), 1_000)) });
      return fuel - length * CHARGE_PER_BYTE;
    };
    await fuelOf(1_000);
    // A hundred chunks through the guest would be 300,000.
    expect(Math.abs((await fuelOf(100_000)) - (await fuelOf(1_000)))).toBeLessThan(100);
  });
});

const ECHO = "export default { fetch(request) { return new Response(request.body) } }";

test("an invocation lasts until its body has been passed on", async () => {
  using app = await TestIsolate.load(ECHO);
  const { source, give } = heldSource();
  const exchange = app.send({ method: "POST", body: source });
  const body = (await exchange.answer).body as ByteSource;
  const first = body.pull();
  give(bytesOf(10));
  expect(await first).toEqual(bytesOf(10));
  expect(exchange.invocation.isOver).toBe(false);
  const last = body.pull();
  give(null);
  expect(await last).toBeNull();
  expect((await exchange.over).outcome).toBe("ok");
});

test("waitUntil work goes on after the body has been passed on", async () => {
  using app = await TestIsolate.load("export default { fetch(request, env, ctx) { ctx.waitUntil(new Promise((r) => setTimeout(r, 30)).then(() => console.log('done'))); return new Response(request.body) } }");
  const exchange = app.send({ method: "POST", body: "text" });
  expect(await (await exchange.answer).text()).toBe("text");
  expect((await exchange.over).outcome).toBe("ok");
  expect(app.logs.map(({ text }) => text)).toEqual(["done"]);
});

test("a client that leaves cancels the source", async () => {
  using app = await TestIsolate.load(ECHO);
  const { source, isCanceled } = heldSource();
  const exchange = app.send({ method: "POST", body: source });
  const body = (await exchange.answer).body as ByteSource;
  const pulled = body.pull();
  body.cancel(new Error("left"));
  expect(await pulled.catch(({ message }) => message)).toBe("left");
  expect(isCanceled()).toBe(true);
  await exchange.over;
});

test("a source that fails fails the answer, and an invocation that is ended does", async () => {
  using app = await TestIsolate.load(ECHO, { limits: { streamMs: 60 } });
  const failing = heldSource();
  const failed = ((await app.send({ method: "POST", body: failing.source }).answer).body as ByteSource).pull();
  failing.give(new Error("broken"));
  expect(await failed.catch(({ message }) => message)).toBe("broken");

  const slow = heldSource();
  const exchange = app.send({ method: "POST", body: slow.source });
  const pulled = ((await exchange.answer).body as ByteSource).pull();
  expect(await pulled.catch(({ outcome }) => outcome)).toBe("exceededWallTime");
  expect(slow.isCanceled()).toBe(true);
});

test("an app that looks at the request's signal hears that the client has left, and its answer is the same", async () => {
  using app = await TestIsolate.load("export default { fetch(request) { request.signal.addEventListener('abort', () => console.log('left')); return new Response(request.body) } }");
  expect((await app.request({ method: "POST", body: "text" })).text).toBe("text");
  const { source } = heldSource();
  const exchange = app.send({ method: "POST", body: source });
  const answer = await exchange.answer;
  exchange.invocation.cancel();
  (answer.body as ByteSource).cancel();
  await exchange.over;
  expect(app.logs.map(({ text }) => text)).toEqual(["left"]);
});

test("what has been passed on is used, and what has been read from is not passed on", async () => {
  using app = await TestIsolate.load(`export default { async fetch(request, env, ctx) {
    if (request.headers.get("x-read") === null) {
      ctx.waitUntil(new Promise((later) => setTimeout(later, 1)).then(() => request.text()).catch(({ name }) => console.log(request.bodyUsed, request.body.locked, name)));
      return new Response(request.body);
    }
    const reader = request.body.getReader();
    const { value } = await reader.read();
    reader.releaseLock();
    try { return new Response(request.body) } catch ({ name }) { return new Response(value.length + name) }
  } }`);
  const body = () => sourceOf(bytesOf(3), bytesOf(4));
  expect((await app.request({ method: "POST", body: body() })).text.length).toBe(7);
  expect(app.logs.map(({ text }) => text)).toEqual(["true true TypeError"]);
  expect((await app.request({ method: "POST", headers: [["x-read", "1"]], body: body() })).text).toBe("3TypeError");
});
