import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "bun:test";
import { AdminListener } from "../../../src/admin/listener.ts";
import type { AdminConfig } from "../../../src/config/config.ts";
import { temporaryFolder } from "../../harness/nano.ts";
import { FakeOperations } from "./fake-operations.ts";
import { TOKEN } from "./fixture.ts";

const open: AdminListener[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.close()));
});

async function listen(config: Partial<AdminConfig> = {}, socket?: string) {
  const folder = await temporaryFolder({});
  const events: [string, unknown][] = [];
  const operations = new FakeOperations();
  const path = socket ?? join(folder, "private", "admin.sock");
  const listener = await AdminListener.open({
    operations,
    observer: { event: (name, fields) => void events.push([name, fields]), fault: (_, error) => void events.push(["fault", error]) },
    version: "1.2.3",
    config: { isEnabled: true, socket: null, port: null, host: "127.0.0.1", hostnames: [], token: null, ...config },
    socket: path,
    ownsProcess: true,
  });
  open.push(listener);
  return { listener, operations, events, path, get: (target: string, init: RequestInit = {}) => fetch(`http://localhost${target}`, { ...init, unix: path } as RequestInit) };
}

const asked = async (port: number | null, headers: Record<string, string> = {}, path = "/admin/apps") => (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).status;

describe("the socket", () => {
  test("is for this user alone, in a folder that is too, and needs no token", async () => {
    const { get, path } = await listen();
    expect([statSync(path).mode & 0o777, statSync(join(path, "..")).mode & 0o777]).toEqual([0o600, 0o700]);
    expect((await get("/admin/apps")).status).toBe(200);
    expect((await get("/admin/apps", { headers: { host: "localhost.evil" } })).status).toBe(421);
    expect((await get("/admin/apps", { headers: { origin: "http://localhost" } })).status).toBe(403);
  });

  test("that a nano left behind when it was killed is replaced", async () => {
    const path = join(await temporaryFolder({}), "admin.sock");
    const left = Bun.spawn([process.execPath, "-e", `Bun.serve({ unix: ${JSON.stringify(path)}, fetch: () => new Response() }); console.log("up")`], { stdout: "pipe" });
    await left.stdout.getReader().read();
    left.kill("SIGKILL");
    await left.exited;
    expect(existsSync(path)).toBe(true);
    const { get } = await listen({ socket: path }, path);
    expect((await get("/healthz")).status).toBe(200);
  });

  test("takes with it what others left behind there, but nothing that lives or is new", async () => {
    const folder = join(await temporaryFolder({ "private/none": "" }), "private");
    const running = await listen({}, join(folder, "running.sock"));
    const killed = Bun.spawn([process.execPath, "-e", `for (const name of ["old", "new"]) Bun.serve({ unix: ${JSON.stringify(folder)} + "/" + name + ".sock", fetch: () => new Response() }); console.log("up")`], { stdout: "pipe" });
    await killed.stdout.getReader().read();
    killed.kill("SIGKILL");
    await killed.exited;
    const hourAgo = new Date(Date.now() - 3_600_000);
    for (const name of ["old", "running"]) utimesSync(join(folder, `${name}.sock`), hourAgo, hourAgo);
    await listen({}, join(folder, "own.sock"));
    expect(readdirSync(folder).sort()).toEqual(["new.sock", "none", "own.sock", "running.sock"]);
    expect((await running.get("/healthz")).status).toBe(200);
  });

  test("of a nano that runs is left alone, and told", async () => {
    const { path, get } = await listen();
    await expect(listen({ socket: path }, path)).rejects.toThrow(`${path}: another nano listens here\n  stop that one, or set admin.socket to a path of its own`);
    expect((await get("/healthz")).status).toBe(200);
  });

  test("whose place was not chosen does not keep nano from serving", async () => {
    const { path } = await listen();
    const second = await listen({}, path);
    expect([second.listener.socket, second.events]).toEqual([null, [["admin_unavailable", { reason: expect.stringContaining("another nano listens here") }]]]);
  });

  test("is not put in place of a file, nor at a path that is too long, nor in a folder where others write", async () => {
    const folder = await temporaryFolder({ "admin.sock": "mine" });
    await expect(listen({ socket: "x" }, join(folder, "admin.sock"))).rejects.toThrow("there is something else than a socket");
    await expect(listen({ socket: "x" }, join(folder, "a".repeat(100)))).rejects.toThrow("more than the 103 bytes");
    const shared = join(folder, "shared");
    Bun.spawnSync(["mkdir", "-m", "777", shared]);
    expect((await listen({}, join(shared, "admin.sock"))).events).toEqual([["admin_unavailable", { reason: expect.stringContaining("others may write to this folder") }]]);
    expect(await Bun.file(join(folder, "admin.sock")).text()).toBe("mine");
  });

  test("is gone when nano stops", async () => {
    const { listener, path } = await listen();
    await listener.close();
    expect(existsSync(path)).toBe(false);
  });
});

