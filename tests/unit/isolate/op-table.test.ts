import { expect, test } from "bun:test";
import type { OpContext } from "../../../src/isolate/invocation.ts";
import { async, nothing, type OpTable, str, sync, u32, type Wire } from "../../../src/isolate/op.ts";
import { OpRegistry, type Room, room } from "../../../src/isolate/op-table.ts";

const ctx = null as unknown as OpContext;
const one = room("one", { one_first: sync([u32], u32), one_second: async([str()], str()) }, { one_first: (_ctx, n) => n + 1, one_second: async (_ctx, text) => text });
const two = room("two", { two_only: sync([], nothing) }, { two_only() {} });

test("ops are numbered in the order of the rooms and of their declarations", () => {
  expect(new OpRegistry([one, two]).entries.map(({ name }) => name)).toEqual(["one_first", "one_second", "two_only"]);
});

test("a handler is called with its own room as this", () => {
  const counter = { step: 5, count_up(_ctx: OpContext, n: number) { return n + this.step; } };
  const registry = new OpRegistry([room("counter", { count_up: sync([u32], u32) }, counter as unknown as { count_up(ctx: OpContext, n: number): number })]);
  expect(registry.entries[0]?.handler(ctx, 1)).toBe(6);
});

const refused = (ops: OpTable, handlers: Record<string, unknown>): Room => ({ name: "odd", ops, handlers: handlers as Room["handlers"] });
test.each([
  ["two rooms declare the same op", [one, one], "op one_first is declared twice"],
  ["an op has no handler", [refused({ lost: sync([], nothing) }, {})], "room odd has no handler for lost"],
  ["a handler is no function", [refused({ lost: sync([], nothing) }, { lost: 1 })], "room odd has no handler for lost"],
  ["an op has more arguments than a call carries", [refused({ long: sync([u32, u32, u32, u32, u32, u32, u32] as Wire<number>[], nothing) as OpTable[string] }, { long() {} })], "op long has more than 6 arguments"],
])("the process does not start when %s", (_what, rooms, message) => {
  expect(() => new OpRegistry(rooms as Room[])).toThrow(message);
});

test.each([
  ["added", [one, two, room("three", { three_only: sync([], nothing) }, { three_only() {} })]],
  ["removed", [one]],
  ["moved", [two, one]],
  ["renamed", [one, room("two", { two_other: sync([], nothing) }, { two_other() {} })]],
  ["given other arguments", [one, room("two", { two_only: sync([u32], nothing) }, { two_only() {} })]],
  ["made asynchronous", [one, room("two", { two_only: async([], nothing) }, { async two_only() {} })]],
])("a snapshot made before an op was %s is not used", (_what, rooms) => {
  expect(new OpRegistry(rooms as Room[]).signature).not.toBe(new OpRegistry([one, two]).signature);
});
