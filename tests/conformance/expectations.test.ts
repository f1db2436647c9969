import { describe, expect, test } from "bun:test";
import { adjusted, allExpectations, surprisesOf, WHOLE_FILE } from "./expectations.ts";
import type { Results } from "./wpt/run.ts";

const GROUP = { reason: "r", impact: "i", tests: { "a.any.js": ["one", "two"], "b.any.js": [WHOLE_FILE] } };
const RESULTS: Results = {
  "a.any.js": { area: "url", status: "OK", subtests: { one: "FAIL: why", two: "PASS", three: "TIMEOUT: " } },
  "b.any.js": { area: "url", status: "OK", subtests: { four: "PASS" } },
};

describe("expectations", () => {
  test("an unexpected failure and an unexpected pass are both named", () => {
    expect(surprisesOf(RESULTS, [GROUP])).toEqual({ failures: ["a.any.js: three: TIMEOUT: "], passes: ["a.any.js: two", `b.any.js: ${WHOLE_FILE}`] });
  });

  test("files that were not run say nothing", () => {
    expect(surprisesOf({}, [GROUP])).toEqual({ failures: [], passes: [] });
    expect(adjusted({}, [GROUP])).toEqual([GROUP]);
  });

  test("accepting a run leaves out what passes and puts what is new where a reason is missing", () => {
    expect(adjusted(RESULTS, [GROUP])).toEqual([{ ...GROUP, tests: { "a.any.js": ["one"] } }, { reason: "", impact: "", tests: { "a.any.js": ["three"] } }]);
  });

  test.each([...allExpectations()])("every group of %s has a reason and an impact", (_area, groups) => {
    for (const { reason, impact } of groups) expect([reason, impact]).not.toContain("");
  });
});
