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
