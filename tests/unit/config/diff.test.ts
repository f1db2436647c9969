/** What another configuration would change. */
import { expect, test } from "bun:test";
import { diffApps, restartKeys } from "../../../src/config/diff.ts";
import { configOfData } from "../../../src/config/parse.ts";

const config = (apps: readonly object[], more: object = {}) => configOfData({ ...more, apps }, "/srv");
const one = { name: "one", hostname: "one.test", path: "one.js" };
const two = { name: "two", hostname: "two.test", path: "two.js" };
const diff = (before: readonly object[], after: readonly object[]) => diffApps(config(before).apps, config(after).apps);

test("nothing, when it says the same in other words", () => {
  expect(diff([one, two], [{ ...one, hostnames: ["ONE.test."], hostname: undefined, limits: { cpu_ms: 5_000 } }, two].map((app) => JSON.parse(JSON.stringify(app))))).toEqual({ added: [], removed: [], changed: [] });
});

test("apps that come, go and change their names", () => {
  expect(diff([one, two], [one, { ...two, name: "zwei" }])).toEqual({ added: ["zwei"], removed: ["two"], changed: [] });
});

test.each<[string, object, boolean]>([
  ["hostnames", { hostname: "1.test" }, false],
  ["path", { path: "1.js" }, true],
  ["default", { default: true }, false],
  ["env", { env: { A: { b: [1] } } }, false],
  ["secrets", { secrets: { A: "1" } }, false],
  ["limits", { limits: { cpu_ms: 50 } }, false],
  ["limits", { limits: { bundle_mb: 1 } }, true],
  ["fallback", { fallback: "https://up.test/" }, false],
  ["egress", { egress: { allow: ["10.0.0.0/8"] } }, false],
  ["watch", { watch: true }, false],
])("%s, and whether the source has to be bundled again", (field, change, needsBundle) => {
  expect(diff([one, two], [{ ...one, ...change }, two])).toEqual({ added: [], removed: [], changed: [{ name: "one", fields: [field], needsBundle }] });
});

test("every field of an app is compared", () => {
  const app = config([one, two]).apps[0] as unknown as Record<string, unknown>;
  for (const key of Object.keys(app)) if (key !== "name") expect(diffApps([app as never], [{ ...app, [key]: "something else" } as never]).changed.length).toBe(1);
});

test("keys that take a restart are named as the config names them", () => {
  const token = "0123456789012345678901234567890123456789";
  const before = config([one], { admin: { port: 9100, token } });
  expect(restartKeys(before, config([one, two], { admin: { port: 9100, token: `${token}0` } }))).toEqual([]);
  expect(restartKeys(before, config([one], { port: 1, host: "::1", workers: 3, log: { level: "warn" }, trusted_proxies: ["10.0.0.1"], limits: { url_kb: 4 }, server: { reserved_paths: true } }))).toEqual(["port", "host", "workers", "log", "trusted_proxies", "server.reserved_paths", "admin", "limits"]);
});
