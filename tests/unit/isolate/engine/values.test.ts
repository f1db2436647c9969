import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readBytes, readNumber, readString, TAG } from "../../../../src/isolate/engine/values.ts";
import { BareEngine, LaidOutMemory, layout } from "../fixture.ts";

const bare = new BareEngine();
const { instance } = bare;
const MAX = 1 << 28;

const texts: readonly (readonly [string, string, string])[] = [
  ["empty", `""`, ""],
  ["ASCII", `"abc"`, "abc"],
  ["one octet per unit", `"\\u00e4\\u00ff\\u0080"`, "\u00e4\u00ff\u0080"],
  ["two octets per unit", `"a\\u20ac\\u4e2d"`, "a\u20ac\u4e2d"],
  ["beyond the basic plane", `"\\u{1f600}"`, "\u{1f600}"],
  ["NUL in it", `"a\\0b\\0"`, "a\0b\0"],
  ["NUL and wide", `"\\0\\u20ac\\0"`, "\0\u20ac\0"],
  ["a lone high surrogate", `"x\\ud800"`, "x\ud800"],
  ["a lone low surrogate", `"\\udc00x"`, "\udc00x"],
  ["surrogates the wrong way round", `"\\udc00\\ud800"`, "\udc00\ud800"],
  ["a byte order mark", `"\\ufeffa"`, "\ufeffa"],
  ["a rope", `{ let s = "ab".repeat(5000); s + "\\u20ac" + s; }`, `${"ab".repeat(5000)}\u20ac${"ab".repeat(5000)}`],
  ["a deep rope", `{ let s = ""; for (let i = 0; i < 3000; i++) s = s + "part" + i; s; }`, Array.from({ length: 3000 }, (_, i) => `part${i}`).join("")],
  ["a rope that grew at the front", `{ let s = "x".repeat(9000); for (let i = 0; i < 500; i++) s = i + s; s; }`, Array.from({ length: 500 }, (_, i) => 499 - i).join("") + "x".repeat(9000)],
  ["a slice", `"0123456789".repeat(1000).slice(3, 9000)`, "0123456789".repeat(1000).slice(3, 9000)],
  ["a symbol's description", `Symbol("abc").description`, "abc"],
];

describe("strings of the engine", () => {
  test.each(texts)("%s is read as it is", (_what, code, expected) => {
    expect(readString(instance, bare.evaluate(code), MAX)).toBe(expected);
  });

  test.each(texts)("%s arrives in the guest as it is", (_what, code, text) => {
    const value = instance.newString(text);
    const same = bare.apply(`(given) => given === (${code.startsWith("{") ? `eval(${JSON.stringify(code)})` : code}) && given.length === ${text.length}`, value);
    expect(instance.view.getInt32(same, true)).toBe(1);
    expect(readString(instance, value, MAX)).toBe(text);
  });

  test("any text goes to the guest and comes back unchanged", () => {
    const unit = fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0, 0x80, 0xff, 0x100, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xfffd, 0xfeff));
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 60 }), fc.integer({ min: 1, max: 100 }), (units, times) => {
        const text = String.fromCharCode(...units).repeat(times);
        const value = instance.newString(text);
        const read = readString(instance, value, MAX);
        instance.free(value);
        expect(read).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  test("a string longer than asked for is not copied", () => {
    const flat = bare.evaluate(`"0123456789"`);
    expect(readString(instance, flat, 9)).toBeUndefined();
    expect(readString(instance, flat, 10)).toBe("0123456789");
    const rope = bare.evaluate(`{ let s = "y".repeat(9000); s + s + s; }`);
    expect(readString(instance, rope, 26_999)).toBeUndefined();
    expect(readString(instance, rope, 27_000)).toBe("y".repeat(27_000));
  });

  test.each(["1", "1.5", "true", "null", "undefined", "({})", "[]", "Symbol()", "10n", "123456789012345678901234567890n", "() => 1", "new String('x')"])("%s is no string", (code) => {
    expect(readString(instance, bare.evaluate(`(${code})`), MAX)).toBeNull();
  });
});

describe("numbers of the engine", () => {
  test.each([0, -0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 32 - 1, 2 ** 53, 0.1, -1.5, 5e-324, 1.7976931348623157e308, Infinity, -Infinity, NaN])("%p is read and written as it is", (number) => {
    const code = Object.is(number, -0) ? "-0" : String(number);
    expect(readNumber(instance, bare.evaluate(code))).toBe(number);
    const at = instance.newNumber(number);
    expect(readNumber(instance, at)).toBe(number);
    expect(instance.view.getInt32(bare.apply(`(given) => Object.is(given, ${code})`, at), true)).toBe(1);
  });

  test("any double survives both ways", () => {
    fc.assert(fc.property(fc.double(), (number) => expect(readNumber(instance, instance.newNumber(number))).toBe(number)), { numRuns: 500 });
  });

  test.each([`"1"`, "true", "null", "undefined", "({})", "1n", "123456789012345678901234567890n", "Symbol()"])("%s is no number", (code) => {
    expect(readNumber(instance, bare.evaluate(`(${code})`))).toBeUndefined();
  });
});

