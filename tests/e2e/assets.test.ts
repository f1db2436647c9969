/** Static files, served by the executable: beside an app's code, alone, while they change, and under attack. */
import { afterEach, describe, expect, test } from "bun:test";
import { readdirSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { nano, NanoProcess, temporaryFolder } from "../harness/nano.ts";

const started: NanoProcess[] = [];
afterEach(async () => {
  for (const running of started.splice(0)) await running.stop();
});

const SITE = { "public/index.html": "home", "public/about.html": "about", "public/app.js": "script", "public/404.html": "nothing here" };
const CODE = `export default { async fetch(request, env) {
  const { pathname } = new URL(request.url);
  if (pathname.startsWith("/files/")) return env.ASSETS.fetch(new URL(pathname.slice(6), request.url));
  return new Response("code " + pathname);
} };`;

async function serve(config: object, files: Readonly<Record<string, string>> = SITE) {
  const running = await NanoProcess.serve(config, files);
  started.push(running);
  return running;
}

async function until(look: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1_000; i++) {
    if (await look()) return;
    await Bun.sleep(5);
  }
  throw new Error("it did not come");
}

/** The status and body of a target that no client library would send. */
async function raw(port: number, target: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(`GET ${target} HTTP/1.1\r\nHost: site.test\r\nConnection: close\r\n\r\n`, "latin1");
  let text = "";
  for await (const chunk of socket) text += chunk;
  return text;
}

function openFilesOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return [];
    }
  });
}

describe("an app of static files", () => {
  test("needs no code, and is checked", async () => {
    const folder = await temporaryFolder({ ...SITE, "nano.json": JSON.stringify({ apps: [{ name: "site", assets: { directory: "./public", not_found_handling: "404-page" } }] }) });
    const { code, out } = await nano(["check"], { cwd: folder });
    expect([code, out]).toEqual([0, "ok      site (4 files, site)\n1 of 1 apps would run\n"]);
    await Bun.write(join(folder, "public/_redirects"), "/a /b\n/c\n");
    expect((await nano(["check"], { cwd: folder })).out).toContain("warning: _redirects:2:1: a line has a path, where it leads, and a status: /old /new 301\n");
    await rm(join(folder, "public"), { recursive: true });
    const failed = await nano(["check"], { cwd: folder });
    expect([failed.code, failed.out]).toEqual([1, expect.stringContaining("the app's assets: there is no such folder")]);
  });

  for (const workers of [0, 2])
    test(`is served by ${workers === 0 ? "one process" : "workers"} with types, tags and pages`, async () => {
      const running = await serve({ workers, apps: [{ name: "site", assets: { directory: "./public", not_found_handling: "404-page" } }] });
      const home = await running.request("site", "/");
      expect([home.status, await home.text(), home.headers.get("content-type"), home.headers.get("content-length")]).toEqual([200, "home", "text/html; charset=utf-8", "4"]);
      const again = await running.request("site", "/", { headers: { "if-none-match": home.headers.get("etag") ?? "" } });
      expect([again.status, await again.text()]).toEqual([304, ""]);
      const page = await running.request("site", "/about.html");
      expect([page.status, page.headers.get("location")]).toEqual([307, "/about"]);
      const missing = await running.request("site", "/missing");
      expect([missing.status, await missing.text()]).toEqual([404, "nothing here"]);
      const head = await running.request("site", "/app.js", { method: "HEAD" });
      expect([head.status, head.headers.get("content-length")]).toEqual([200, "6"]);
    });

  test("sends a large file whole and in parts, and holds no descriptor afterwards", async () => {
    const bytes = new Uint8Array(3_000_000).map((_, i) => i * 31);
    const running = await serve({ apps: [{ name: "site", assets: { directory: "./public" } }] });
    writeFileSync(join(running.folder, "public", "new.bin"), bytes);
    running.signal("SIGHUP");
    await until(async () => (await running.request("site", "/new.bin", { method: "HEAD" })).status === 200);
    const sent = await Promise.all(Array.from({ length: 10 }, async () => (await running.request("site", "/new.bin")).bytes()));
    for (const one of sent) expect(Buffer.compare(one, bytes)).toBe(0);
    const part = await running.request("site", "/new.bin", { headers: { range: "bytes=1000000-" } });
    expect([part.status, part.headers.get("content-range")]).toEqual([206, "bytes 1000000-2999999/3000000"]);
    expect(Buffer.compare(await part.bytes(), bytes.subarray(1_000_000))).toBe(0);
    const leaving = new AbortController();
    const left = await running.request("site", "/new.bin", { signal: leaving.signal });
    await left.body?.getReader().read();
    leaving.abort();
    await until(async () => !openFilesOf(running.pid).some((path) => path.endsWith("/new.bin")));
  });
});

describe("files beside code", () => {
  test("come before it, and it finds them in env", async () => {
    const running = await serve({ apps: [{ name: "site", path: "./app.js", assets: { directory: "./public", binding: "ASSETS" } }] }, { ...SITE, "app.js": CODE });
    const text = async (path: string) => (await running.request("site", path)).text();
    expect([await text("/"), await text("/api"), await text("/files/app.js")]).toEqual(["home", "code /api", "script"]);
    expect((await running.request("site", "/files/none")).status).toBe(404);
  });

  test("go on while the code rests in quarantine", async () => {
    const running = await serve(
      { defaults: { limits: { cpu_ms: 20, quarantine_kills: 1 } }, apps: [{ name: "site", path: "./app.js", assets: { directory: "./public" } }] },
      { ...SITE, "app.js": "export default { fetch() { for (;;); } };" },
    );
    expect((await running.request("site", "/loop")).headers.get("x-nano-error")).toBe("cpu_limit");
    expect((await running.request("site", "/loop")).headers.get("x-nano-error")).toBe("quarantined");
    expect(await (await running.request("site", "/")).text()).toBe("home");
  });

  test("a file of the code is none for clients", async () => {
    const running = await serve({ apps: [{ name: "site", path: "./public/_worker.js", assets: { directory: "./public" } }] }, { ...SITE, "public/_worker.js": 'import { x } from "./lib.js"; export default { fetch: () => new Response(x) };', "public/lib.js": 'export const x = "code";' });
    for (const path of ["/_worker.js", "/lib.js"]) expect(await (await running.request("site", path)).text()).toBe("code");
    expect(await (await running.request("site", "/app.js")).text()).toBe("script");
  });
});

