/** Look-ups in a source map, held against a map that is decoded whole. */
import { describe, expect, test } from "bun:test";
import { decode, encode, type SourceMapMappings, type SourceMapSegment } from "@jridgewell/sourcemap-codec";
import fc from "fast-check";
import { MapIndex, type Original } from "../../../../src/apps/load/map-index.ts";

function indexOf(mappings: string): MapIndex {
  const index = new MapIndex(mappings);
  for (const _ of index.make());
  return index;
}

function searched(lines: SourceMapMappings, line: number, column: number): Original | null {
  const found = (lines[line] ?? []).findLast(([start]) => start <= column);
  return found === undefined || found.length === 1 ? null : { source: found[1], line: found[2], column: found[3] };
}

const segment = fc.oneof(
  { weight: 1, arbitrary: fc.tuple(fc.nat(300)) },
  { weight: 4, arbitrary: fc.tuple(fc.nat(300), fc.nat(5), fc.nat(100_000), fc.nat(500)) },
  { weight: 2, arbitrary: fc.tuple(fc.nat(300), fc.nat(5), fc.nat(100_000), fc.nat(500), fc.nat(50)) },
);

describe("positions in a source map", () => {
  test("are those of the map decoded whole, for maps of any shape", () => {
    fc.assert(
      fc.property(fc.array(fc.array(segment, { maxLength: 200 }), { maxLength: 12 }), fc.array(fc.tuple(fc.nat(13), fc.nat(320)), { maxLength: 40 }), (made, places) => {
        const lines = made.map((segments) => segments.toSorted(([a], [b]) => a - b)) as SourceMapSegment[][];
        const mappings = encode(lines);
        const index = indexOf(mappings);
        const decoded = decode(mappings);
        for (const [line, column] of places) expect(index.find(line, column)).toEqual(searched(decoded, line, column));
      }),
      { numRuns: 200 },
    );
  });

  test("are found in one line of a hundred thousand segments as in a hundred thousand lines of one", () => {
    const segments = Array.from({ length: 100_000 }, (_, i): SourceMapSegment => [i * 3, i % 3, i, i % 80]);
    for (const lines of [[segments], segments.map((one): SourceMapSegment[] => [[0, ...one.slice(1)] as unknown as SourceMapSegment])]) {
      const index = indexOf(encode(lines));
      for (const i of [0, 1, 63, 64, 65, 50_000, 99_999]) expect(index.find(lines.length === 1 ? 0 : i, lines.length === 1 ? i * 3 + 1 : 7)).toEqual({ source: i % 3, line: i, column: i % 80 });
    }
  });

  test("come from anything that calls itself mappings, without a fault", () => {
    for (const mappings of ["", ";", ";;;,,,", "AAAA", "!!!!", "zzzzzzzzzzzzzzzz", "AA", "AAA;A,", "\u{1f600}é"]) expect(() => indexOf(mappings).find(0, 5)).not.toThrow();
  });
});