describe("bytes of the engine", () => {
  test.each([
    ["an array of its own", "new Uint8Array([1, 2, 3])", [1, 2, 3]],
    ["an empty one", "new Uint8Array(0)", []],
    ["a part of a buffer", "new Uint8Array(new Uint8Array([9, 1, 2, 3, 9]).buffer, 1, 3)", [1, 2, 3]],
    ["a subarray", "new Uint8Array([9, 1, 2, 9]).subarray(1, 3)", [1, 2]],
    ["a subclass", "new (class extends Uint8Array {})([4])", [4]],
    ["one whose buffer has moved on", "{ const a = new Uint8Array([1, 2]); a.buffer.transfer(); a; }", []],
    ["one that its buffer has shrunk below", "{ const b = new ArrayBuffer(8, { maxByteLength: 16 }); const a = new Uint8Array(b, 4, 4); b.resize(6); a; }", []],
    ["one that lies about its length", "{ const a = new Uint8Array([7]); Object.defineProperty(a, 'length', { value: 1000000 }); a; }", [7]],
  ])("%s", (_what, code, expected) => {
    expect([...(readBytes(instance, bare.evaluate(code)) ?? [])]).toEqual(expected);
  });

  test.each(["new Uint16Array(1)", "new Uint8ClampedArray(1)", "new Int8Array(1)", "new ArrayBuffer(1)", "new DataView(new ArrayBuffer(1))", "[1]", "({ length: 1 })", "Object.create(Uint8Array.prototype)", "new Proxy(new Uint8Array(1), {})", "'x'", "1"])("%s is no Uint8Array", (code) => {
    expect(readBytes(instance, bare.evaluate(`(${code})`))).toBeNull();
  });
});

describe("whatever a guest has written over its own memory, nothing outside that memory is read", () => {
  const SIZE = 512;
  const pointer = fc.oneof(fc.integer({ min: 0, max: SIZE + 64 }), fc.constantFrom(0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff));
  const length = fc.oneof(fc.integer({ min: 0, max: SIZE }), fc.constantFrom(0x7fff_ffff, 0x8000_0000, 0xffff_ffff));
  const tag = fc.oneof(fc.constantFrom(...Object.values(TAG)), fc.integer({ min: -10, max: 10 }));
  const garbage = fc.record({ noise: fc.uint8Array({ minLength: SIZE, maxLength: SIZE }), tag, payload: pointer, at: fc.integer({ min: 0, max: SIZE - 8 }), words: fc.array(fc.tuple(fc.integer({ min: 0, max: SIZE / 4 - 1 }), fc.oneof(pointer, length)), { maxLength: 16 }) });

  test("garbage is a value, no value or a RangeError, and strings are as long as their memory allows", () => {
    fc.assert(
      fc.property(garbage, ({ noise, tag, payload, at, words }) => {
        const memory = new LaidOutMemory(SIZE);
        memory.bytes.set(noise);
        for (const [index, word] of words) memory.view.setUint32(index * 4, word >>> 0, true);
        memory.box(at, tag, payload);
        for (const read of [() => readString(memory, at, 1 << 20), () => readBytes(memory, at), () => readNumber(memory, at)]) {
          try {
            const value = read();
            if (typeof value === "string") expect(value.length).toBeLessThan(1 << 20);
            if (value instanceof Uint8Array) expect(value.byteOffset + value.byteLength).toBeLessThanOrEqual(SIZE);
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
        }
      }),
      { numRuns: 3_000 },
    );
  });

  test.each([
    ["a string that starts outside", (m: LaidOutMemory) => m.box(0, TAG.string, 0xffff_fff0)],
    ["a string that ends outside", (m: LaidOutMemory) => (m.string(64, "", false), m.view.setUint32(64 + layout.stringLength, SIZE, true), m.box(0, TAG.string, 64))],
    ["a wide string that ends outside only when its units are counted twice", (m: LaidOutMemory) => (m.string(64, "", true), m.view.setUint32(64 + layout.stringLength, (0x8000_0000 | ((SIZE - 64) * 0.75)) >>> 0, true), m.box(0, TAG.string, 64))],
    ["a rope whose half lies outside", (m: LaidOutMemory) => (m.view.setUint32(64 + layout.ropeLength, 4, true), m.box(64 + layout.ropeLeft, TAG.string, 0x8000_0000), m.box(0, TAG.rope, 64))],
    ["bytes that end outside", (m: LaidOutMemory) => (m.uint8Array(64, SIZE - 4, 5), m.box(0, TAG.object, 64))],
    ["bytes whose end wraps around 32 bits", (m: LaidOutMemory) => (m.uint8Array(64, 0xffff_fff0, 0x20), m.box(0, TAG.object, 64))],
  ])("%s is refused", (_what, lay) => {
    const memory = new LaidOutMemory(SIZE);
    const at = lay(memory);
    expect(() => [readString(memory, at, 1 << 30), readBytes(memory, at)]).toThrow(RangeError);
  });

  test("a rope that contains itself ends", () => {
    const memory = new LaidOutMemory(SIZE);
    memory.string(128, "x", false);
    memory.view.setUint32(64 + layout.ropeLength, 8, true);
    memory.box(64 + layout.ropeLeft, TAG.string, 128);
    memory.box(64 + layout.ropeRight, TAG.rope, 64);
    expect(() => readString(memory, memory.box(0, TAG.rope, 64), 1 << 20)).toThrow(RangeError);
  });

  test("the last byte of the memory may be read", () => {
    const memory = new LaidOutMemory(SIZE);
    const at = SIZE - layout.stringData - 3;
    memory.string(at, "end", false);
    expect(readString(memory, memory.box(0, TAG.string, at), 10)).toBe("end");
    memory.uint8Array(64, SIZE - 3, 3);
    expect(Buffer.from(readBytes(memory, memory.box(8, TAG.object, 64)) ?? []).toString()).toBe("end");
  });
});
