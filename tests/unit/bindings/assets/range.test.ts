/** Which part of a file a client gets. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { rangeOf } from "../../../../src/bindings/assets/host/range.ts";

const of = (range: string | null, ifRange: string | null = null) => rangeOf(range, ifRange, '"tag"', 100);

test("one range is that part", () => {
  expect(of("bytes=0-9")).toEqual({ start: 0, length: 10 });
  expect(of("bytes=90-")).toEqual({ start: 90, length: 10 });
  expect(of("bytes=90-500")).toEqual({ start: 90, length: 10 });
  expect(of("bytes=-5")).toEqual({ start: 95, length: 5 });
  expect(of("bytes=-500")).toEqual({ start: 0, length: 100 });
});

test("a range past the end cannot be had", () => {
  expect(of("bytes=100-")).toBe("unsatisfiable");
  expect(of("bytes=-0")).toBe("unsatisfiable");
  expect(rangeOf("bytes=0-", null, '"tag"', 0)).toBe("unsatisfiable");
});

test("several ranges, other units and nonsense get the whole", () => {
  for (const range of [null, "bytes=0-1,5-6", "lines=1-2", "bytes=9-1", "bytes=-", "bytes=a-b", "bytes", "bytes=1e2-", "bytes=9999999999999999-"]) expect(of(range)).toBeNull();
});

test("a part of another version is not mixed with this one", () => {
  expect(of("bytes=0-9", '"tag"')).toEqual({ start: 0, length: 10 });
  expect(of("bytes=0-9", '"other"')).toBeNull();
  expect(of("bytes=0-9", "Sat, 21 Nov 2026 00:00:00 GMT")).toBeNull();
});

test("no range leads out of the file", () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(1000), (text, size) => {
      const range = rangeOf(`bytes=${text}`, null, '""', size);
      if (range === null || range === "unsatisfiable") return;
      expect(range.start).toBeGreaterThanOrEqual(0);
      expect(range.length).toBeGreaterThan(0);
      expect(range.start + range.length).toBeLessThanOrEqual(size);
    }),
  );
  fc.assert(
    fc.property(fc.option(fc.nat(300)), fc.option(fc.nat(300)), fc.nat(200), (first, last, size) => {
      const range = rangeOf(`bytes=${first ?? ""}-${last ?? ""}`, null, '""', size);
      if (range === null || range === "unsatisfiable") return;
      expect(range.start + range.length).toBeLessThanOrEqual(size);
    }),
  );
});
