/** `nano serve` as a process: its log, and how it stops. */
import { describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { NanoProcess } from "../harness/nano.ts";

const APP = `
export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === "/slow") {
      console.log("begun");
      await new Promise((resolve) => setTimeout(resolve, 400));
      return new Response("slow but whole");
    }
    if (pathname === "/hang") {
      console.log("begun");
      return new Promise(() => {});
    }
    if (pathname === "/console") {
      console.log("plain \\u001b[31m\\n{\\"event\\":\\"forged\\"}", env.TOKEN, "\\u202e");
      console.error(new TypeError("told"));
      return new Response("logged");
    }
    if (pathname === "/throw") throw new Error("with " + env.TOKEN);
    if (pathname === "/spin") for (;;) {}
    return new Response("ok");
  },
};
`;
const TOKEN = "s3cr3t-value-of-env";
const config = (more: object = {}) => ({ apps: [{ name: "shop", hostname: "app.test", path: "app.js", env: { TOKEN }, limits: { cpu_ms: 100 } }], ...more });
const start = (more: object = {}) => NanoProcess.serve(config(more), { "app.js": APP });

const begun = (running: NanoProcess, times = 1) => running.waitFor(() => running.out.split("begun").length > times, "the request in the app");

/** A connection of our own, and what has come over it. */
function open(port: number): { readonly socket: Socket; text(): string; readonly closed: Promise<void> } {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
  });
  return { socket, text: () => text, closed: new Promise((resolve) => socket.once("close", () => resolve())) };
}

describe("the log", () => {
  test("json: one line per request and event, escaped, with request ids, without values of env", async () => {
    const running = await start();
    const ids: Record<string, string> = {};
    for (const path of ["/", "/console?secret=query", "/throw", "/spin"]) ids[path] = (await running.request("app.test", path, { headers: { "user-agent": "test" } })).headers.get("x-request-id") as string;
    await running.waitFor(() => running.log.filter(({ event }) => event === "request").length === 4, "four requests in the log");
    const { log, out } = running;
    const of = (event: string) => log.filter((line) => line.event === event);
    expect(of("listening")).toEqual([expect.objectContaining({ level: "info", port: running.port, apps: 1, pid: running.pid })]);
    expect(of("app_loaded")).toEqual([expect.objectContaining({ app: "shop", revision: 1 })]);
    expect(of("request")[0]).toEqual({ ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/), level: "info", event: "request", req: ids["/"], app: "shop", host: "app.test", method: "GET", path: "/", status: 200, bytes: 2, latency_ms: expect.any(Number), cpu_ms: expect.any(Number), outcome: "ok" });
    // Even the shortest: CPU is counted up to the answer, and not only in whole slices.
    for (const { cpu_ms: cpuMs } of of("request")) expect(cpuMs).toBeGreaterThan(0.005);
    expect(of("request").map(({ path, status, outcome }) => [path, status, outcome])).toEqual([["/", 200, "ok"], ["/console", 200, "ok"], ["/throw", 500, "exception"], ["/spin", 503, "exceededCpu"]]);
    expect(of("console")).toEqual([
      expect.objectContaining({ level: "info", app: "shop", req: ids["/console?secret=query"], message: 'plain \u001b[31m\n{"event":"forged"} [redacted] \u202e' }),
      expect.objectContaining({ level: "error", app: "shop", message: expect.stringMatching(/^TypeError: told\n {4}at .*\(app\.js:16:\d+\)$/) }),
    ]);
    expect(of("exception")).toEqual([expect.objectContaining({ level: "error", app: "shop", req: ids["/throw"], error: "Error: with [redacted]", stack: expect.stringMatching(/app\.js:19:\d+/) })]);
    expect(of("kill")).toEqual([expect.objectContaining({ level: "error", app: "shop", req: ids["/spin"], reason: "exceededCpu", limit: "100 ms", config_key: "cpu_ms", stack: expect.stringMatching(/app\.js:20:\d+/) })]);
    expect(out).not.toContain(TOKEN);
    expect(out).not.toContain("secret=query");
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    await running.stop();
  });

  test("text: one line per request and event, with nothing of the app's that could forge one", async () => {
    const running = await start({ log: { format: "text" } });
    await running.request("app.test", "/console");
    await running.waitFor(() => / request /.test(running.out), "the request");
    const lines = running.out.trimEnd().split("\n");
    for (const line of lines) expect(line).toMatch(/^\d{4}-\d\d-\d\dT\S+Z (?:INFO |WARN |ERROR|DEBUG) [a-z_]+ /);
    expect(lines.find((line) => line.includes(" request "))).toMatch(/ INFO {2}request req=\S+ app=shop host=app\.test method=GET path=\/console status=200 bytes=6 latency_ms=\S+ cpu_ms=\S+ outcome=ok$/);
    expect(lines.find((line) => line.includes("forged"))).toContain('message="plain \\x1b[31m\\x0a{\\"event\\":\\"forged\\"} [redacted] \\u202e"');
    await running.stop();
  });

  test("apache: requests in the combined format", async () => {
    const running = await start({ log: { format: "apache" } });
    await running.request("app.test", "/a?b", { headers: { "user-agent": 'quote " here', referer: "http://from.test/" } });
    const line = await running.waitFor(() => /^127\.0\.0\.1 .*$/m.exec(running.out)?.[0], "the request");
    expect(line).toMatch(/^127\.0\.0\.1 - - \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET \/a HTTP\/1\.1" 200 2 "http:\/\/from\.test\/" "quote \\" here"$/);
    await running.stop();
  });
});

