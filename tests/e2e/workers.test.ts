/** `nano serve` with several processes: who serves, what becomes of those that end, and what is left when the supervisor does. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { ENGINE_OPTIONS } from "../../src/config/environment.ts";
import { nano, NanoProcess, temporaryFolder } from "../harness/nano.ts";

const APP = `
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/slow") await new Promise((resolve) => setTimeout(resolve, 300));
    return new Response("from " + env.NAME);
  },
};
`;
const config = (workers: number | "auto" = 2) => ({ workers, apps: [{ name: "app", hostname: "app.test", path: "app.js", env: { NAME: "nano" } }] });
const serve = (workers?: number | "auto") => NanoProcess.serve(config(workers), { "app.js": APP });
const events = (running: NanoProcess, name: string) => running.log.filter(({ event }) => event === name);
const isAlive = (pid: number) => {
  try {
    // A process that has ended and was not waited for is one no more.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};
const until = async (look: () => boolean | Promise<boolean>, what: string) => {
  for (let i = 0; i < 1_000; i++) {
    if (await look()) return;
    await Bun.sleep(10);
  }
  throw new Error(`${what} did not come`);
};
const mayListen = (port: number) =>
  new Promise<boolean>((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(false)).listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
/** A request on a connection of its own: the kernel chooses the worker. */
const ask = (running: NanoProcess, path = "/") => running.request("app.test", path, { headers: { connection: "close" } });

describe("workers", () => {
  let running: NanoProcess;
  beforeAll(async () => {
    running = await serve();
  });
  afterAll(() => running.stop());

  test("share one port", async () => {
    expect(running.children.length).toBe(2);
    const answers = await Promise.all(Array.from({ length: 40 }, async () => (await ask(running)).text()));
    expect(new Set(answers)).toEqual(new Set(["from nano"]));
    // Each loads the app when it is first asked.
    await running.waitFor(() => events(running, "app_loaded").length === 2, "a load in each worker");
  });

  test("have the engine's options for an environment, and nothing else", () => {
    for (const pid of running.children) expect(readFileSync(`/proc/${pid}/environ`, "utf8")).toBe(Object.entries(ENGINE_OPTIONS).map(([name, value]) => `${name}=${value}\0`).join(""));
  });

  test("are replaced when they are killed, and the others serve meanwhile", async () => {
    const [victim, other] = running.children as [number, number];
    process.kill(victim, "SIGKILL");
    await running.waitFor(() => events(running, "worker_replaced").length === 1, "the replacement");
    expect(running.children).toContain(other);
    expect(running.children.length).toBe(2);
    expect(events(running, "worker_ended").at(-1)).toMatchObject({ pid: victim, how: "SIGKILL" });
    for (let i = 0; i < 20; i++) expect((await ask(running)).status).toBe(200);
  });

  test("are ended and replaced when they are stopped", async () => {
    const [victim] = running.children as [number];
    process.kill(victim, "SIGSTOP");
    await running.waitFor(() => events(running, "worker_stuck").length === 1 && events(running, "worker_replaced").length === 2, "the replacement");
    expect(events(running, "worker_stuck")[0]).toMatchObject({ pid: victim, fault: expect.stringContaining("stopped") });
    expect(isAlive(victim)).toBe(false);
  });

  test("pay no heed to signals: what they are to do, the supervisor says", async () => {
    const before = running.children;
    for (const pid of before) for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.kill(pid, signal);
    for (let i = 0; i < 20; i++) expect((await ask(running)).status).toBe(200);
    expect(running.children).toEqual(before);
  });
});

test("when everything was stopped for a while, nobody is ended for it", async () => {
  const running = await serve();
  const all = [running.pid, ...running.children];
  for (const pid of all) process.kill(pid, "SIGSTOP");
  await Bun.sleep(2_000);
  for (const pid of all) process.kill(pid, "SIGCONT");
  await running.waitFor(() => events(running, "calibrated").length === 2, "life");
  for (let i = 0; i < 20; i++) expect((await ask(running)).status).toBe(200);
  await Bun.sleep(1_000);
  expect([running.pid, ...running.children]).toEqual(all);
  expect(events(running, "worker_stuck")).toEqual([]);
  await running.stop();
}, 20_000);

test("when the supervisor is killed, the workers end, and the port is free", async () => {
  const running = await serve();
  const workers = running.children;
  await running.stop();
  await until(() => workers.every((pid) => !isAlive(pid)), "the end of the workers");
  // A process counts as ended when its first thread has; the system closes its sockets with the last one.
  await until(() => mayListen(running.port), "the port");
});

test("SIGTERM: what runs in every worker is answered, and the exit code is 0", async () => {
  const running = await serve();
  await Promise.all(Array.from({ length: 8 }, () => ask(running)));
  const slow = Array.from({ length: 16 }, () => ask(running, "/slow").then((response) => response.text()));
  await running.waitFor(() => events(running, "app_loaded").length === 2, "both workers");
  await Bun.sleep(100);
  running.signal("SIGTERM");
  expect(await Promise.all(slow)).toEqual(slow.map(() => "from nano"));
  expect(await running.exited()).toBe(0);
  expect(events(running, "stopped")).toEqual([expect.objectContaining({ aborted_apps: "" })]);
});

test("workers that keep dying are replaced ever later", async () => {
  const running = await serve(1);
  for (let i = 1; i <= 9; i++) {
    await running.waitFor(() => running.children.length === 1 && events(running, "worker_replaced").length === i - 1, `worker ${i}`);
    process.kill(running.children[0] as number, "SIGKILL");
    await running.waitFor(() => events(running, "worker_ended").length === i, `death ${i}`);
  }
  const waits = events(running, "worker_ended").map((line) => line["replaced_in_ms"]);
  expect(waits).toEqual([0, 0, 0, 0, 0, 250, 500, 1_000, 2_000]);
  await running.stop();
});

describe("a port that is taken", () => {
  test("by another nano is told, although workers share ports", async () => {
    const running = await serve();
    const folder = await temporaryFolder({ "app.js": APP, "nano.json": JSON.stringify({ ...config(), port: running.port }) });
    const { code, err } = await nano(["serve", "--config", join(folder, "nano.json")]);
    expect(code).toBe(1);
    expect(err).toContain(`port ${running.port} on 127.0.0.1 is in use`);
    await running.stop();
  });
});

test("nano worker is nothing to call by hand, and in no help", async () => {
  const { code, err } = await nano(["worker"]);
  expect([code, err]).toEqual([2, expect.stringContaining("started by nano serve")]);
  expect((await nano(["--help"])).out).not.toContain("worker ");
});

test("--workers 0 keeps everything in one process", async () => {
  const folder = await temporaryFolder({ "app.js": APP });
  const running = await NanoProcess.start(["serve", join(folder, "app.js"), "--port", "0", "--workers", "0"]);
  expect(running.children).toEqual([]);
  expect((await running.request("any.test", "/")).status).toBe(200);
  await running.stop();
});
