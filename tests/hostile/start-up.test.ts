import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Hostile, linesOf, serveHostile, told } from "./fixture.ts";

/** Modules whose top level misbehaves, and what the log has to say about each. */
const MODULES: Readonly<Record<string, readonly [source: string, why: RegExp]>> = {
  // On a cold engine the wall limit may come first.
  loops: ["while (true) {}", /startup_cpu_ms|wall_ms/],
  catches: ["for (;;) try { for (;;); } catch {}", /startup_cpu_ms|wall_ms/],
  swallows: ["const a = []; for (;;) a.push(new ArrayBuffer(1 << 20));", /memory_mb|startup_cpu_ms/],
  awaits: ["await new Promise(() => {});", /did not finish/],
  throws: ["throw new Error('no');", /Error: no/],
  traps: ["throw { get name() { throw 1; }, get message() { throw 2; } };", /Getter/],
  fetches: ["await fetch('http://127.0.0.1/');", /TypeError/],
  timers: ["setTimeout(() => {}, 1);", /timers can be started only while an event is handled/],
  nothing: ["", /no fetch handler/],
  number: ["export default 1;", /no fetch handler/],
  escapes: ["import fs from 'node:fs'; export default { fetch: () => new Response(fs.readFileSync('/etc/passwd')) };", /node:fs/],
  outside: ["import '../../../../../../../etc/passwd';", /passwd/],
  remote: ["import 'https://example.com/x.js';", /https:/],
};

const asApp = (source: string) => `${source}\nexport default { fetch: () => new Response("up") };`;
const SECRET_ENV = `export default { fetch: (req, env) => Response.json({ env, names: Object.getOwnPropertyNames(globalThis).filter((n) => /process|Bun|Deno|require/.test(n)) }) };`;

describe("hostile modules", () => {
  let nano: Hostile;

  beforeAll(async () => {
    const more = Object.fromEntries(Object.entries(MODULES).map(([name, [source]]) => [name, /export default|^$/.test(source) ? source : asApp(source)]));
    nano = await serveHostile(SECRET_ENV, { more });
  });
  afterAll(() => nano.stop());

  for (const [name, [, why]] of Object.entries(MODULES))
    test(`a module that ${name}: 503 app_failed with the reason in the log, and the other apps serve`, async () => {
      expect(await told(nano, "/", {}, `${name}.test`)).toBe("503 app_failed");
      const line = await nano.waitFor(() => linesOf(nano, "app_failed").find((one) => one["app"] === `${name}.test`), "the log line");
      expect(String(line["error"])).toMatch(why);
      expect(await told(nano, "/", {}, "good1.test")).toMatch(/^200 ok/);
    }, 30_000);

  test("I01, I02: an app sees its own env and nothing of the host's", async () => {
    const { env, names } = JSON.parse((await told(nano, "/")).slice(4)) as { env: Record<string, string>; names: string[] };
    expect(env).toEqual({ SECRET: nano.secrets.evil });
    expect(names).toEqual([]);
  });

  test("the process has not noticed", () => {
    expect(nano.isAlive).toBe(true);
    expect(nano.err).toBe("");
    expect(linesOf(nano, "fault")).toEqual([]);
  });
});