describe("stopping", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("%s lets a slow request finish, takes nothing new, and exits with 0", async (signal) => {
    const running = await start();
    const slow = running.request("app.test", "/slow");
    await begun(running);
    running.signal(signal);
    const [response, code] = [await slow, await running.exited()];
    expect([response.status, await response.text(), code]).toEqual([200, "slow but whole", 0]);
    expect(running.log.find(({ event }) => event === "stopping")).toMatchObject({ signal, in_flight: 1, drain_ms: 30_000 });
    expect(running.log.at(-1)).toMatchObject({ event: "stopped", aborted_apps: "" });
    await expect(running.request("app.test", "/")).rejects.toThrow();
  });

  test("a second signal exits at once", async () => {
    const running = await start();
    const hanging = running.request("app.test", "/hang").catch(() => null);
    await begun(running);
    running.signal("SIGTERM");
    await running.waitFor(() => running.log.some(({ event }) => event === "stopping"), "the stop");
    running.signal("SIGTERM");
    // Draining would take 30 s; the harness kills after 10, which leaves no exit code.
    expect(await running.exited()).not.toBeNull();
    await hanging;
  });

  test("what is not done after drain_ms is ended, and the log names the app", async () => {
    const running = await start({ drain_ms: 100 });
    const hanging = running.request("app.test", "/hang").then((response) => response.status, () => "cut");
    await begun(running);
    running.signal("SIGTERM");
    expect(await running.exited()).toBe(0);
    expect(running.log.at(-1)).toMatchObject({ event: "stopped", aborted_apps: "shop" });
    expect([503, "cut"]).toContain(await hanging);
  });

  test("a kept-alive connection is told to leave and holds nothing up", async () => {
    const running = await start();
    const [busy, idle] = [open(running.port), open(running.port)];
    idle.socket.write("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
    busy.socket.write("GET /slow HTTP/1.1\r\nHost: app.test\r\n\r\n");
    await begun(running);
    await running.waitFor(() => idle.text().includes("200 OK"), "the answer on the idle connection");
    running.signal("SIGTERM");
    await Promise.all([busy.closed, idle.closed]);
    expect(busy.text().toLowerCase()).toMatch(/^http\/1\.1 200 ok\r\n[^]*connection: close[^]*slow but whole$/);
    expect(await running.exited()).toBe(0);
  });
});
