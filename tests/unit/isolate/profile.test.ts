/** Profiles of invocations in real isolates: where the fuel went, by function, always the same. */
import { expect, test } from "bun:test";
import type { Profile, ProfileNode } from "../../../src/isolate/profile.ts";
import { TestIsolate } from "../../harness/isolate.ts";

const APP = `
function spin(n) { let x = 0; for (let i = 0; i < n; i++) x += i; return x; }
const cheap = () => spin(5000);
function dear() { return spin(20000); }
class Thing { method() { return [3, 1, 2].sort((a, b) => spin(1000) && a - b); } }
async function later() { await null; return spin(5000); }
export default { async fetch(request) {
  const { pathname } = new URL(request.url);
  if (pathname === "/deep") { const down = (n) => n === 0 ? spin(20000) : down(n - 1); return new Response(String(down(500))); }
  if (pathname === "/hash") { await crypto.subtle.digest("SHA-256", new Uint8Array(1 << 20)); return new Response(); }
  if (pathname === "/names") { const o = { ["<img src=x>\\n" + "y".repeat(500)]() { return spin(20000); } }; Object.values(o)[0](); Object.defineProperty(spin, "name", { value: { toString() { throw 1; } } }); spin(20000); return new Response(); }
  cheap(); dear(); new Thing().method(); await later();
  return new Response("done");
} };`;

const settings = { isProfiling: true };
const total = (node: ProfileNode): number => node.fuel + node.children.reduce((sum, child) => sum + total(child), 0);
const all = ({ roots }: Profile): readonly ProfileNode[] => {
  const found: ProfileNode[] = [];
  const visit = (node: ProfileNode): void => {
    found.push(node);
    node.children.forEach(visit);
  };
  roots.forEach(visit);
  return found;
};
/** Names from the root to every function that burnt something itself. */
function paths(profile: Profile): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const visit = (node: ProfileNode, path: string): void => {
    const here = path === "" ? node.frame.name : `${path} > ${node.frame.name}`;
    if (node.fuel > 0) found.set(here, (found.get(here) ?? 0) + node.fuel);
    for (const child of node.children) visit(child, here);
  };
  for (const root of profile.roots) visit(root, "");
  return found;
}
async function profileOf(path = "/", app = APP): Promise<Profile> {
  using isolate = await TestIsolate.load(app, settings);
  const exchange = isolate.send({ url: `http://app.test${path}` });
  await (await exchange.answer).text();
  const { profile } = await exchange.over;
  if (profile === null) throw new Error("there is no profile");
  return profile;
}

test("every unit of fuel is somebody's", async () => {
  for (const path of ["/", "/deep", "/hash", "/names"]) {
    const profile = await profileOf(path);
    expect(profile.roots.reduce((sum, root) => sum + total(root), 0)).toBeCloseTo(profile.fuel, -2);
  }
});

test("functions are told with who called them and where they begin", async () => {
  const profile = await profileOf();
  const found = paths(profile);
  const [cheap, dear, later, compare] = ["fetch > cheap > spin", "fetch > dear > spin", "later > spin", "fetch > method > sort >  > spin"].map((path) => found.get(path) ?? 0) as [number, number, number, number];
  expect(dear / cheap).toBeCloseTo(4, 0);
  expect(later / cheap).toBeCloseTo(1, 0);
  expect(compare).toBeGreaterThan(0);
  const frame = (name: string) => all(profile).find((node) => node.frame.name === name)?.frame;
  expect(frame("spin")).toEqual({ kind: "app", name: "spin", line: 2, column: 1 });
  expect(frame("dear")).toEqual({ kind: "app", name: "dear", line: 4, column: 1 });
  expect(frame("sort")).toEqual({ kind: "nano", name: "sort", line: 0, column: 0 });
});

test("the same request gives the same profile, and burns what it burns without one", async () => {
  const first = await profileOf();
  expect(await profileOf()).toEqual(first);
  using plain = await TestIsolate.load(APP);
  const { fuel, profile } = await plain.send().over;
  expect([Math.round(fuel), profile]).toEqual([first.fuel, null]);
  expect(first.samples).toBeGreaterThan(100);
});

test("work of the host counts for the op that asked for it", async () => {
  const host = all(await profileOf("/hash")).filter(({ frame }) => frame.kind === "host");
  expect(host.find(({ frame }) => frame.name === "crypto_digest")?.fuel ?? 0).toBeGreaterThan(100_000);
});

test("deep recursion and odd names do no harm", async () => {
  const deep = await profileOf("/deep");
  expect(Math.max(...all(deep).map((node) => (node.frame.name === "spin" ? node.fuel : 0)))).toBeGreaterThan(10_000);
  const names = all(await profileOf("/names")).map(({ frame }) => frame.name);
  expect(names.some((name) => name.startsWith("<img src=x>\ny"))).toBe(false);
  expect(names.every((name) => name.length <= 200)).toBe(true);
  expect(names).toContain("spin");
});

test("an app that calls itself in ever new ways fills no memory with it, and every unit is still somebody's", async () => {
  const app = `const fns = Array.from({ length: 40 }, (_, i) => Object.defineProperty((n, seed) => { for (let j = 0; j < 50; j++); return n === 0 ? 0 : fns[seed % 40](n - 1, (seed * 1103515245 + 12345 + i) >>> 0); }, "name", { value: "f" + i }));
    export default { fetch() { for (let i = 0; i < 150; i++) fns[i % 40](190, i * 7919); return new Response(); } };`;
  const profile = await profileOf("/", app);
  expect(all(profile).length).toBeGreaterThan(15_000);
  expect(all(profile).length).toBeLessThan(21_000);
  expect(profile.roots.reduce((sum, root) => sum + total(root), 0)).toBeCloseTo(profile.fuel, -5);
});

test("an endless loop is still ended, with its place", async () => {
  using isolate = await TestIsolate.load("export default { fetch() { for (;;) {} } }", { ...settings, limits: { cpuMs: 20 } });
  const exchange = isolate.send();
  await exchange.answer.catch(() => {});
  const { outcome, profile } = await exchange.over;
  expect([outcome, isolate.kill?.stack]).toEqual(["exceededCpu", expect.stringContaining("app.js:1:")]);
  expect(profile?.roots[0]?.frame.name).toBe("fetch");
});
