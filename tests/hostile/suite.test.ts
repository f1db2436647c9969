import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type LogLine, NanoProcess } from "../harness/nano.ts";
import { type Attack, attacks, type Category } from "./attacks.ts";

/** Cases are told apart by path; a folder of one app holds them all. */
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
];
const LIMITS = { cpu_ms: 50, wall_ms: 2000, stream_ms: 2000, wait_until_ms: 1000, memory_mb: 64, log_kb: 64 };
const STATUS: Readonly<Record<string, number>> = { cpu_limit: 503, memory_limit: 503, isolate_lost: 503, wall_limit: 504, app_exception: 500, bad_response: 502 };
const canary = (app: string) => `CANARY-${app}-${crypto.randomUUID().replaceAll("-", "")}`;
const secrets = { evil: canary("evil"), good1: canary("good1"), good2: canary("good2") };
/** An invocation that a limit ended is over at once; on a busy machine the client hears of it a little later. */
const PATIENCE_MS = 15_000;

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
const goodSource = `export default { fetch: (req, env) => new Response("ok " + env.SECRET.length) };`;

function startWith(category: Category): Promise<NanoProcess> {
  const app = (name: "evil" | "good1" | "good2", path: string) => ({ hostname: `${name}.test`, path, limits: LIMITS, env: { SECRET: secrets[name] } });
  return NanoProcess.serve({ apps: [app("evil", "evil.js"), app("good1", "good.js"), app("good2", "good.js")] }, { "evil.js": evilSource(category), "good.js": goodSource });
}

/** Asks the neighbour without a pause until stopped. */
function askNeighbour(nano: NanoProcess): { stop(): Promise<{ readonly answers: number; readonly errors: readonly string[] }> } {
  let isStopped = false;
  const run = (async () => {
    const errors: string[] = [];
    let answers = 0;
    while (!isStopped && answers < 100_000) {
      const told = await nano.request("good1.test", "/").then(
        async (response) => `${response.status} ${await response.text()}`,
        (error: Error) => error.message,
      );
      if (told.startsWith("200 ok")) answers++;
      else errors.push(told);
      await Bun.sleep(2);
    }
    return { answers, errors };
  })();
  return {
    stop() {
      isStopped = true;
      return run;
    },
  };
}

const killsOf = (log: readonly LogLine[], requestId: string) => log.filter((line) => line.event === "kill" && line["req"] === requestId);

async function strike(nano: NanoProcess, { id, told, kill }: Attack): Promise<void> {
  const neighbour = askNeighbour(nano);
  // A connection of its own: a client may ask again when a kept-alive one is closed on it.
  const response = await nano.request("evil.test", `/${id}`, { headers: { connection: "close" }, signal: AbortSignal.timeout(PATIENCE_MS) }).catch((error: Error) => {
    if (error.name === "TimeoutError") throw error;
    return null;
  });
  if (response === null) {
    expect(told).toContain("closed");
    expect((await neighbour.stop()).errors).toEqual([]);
    return;
  }
  const requestId = response.headers.get("x-request-id") ?? "";
  const code = response.headers.get("x-nano-error");
  const text = await response.text().catch(() => "");
  const { answers, errors } = await neighbour.stop();

  expect(told as readonly (string | number)[]).toContain(code ?? response.status);
  if (code !== null) {
    expect(response.status).toBe(STATUS[code] ?? 0);
    expect(JSON.parse(text)).toEqual({ error: code, request_id: requestId });
  }
  expect(errors).toEqual([]);
  expect(answers).toBeGreaterThan(0);
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
  for (const secret of [secrets.good1, secrets.good2, secrets.evil]) expect(text.includes(secret)).toBe(false);
}

for (const [category, what] of CATEGORIES)
  describe(`hostile apps: ${what}`, () => {
    let nano: NanoProcess;
    let rssBefore = 0;
    let filesBefore = 0;

    beforeAll(async () => {
      nano = await startWith(category);
      for (const host of ["evil.test", "good1.test", "good2.test"]) for (let i = 0; i < 20; i++) await (await nano.request(host, "/ok")).text();
      rssBefore = nano.rssBytes;
      filesBefore = nano.openFiles;
    });
    afterAll(() => nano.stop());

    for (const one of attacks.filter((attack) => attack.category === category))
      test(`${one.id} harms nobody else, and is told ${one.told.join(" or ")}`, () => strike(nano, one), 60_000);

    test("the process stands as before: memory, descriptors, standard error, other apps' secrets", async () => {
      await Bun.sleep(1500);
      expect(nano.isAlive).toBe(true);
      expect(nano.err).toBe("");
      expect(nano.openFiles - filesBefore).toBeLessThanOrEqual(6);
      expect((nano.rssBytes - rssBefore) / 2 ** 20).toBeLessThan(300);
      for (const secret of Object.values(secrets)) expect(nano.out.includes(secret)).toBe(false);
      for (const line of nano.out.split("\n").filter((text) => text !== "")) expect(() => JSON.parse(line)).not.toThrow();
    });
  });
