import { expect, test } from "bun:test";
import { parseConfig } from "../../../src/config/parse.ts";
import { planOfWire, planToWire } from "../../../src/supervisor/plan-wire.ts";

const { apps } = parseConfig(JSON.stringify({ apps: [{ hostname: "a.test", path: "a.js" }, { hostname: "b.test", path: "b.js", limits: { cpu_ms: 50 } }, { hostname: "c.test", path: "c.js" }] }), "/nano.json");
const plan = { version: 3, apps: apps.map((config, i) => ({ config, revision: i + 1, source: 1 })) };

test("a plan arrives as it was sent", () => {
  expect(planOfWire(JSON.parse(JSON.stringify(planToWire(plan))))).toEqual(JSON.parse(JSON.stringify(plan)));
});

test("limits that apps share cross once", () => {
  expect(planToWire(plan).limits).toHaveLength(2);
});
