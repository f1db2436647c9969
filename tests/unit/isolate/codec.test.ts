import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decode, encode, errorText } from "../../../src/isolate/codec.ts";
import type { EngineInstance } from "../../../src/isolate/engine/engine.ts";
import { TAG } from "../../../src/isolate/engine/values.ts";
import { GuestError } from "../../../src/isolate/guest-error.ts";
import { body, bool, bytes, f64, json, nothing, nullable, str, u32, type Wire } from "../../../src/isolate/op.ts";
import { BareEngine, LaidOutMemory, layout } from "./fixture.ts";

const bare = new BareEngine();
const { instance } = bare;
const read = (wire: Wire<any>, code: string) => decode(instance, "the_op", 1, wire, bare.evaluate(`(${code})`));

describe("an argument that fits its declaration", () => {
  test.each<[string, Wire<any>, string, unknown]>([
    ["text", str(), `"a\\u20ac"`, "a\u20ac"],
    ["text of the greatest length", str(3), `"abc"`, "abc"],
    ["the least u32", u32, "0", 0],
    ["the greatest u32", u32, "4294967295", 4_294_967_295],
    ["a u32 that the engine holds as a double", u32, "2 ** 31 + 0.5 - 0.5", 2 ** 31],
    ["a double", f64, "NaN", NaN],
    ["true", bool, "true", true],
    ["false", bool, "false", false],
    ["plain data", json(), `JSON.stringify({ a: [1, null] })`, { a: [1, null] }],
    ["a body of text", body(), `"text"`, "text"],
    ["null where it may be", nullable(str()), "null", null],
    ["undefined for null", nullable(u32), "undefined", null],
    ["a value where null may be", nullable(bool), "true", true],
  ])("%s", (_what, wire, code, expected) => {
    expect(read(wire, code)).toEqual(expected);
  });

  test("bytes are a copy: what the guest does with its own later changes nothing", () => {
    const value = bare.evaluate("globalThis.kept = new Uint8Array([1, 2, 3])");
    for (const wire of [bytes(), body()]) {
      const copy = decode(instance, "the_op", 0, wire, value) as Uint8Array;
      expect([...copy]).toEqual([1, 2, 3]);
      expect(copy.buffer.byteLength).toBe(3);
      bare.evaluate("kept[0] = 9");
      expect(copy[0]).toBe(1);
      bare.evaluate("kept[0] = 1");
    }
  });
});

describe("an argument that does not fit is a TypeError of the guest that names the op and the argument", () => {
  test.each<[string, Wire<any>, string, string]>([
    ["a number for text", str(), "1", "the_op: argument 2 is not a str"],
    ["null for text", str(), "null", "is not a str"],
    ["text that is too long", str(2), `"abc"`, "the_op: argument 2 is longer than 2"],
    ["a rope that is too long", str(9_999), `"x".repeat(5000) + "y".repeat(5000)`, "is longer than 9999"],
    ["a negative u32", u32, "-1", "is not a u32"],
    ["a u32 with a fraction", u32, "1.5", "is not a u32"],
    ["a u32 that is too large", u32, "4294967296", "is not a u32"],
    ["NaN for a u32", u32, "NaN", "is not a u32"],
    ["text for a number", f64, `"1"`, "is not a f64"],
    ["a BigInt for a number", f64, "1n", "is not a f64"],
    ["1 for true", bool, "1", "is not a bool"],
    ["a wider array for bytes", bytes(), "new Uint16Array(1)", "is not a bytes"],
    ["bytes that are too long", bytes(2), "new Uint8Array(3)", "is longer than 2"],
    ["a body of bytes that is too long", body(2), "new Uint8Array(3)", "is longer than 2"],
    ["a body of text that is too long", body(2), `"abc"`, "is longer than 2"],
    ["an object for a body", body(), "({})", "is not a body"],
    ["an object that would convert", str(), `({ toString() { globalThis.converted = true; return "x"; } })`, "is not a str"],
  ])("%s", (_what, wire, code, message) => {
    expect(() => read(wire, code)).toThrow(message);
    try {
      read(wire, code);
    } catch (error) {
      expect((error as GuestError).guestName).toBe("TypeError");
    }
  });

  test("nothing of the guest has run meanwhile", () => {
    expect(decode(instance, "the_op", 0, bool, bare.evaluate("globalThis.converted === undefined"))).toBe(true);
  });
});

