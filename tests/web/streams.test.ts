import { expect, test } from "bun:test";
import { sourceOf, TestIsolate } from "../harness/isolate.ts";

const guest = new TestIsolate();

test("chunks go from source to sink through a transform, no faster than the sink takes them", async () => {
  expect(
    await guest.run(`
      const seen = []; let n = 0;
      const source = new ReadableStream({ pull(c) { seen.push("pull " + ++n); c.enqueue(n); if (n === 3) c.close() } }, { highWaterMark: 0 });
      await source.pipeThrough(new TransformStream({ transform(x, c) { c.enqueue(x * 10) } })).pipeTo(new WritableStream({ write(x) { seen.push("write " + x) } }, { highWaterMark: 1 }));
      return [seen.filter((s) => s.startsWith("write")), seen.indexOf("write 10") > seen.indexOf("pull 1"), n];`),
  ).toEqual([["write 10", "write 20", "write 30"], true, 3]);
});

test("an app that patches the built-ins breaks no stream of the platform", async () => {
  // Not Promise[Symbol.species] and the getters of buffers: nothing could be done with what the engine and the library ask of them.
  using app = await TestIsolate.load(`
    const poison = () => { throw new Error("patched") }, define = Object.defineProperty;
    const spared = ["constructor", "__proto__", "byteLength", "byteOffset", "buffer", Symbol.iterator];
    const owners = [Array.prototype, String.prototype, RegExp.prototype, Map.prototype, Promise.prototype, Promise, ArrayBuffer, ArrayBuffer.prototype, Object.getPrototypeOf(Uint8Array.prototype), Object, Object.prototype, Function.prototype, Math, Number, Reflect];
    const targets = owners.flatMap((owner) => Reflect.ownKeys(owner).map((key) => [owner, key, Object.getOwnPropertyDescriptor(owner, key)])).filter(([owner, key, d]) => !spared.includes(key) && d.configurable && typeof (d.value ?? d.get) === "function" && !(owner === Promise && key === Symbol.species));
    export default { fetch(request) {
      for (let i = 0; i < targets.length; i++) define(targets[i][0], targets[i][1], { value: poison });
      for (const name of ["TypeError", "Uint8Array", "ArrayBuffer", "Promise", "Number", "queueMicrotask"]) globalThis[name] = poison;
      const copy = request.clone();
      request.body;
      return new Response(copy.body);
    } }`);
  expect((await app.request({ method: "POST", body: sourceOf(new Uint8Array([104]), new Uint8Array([105])) })).text).toBe("hi");
});

test("tee gives both branches everything, and for await reads a stream to its end", async () => {
  expect(
    await guest.run(`
      const [a, b] = ReadableStream.from([1, 2, 3]).tee(), seen = [[], []];
      for await (const x of a) seen[0].push(x);
      for await (const x of b) seen[1].push(x);
      return [seen, a.locked];`),
  ).toEqual([[[1, 2, 3], [1, 2, 3]], false]);
});

test("a byte stream fills the reader's own buffer", async () => {
  expect(
    await guest.run(`
      const stream = new ReadableStream({ type: "bytes", pull(c) { const { view } = c.byobRequest; view[0] = 7; c.byobRequest.respond(1) } });
      const reader = stream.getReader({ mode: "byob" });
      const { value } = await reader.read(new Uint8Array(4));
      return [value.length, value[0], value.buffer.byteLength];`),
  ).toEqual([1, 7, 4]);
});

test("text is encoded and decoded across chunk borders", async () => {
  expect(
    await guest.run(`
      const pieces = []; for await (const piece of ReadableStream.from(["a\\ud83d", "\\ude00b\\ud800"]).pipeThrough(new TextEncoderStream())) pieces.push(...piece);
      let text = ""; for await (const piece of ReadableStream.from(pieces.map((byte) => new Uint8Array([byte]))).pipeThrough(new TextDecoderStream())) text += piece;
      return [pieces, text];`),
  ).toEqual([[0x61, 0xf0, 0x9f, 0x98, 0x80, 0x62, 0xef, 0xbf, 0xbd], "a😀b\ufffd"]);
});

test("what is compressed comes out again, in every format and of any size", async () => {
  expect(
    await guest.run(`
      const through = async (bytes, stream) => new Uint8Array(await new Response(new Response(bytes).body.pipeThrough(stream)).arrayBuffer());
      const data = new Uint8Array(300_000).map((_, i) => (i * i) >> 7), sizes = [];
      for (const format of ["gzip", "deflate", "deflate-raw"]) for (const length of [0, 1, 300_000]) {
        const packed = await through(data.subarray(0, length), new CompressionStream(format));
        const back = await through(packed, new DecompressionStream(format));
        sizes.push(back.length === length && back.every((byte, i) => byte === data[i]) && (length < 10 || packed.length < length));
      }
      return sizes;`),
  ).toEqual(Array(9).fill(true));
});

test("compressed data that is damaged, cut off or followed by more is a TypeError", async () => {
  expect(
    await guest.run(`
      const collect = async (stream) => new Uint8Array(await new Response(stream).arrayBuffer());
      const packed = await collect(new Blob(["text ".repeat(1000)]).stream().pipeThrough(new CompressionStream("gzip")));
      const outcome = (bytes) => collect(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).then((b) => b.length, (e) => e.name);
      const damaged = packed.slice(); damaged[20] ^= 255;
      return [await outcome(packed), await outcome(damaged), await outcome(packed.slice(0, -4)), await outcome(new Uint8Array([...packed, 1])), await outcome(new Uint8Array(0))];`),
  ).toEqual([5000, "TypeError", "TypeError", "TypeError", "TypeError"]);
});

test("a bomb is inflated only as far as it is read", async () => {
  expect(
    await guest.run(`
      const zeros = new ReadableStream({ n: 0, pull(c) { c.enqueue(new Uint8Array(65536)); if (++this.n === 160) c.close() } });
      const packed = await new Response(zeros.pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
      const reader = new Response(packed).body.pipeThrough(new DecompressionStream("gzip")).getReader();
      const { value } = await reader.read();
      await reader.cancel();
      return [packed.byteLength < 20_000, value.length <= 65536];`),
  ).toEqual([true, true]);
});
