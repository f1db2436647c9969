/** A thousand apps in one config: listening before any of them has loaded, and every one served. */
import { expect, test } from "bun:test";
import { NanoProcess } from "../harness/nano.ts";

const APPS = 1_000;
const AT_ONCE = 20;

test("1,000 apps in one config: none loads before its first request, and each answers on its own host", async () => {
  const numbers = Array.from({ length: APPS }, (_, n) => n);
  const files = Object.fromEntries(numbers.map((n) => [`app-${n}.js`, `let count = 0;\nexport default { fetch(request, env) { return new Response(${n} + env.WORD + ++count); } };\n`]));
  const running = await NanoProcess.serve({ apps: numbers.map((n) => ({ hostname: `app-${n}.test`, path: `app-${n}.js`, env: { WORD: `-${n}-` } })) }, files);
  try {
    expect(running.log.map(({ event }) => event)).not.toContain("app_loaded");
    for (let from = 0; from < APPS; from += AT_ONCE) {
      const batch = numbers.slice(from, from + AT_ONCE);
      const answers = await Promise.all(batch.map(async (n) => (await running.request(`app-${n}.test`, "/")).text()));
      expect(answers).toEqual(batch.map((n) => `${n}-${n}-1`));
    }
    // All are there still: the second round meets the isolates of the first, or clones of the same snapshots.
    for (const n of [0, 499, 999]) expect(await (await running.request(`app-${n}.test`, "/")).text()).toMatch(new RegExp(`^${n}-${n}-[12]$`));
    await running.waitFor(() => running.log.filter(({ event }) => event === "app_loaded").length === APPS, "1,000 loads in the log");
  } finally {
    await running.stop();
  }
}, 60_000);

test("an app that cannot load is told at the start, without a request and without a word of the others, and serves once it is mended", async () => {
  const good = 'console.log("the top level of a good app"); export default { fetch: () => new Response("good") };';
  const running = await NanoProcess.serve(
    { workers: 2, apps: [...Array.from({ length: 10 }, (_, i) => ({ hostname: `good-${i}.test`, path: "good.js" })), { hostname: "syntax.test", path: "syntax.js" }, { hostname: "throws.test", path: "throws.js" }, { hostname: "missing.test", path: "missing.js" }] },
    { "good.js": good, "syntax.js": "export default {", "throws.js": 'throw new Error("at the top level");' },
  );
  try {
    await running.waitFor(() => running.log.filter(({ event }) => event === "app_failed").length === 3, "three failures in the log");
    expect(running.log.filter(({ event }) => event === "app_failed").map(({ app }) => app).sort()).toEqual(["missing.test", "syntax.test", "throws.test"]);
    expect(running.log.map(({ event }) => event)).not.toContain("app_loaded");
    expect(running.out).not.toContain("the top level of a good app");
    expect((await running.request("throws.test", "/")).status).toBe(503);
    expect(await (await running.request("good-9.test", "/")).text()).toBe("good");
    await Bun.write(`${running.folder}/throws.js`, 'export default { fetch: () => new Response("mended") };');
    running.signal("SIGHUP");
    await running.waitFor(() => running.log.some(({ event }) => event === "reloaded"), "the reload");
    expect(await (await running.request("throws.test", "/")).text()).toBe("mended");
  } finally {
    await running.stop();
  }
}, 30_000);
