import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Hostile, LIMITS, linesOf, serveHostile, told } from "./fixture.ts";

const evil = `
const cases = {
  ok: () => new Response("ok"),
  flood() { for (;;) console.log("x".repeat(1e4)); },
  secret(req, env) { console.log("it is " + env.SECRET, { env }, [env.SECRET]); throw new Error("failed with " + env.SECRET); },
  forge() { console.log('x"}\\n{"event":"forged"}\\u001b[2J\\u202e'); return new Response("ok"); },
  reject() { for (let i = 0; i < 1000; i++) Promise.reject(new Error("x")); return new Response("ok"); },
  long() { throw "x".repeat(1e6); },
};
export default { fetch(req, env, ctx) { return cases[req.url.split("/")[3]](req, env, ctx); } };
`;

describe("hostile logs", () => {
  let nano: Hostile;

  beforeAll(async () => {
    nano = await serveHostile(evil);
  });
  afterAll(() => nano.stop());

  const consoleBytes = () => linesOf(nano, "console").reduce((sum, line) => sum + String(line["message"]).length, 0);
  const logged = async (path: string): Promise<string> => {
    const before = nano.out.length;
    await told(nano, path);
    await nano.waitFor(() => linesOf(nano, "request").some((line) => line["path"] === path), "the log line");
    return nano.out.slice(before);
  };

  test("L01: a flood ends at the limit of one invocation, with one line that says so", async () => {
    await logged("/flood");
    expect(consoleBytes()).toBeLessThanOrEqual(LIMITS.log_kb * 1024 + 200);
    expect(consoleBytes()).toBeGreaterThan(LIMITS.log_kb * 512);
    const notices = linesOf(nano, "console").filter((line) => !String(line["message"]).startsWith("xxx"));
    expect(notices).toHaveLength(1);
  });

  test("L05: the app's own secret does not reach the log, whether it is printed or thrown", async () => {
    const text = await logged("/secret");
    expect(text).toContain("it is [redacted]");
    expect(text).toContain("failed with [redacted]");
    expect(text.includes(nano.secrets.evil)).toBe(false);
  });

  test("L03: text that looks like a log line stays text", async () => {
    await logged("/forge");
    expect(linesOf(nano, "forged")).toEqual([]);
    expect(nano.out).not.toContain("\u001b");
    expect(nano.out).not.toContain("\u202e");
  });

  test("R10: what was thrown is cut in the log", async () => {
    expect((await logged("/long")).length).toBeLessThan(20_000);
  });

  test("P09: a thousand unhandled rejections are no thousand lines", async () => {
    expect((await logged("/reject")).split("\n").length).toBeLessThan(10);
    expect(nano.isAlive).toBe(true);
    expect(nano.err).toBe("");
  });
});