describe("the port", () => {
  test("needs the token, and one of 1 MB is as wrong as any", async () => {
    const { listener } = await listen({ port: 0, token: TOKEN });
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
    expect(await asked(listener.port, bearer(TOKEN))).toBe(200);
    expect([await asked(listener.port), await asked(listener.port, bearer("x".repeat(1 << 20))), await asked(listener.port, {}, `/admin/apps?token=${TOKEN}`)]).toEqual([401, 401, 401]);
    expect(await asked(listener.port, { ...bearer(TOKEN), host: `127.0.0.1.evil.com:${listener.port}` })).toBe(421);
    expect(await asked(listener.port, {}, "/readyz")).toBe(200);
  });

  test("takes the new token once it was rotated, and the old one no more", async () => {
    const { listener } = await listen({ port: 0, token: TOKEN });
    const rotated = TOKEN.split("").reverse().join("");
    listener.useToken(rotated);
    expect([await asked(listener.port, { authorization: `Bearer ${TOKEN}` }), await asked(listener.port, { authorization: `Bearer ${rotated}` })]).toEqual([401, 200]);
    listener.useToken(null);
    expect([await asked(listener.port, { authorization: `Bearer ${rotated}` }), await asked(listener.port, { authorization: "Bearer " })]).toEqual([401, 401]);
  });

  test("in use is told, and leaves no socket behind", async () => {
    const { listener } = await listen({ port: 0, token: TOKEN });
    const path = join(await temporaryFolder({}), "admin.sock");
    await expect(listen({ port: listener.port, token: TOKEN }, path)).rejects.toThrow(`the admin API cannot listen on 127.0.0.1:${listener.port} (EADDRINUSE)`);
    await Bun.sleep(0);
    expect(existsSync(path)).toBe(false);
  });

  test("keeps the limit on bodies when the sender goes on", async () => {
    const { listener, operations } = await listen({ port: 0, token: TOKEN });
    const reply = await fetch(`http://127.0.0.1:${listener.port}/admin/apps`, { method: "POST", body: `{"path":"${"x".repeat(1 << 20)}"}`, headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" } });
    expect([reply.status, operations.calls]).toEqual([413, []]);
  });
});

describe("following the log", () => {
  test("gives lines as they come, and stops when the reader goes", async () => {
    const { get, operations } = await listen();
    const abort = new AbortController();
    const reply = await get("/admin/logs?app=blog", { signal: abort.signal });
    expect(reply.headers.get("content-type")).toBe("text/event-stream");
    operations.log('{"event":"one"}');
    const reader = (reply.body as ReadableStream<Uint8Array>).getReader();
    let text = "";
    while (!text.includes("one")) text += new TextDecoder().decode((await reader.read()).value);
    expect(text).toContain('data: {"event":"one"}\n\n');
    abort.abort();
    for (let i = 0; i < 500 && operations.listeners.size > 0; i++) {
      operations.log("{}");
      await Bun.sleep(2);
    }
    expect(operations.listeners.size).toBe(0);
  });

  test("of an unknown app is refused", async () => {
    expect((await (await listen()).get("/admin/logs?app=none")).status).toBe(404);
  });

  test("drops lines of a reader that does not read, tells how many, and holds nothing up", async () => {
    const { operations, path } = await listen();
    const socket = connect({ path });
    socket.write("GET /admin/logs HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await new Promise((resolve) => socket.once("data", resolve));
    socket.pause();
    const logged = 4_000;
    for (let i = 0; i < logged; i++) {
      operations.log(JSON.stringify({ line: "x".repeat(10_000) }));
      if (i % 100 === 0) await Bun.sleep(1);
    }
    let read = "";
    socket.on("data", (data) => {
      read += data.toString();
    });
    socket.resume();
    const counts = () => ({ lines: read.split('data: {"line"').length - 1, dropped: [...read.matchAll(/event: dropped\ndata: (\d+)/g)].reduce((sum, [, n]) => sum + Number(n), 0) });
    for (let i = 0; i < 1_000 && counts().lines + counts().dropped < logged; i++) await Bun.sleep(5);
    socket.destroy();
    const { lines, dropped } = counts();
    expect([lines + dropped, dropped > 1_000]).toEqual([logged, true]);
  });

  test("ends when nano stops", async () => {
    const { get, listener } = await listen();
    const reply = await get("/admin/logs");
    const reading = reply.text().catch(() => "cut");
    await listener.close();
    expect(await reading).toBeString();
  });

  test("a file in place of the socket's folder is told", async () => {
    const folder = await temporaryFolder({});
    writeFileSync(join(folder, "file"), "");
    expect((await listen({}, join(folder, "file", "admin.sock"))).events).toEqual([["admin_unavailable", { reason: expect.stringContaining("the folder cannot be made") }]]);
  });
});
