/** The admin listener of the executable, against clients without the token, browsers, and the apps that it controls. */
import { statSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { NanoProcess } from "../harness/nano.ts";

const TOKEN = `CANARY-token-${"0123456789abcdef".repeat(2)}Ab`;
const SECRET = "CANARY-evil-0123456789abcdef0123456789abcdef";

/** Tries what it is told to fetch, and what it finds of the host. */
const EVIL = `export default { async fetch(request, env) {
  const urls = (request.headers.get("urls") ?? "").split(" ").filter(Boolean);
  const init = { headers: { authorization: "Bearer ${TOKEN}" }, unix: request.headers.get("socket") ?? undefined };
  return Response.json(await Promise.all(urls.map((url) => fetch(url, init).then((response) => response.status, (error) => error.message))));
} };`;

describe("the admin listener", () => {
  let nano: NanoProcess & { readonly folder: string };
  let port: number;
  let socket: string;

  beforeAll(async () => {
    const app = (name: string, egress: object = {}) => ({ name, hostname: `${name}.test`, path: "./evil.js", secrets: { SECRET }, ...egress });
    nano = await NanoProcess.serve(
      { workers: 2, admin: { port: 0, token_file: "token", socket: "admin.sock" }, apps: [app("evil"), app("open", { egress: { allow: ["127.0.0.0/8", "localhost", "::1"] } })] },
      { "evil.js": EVIL, token: `${TOKEN}\n` },
    );
    const line = nano.log.find(({ event }) => event === "admin_listening");
    port = Number(/:(\d+)$/.exec(String(line?.["address"]))?.[1]);
    socket = String(line?.["socket"]);
  });
  afterAll(() => nano.stop());

  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const ask = async (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers });
    expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
    await response.arrayBuffer();
    return response.status;
  };

  test("lets in whoever has the token, and keeps its socket to this user", async () => {
    expect(await ask("/admin/apps", bearer(TOKEN))).toBe(200);
    expect([socket, statSync(socket).mode & 0o777]).toEqual([join(nano.folder, "admin.sock"), 0o600]);
  });

  test.each([
    ["none", {}],
    ["a wrong one", bearer(TOKEN.replace("0", "1"))],
    ["a short one", bearer(TOKEN.slice(0, -1))],
    ["one in another case", bearer(TOKEN.toLowerCase())],
    ["one of 1 MB", bearer("x".repeat(1 << 20))],
    ["Basic", { authorization: `Basic ${btoa(`admin:${TOKEN}`)}` }],
  ] as [string, Record<string, string>][])("answers 401 to %s", async (_, headers) => {
    expect(await ask("/admin/apps", headers)).toBe(401);
    expect(await ask("/admin/apps", headers, { method: "POST", body: "{}" })).toBe(401);
    expect(await ask("/metrics", headers)).toBe(401);
  });

  test("answers 401 to a token in the query", async () => {
    expect(await ask(`/admin/apps?token=${TOKEN}&access_token=${TOKEN}`)).toBe(401);
  });

  test("answers 403 to whatever has an Origin, with the token too", async () => {
    for (const origin of ["http://evil.test", "null", `http://127.0.0.1:${port}`]) {
      expect(await ask("/admin/apps", { ...bearer(TOKEN), origin })).toBe(403);
      expect(await ask("/admin/apps", { ...bearer(TOKEN), origin, "access-control-request-method": "POST" }, { method: "OPTIONS" })).toBe(403);
    }
  });

  test("answers 421 to a Host that is not its own", async () => {
    for (const host of [`127.0.0.1.evil.com:${port}`, "localhost.evil", "evil.test", "10.0.0.5"]) expect(await ask("/admin/apps", { ...bearer(TOKEN), host })).toBe(421);
  });

  test("answers 415 to bodies that a form could send, and 413 to large ones", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) expect(await ask("/admin/apps", { ...bearer(TOKEN), "content-type": type }, { method: "POST", body: "{}" })).toBe(415);
    expect(await ask("/admin/apps", { ...bearer(TOKEN), "content-type": "application/json" }, { method: "POST", body: `{"path":"${"x".repeat(1 << 20)}"}` })).toBe(413);
  });

  test("is not behind the apps' port", async () => {
    for (const host of [`127.0.0.1:${port}`, "localhost", "evil.test", "other.test"]) {
      const response = await nano.request(host, "/admin/apps", { headers: bearer(TOKEN) });
      expect(await response.text()).not.toContain("revision");
    }
  });

  test("no app can fetch from it, nor from nano's own port, whatever loopback it is allowed", async () => {
    const hosts = ["127.0.0.1", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "127.1", "127.0.0.2", "[::1]", "localhost"];
    const urls = [port, nano.port].flatMap((own) => hosts.map((host) => `http://${host}:${own}/admin/apps`)).join(" ");
    const tried = async (host: string) => (await (await nano.request(host, "/", { headers: { urls } })).json()) as unknown[];
    const denied = "fetch to this address is not allowed";
    // Nobody listens on 127.0.0.2 and ::1, which localhost is as well: an app that is allowed them may find that out.
    const nobody = "fetch failed: the upstream could not be reached";
    expect(await tried("evil.test")).toEqual(Array<string>(16).fill(denied));
    expect(await tried("open.test")).toEqual([port, nano.port].flatMap(() => [...Array<string>(5).fill(denied), nobody, nobody, nobody]));
    const overSocket = await nano.request("open.test", "/", { headers: { urls: "http://localhost/admin/apps", socket } });
    expect(await overSocket.json()).not.toEqual([200]);
  });

  test("survives connections that say nothing or nonsense", async () => {
    const raw = (text: string) =>
      new Promise<void>((resolve) => {
        const client = createConnection({ port, host: "127.0.0.1" }, () => client.end(text));
        client.on("error", () => {}).on("close", () => resolve());
        client.resume();
      });
    await Promise.all(["", "\0\0\0", "GET /admin/apps HTTP/1.1\r\n\r\n", "GET / HTTP/9.9\r\nHost: a\r\n\r\n", "POST /admin/apps HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n{"].map(raw));
    expect(await ask("/healthz")).toBe(200);
  });

  test("nothing it says, and nothing of the log, holds a secret or the token", async () => {
    const texts: string[] = [];
    for (const path of ["/admin/apps", "/admin/apps/evil", "/admin/apps/evil/env", "/admin/config", "/admin/health", "/metrics", "/admin/openapi.json"]) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: bearer(TOKEN) });
      expect(response.status).toBe(200);
      texts.push(await response.text());
    }
    const patched = await fetch(`http://127.0.0.1:${port}/admin/apps/evil/env`, { method: "PATCH", headers: { ...bearer(TOKEN), "content-type": "application/json" }, body: JSON.stringify({ secrets: { OTHER: `${SECRET}-2` }, set: { "1": SECRET } }) });
    texts.push(await patched.text(), nano.out, nano.err);
    expect(patched.status).toBe(400);
    for (const text of texts) expect(text).not.toContain("CANARY");
  });
});
