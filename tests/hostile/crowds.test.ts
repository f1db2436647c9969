import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { askNeighbour, crowd, type Hostile, LIMITS, linesOf, serveHostile, told } from "./fixture.ts";

const MB = 2 ** 20;
const SETTLE_MS = 2_000;

/** `/spin/<n>` goes round a loop n times; the rest is named after what it does. */
const evil = `
const spin = (n) => { let s = 0; for (let i = 0; i < n; i++) s = (s + i * 7) % 1000003; return s; };
const cases = {
  ok: () => new Response("ok"),
  spin: (req, n) => new Response("spun " + typeof spin(n)),
  async twice(req, n) { spin(n); await new Promise((r) => setTimeout(r, 100)); spin(n); return new Response("spun twice"); },
  bomb() { const a = []; for (;;) a.push(new ArrayBuffer(1 << 20)); },
  loop() { for (;;); },
  deep: () => JSON.parse("[".repeat(1e6)),
  async hold() { const a = new Uint8Array(2 << 20).fill(1); await new Promise((r) => setTimeout(r, 200)); return new Response("held " + a.length); },
  upload: async (req) => new Response("got " + (await req.arrayBuffer()).byteLength),
};
export default { fetch(req) { const [name, n] = req.url.split("/").slice(3); return cases[name](req, Number(n)); } };
`;

describe("hostile apps in numbers", () => {
  let nano: Hostile;
  let startBytes = 0;
  /** Rounds of the loop that take 10 ms of CPU. */
  let tenMs = 0;

  beforeAll(async () => {
    nano = await serveHostile(evil);
    await nano.waitFor(() => linesOf(nano, "calibrated").length > 0, "the calibration");
    // Long enough that the slice in which the answer is given, and which the log line misses, counts little.
    const rounds = 400_000;
    await told(nano, `/spin/${rounds}`);
    const line = await nano.waitFor(() => linesOf(nano, "request").find((one) => one["path"] === `/spin/${rounds}`), "the log line");
    tenMs = Math.round((rounds * 10) / Number(line["cpu_ms"]));
    await crowd(200, 4, () => told(nano, "/ok"));
    startBytes = nano.rssBytes;
  });
  afterAll(() => nano.stop());

  const kills = () => linesOf(nano, "kill").length;

  test("C13: 200 requests of four fifths of the CPU limit are all answered, none is ended", async () => {
    const before = kills();
    expect(await crowd(200, 2, () => told(nano, `/spin/${tenMs * 4}`))).toEqual({ "200 spun number": 200 });
    expect(kills()).toBe(before);
  });

  test("C14: CPU adds up over what an invocation waits for", async () => {
    const before = kills();
    expect(await told(nano, `/twice/${tenMs * 4}`)).toBe("503 cpu_limit");
    await nano.waitFor(() => kills() === before + 1, "the kill line");
  });

  test("C15: of 100 requests at once each pays for its own CPU only", async () => {
    const before = kills();
    expect(await crowd(100, 100, () => told(nano, `/spin/${tenMs}`))).toEqual({ "200 spun number": 100 });
    expect(kills()).toBe(before);
  });

  test("S07: 200 times JSON too deep costs no isolate and no memory", async () => {
    expect(await crowd(200, 2, () => told(nano, "/deep"))).toEqual({ "500 app_exception": 200 });
    expect(await told(nano, "/ok")).toBe("200 ok");
  });

  test("M10: 50 requests that hold 2 MB each do not end each other", async () => {
    expect(await crowd(50, 50, () => told(nano, "/hold"))).toEqual({ [`200 held ${2 * MB}`]: 50 });
  });

  test("M12: 20 uploads of 10 MB at once are read or refused, and the process holds no more than its isolates may", async () => {
    const body = new Uint8Array(10_000_000);
    const answers = await crowd(20, 20, () => told(nano, "/upload", { method: "POST", body }));
    for (const answer of Object.keys(answers)) expect(["200 got 10000000", "503 memory_limit", "503 isolate_lost", "413 payload_too_large", "503 cpu_limit"]).toContain(answer);
    expect(nano.rssBytes - startBytes).toBeLessThan(8 * LIMITS.memory_mb * MB + 64 * MB);
    expect(await told(nano, "/ok")).toBe("200 ok");
  });

  test("M13: a hundred memory kills in a row, told one by one, leave nothing behind", async () => {
    const before = kills();
    const neighbour = askNeighbour(nano);
    const answers = await crowd(100, 1, () => told(nano, "/bomb"));
    const peakBytes = nano.rssBytes;
    expect((await neighbour.stop()).errors).toEqual([]);
    expect(Object.keys(answers).every((answer) => answer === "503 memory_limit" || answer === "503 cpu_limit")).toBe(true);
    await nano.waitFor(() => kills() === before + 100, "one kill line for each");
    expect(peakBytes - startBytes).toBeLessThan(4 * LIMITS.memory_mb * MB);
  }, 60_000);

  test("200 CPU kills, eight at once, are told one by one", async () => {
    const before = kills();
    expect(await crowd(200, 8, () => told(nano, "/loop"))).toEqual({ "503 cpu_limit": 200 });
    await nano.waitFor(() => kills() === before + 200, "one kill line for each");
  }, 120_000);

  test("afterwards memory is what it was, and nothing was written to standard error", async () => {
    await Bun.sleep(SETTLE_MS);
    // The pages of isolates that idle are dropped with them, a minute later.
    expect(nano.rssBytes - startBytes).toBeLessThan(64 * MB);
    expect(nano.err).toBe("");
    expect(linesOf(nano, "fault")).toEqual([]);
  });
});
