import { expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

const guest = new TestIsolate();
const OUTCOME = "const outcome = (promise) => promise.then((value) => value ?? 'done', (error) => error?.name ?? error);";

test("bytes of every kind go through an IdentityTransformStream as they are, into the reader's own buffer too", async () => {
  expect(
    await guest.run(`
      const stream = new IdentityTransformStream(), writer = stream.writable.getWriter(), chunk = new Uint8Array([2, 3, 4]);
      const written = (async () => { await writer.write(new Uint8Array([1]).buffer); await writer.write(chunk); await writer.write(new DataView(new ArrayBuffer(2), 1)); await writer.write(new Uint8Array()); await writer.close(); })();
      const reader = stream.readable.getReader({ mode: "byob" }), seen = [];
      for (;;) { const { done, value } = await reader.read(new Uint8Array(2)); if (done) break; seen.push(...value); }
      await written;
      return [seen, chunk.length, stream instanceof TransformStream, Object.prototype.toString.call(stream)];`),
  ).toEqual([[1, 2, 3, 4, 0], 3, true, "[object IdentityTransformStream]"]);
});

test("a write settles when it has been read, not before", async () => {
  expect(
    await guest.run(`
      const { readable, writable } = new IdentityTransformStream(), writer = writable.getWriter(), order = [];
      const writing = writer.write(new Uint8Array(3)).then(() => order.push("written"));
      await new Promise((resolve) => setTimeout(resolve));
      order.push("reading");
      await readable.getReader().read(); await writing;
      return order;`),
  ).toEqual(["reading", "written"]);
});

test("text is refused, and both sides fail with that", async () => {
  expect(
    await guest.run(`${OUTCOME}
      const { readable, writable } = new IdentityTransformStream(), reading = outcome(readable.getReader().read()), writer = writable.getWriter();
      return [await outcome(writer.write("text")), await reading, await outcome(writer.closed)];`),
  ).toEqual(["TypeError", "TypeError", "TypeError"]);
});

test("an abort reaches the reader, and a cancel the writer, also one whose bytes wait", async () => {
  expect(
    await guest.run(`${OUTCOME}
      const first = new IdentityTransformStream(), reading = outcome(first.readable.getReader().read());
      await first.writable.abort("enough");
      const second = new IdentityTransformStream(), writer = second.writable.getWriter(), waiting = outcome(writer.write(new Uint8Array(1)));
      await new Promise((resolve) => setTimeout(resolve));
      await second.readable.cancel("no more");
      return [await reading, await waiting, await outcome(writer.write(new Uint8Array(1)))];`),
  ).toEqual(["enough", "done", "no more"]);
});

test("a FixedLengthStream lets exactly its length through and fails with more or less", async () => {
  expect(
    await guest.run(`${OUTCOME}
      const through = async (length, ...chunks) => {
        const { readable, writable } = new FixedLengthStream(length), text = outcome(new Response(readable).text()), writer = writable.getWriter();
        for (const chunk of chunks) writer.write(new TextEncoder().encode(chunk)).catch(() => {});
        return [await outcome(writer.close()), await text];
      };
      return [await through(5, "he", "llo"), await through(5n, "hello"), await through(0), await through(4, "he", "llo"), await through(6, "he", "llo")];`),
  ).toEqual([["done", "hello"], ["done", "hello"], ["done", ""], ["TypeError", "TypeError"], ["TypeError", "TypeError"]]);
});

test("a FixedLengthStream asks for a length that a stream can have", async () => {
  expect(
    await guest.run(`const make = (...args) => { try { new FixedLengthStream(...args); return "made"; } catch (error) { return error.name; } };
      return [make(), make(-1), make(-1n), make(2 ** 53), make("a"), make(7), make(7, { highWaterMark: 3 }), new FixedLengthStream(1) instanceof IdentityTransformStream];`),
  ).toEqual(["TypeError", "TypeError", "TypeError", "TypeError", "TypeError", "made", "made", true]);
});

test("the queue of an IdentityTransformStream counts bytes where the app says how many it holds", async () => {
  expect(
    await guest.run(`const { writable } = new IdentityTransformStream({ highWaterMark: 10 }), writer = writable.getWriter();
      writer.write(new Uint8Array(4)).catch(() => {}); return writer.desiredSize;`),
  ).toBe(6);
});

test("a response streams through a FixedLengthStream by pipeTo and pipeThrough", async () => {
  expect(
    await guest.run(`
      const { readable, writable } = new FixedLengthStream(300_000);
      const piped = new Blob([new Uint8Array(300_000).fill(97)]).stream().pipeTo(writable);
      const text = await new Response(readable.pipeThrough(new IdentityTransformStream())).text(); await piped;
      return [text.length, text[299_999]];`),
  ).toEqual([300_000, "a"]);
});
