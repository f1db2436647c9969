import { expect, test } from "bun:test";
import { findOffset, probeLayout } from "../../../../build/engine/layout.ts";
import { readBytes, readNumber, readString, TAG } from "../../../../src/isolate/engine/values.ts";
import { engine, meteredEngine } from "./fixture.ts";

const layout = probeLayout(engine);
const guest = meteredEngine();
const memory = () => ({ bytes: guest.bytes, view: guest.view, layout });

test("every number that a guest can hold is read as it is", () => {
  for (const value of ["0", "-0", "1", "-2147483648", "2147483648", "0.1", "-1e-310", "1.7976931348623157e308", "Infinity", "-Infinity", "NaN"])
    expect(Object.is(readNumber(memory(), guest.evaluate(value)), Number(value))).toBe(true);
  for (const other of ["'1'", "null", "true", "1n", "({})", "Symbol()", "2n ** 80n"]) expect(readNumber(memory(), guest.evaluate(other))).toBeUndefined();
});

test("strings are read whole, flat or concatenated, narrow or wide", () => {
  for (const text of ["", "plain", "ünï", "✓ wide \u0000 nul \ud83d\ude00", "\ud800 lone"]) expect(readString(memory(), guest.evaluate(JSON.stringify(text)), 1000)).toBe(text);
  let text = "";
  for (let i = 0; i < 2000; i++) text = i % 2 ? `${text}part ${i}` : "ü✓".repeat(i % 9) + text;
  const rope = guest.evaluate("let rope = ''; for (let i = 0; i < 2000; i++) rope = i % 2 ? rope + 'part ' + i : 'ü✓'.repeat(i % 9) + rope; rope");
  expect(guest.boxed(rope).tag).toBe(TAG.rope);
  expect(readString(memory(), rope, 1 << 20)).toBe(text);
  expect(readString(memory(), rope, 10)).toBeUndefined();
});

test("bytes are read where the view points, also after its buffer was resized or detached", () => {
  const read = (source: string) => {
    const bytes = readBytes(memory(), guest.evaluate(source));
    return bytes && [...bytes];
  };
  expect(read("new Uint8Array([1, 2, 3, 4]).subarray(1, 3)")).toEqual([2, 3]);
  expect(read("(() => { const b = new ArrayBuffer(2, { maxByteLength: 9 }), v = new Uint8Array(b, 1); b.resize(4); v.set([7, 8, 9]); return v })()")).toEqual([7, 8, 9]);
  expect(read("(() => { const v = new Uint8Array(5); v.buffer.transfer(); return v })()")).toEqual([]);
  for (const other of ["new Int8Array(3)", "new Uint8ClampedArray(3)", "new ArrayBuffer(3)", "[1, 2]", "'text'"]) expect(read(other)).toBeNull();
});

test("a buffer's bytes are found through its object", () => {
  const object = guest.boxed(guest.evaluate("new Uint8Array([5, 6, 7]).buffer")).payload;
  const { view, bytes } = guest;
  expect(view.getUint16(object + layout.objectClass, true)).toBe(layout.arrayBufferClass);
  const struct = view.getUint32(object + layout.objectArrayBuffer, true);
  const data = view.getUint32(struct + layout.arrayBufferData, true);
  expect([...bytes.subarray(data, data + view.getUint32(struct + layout.arrayBufferLength, true))]).toEqual([5, 6, 7]);
});

test("two engines with the same random state draw the same numbers, and another state gives others", () => {
  const draw = (seed: bigint) => {
    const fresh = meteredEngine();
    fresh.view.setBigUint64(fresh.context + layout.randomState, seed, true);
    return fresh.evaluateJson("JSON.stringify([Math.random(), Math.random()])");
  };
  expect(draw(42n)).toBe(draw(42n));
  expect(draw(42n)).not.toBe(draw(43n));
});

test("a probe that fits nowhere, or in two places, fails the build", () => {
  expect(findOffset("sample", 16, 4, (offset) => offset === 8)).toBe(8);
  expect(() => findOffset("sample", 16, 4, () => false)).toThrow("sample: not found");
  expect(() => findOffset("sample", 16, 4, (offset) => offset > 4)).toThrow("sample: ambiguous, fits at 8, 12");
});
