import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { conformanceOf, JSON_PAGE, MARKDOWN_PAGE } from "../../scripts/conformance/data.ts";
import { markdownOf } from "../../scripts/conformance/page.ts";
import { readResults } from "../../scripts/conformance/results.ts";
import { allExpectations } from "./expectations.ts";
import { probe } from "./probe.ts";

test("the pages say what the stored results, the expectations and a probe of this build say (npm run conformance -- --docs)", async () => {
  const conformance = conformanceOf(readResults(), allExpectations(), await probe());
  expect(JSON.parse(readFileSync(JSON_PAGE, "utf8"))).toEqual(JSON.parse(JSON.stringify(conformance)));
  expect(readFileSync(MARKDOWN_PAGE, "utf8")).toBe(markdownOf(conformance));
});

test("the stored results and the expectations name the same failures", () => {
  const expected = [...allExpectations().values()].flatMap((groups) => groups.flatMap(({ tests }) => Object.entries(tests).flatMap(([id, names]) => names.map((name) => `${id}: ${name}`))));
  const stored = Object.entries(readResults().files).flatMap(([id, { failed }]) => failed.map((name) => `${id}: ${name}`));
  expect(stored.sort()).toEqual(expected.sort());
});
