/** Stopping nano while it has something to do: nothing that was begun is lost, and nothing holds it up for longer than it may. */
import { afterEach, describe, expect, test } from "bun:test";
import { NanoProcess } from "../harness/nano.ts";

const APP = `
const encoder = new TextEncoder();
addEventListener("drain", (event) => {
  console.log("drain", event.reason, event.deadline - Date.now() <= 30_000);
  event.waitUntil(new Promise((resolve) => setTimeout(() => { console.log("flushed"); resolve(); }, 50)));
});
export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    console.log("begun", pathname);
    if (pathname === "/stream") {
      let n = 0;
      return new Response(new ReadableStream({ async pull(c) { await new Promise((r) => setTimeout(r, 100)); c.enqueue(encoder.encode("chunk ")); if (++n === 8) c.close(); } }));
    }
    if (pathname === "/later") ctx.waitUntil(new Promise((resolve) => setTimeout(() => { console.log("later is done"); resolve(); }, 800)));
    if (pathname === "/minute") await new Promise((resolve) => setTimeout(resolve, 60_000));
    return new Response("hello");
  },
};`;

let running: NanoProcess | null = null;
afterEach(async () => {
  await running?.stop();
  running = null;
});
async function start(config: object = {}, app: object = {}): Promise<NanoProcess> {
  running = await NanoProcess.serve({ apps: [{ name: "app", hostname: "app.test", path: "./app.js", default: false, ...app }], ...config }, { "app.js": APP });
  return running;
}
const told = (nano: NanoProcess, message: string) => nano.waitFor(() => nano.log.some((line) => line["message"] === message), message);
const messages = (nano: NanoProcess) => nano.log.filter(({ event }) => event === "console").map(({ message }) => message);

describe("SIGTERM", () => {
  test("lets streams and waitUntil work finish, and tells the app", async () => {
    const nano = await start();
    const streamed = nano.request("app.test", "/stream").then((response) => response.text());
    await nano.request("app.test", "/later");
    await told(nano, "begun /stream");
    nano.signal("SIGTERM");
    expect(await streamed).toBe("chunk ".repeat(8));
    expect(await nano.exited()).toBe(0);
    expect(messages(nano)).toEqual(expect.arrayContaining(["later is done", "drain shutdown true", "flushed"]));
    expect(nano.log.at(-1)).toMatchObject({ event: "stopped", aborted_apps: "" });
  });

  test("ends what outlives the drain_ms of its app, names it, and exits with 0", async () => {
    const nano = await start({}, { limits: { drain_ms: 700 } });
    const answer = nano.request("app.test", "/minute").then((response) => [response.status, response.headers.get("x-nano-error")], () => "cut");
    await told(nano, "begun /minute");
    nano.signal("SIGTERM");
    expect(await nano.exited()).toBe(0);
    const id = nano.log.find(({ message }) => message === "begun /minute")?.["req"];
    expect(nano.log.find(({ event }) => event === "drain_aborted")).toMatchObject({ app: "app", reason: "shutdown", aborted: 1, requests: id });
    expect(await answer).toEqual([503, "draining"]);
  });

  test("with a drain delay fails readiness at once and serves new connections meanwhile", async () => {
    const nano = await start({ server: { drain_delay_ms: 60_000 } });
    expect(await (await nano.request("10.0.0.5", "/readyz")).json()).toEqual({ status: "ok" });
    nano.signal("SIGTERM");
    await nano.waitFor(() => nano.log.some(({ event }) => event === "stopping"), "the stop");
    const statuses = await Promise.all([nano.request("10.0.0.5", "/readyz"), nano.request("10.0.0.5", "/healthz"), nano.request("app.test", "/")]);
    expect(statuses.map(({ status }) => status)).toEqual([503, 200, 200]);
    nano.signal("SIGTERM");
    expect(await nano.exited()).not.toBeNull();
  });

  test("asks kept-alive clients to leave before the listener stops, and serves what they send until then", async () => {
    const nano = await start({ server: { drain_delay_ms: 0 } });
    const holding = nano.request("app.test", "/stream");
    await told(nano, "begun /stream");
    nano.signal("SIGTERM");
    await nano.waitFor(() => nano.log.some(({ event }) => event === "stopping"), "the stop");
    const response = await nano.request("app.test", "/");
    expect([response.status, response.headers.get("connection")]).toEqual([200, "close"]);
    await (await holding).text();
    expect(await nano.exited()).toBe(0);
  });
});