describe("a change", () => {
  test("nano dev serves new, changed and removed files", async () => {
    const folder = await temporaryFolder({ ...SITE, "nano.json": JSON.stringify({ apps: [{ name: "site", assets: { directory: "./public" } }] }) });
    const running = await NanoProcess.start(["dev", "--port", "0"], { cwd: folder });
    started.push(running);
    const is = (path: string, wanted: string) => until(async () => (await (await running.request("site", path)).text()) === wanted);
    await is("/", "home");
    await Bun.write(join(folder, "public/_redirects"), "/a /b 200\n/c /");
    await until(async () => (await running.request("site", "/c")).headers.get("location") === "/");
    await running.waitFor(() => running.out.includes("_redirects:1:1: a rewrite (200) is not followed"), "the warning");
    await Bun.write(join(folder, "public/index.html"), "new home");
    await is("/", "new home");
    expect(running.out.split("a rewrite (200)").length).toBe(2);
    await mkdir(join(folder, "public/deep"));
    await Bun.write(join(folder, "public/deep/page.html"), "deep");
    await is("/deep/page", "deep");
    await rm(join(folder, "public/about.html"));
    await is("/about", "Not Found\n");
  });

  test("a reload serves new files, and nothing of a folder that is gone is lost for the old revision", async () => {
    const running = await serve({ apps: [{ name: "site", assets: { directory: "./public" } }] });
    expect(await (await running.request("site", "/")).text()).toBe("home");
    await Bun.write(join(running.folder, "public/fresh.txt"), "fresh");
    expect((await running.request("site", "/fresh.txt")).status).toBe(404);
    expect((await nano(["reload", "--config", join(running.folder, "nano.json")])).code).toBe(0);
    await until(async () => (await running.request("site", "/fresh.txt")).status === 200);
  });
});

describe("attacks", () => {
  test("clients that never read hold no more files open than asset_streams, and harm nobody else", async () => {
    const running = await serve({ limits: { write_stall_ms: 300 }, apps: [{ name: "site", assets: { directory: "./public" }, limits: { asset_streams: 3 } }, { name: "other", path: "./app.js" }] }, { ...SITE, "app.js": CODE, "public/large.bin": "x".repeat(16_000_000) });
    const opened = () => openFilesOf(running.pid).filter((path) => path.endsWith("/large.bin")).length;
    const stalled = Array.from({ length: 3 }, () => {
      const socket = connect(running.port, "127.0.0.1");
      socket.on("error", () => {});
      socket.pause();
      socket.write("GET /large.bin HTTP/1.1\r\nHost: site\r\n\r\n");
      return socket;
    });
    await until(async () => opened() === 3);
    const refused = await running.request("site", "/large.bin");
    expect([refused.status, refused.headers.get("x-nano-error")]).toEqual([503, "overloaded"]);
    expect([await (await running.request("site", "/")).text(), await (await running.request("other", "/x")).text()]).toEqual(["home", "code /x"]);
    // Who takes nothing is cut, and makes room.
    await until(async () => opened() === 0);
    expect((await (await running.request("site", "/large.bin")).bytes()).byteLength).toBe(16_000_000);
    for (const socket of stalled) socket.destroy();
  });

  test("no spelling of a path leads out of the folder or to what is hidden in it", async () => {
    const running = await serve({ apps: [{ name: "site", assets: { directory: "./public" } }] }, { ...SITE, "secret.txt": "CANARY", "public/.env": "CANARY", "public/sub/.git/config": "CANARY" });
    symlinkSync("../secret.txt", join(running.folder, "public/link.txt"));
    const climbs = ["..", "%2e%2e", "%2E%2E", ".%2e", "%252e%252e", "..%c0%af", "%c0%ae%c0%ae", "..;", "%u002e%u002e", "..%00"];
    const separators = ["/", "%2f", "\\", "%5c", "//", "/./", "%252f"];
    const targets = [
      ...climbs.flatMap((climb) => separators.map((separator) => `/${climb}${separator}secret.txt`)),
      ...climbs.flatMap((climb) => separators.map((separator) => `/sub${separator}${climb}${separator}${climb}${separator}secret.txt`)),
      ...["/.env", "/%2eenv", "/sub/.git/config", "/sub/%2egit/config", "/.env/", "/.env%20", "/.env.", "/.ENV", "/link.txt", "/index.html%00.txt", "//secret.txt", "/%2fetc/passwd", "//etc/passwd", "/C:/secret.txt", "/index.html/../../secret.txt", "/app.js/", "/app.js%20", "/app.js.", "/APP.JS", "/nano.json", "/../nano.json"],
    ];
    for (const target of targets) {
      const answer = await raw(running.port, target);
      expect([target, answer.slice(9, 12)]).toEqual([target, expect.stringMatching(/^(404|400|307)$/)]);
      expect(answer).not.toContain("CANARY");
      if (answer.startsWith("HTTP/1.1 307")) expect(answer).toMatch(/\nlocation: \/[^/]/i);
    }
    expect(await (await running.request("site", "/")).text()).toBe("home");
  });
});
