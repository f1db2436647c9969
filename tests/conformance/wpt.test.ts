import { describe, expect, test } from "bun:test";
import { readExpectations, surprisesOf } from "./expectations.ts";
import { AREAS } from "./wpt/areas.ts";
import { runTests, wptCheckout } from "./wpt/run.ts";

const wpt = wptCheckout();
if (wpt === null) console.log("skipped: web-platform-tests, because WPT_DIR names no checkout (see tests/conformance/README.md)");

describe.skipIf(wpt === null)("web-platform-tests, run as apps of the executable, fail where it is known and nowhere else:", () => {
  test.each(Object.keys(AREAS))("%s", async (area) => {
    const results = await runTests({ wpt: wpt as string, areas: [area] });
    expect(Object.keys(results)).not.toEqual([]);
    expect(surprisesOf(results, readExpectations(area))).toEqual({ failures: [], passes: [] });
  }, 900_000);
});
