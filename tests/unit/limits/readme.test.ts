/** What the README says about limits is what the catalogue says. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { type Limit, limitKeys, limits } from "../../../src/limits.ts";

const README = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
const rows = [...README.matchAll(/^\| `(\w+)` \| ([\d,]+) \| ([\d,]+) \| (.+) \|$/gm)].map(([, key = "", standard, most, past = ""]) => ({ key, standard, most, past }));

test("the README has a table of limits, of apps only", () => {
  expect(rows.length).toBeGreaterThan(5);
  const keys: readonly string[] = limitKeys("app");
  for (const { key } of rows) expect(keys).toContain(key);
});

test.each(rows)("$key is in the README with its default, its ceiling and its status", ({ key, standard, most, past }) => {
  const limit: Limit = limits[key as keyof typeof limits];
  expect([standard, most]).toEqual([limit.default.toLocaleString("en-US"), limit.most.toLocaleString("en-US")]);
  const told = /\d{3} \w+/.exec(limit.past)?.[0];
  if (told !== undefined) expect(past.replaceAll("`", "")).toContain(told);
});
