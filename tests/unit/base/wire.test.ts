import { expect, test } from "bun:test";
import fc from "fast-check";
import { eachHeader, isByteSource, sourceOf } from "../../../src/base/wire.ts";

function fieldsOf(block: string): [string, string][] {
  const fields: [string, string][] = [];
  eachHeader(block, (name, value) => fields.push([name, value]));
  return fields;
}

const name = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/);
const value = fc.array(fc.integer({ min: 1, max: 255 }).filter((code) => code !== 10 && code !== 13), { maxLength: 40 }).map((codes) => String.fromCharCode(...codes));

test("fields come out as they went in: order, case, repetition, empty values", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value)), (fields) => {
      expect(fieldsOf(fields.map(([one, other]) => `${one}\n${other}\n`).join(""))).toEqual(fields);
    }),
  );
});

test("text that is no header block ends the walk instead of making fields up", () => {
  expect(fieldsOf("")).toEqual([]);
  expect(fieldsOf("name")).toEqual([]);
  expect(fieldsOf("name\nvalue")).toEqual([]);
  expect(fieldsOf("a\n1\nb\n2")).toEqual([["a", "1"]]);
});

test("only a body that arrives over time is a source", () => {
  expect(isByteSource({ pull: () => Promise.resolve(null), cancel() {} })).toBe(true);
  for (const body of [null, "", "text", new Uint8Array(1)]) expect(isByteSource(body)).toBe(false);
});

test("what is there already is a source of one chunk, and of none where it is empty or no longer wanted", async () => {
  const source = sourceOf("ä");
  expect(await source.pull()).toEqual(new Uint8Array([0xc3, 0xa4]));
  expect(await source.pull()).toBeNull();
  expect(await sourceOf(new Uint8Array(0)).pull()).toBeNull();
  const left = sourceOf(new Uint8Array([1]));
  left.cancel();
  expect(await left.pull()).toBeNull();
});
