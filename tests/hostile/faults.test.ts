/** Faults of the machine around nano, while it is asked all the time: what was not in the hands of a process that died is answered. */
import { describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { chmod } from "node:fs/promises";
import { NanoProcess, temporaryFolder } from "../harness/nano.ts";
import { join } from "node:path";

const APP = `
export default {
  async fetch(request) {
    if (new URL(request.url).pathname === "/slow") await new Promise((resolve) => setTimeout(resolve, 200));
    return new Response("ok");
  },
};
`;
const APPS = ["a", "b", "c", "d"].map((name) => ({ name, hostname: `${name}.test`, path: "app.js" }));
const serve = (more: object = {}) => NanoProcess.serve({ workers: 2, apps: APPS, ...more }, { "app.js": APP });
const events = (running: NanoProcess, name: string) => running.log.filter(({ event }) => event === name);

/** Asks four apps all the time, a fifth of it slowly, with a connection for every request. */
class Load {
  readonly statuses: number[] = [];
  readonly errors: string[] = [];
  readonly #done: Promise<unknown>;
  #isOver = false;

  constructor(nano: NanoProcess, clients = 10) {
    const client = async (i: number) => {
      for (let k = i; !this.#isOver; k++) {
        try {
          const response = await nano.request(`${"abcd"[k % 4]}.test`, k % 5 === 0 ? "/slow" : "/", { headers: { connection: "close" } });
          await response.text();
          this.statuses.push(response.status);
        } catch (error) {
          this.errors.push(String((error as { code?: string }).code ?? error));
        }
      }
    };
    this.#done = Promise.all(Array.from({ length: clients }, (_, i) => client(i)));
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#done;
  }
}

describe("under load", () => {
  test("kill -9 of a worker costs what it had in its hands, and nothing else", async () => {
    const running = await serve();
    const load = new Load(running);
    for (let i = 1; i <= 4; i++) {
      await running.waitFor(() => load.statuses.length > 100 * i, "answers");
      process.kill(running.children[i % 2] as number, "SIGKILL");
      await running.waitFor(() => events(running, "worker_replaced").length === i, "the replacement");
    }
    await load.stop();
    expect(new Set(load.statuses)).toEqual(new Set([200]));
    // Ten clients: no more than ten requests at once, and those that the kernel had put into the dead worker's queue.
    expect(load.errors.length).toBeLessThanOrEqual(4 * 10);
    await running.stop();
  });

  test("a worker that is stopped is replaced, and no answer is anything but whole", async () => {
    const running = await serve();
    const load = new Load(running);
    await running.waitFor(() => load.statuses.length > 100, "answers");
    process.kill(running.children[0] as number, "SIGSTOP");
    await running.waitFor(() => events(running, "worker_replaced").length === 1, "the replacement");
    const before = load.statuses.length;
    await running.waitFor(() => load.statuses.length > before + 100, "answers after that");
    await load.stop();
    expect(new Set(load.statuses)).toEqual(new Set([200]));
    // Each client may have lost a request to the process, and another to its queue.
    expect(load.errors.length).toBeLessThanOrEqual(20);
    await running.stop();
  });

  test.each(["SIGTERM", "SIGINT"] as const)("%s: what had been accepted is answered, and the exit code is 0", async (signal) => {
    const running = await serve();
    const load = new Load(running);
    await running.waitFor(() => load.statuses.length > 200, "answers");
    running.signal(signal);
    expect(await running.exited()).toBe(0);
    await load.stop();
    // Requests that come after the end find nobody; none that was accepted is answered with less than it asked for.
    expect(load.statuses.filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(new Set(load.errors.filter((code) => code !== "ConnectionRefused" && code !== "ECONNREFUSED" && code !== "ECONNRESET" && code !== "ConnectionClosed"))).toEqual(new Set());
  });

  test("SIGTERM in the middle of a reload ends nano all the same", async () => {
    const running = await serve();
    await (await running.request("a.test", "/")).text();
    for (let i = 0; i < 5; i++) running.signal("SIGHUP");
    await Bun.sleep(495);
    running.signal("SIGTERM");
    expect(await running.exited()).toBe(0);
  });
});

test("SIGTERM while it starts ends nano", async () => {
  const folder = await temporaryFolder({ "app.js": APP, "nano.json": JSON.stringify({ port: 0, workers: 2, apps: APPS }) });
  for (const afterMs of [30, 80, 150, 250]) {
    const child = Bun.spawn([join(import.meta.dir, "../../dist/nano"), "serve", "--config", join(folder, "nano.json")], { stdout: "ignore", stderr: "ignore", env: {}, timeout: 10_000, killSignal: "SIGKILL" });
    await Bun.sleep(afterMs);
    child.kill("SIGTERM");
    await child.exited;
    // Before a handler is there, the signal itself ends it.
    expect([0, 143]).toContain(child.exitCode ?? 128 + 15);
    expect(child.signalCode).not.toBe("SIGKILL");
  }
});

describe("a poor home", () => {
  test("with no HOME, no PATH and another user that owns nothing, it serves", async () => {
    const folder = await temporaryFolder({ "app.js": APP, "nano.json": JSON.stringify({ port: 0, workers: 2, apps: APPS }) });
    await chmod(folder, 0o755);
    const isRoot = process.getuid?.() === 0;
    const through = isRoot ? ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];
    const running = await NanoProcess.start(["serve", "--config", join(folder, "nano.json")], { cwd: "/", env: { HOME: "", PATH: "" }, through });
    expect((await running.request("a.test", "/")).status).toBe(200);
    running.signal("SIGTERM");
    expect(await running.exited()).toBe(0);
  });

  const mayRemount = Bun.spawnSync(["unshare", "-m", "sh", "-c", "mount -o remount,bind,ro /"], { stdout: "ignore", stderr: "ignore" }).exitCode === 0;
  // Taking the right to write from a file system takes the right to mount.
  test.skipIf(!mayRemount)("on a file system that nobody can write to, it serves", async () => {
    const folder = await temporaryFolder({ "app.js": APP, "nano.json": JSON.stringify({ port: 0, workers: 2, apps: APPS }) });
    const running = await NanoProcess.start(["serve", "--config", join(folder, "nano.json")], { through: ["unshare", "-m", "sh", "-c", 'mount -o remount,bind,ro / && exec "$@"', "sh"] });
    expect((await running.request("a.test", "/")).status).toBe(200);
    expect(events(running, "fault")).toEqual([]);
    running.signal("SIGTERM");
    expect(await running.exited()).toBe(0);
  });

  test("with 256 descriptors and a thousand connections, those who are there are served, and all when the others have left", async () => {
    const folder = await temporaryFolder({ "app.js": APP, "nano.json": JSON.stringify({ port: 0, workers: 2, apps: APPS }) });
    const running = await NanoProcess.start(["serve", "--config", join(folder, "nano.json")], { through: ["/bin/sh", "-c", 'ulimit -n 256; exec "$@"', "sh"] });
    const known = await open(running.port);
    await known.ask();
    const crowd: Socket[] = [];
    for (let i = 0; i < 1_000; i++) {
      const socket = connect(running.port, "127.0.0.1");
      socket.on("error", () => {});
      crowd.push(socket);
    }
    await Bun.sleep(300);
    for (let i = 0; i < 10; i++) expect(await known.ask()).toContain("200 OK");
    for (const socket of crowd) socket.destroy();
    let status = 0;
    for (let i = 0; i < 200 && status !== 200; i++) {
      status = await running.request("b.test", "/", { headers: { connection: "close" }, signal: AbortSignal.timeout(1_000) }).then((response) => response.status, () => 0);
      if (status !== 200) await Bun.sleep(20);
    }
    expect(status).toBe(200);
    expect(events(running, "worker_stuck")).toEqual([]);
    known.socket.destroy();
    await running.stop();
  });
});

/** A kept-alive connection of our own. */
async function open(port: number): Promise<{ readonly socket: Socket; ask(): Promise<string> }> {
  const socket = connect(port, "127.0.0.1");
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  const closed = new Promise<never>((_, reject) => socket.once("close", () => reject(new Error("closed"))));
  closed.catch(() => {});
  const ask = () =>
    new Promise<string>((resolve) => {
      let text = "";
      const onData = (chunk: Buffer) => {
        text += chunk.toString("latin1");
        if (!text.endsWith("ok")) return;
        socket.off("data", onData);
        resolve(text);
      };
      socket.on("data", onData);
      socket.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    });
  return { socket, ask: () => Promise.race([ask(), closed]) };
}
