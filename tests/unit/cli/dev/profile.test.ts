/** Profiles as people see them: functions by what they burnt, and a page that holds whatever an app calls them. */
import { expect, test } from "bun:test";
import { createPaint } from "../../../../src/cli/dev/paint.ts";
import { flameGraphPage } from "../../../../src/cli/dev/profile/flame-graph.ts";
import { functionsOf } from "../../../../src/cli/dev/profile/functions.ts";
import { profileLines } from "../../../../src/cli/dev/profile/report.ts";
import type { ProfiledCall, ProfiledFunction, ProfileRecord } from "../../../../src/observe/profile.ts";

const fn = (name: string, line = 1): ProfiledFunction => ({ kind: "app", name, file: "app.ts", line, column: 1 });
const call = (of: ProfiledFunction, fuel: number, ...calls: readonly ProfiledCall[]): ProfiledCall => ({ fn: of, fuel, calls });
const record = (fuel: number, ...calls: readonly ProfiledCall[]): ProfileRecord => ({ fuel, samples: 10, calls });

test("a function that calls itself counts once in its total", () => {
  const fib = fn("fib");
  const shares = functionsOf(record(100, call(fn("main", 5), 10, call(fib, 20, call(fib, 30, call(fib, 40))))));
  expect(shares.map(({ fn: { name }, selfFuel, totalFuel }) => [name, selfFuel, totalFuel])).toEqual([["fib", 90, 90], ["main", 10, 100]]);
});

test("functions of one name in two places are two", () => {
  expect(functionsOf(record(30, call(fn("run", 1), 10), call(fn("run", 9), 20))).map(({ fn: { line }, selfFuel }) => [line, selfFuel])).toEqual([[9, 20], [1, 10]]);
});

test("the terminal gets no escapes from names, and is told how much is left out", () => {
  const lines = profileLines(record(1_000, ...Array.from({ length: 14 }, (_, i) => call(fn(i === 0 ? "\u001b[2J\nx" : `f${i}`, i + 1), 70))), createPaint(false));
  expect(lines).not.toContain("\u001b");
  expect(lines).toContain("\\x1b[2J\\x0ax");
  expect(lines).toContain("… and 4 more");
  expect(lines).toContain("1,000 fuel in 10 samples");
});

test("the page carries names as data, which no parser of HTML ends early", () => {
  const name = "</script><script>alert(1)</script><!--\u2028";
  const page = flameGraphPage([{ app: "a", method: "GET", path: "/<b>", status: 200, profile: record(5, call(fn(name), 5)) }]);
  const data = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? "";
  expect(data).not.toMatch(/[<>&\u2028]/);
  expect(JSON.parse(data)).toEqual({ functions: [["app", name, "app.ts:1:1"]], requests: [{ title: "GET /<b>", app: "a", status: 200, fuel: 5, samples: 10, calls: [[0, 5, []]] }] });
  expect(page.match(/<script/g)).toHaveLength(2);
});
