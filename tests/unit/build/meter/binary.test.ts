import { expect, test } from "bun:test";
import fc from "fast-check";
import { BinaryReader, encodeS32, encodeU32 } from "../../../../build/meter/binary.ts";

const edges = [0, 1, 63, 64, 127, 128, 16_383, 16_384, 2 ** 21, 2 ** 28 - 1, 2 ** 28, 2 ** 31 - 1];

test("every unsigned integer is read as it was written, in as few bytes as it needs", () => {
  const check = (value: number) => {
    const encoded = encodeU32(value);
    const reader = new BinaryReader(Uint8Array.from(encoded));
    expect(reader.u32()).toBe(value);
    expect(reader.done).toBe(true);
    expect(encoded.length).toBe(Math.max(1, Math.ceil(value.toString(2).length / 7)));
  };
  for (const value of [...edges, 2 ** 31, 2 ** 32 - 1]) check(value);
  fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), check));
});

test("every signed integer is read as it was written", () => {
  const check = (value: number) => {
    const reader = new BinaryReader(Uint8Array.from(encodeS32(value)));
    expect(reader.s32()).toBe(value);
    expect(reader.done).toBe(true);
  };
  for (const value of edges) for (const signed of [value, 0 - value, -value - 1]) check(signed);
  fc.assert(fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), check));
});

test("a 64-bit constant is read to its full width", () => {
  expect(new BinaryReader(Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f)).signed(64)).toBe(-(2n ** 63n));
});

test("what does not fit the format is refused with its offset", () => {
  const read = (...bytes: number[]) => new BinaryReader(Uint8Array.from(bytes));
  expect(() => read(0x80, 0x80, 0x80, 0x80, 0x80, 0).u32()).toThrow("malformed u32 at offset 0");
  expect(() => read(0xff, 0xff, 0xff, 0xff, 0x1f).u32()).toThrow("malformed u32 at offset 0");
  expect(() => read(0xff, 0xff, 0xff, 0xff, 0x4f).s32()).toThrow("malformed s32 at offset 0");
  expect(() => read(0x80).u32()).toThrow("unexpected end of input at offset 1");
  expect(() => read(5, 1).name()).toThrow("unexpected end of input");
  expect(() => encodeU32(-1)).toThrow(RangeError);
  expect(() => encodeS32(2 ** 31)).toThrow(RangeError);
});
