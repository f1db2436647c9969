import { expect, test } from "bun:test";
import { RecentlyUsed } from "../../../src/base/recently-used.ts";

test("the entries used last are kept, and reading is use", () => {
  const kept = new RecentlyUsed<string, number>(2);
  kept.set("a", 1);
  kept.set("b", 2);
  expect(kept.get("a")).toBe(1);
  kept.set("c", 3);
  expect([kept.get("a"), kept.get("b"), kept.get("c"), kept.size]).toEqual([1, undefined, 3, 2]);
});

test("setting an entry again replaces it and forgets no other", () => {
  const kept = new RecentlyUsed<string, number>(2);
  for (const value of [1, 2, 3]) kept.set("a", value);
  kept.set("b", 4);
  expect([kept.get("a"), kept.get("b"), kept.size]).toEqual([3, 4, 2]);
});
