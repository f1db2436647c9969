import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { askNeighbour, crowd, type Hostile, linesOf, serveHostile, told } from "./fixture.ts";

const MB = 2 ** 20;

const evil = `
let kept = null;
const endless = (bytes) => new Response(new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(bytes)); } }));
const cases = {
  ok: () => new Response("ok"),
  crumbs: () => endless(1),
  blocks: () => endless(65536),
  keep(req) { kept = req.body; return new Response("kept"); },
  async use() { try { return new Response(await new Response(kept).text()); } catch (e) { return new Response(e.name, { status: 409 }); } },
  async late() { await new Promise((r) => setTimeout(r, 300)); return new Response("late"); },
  background(req, env, ctx) { let n = 0; ctx.waitUntil(new Promise(() => setInterval(() => console.log("tick", n++), 20))); return new Response("ok"); },
  async refused() { for (;;) await fetch("http://127.0.0.1:1/").catch(() => {}); },
  async spawns() { const t = []; for (let i = 0; i < 900; i++) t.push(setTimeout(() => console.log("fired"), 300)); return new Response("answered"); },
};
export default { fetch(req, env, ctx) { return cases[req.url.split("/")[3]](req, env, ctx); } };
`;

describe("hostile streams", () => {
  let nano: Hostile;

  beforeAll(async () => {
    // A CPU limit that leaves time to harm.
    nano = await serveHostile(evil, { limits: { write_stall_ms: 1_500 }, evilLimits: { cpu_ms: 1_500, subrequests: 1_000 } });
    await crowd(50, 2, () => told(nano, "/ok"));
  });
  afterAll(() => nano.stop());

  /** Asks for `path` and reads, while a neighbour is asked. */
  async function drink(path: string): Promise<{ readonly bytes: number; readonly errors: readonly string[]; readonly slowestMs: number }> {
    const neighbour = askNeighbour(nano);
    let bytes = 0;
    try {
      const response = await nano.request("evil.test", path, { headers: { connection: "close" }, signal: AbortSignal.timeout(10_000) });
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) bytes += chunk.byteLength;
    } catch (error) {
      if ((error as Error).name === "TimeoutError") throw error;
    }
    return { bytes, ...(await neighbour.stop()) };
  }

  test("B12: a response of one-byte chunks does not hold the thread", async () => {
    const { bytes, errors, slowestMs } = await drink("/crumbs");
    expect(bytes).toBeGreaterThan(1000);
    expect(errors).toEqual([]);
    expect(slowestMs).toBeLessThan(700);
  });

  test("F16: fetches that are refused at once do not hold the thread", async () => {
    const { errors, slowestMs } = await drink("/refused");
    expect(errors).toEqual([]);
    expect(slowestMs).toBeLessThan(700);
  });

  test("B02: of an endless response to a client that never reads little is buffered, and the response is given up", async () => {
    const before = nano.rssBytes;
    let isClosed = false;
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: nano.port,
      socket: {
        open(s) {
          s.write("GET /blocks HTTP/1.1\r\nhost: evil.test\r\n\r\n");
          s.pause();
        },
        data() {},
        close() {
          isClosed = true;
        },
      },
    });
    await nano.waitFor(() => linesOf(nano, "request").some((line) => line["path"] === "/blocks"), "the end of the response");
    expect(nano.rssBytes - before).toBeLessThan(48 * MB);
    if (!isClosed) socket.terminate();
    expect(await told(nano, "/ok")).toBe("200 ok");
  });

  test("B07: a body that was kept from another request cannot be read", async () => {
    expect(await told(nano, "/keep", { method: "POST", body: new Uint8Array(200_000) })).toBe("200 kept");
    expect(await told(nano, "/use")).toBe("409 TypeError");
  });

  test("B08: what an app answers after its client left goes nowhere and harms nobody", async () => {
    await crowd(20, 20, async () => {
      await nano.request("evil.test", "/late", { signal: AbortSignal.timeout(60) }).catch(() => null);
      return "gone";
    });
    await nano.waitFor(() => linesOf(nano, "request").filter((line) => line["path"] === "/late").length === 20, "20 log lines");
    for (const line of linesOf(nano, "request").filter((one) => one["path"] === "/late")) expect(line["outcome"]).toBe("canceled");
    expect(linesOf(nano, "kill").filter((line) => line["app"] === "late")).toEqual([]);
  });

  test("T05: what waitUntil waits for is cut off at its limit, timers and all", async () => {
    expect(await told(nano, "/background")).toBe("200 ok");
    const ticks = () => linesOf(nano, "console").filter((line) => String(line["message"]).startsWith("tick")).length;
    await nano.waitFor(() => ticks() > 5, "the first ticks");
    await Bun.sleep(1_500);
    const last = ticks();
    await Bun.sleep(300);
    expect(ticks()).toBe(last);
  });

  test("timers that outlive the answer do not fire", async () => {
    expect(await told(nano, "/spawns")).toBe("200 answered");
    await Bun.sleep(600);
    expect(linesOf(nano, "console").filter((line) => line["message"] === "fired")).toEqual([]);
  });

  test("nothing of this was an error of nano's", () => {
    expect(nano.isAlive).toBe(true);
    expect(nano.err).toBe("");
    expect(linesOf(nano, "fault")).toEqual([]);
  });
});
