import { expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

const guest = new TestIsolate();

test("values keep their types, cycles and shared parts", async () => {
  expect(
    await guest.run(`
      const shared = { s: 1 }, source = { u: undefined, n: -0, big: 5n, d: new Date(7), r: /a/gy, o: Object("x"), m: new Map([[shared, new Set([shared])]]), a: [1, , 3], shared };
      source.self = source; source.a.extra = "e"; Object.defineProperty(source, "hidden", { value: 1 });
      source["__proto__x"] = 1; Object.defineProperty(source, "__proto__", { value: { own: 1 }, enumerable: true });
      const c = structuredClone(source), [key, set] = [...c.m][0];
      return [c !== source, c.self === c, key === c.shared, set.has(key), "u" in c, Object.is(c.n, -0), String(c.big), c.d.getTime(), String(c.r), typeof c.o, c.a.length, 1 in c.a, c.a.extra, "hidden" in c, Object.getOwnPropertyDescriptor(c, "__proto__").value.own, Object.getPrototypeOf(c) === Object.prototype];`),
  ).toEqual([true, true, true, true, true, true, "5", 7, "/a/gy", "object", 3, false, "e", false, 1, true]);
});

test("errors keep name, message, stack and cause, subclasses become their base", async () => {
  expect(
    await guest.run(`
      class Own extends RangeError { extra = 1 }
      const e = new Own("m", { cause: { a: 1 } }); const c = structuredClone(e), d = structuredClone(new DOMException("x", "DataError"));
      const odd = new Error("o"); odd.name = "Odd";
      return [c instanceof RangeError, c.constructor === RangeError, c.message, c.stack === e.stack, c.cause.a, "extra" in c, d instanceof DOMException, d.name, d.code, structuredClone(odd).name];`),
  ).toEqual([true, true, "m", true, 1, false, true, "DataError", 0, "Error"]);
});

test("buffers are copied once, views keep their place, a transfer takes the buffer away", async () => {
  expect(
    await guest.run(`
      const buffer = new Uint8Array([1, 2, 3, 4]).buffer, views = { a: new Uint8Array(buffer, 1, 2), b: new Uint16Array(buffer), d: new DataView(buffer, 3), buffer };
      const c = structuredClone(views); c.b[0] = 0;
      const moved = structuredClone(views, { transfer: [buffer] });
      const resizable = structuredClone(new ArrayBuffer(2, { maxByteLength: 8 }));
      return [[...c.a], c.a.buffer === c.buffer, c.d.byteOffset, [...moved.a], buffer.detached, resizable.resizable, resizable.maxByteLength];`),
  ).toEqual([[0, 3], true, 3, [2, 3], true, true, 8]);
});

test("what cannot be cloned is a DataCloneError and takes nothing away", async () => {
  expect(
    await guest.run(`
      const name = (f) => { try { f(); return "none" } catch (e) { return e.name } };
      const buffer = new ArrayBuffer(1), gone = new ArrayBuffer(1); structuredClone(gone, { transfer: [gone] });
      return [[() => {}, Symbol(), Object(Symbol()), new WeakMap(), new WeakSet(), Promise.resolve(), (function* () {})(), new Event("e"), new URL("http://a"), gone, globalThis.setTimeout].map((v) => name(() => structuredClone({ v }))),
        name(() => structuredClone({ buffer, f() {} }, { transfer: [buffer] })), buffer.detached, name(() => structuredClone(1, { transfer: [buffer, buffer] })), name(() => structuredClone(1, { transfer: [{}] })), name(() => structuredClone()), name(() => structuredClone(1, { transfer: 5 })), name(() => structuredClone({ get a() { throw new RangeError() } }))];`),
  ).toEqual([Array(11).fill("DataCloneError"), "DataCloneError", false, "DataCloneError", "DataCloneError", "TypeError", "TypeError", "RangeError"]);
});

test("views of resizable buffers follow their length in the clone when they do in the original, which keeps its bytes", async () => {
  using guest = new TestIsolate();
  expect(
    await guest.run(`const seen = [];
      for (const [size, most] of [[16, 32], [16, 16], [8, 8]]) for (const View of [Uint8Array, Float64Array, BigInt64Array, DataView]) for (const length of [undefined, 1]) {
        const buffer = new ArrayBuffer(size, { maxByteLength: most });
        new Uint8Array(buffer).fill(7);
        const clone = structuredClone(new View(buffer, 0, length));
        const whole = new Uint8Array(buffer).every((byte) => byte === 7) && buffer.byteLength === size;
        clone.buffer.resize(0);
        let follows = true;
        try { follows = clone.byteLength === 0 && (clone instanceof DataView || (clone.at(0), true)) } catch { follows = false }
        if (!whole || follows !== (length === undefined)) seen.push([View.name, size, most, length, whole, follows]);
      }
      return seen`),
  ).toEqual([]);
});

test("a view beyond the end of its buffer is no clone", async () => {
  using guest = new TestIsolate();
  expect(
    await guest.run(`return [Uint8Array, BigInt64Array, DataView].map((View) => {
      const buffer = new ArrayBuffer(16, { maxByteLength: 32 }), view = new View(buffer, 8);
      buffer.resize(0);
      try { structuredClone(view); return "cloned" } catch (error) { return error.name }
    })`),
  ).toEqual(["DataCloneError", "DataCloneError", "DataCloneError"]);
});
