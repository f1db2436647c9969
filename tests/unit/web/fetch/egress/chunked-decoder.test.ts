import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ChunkedDecoder } from "../../../../../src/web/fetch/host/egress/chunked-decoder.ts";
import { latin1 } from "./fixture.ts";

/** The pieces that one push hands on. */
function piecesOf(decoder: ChunkedDecoder, bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  decoder.push(bytes, 0, (data) => pieces.push(data));
  return pieces;
}

describe("a chunked body", () => {
  test("arrives in one piece per arrival, however many chunks its sender makes of it", () => {
    const decoder = new ChunkedDecoder();
    const pieces = piecesOf(decoder, latin1("1\r\nx\r\n".repeat(10_000)));
    expect(pieces.map((piece) => Buffer.from(piece).toString("latin1"))).toEqual(["x".repeat(10_000)]);
    expect(piecesOf(decoder, latin1("0\r\n"))).toEqual([]);
    expect(decoder.isDone).toBeTrue();
  });

  test("is not copied where an arrival holds one chunk", () => {
    const bytes = latin1("5\r\nhello\r\n");
    const [piece] = piecesOf(new ChunkedDecoder(), bytes);
    expect(piece?.buffer).toBe(bytes.buffer as ArrayBuffer);
    expect(Buffer.from(piece as Uint8Array).toString()).toBe("hello");
  });

  test("that goes wrong hands on what came before", () => {
    const decoder = new ChunkedDecoder();
    const pieces: string[] = [];
    expect(() => decoder.push(latin1("2\r\nhe\r\n3\r\nllo\r\nx"), 0, (data) => pieces.push(Buffer.from(data).toString()))).toThrow("malformed chunk");
    expect(pieces).toEqual(["hello"]);
  });

  test("ends with its last chunk; what follows stays unread", () => {
    const bytes = latin1("1\r\nx\r\n000;a=b\r\nTrailer: 1\r\n");
    const decoder = new ChunkedDecoder();
    expect(decoder.push(bytes, 0, () => {})).toBe(bytes.indexOf("T".charCodeAt(0)));
    expect(decoder.isDone).toBeTrue();
  });

  test.each(["1 2\r\n", "1 a\r\n", "1\t\x00\r\n", "1;\x7f\r\n", "1;a\n", "1\rx", " 1\r\n", "g\r\n", "@\r\n", "`\r\n", "1\r\nxy", "1\r\nx\n", "1\r\nx\rx", "00000000000001\r\n"])("with %j is refused", (text) => {
    expect(() => piecesOf(new ChunkedDecoder(), latin1(text))).toThrow("fetch failed: the upstream's response has a");
  });

  test("is what was put into it, in chunks and arrivals of any size", () => {
    const sizeLine = fc.record({ zeros: fc.nat(3), isUpper: fc.boolean(), blanks: fc.constantFrom("", " ", "\t "), extension: fc.constantFrom("", ";", ";a", ';a="b\xff"', "; a=b ;c") });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 300 }), sizeLine), { maxLength: 8 }), fc.array(fc.nat(3000), { maxLength: 8 }), (chunks, cuts) => {
        const encoded = chunks.map(([data, { zeros, isUpper, blanks, extension }]) => {
          const hex = data.byteLength.toString(16);
          return Buffer.concat([latin1(`${"0".repeat(zeros)}${isUpper ? hex.toUpperCase() : hex}${blanks}${extension}\r\n`), data, latin1("\r\n")]);
        });
        const bytes = Buffer.concat([...encoded, latin1("0\r\n")]);
        const bounds = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const decoder = new ChunkedDecoder();
        const pieces = bounds.slice(1).flatMap((end, index) => piecesOf(decoder, bytes.subarray(bounds[index], end)));
        expect(Buffer.concat(pieces)).toEqual(Buffer.concat(chunks.map(([data]) => data)));
        expect(decoder.isDone).toBeTrue();
      }),
      { numRuns: 500 },
    );
  });
});