describe("a result arrives in the guest as declared", () => {
  test.each<[string, Wire<any>, unknown, string]>([
    ["text", str(), "a\0\u20ac\ud800", `given === "a\\0\\u20ac\\ud800"`],
    ["long text", str(), "ä".repeat(100_000), `given === "\\u00e4".repeat(100000)`],
    ["an integer", u32, 4_294_967_295, "given === 4294967295"],
    ["a double", f64, -0.5, "given === -0.5"],
    ["negative zero", f64, -0, "Object.is(given, -0)"],
    ["a truth value", bool, true, "given === true"],
    ["null", nullable(str()), null, "given === null"],
    ["bytes", bytes(), Uint8Array.of(1, 2, 255), `given instanceof ArrayBuffer && new Uint8Array(given).join() === "1,2,255"`],
    ["no bytes", bytes(), new Uint8Array(0), "given.byteLength === 0"],
    ["a part of a larger buffer", bytes(), new Uint8Array(8).fill(7).subarray(2, 4), `new Uint8Array(given).join() === "7,7"`],
    ["plain data", json(), { text: "\ud800", list: [1] }, `JSON.parse(given).list[0] === 1 && JSON.parse(given).text === "\\ud800"`],
  ])("%s", (_what, wire, value, check) => {
    const at = encode(instance, wire, value);
    expect(instance.view.getInt32(bare.apply(`(given) => ${check}`, at), true)).toBe(1);
    instance.free(at);
  });

  test("nothing is undefined", () => {
    expect(encode(instance, nothing, undefined)).toBe(0);
  });
});

test("a guest hears of a host's own defects by an id only", () => {
  expect(errorText(new GuestError("NotSupportedError", "no such thing"), () => "never")).toBe("NotSupportedError\nno such thing");
  const reported: unknown[] = [];
  const secret = new Error("/etc/passwd");
  expect(errorText(secret, (error) => `id-${reported.push(error)}`)).toBe("Error\ninternal error id-1");
  expect(reported).toEqual([secret]);
});

test("whatever lies in linear memory, an argument is what its declaration says, or refused", () => {
  const SIZE = 256;
  const fits: Readonly<Record<Wire<any>["kind"], (value: unknown) => boolean>> = {
    str: (value) => typeof value === "string" && value.length <= 100,
    u32: (value) => typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32,
    f64: (value) => typeof value === "number",
    bool: (value) => typeof value === "boolean",
    bytes: (value) => value instanceof Uint8Array && value.byteLength <= 100,
    body: (value) => (value instanceof Uint8Array && value.byteLength <= 100) || (typeof value === "string" && value.length <= 100),
    json: () => true,
    nothing: (value) => value === undefined,
  };
  const wires: readonly Wire<any>[] = [str(100), u32, f64, bool, bytes(100), body(100), json(100), nothing];
  const word = fc.oneof(fc.integer({ min: 0, max: SIZE + 32 }), fc.constantFrom(0x7fff_ffff, 0x8000_0004, 0xffff_ffff), fc.constant(layout.uint8ArrayClass));
  fc.assert(
    fc.property(fc.array(word, { minLength: SIZE / 4, maxLength: SIZE / 4 }), fc.oneof(fc.constantFrom(...Object.values(TAG)), fc.integer()), word, fc.constantFrom(...wires), fc.boolean(), (words, tag, payload, wire, isNullable) => {
      const memory = new LaidOutMemory(SIZE);
      for (const [i, value] of words.entries()) memory.view.setUint32(i * 4, value >>> 0, true);
      memory.box(8, tag, payload);
      try {
        const value = decode(memory as unknown as EngineInstance, "op", 0, { ...wire, nullable: isNullable }, 8);
        expect((isNullable && value === null) || fits[wire.kind](value)).toBe(true);
      } catch (error) {
        const expected = error instanceof GuestError || error instanceof RangeError || (wire.kind === "json" && error instanceof SyntaxError);
        if (!expected) throw error;
      }
    }),
    { numRuns: 5_000 },
  );
});
