import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Attack, attacks, type Category } from "./attacks.ts";
import { askNeighbour, type Hostile, killsOf, LIMITS, PATIENCE_MS, serveHostile } from "./fixture.ts";

/** Cases are told apart by path; one app holds all of a category. */
const CATEGORIES: readonly (readonly [Category, string])[] = [
  ["C", "CPU in JavaScript"],
  ["N", "CPU in native code"],
  ["G", "regular expressions"],
  ["S", "the stack"],
  ["M", "memory"],
  ["P", "promises"],
  ["T", "timers"],
  ["L", "logs"],
  ["B", "bodies"],
  ["R", "responses"],
  ["E", "escape"],
  ["I", "isolation and env"],
  ["Y", "cryptography"],
];
const STATUS: Readonly<Record<string, number>> = { cpu_limit: 503, memory_limit: 503, isolate_lost: 503, wall_limit: 504, app_exception: 500, bad_response: 502 };
/** Past the wall limit, and the one of the response's stream. Generous: other work may hold the core. */
const ANSWER_MS = LIMITS.wall_ms + LIMITS.stream_ms + 3_000;
/** The longest that a neighbour's answer may take meanwhile. The benchmark has the strict figure. */
const STALL_MS = 1_000;
const SETTLE_MS = 1_500;
/** What a process may keep after a category: warm code, garbage that was not collected yet. */
const KEPT_BYTES = 48 << 20;
/** The client's kept-alive connections. */
const KEPT_FILES = 6;

const evilSource = (category: Category) => `
const cases = {
${attacks.filter((one) => one.category === category).map(({ id, source }) => `  async ${id}(req, env, ctx) {\n${source}\n  },`).join("\n")}
};
export default {
  fetch(req, env, ctx) {
    const name = req.url.slice(req.url.lastIndexOf("/") + 1);
    return name === "ok" ? new Response("ok") : cases[name](req, env, ctx);
  },
};
`;

async function strike(nano: Hostile, { id, told, kill }: Attack): Promise<{ readonly ms: number; readonly stallMs: number }> {
  const neighbour = askNeighbour(nano);
  const started = performance.now();
  // A connection of its own: a client may ask again when a kept-alive one is closed on it.
  const response = await nano.request("evil.test", `/${id}`, { headers: { connection: "close" }, signal: AbortSignal.timeout(PATIENCE_MS) }).catch((error: Error) => {
    if (error.name === "TimeoutError") throw error;
    return null;
  });
  const requestId = response?.headers.get("x-request-id") ?? "";
  const code = response?.headers.get("x-nano-error") ?? null;
  const text = (await response?.text().catch(() => "")) ?? "";
  const elapsedMs = performance.now() - started;
  const { answers, errors, slowestMs } = await neighbour.stop();

  expect(told as readonly (string | number)[]).toContain(response === null ? "closed" : (code ?? response.status));
  if (code !== null) {
    expect(response?.status).toBe(STATUS[code] ?? 0);
    expect(JSON.parse(text)).toEqual({ error: code, request_id: requestId });
  }
  expect(elapsedMs).toBeLessThan(ANSWER_MS);
  expect(errors).toEqual([]);
  expect(answers).toBeGreaterThan(0);
  expect(slowestMs).toBeLessThan(STALL_MS);
  if (kill === "yes") await nano.waitFor(() => killsOf(nano.log, requestId).length > 0, `the kill of ${id}`);
  expect(nano.isAlive).toBe(true);

  for (const host of ["evil.test", "good1.test", "good2.test"]) {
    const ok = await nano.request(host, "/ok", { signal: AbortSignal.timeout(PATIENCE_MS) });
    // An app that poisoned every built-in of its own may have broken its own isolate.
    if (host !== "evil.test" || id !== "E99") expect([id, host, ok.status]).toEqual([id, host, 200]);
    await ok.text();
  }
  const kills = killsOf(nano.log, requestId);
  expect(kills.length).toBeLessThanOrEqual(1);
  if (kill === "no") expect(kills).toEqual([]);
  for (const line of kills) for (const key of ["reason", "limit", "used", "config_key"]) expect(line[key]).toBeTruthy();
  for (const secret of Object.values(nano.secrets)) expect(text.includes(secret)).toBe(false);
  return { ms: elapsedMs, stallMs: slowestMs };
}

for (const [category, what] of CATEGORIES)
  describe(`hostile apps: ${what}`, () => {
    let nano: Hostile;
    let rssBefore = 0;
    let filesBefore = 0;
    let slowest = { id: "", ms: 0 };
    let worst = { id: "", stallMs: 0 };

    beforeAll(async () => {
      nano = await serveHostile(evilSource(category));
      for (const host of ["evil.test", "good1.test", "good2.test"]) for (let i = 0; i < 20; i++) await (await nano.request(host, "/ok")).text();
      rssBefore = nano.rssBytes;
      filesBefore = nano.openFiles;
    });
    afterAll(() => nano.stop());

    for (const one of attacks.filter((attack) => attack.category === category))
      test(
        `${one.id} harms nobody else, and is told ${one.told.join(" or ")}`,
        async () => {
          const { ms, stallMs } = await strike(nano, one);
          if (ms > slowest.ms) slowest = { id: one.id, ms };
          if (stallMs > worst.stallMs) worst = { id: one.id, stallMs };
        },
        60_000,
      );

    test("the process stands as before: memory, descriptors, standard error, secrets", async () => {
      await Bun.sleep(SETTLE_MS);
      const keptBytes = nano.rssBytes - rssBefore;
      const keptFiles = nano.openFiles - filesBefore;
      console.log(`${category}: slowest ${slowest.id} ${Math.round(slowest.ms)} ms; neighbour waited ${Math.round(worst.stallMs)} ms during ${worst.id}; kept ${Math.round(keptBytes / 2 ** 20)} MB, ${keptFiles} descriptors`);
      expect(nano.isAlive).toBe(true);
      expect(nano.err).toBe("");
      expect(keptFiles).toBeLessThanOrEqual(KEPT_FILES);
      expect(keptBytes).toBeLessThan(KEPT_BYTES);
      for (const secret of Object.values(nano.secrets)) expect(nano.out.includes(secret)).toBe(false);
      for (const line of nano.out.split("\n").filter((text) => text !== "")) expect(() => JSON.parse(line)).not.toThrow();
      // A fault is a host exception that nobody had thought of.
      expect(nano.log.filter((line) => line.event === "fault")).toEqual([]);
    });
  });
