/**
 * Runs web-platform-tests and writes docs/conformance.json and docs/conformance.md of the results: `WPT_DIR=… bun scripts/conformance.ts` for all areas,
 * with names of areas for some of them (the rest keeps its results). `--accept` also takes what fails now as expected, `--docs` only writes the pages again.
 */
import { writeFileSync } from "node:fs";
import { adjusted, allExpectations, expectationPath, readExpectations, surprisesOf } from "../tests/conformance/expectations.ts";
import { probe } from "../tests/conformance/probe.ts";
import { AREAS } from "../tests/conformance/wpt/areas.ts";
import { type FileResult, runTests, wptCheckout } from "../tests/conformance/wpt/run.ts";
import { conformanceOf, JSON_PAGE, MARKDOWN_PAGE } from "./conformance/data.ts";
import { markdownOf } from "./conformance/page.ts";
import { readResults, storeResults } from "./conformance/results.ts";

const args = process.argv.slice(2);
const areas = args.filter((arg) => !arg.startsWith("--"));
const unknown = areas.filter((area) => !(area in AREAS));
if (unknown.length > 0) fail(`unknown area ${unknown.join(", ")}; there are: ${Object.keys(AREAS).join(", ")}`);
if (!args.includes("--docs")) await run(areas.length > 0 ? areas : Object.keys(AREAS));

const conformance = conformanceOf(readResults(), allExpectations(), await probe());
writeFileSync(JSON_PAGE, `${JSON.stringify(conformance, null, 1)}\n`);
writeFileSync(MARKDOWN_PAGE, markdownOf(conformance));
console.log(`${conformance.totals.passed} of ${conformance.totals.subtests} subtests pass; reach ${conformance.totals.reach} %, mean of areas ${conformance.totals.meanReach} %`);
process.exit(process.exitCode ?? 0);

async function run(wanted: readonly string[]): Promise<void> {
  const wpt = wptCheckout();
  if (wpt === null) fail("WPT_DIR names no checkout of web-platform-tests: see tests/conformance/README.md");
  const results = await runTests({ wpt, areas: wanted, onResult: tell });
  storeResults(results, wanted);
  for (const area of wanted) {
    const ofArea = Object.fromEntries(Object.entries(results).filter(([, result]) => result.area === area));
    const groups = readExpectations(area);
    const { failures, passes } = surprisesOf(ofArea, groups);
    for (const failure of failures) console.log(`unexpected failure: ${failure}`);
    for (const pass of passes) console.log(`unexpected pass: ${pass}`);
    if (failures.length + passes.length === 0) continue;
    if (args.includes("--accept")) writeFileSync(expectationPath(area), `${JSON.stringify(adjusted(ofArea, groups), null, 1)}\n`);
    else process.exitCode = 1;
  }
}

function tell(id: string, { status, subtests }: FileResult, ms: number): void {
  const all = Object.values(subtests);
  console.log(`${status} ${all.filter((each) => each === "PASS").length}/${all.length} ${id} ${Math.round(ms)} ms`);
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
