/** Static files from a real folder: what is listed, what is sent, and what never is. */
import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, rename, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { AssetMemory } from "../../../../src/bindings/assets/host/asset-memory.ts";
import { Assets, AssetsBusy, type AssetsOptions } from "../../../../src/bindings/assets/host/assets.ts";
import { AssetsFault } from "../../../../src/bindings/assets/host/assets-fault.ts";
import { listAssets } from "../../../../src/bindings/assets/host/manifest.ts";
import type { AssetsSettings } from "../../../../src/bindings/assets/settings.ts";
import { eachHeader, isByteSource, type ResponseWire } from "../../../../src/base/wire.ts";

const top = await mkdtemp(join(tmpdir(), "nano-assets-"));
afterAll(() => rm(top, { recursive: true }));
let root = "";
let count = 0;
beforeEach(async () => {
  root = join(top, String(count++), "public");
  await mkdir(root, { recursive: true });
});

async function put(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
}

const LIMITS = { maxFiles: 100, maxFileBytes: 1 << 20 };
const list = (options: Partial<typeof LIMITS> = {}, isCode?: (file: string) => boolean) => listAssets({ directory: root, ...LIMITS, ...options }, isCode);
const names = async (isCode?: (file: string) => boolean) => (await list({}, isCode)).entries.map(({ name }) => name);

async function assets(settings: Partial<AssetsSettings> = {}, options: Partial<AssetsOptions> = {}): Promise<Assets> {
  return new Assets({
    manifest: await list(),
    settings: { directory: root, binding: null, htmlHandling: "auto-trailing-slash", notFoundHandling: "none", runWorkerFirst: false, ...settings },
    hasCode: false,
    maxFileBytes: LIMITS.maxFileBytes,
    wholeBytes: 1000,
    maxStreams: 2,
    trustedMs: 0,
    memory: new AssetMemory(10_000),
    now: () => performance.now(),
    ...options,
  });
}

type Fields = Readonly<Record<string, string>>;
const asked = (path: string, headers: Fields = {}, method = "GET") => ({ method, url: `http://app.test${path}`, headers: Object.entries(headers).map(([name, value]) => `${name}\n${value}\n`).join("") });

async function read(response: ResponseWire | null): Promise<{ status: number; fields: Fields; text: string }> {
  if (response === null) return { status: 0, fields: {}, text: "for the code" };
  const fields: Record<string, string> = {};
  eachHeader(response.headers, (name, value) => void (fields[name] = value));
  const { body } = response;
  const chunks: Uint8Array[] = [];
  if (isByteSource(body)) for (let chunk = await body.pull(); chunk !== null; chunk = await body.pull()) chunks.push(chunk);
  const text = isByteSource(body) ? Buffer.concat(chunks).toString() : typeof body === "string" ? body : Buffer.from(body ?? []).toString();
  return { status: response.status, fields, text };
}

const get = async (from: Assets, path: string, headers?: Fields, method?: string) => read(await from.answer(asked(path, headers, method)));

describe("what is served of a folder", () => {
  test("plain files, by their paths", async () => {
    await put({ "index.html": "", "a/b/c.css": "", "é ü.txt": "" });
    expect(await names()).toEqual(["/a/b/c.css", "/index.html", "/é ü.txt"]);
  });

  test("nothing hidden, except what RFC 8615 puts into .well-known", async () => {
    await put({ ".env": "", ".git/config": "", "a/.secret": "", "a/.well-known/x": "", ".well-known/security.txt": "", "b.txt": "" });
    expect(await names()).toEqual(["/.well-known/security.txt", "/b.txt"]);
  });

  test("no code of the app, and no packages", async () => {
    await put({ "_worker.js": "", "node_modules/x/index.js": "", "server.ts": "", "a.js": "" });
    expect(await names((file) => file.endsWith("server.ts"))).toEqual(["/a.js"]);
  });

  test("nothing that .assetsignore names", async () => {
    await put({ ".assetsignore": "*.map\n/drafts\n!keep.map\n", "a.js": "", "a.js.map": "", "keep.map": "", "drafts/x.html": "", "b/drafts/x.html": "" });
    expect(await names()).toEqual(["/a.js", "/b/drafts/x.html", "/keep.map"]);
  });

  test("no symbolic link that leads out or to something hidden, no folder behind one, nothing that is no file; and each is told", async () => {
    await put({ "real.txt": "", ".env": "", "sub/x.txt": "" });
    await writeFile(join(root, "..", "outside.txt"), "secret");
    await symlink("../outside.txt", join(root, "out.txt"));
    await symlink("/etc/passwd", join(root, "passwd"));
    await symlink("..", join(root, "up"));
    await symlink("sub", join(root, "linked"));
    await symlink(".", join(root, "loop"));
    await symlink(".env", join(root, "env.txt"));
    await symlink("gone", join(root, "gone.txt"));
    await symlink("real.txt", join(root, "alias.txt"));
    Bun.spawnSync(["mkfifo", join(root, "pipe")]);
    const { entries, skipped } = await list();
    expect(entries.map(({ name }) => name)).toEqual(["/alias.txt", "/real.txt", "/sub/x.txt"]);
    expect(skipped.map(({ name }) => name)).toEqual(["env.txt", "gone.txt", "linked", "loop", "out.txt", "passwd", "pipe", "up"]);
  });

  test("no link to what .assetsignore names, and no more folders than files are allowed", async () => {
    await put({ ".assetsignore": "secret.txt\nprivate/", "secret.txt": "", "private/x.txt": "" });
    await symlink("secret.txt", join(root, "a.txt"));
    await symlink("private/x.txt", join(root, "b.txt"));
    expect(await names()).toEqual([]);
    for (const name of ["c", "d", "e"]) await mkdir(join(root, name));
    await expect(list({ maxFiles: 3 })).rejects.toThrow("there are more than 3 folders");
  });

  test("patterns that are too much work fail the load, and hold up nobody meanwhile", async () => {
    const long = "a".repeat(200);
    await put({ ".assetsignore": Array.from({ length: 1_000 }, (_, i) => `${"*a".repeat(100)}b${i}`).join("\n"), ...Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`${long}${i}`, ""])) });
    let turns = 0;
    const turning = setInterval(() => turns++, 1);
    await expect(list()).rejects.toThrow("the patterns of .assetsignore are too much work for these files");
    clearInterval(turning);
    expect(turns).toBeGreaterThan(5);
  });

  test("_redirects and _headers are read and not served, at the top alone", async () => {
    await put({ _headers: "/a.txt\n  X-A: b\n", _redirects: "/old /a.txt 301\n/a.txt /never 200\n", "sub/_headers": "", "a.txt": "text", "404.html": "none" });
    expect(await names()).toEqual(["/404.html", "/a.txt", "/sub/_headers"]);
    const files = await assets({ notFoundHandling: "404-page" });
    expect(await get(files, "/old?q=1")).toMatchObject({ status: 301, fields: { location: "/a.txt?q=1" } });
    expect((await get(files, "/old", {}, "POST")).status).toBe(405);
    expect(await get(files, "/a.txt")).toMatchObject({ status: 200, text: "text", fields: { "x-a": "b" } });
    expect((await get(files, "/_headers")).status).toBe(404);
    const withCode = await assets({}, { hasCode: true });
    expect([(await get(withCode, "/old")).status, (await get(withCode, "/old", {}, "POST")).text, (await get(withCode, "/other")).text]).toEqual([301, "for the code", "for the code"]);
  });

  test("_redirects that is a link, a FIFO or too large fails the load", async () => {
    await writeFile(join(root, "..", "outside.txt"), "/a /b");
    await symlink("../outside.txt", join(root, "_redirects"));
    await expect(list()).rejects.toThrow("_redirects cannot be read (ELOOP)");
    await rm(join(root, "_redirects"));
    Bun.spawnSync(["mkfifo", join(root, "_redirects")]);
    await expect(list()).rejects.toThrow("_redirects is not a file");
    await rm(join(root, "_redirects"));
    await put({ _redirects: "x".repeat(300_000) });
    await expect(list()).rejects.toThrow("_redirects has more than 262144 bytes");
  });

  test("too many files, too large a file, no folder and no right to read it are faults that name the way out", async () => {
    await put({ "a.txt": "", "b.txt": "", "large.bin": new Uint8Array(2000) });
    const fault = async (work: Promise<unknown>) => work.then(() => "none", (error: unknown) => (error instanceof AssetsFault ? `${error.message} | ${error.hint}` : String(error)));
    expect(await fault(list({ maxFiles: 2 }))).toContain("more than 2 files | raise limits.asset_files");
    expect(await fault(list({ maxFileBytes: 1999 }))).toContain("large.bin has 2000 bytes, which is more than the 1999 allowed | raise limits.asset_file_mb");
    expect(await fault(listAssets({ directory: join(root, "none"), ...LIMITS }))).toContain("there is no such folder");
    expect(await fault(listAssets({ directory: join(root, "a.txt"), ...LIMITS }))).toContain("it is not a folder");
  });
});

describe("an answer", () => {
  test("carries type, tag and rules for caches that no hash in a name is needed for", async () => {
    await put({ "index.html": "<h1>", "a.JS": "1", "x.unknown": "?" });
    const files = await assets();
    const { status, fields, text } = await get(files, "/?q=1");
    expect([status, text, fields["content-type"], fields["cache-control"]]).toEqual([200, "<h1>", "text/html; charset=utf-8", "public, max-age=0, must-revalidate"]);
    expect(fields["etag"]).toMatch(/^"[\w-]{22}"$/);
    expect((await get(files, "/a.JS")).fields["content-type"]).toBe("text/javascript; charset=utf-8");
    expect((await get(files, "/x.unknown")).fields["content-type"]).toBe("application/octet-stream");
    expect((await get(files, "/", { authorization: "Basic x" })).fields["cache-control"]).toBeUndefined();
  });

  test("is 304 for who has it already", async () => {
    await put({ "a.txt": "text", "large.txt": "x".repeat(5000) });
    const files = await assets();
    for (const path of ["/a.txt", "/large.txt"]) {
      const etag = (await get(files, path)).fields["etag"] as string;
      for (const condition of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) expect((await get(files, path, { "if-none-match": condition })).status).toBe(304);
      expect((await get(files, path, { "if-none-match": '"x"' })).status).toBe(200);
    }
  });

  test("has the same tag for the same bytes, small or large, of whatever age", async () => {
    await put({ "a.txt": "y".repeat(5000), "b.txt": "y".repeat(5000) });
    await utimes(join(root, "b.txt"), 1, 1);
    const files = await assets();
    const whole = await assets({}, { wholeBytes: 10_000 });
    const tags = [await get(files, "/a.txt"), await get(files, "/b.txt"), await get(whole, "/a.txt")].map(({ fields }) => fields["etag"]);
    expect(new Set(tags).size).toBe(1);
  });

  test("to HEAD has the head of GET and no body", async () => {
    await put({ "a.txt": "text", "large.txt": "x".repeat(5000) });
    const files = await assets();
    expect(await get(files, "/a.txt", {}, "HEAD")).toMatchObject({ status: 200, fields: { "content-length": "4" }, text: "" });
    expect(await get(files, "/large.txt", {}, "HEAD")).toMatchObject({ status: 200, fields: { "content-length": "5000" }, text: "" });
    expect(files.streams).toBe(0);
  });

  test("may be a part", async () => {
    await put({ "a.txt": "0123456789", "large.txt": "0123456789".repeat(500) });
    const files = await assets();
    expect(await get(files, "/a.txt", { range: "bytes=2-4" })).toMatchObject({ status: 206, text: "234", fields: { "content-range": "bytes 2-4/10" } });
    expect(await get(files, "/large.txt", { range: "bytes=-12" })).toMatchObject({ status: 206, text: "890123456789", fields: { "content-range": "bytes 4988-4999/5000" } });
    expect(await get(files, "/a.txt", { range: "bytes=10-" })).toMatchObject({ status: 416, fields: { "content-range": "bytes */10" } });
  });

  test("to other methods is 405 for a file and 404 for none", async () => {
    await put({ "a.txt": "text" });
    const files = await assets();
    expect(await get(files, "/a.txt", {}, "POST")).toMatchObject({ status: 405, fields: { allow: "GET, HEAD" } });
    expect((await get(files, "/b.txt", {}, "POST")).status).toBe(404);
  });

  test("redirects to a path of this app only, with the query", async () => {
    await put({ "a b/é.html": "" });
    const files = await assets();
    expect((await get(files, "/a%20b/%C3%A9.html?x=1#y")).fields["location"]).toBe("/a%20b/%C3%A9?x=1");
    expect((await get(files, "//evil.test/a%20b/é.html")).status).toBe(404);
  });
});

describe("files that change under a running app", () => {
  test("new bytes are sent with their own tag, never a mix", async () => {
    await put({ "a.txt": "one" });
    const files = await assets();
    const before = await get(files, "/a.txt");
    await put({ "a.txt": "two" });
    await utimes(join(root, "a.txt"), 5, 5);
    const after = await get(files, "/a.txt");
    expect([before.text, after.text]).toEqual(["one", "two"]);
    expect(after.fields["etag"]).not.toBe(before.fields["etag"]);
  });

  test("memory is trusted for a while, and asked about after that", async () => {
    await put({ "a.txt": "one" });
    let now = 0;
    const files = await assets({}, { trustedMs: 1000, now: () => now });
    await get(files, "/a.txt");
    await put({ "a.txt": "other" });
    expect((await get(files, "/a.txt")).text).toBe("one");
    now = 1000;
    expect((await get(files, "/a.txt")).text).toBe("other");
  });

  test("a deleted file is 404, or what not_found_handling says", async () => {
    await put({ "a.txt": "one", "404.html": "gone" });
    const files = await assets({ notFoundHandling: "404-page" });
    await rm(join(root, "a.txt"));
    expect(await get(files, "/a.txt")).toMatchObject({ status: 404, text: "gone" });
    await rm(join(root, "404.html"));
    expect((await get(files, "/a.txt")).status).toBe(404);
  });

  test("a file or a folder above it that became a link to elsewhere is not followed", async () => {
    await put({ "a.txt": "one", "sub/b.txt": "two" });
    const files = await assets();
    const outside = join(root, "..", "outside");
    await mkdir(outside);
    await writeFile(join(outside, "b.txt"), "secret");
    await rm(join(root, "a.txt"));
    await symlink(join(outside, "b.txt"), join(root, "a.txt"));
    await rename(join(root, "sub"), join(root, "sub2"));
    await symlink(outside, join(root, "sub"));
    expect([(await get(files, "/a.txt")).status, (await get(files, "/sub/b.txt")).status]).toEqual([404, 404]);
  });

  test("a file that became a FIFO, a folder or too large is 404, and nobody waits", async () => {
    await put({ "a.txt": "one", "b.txt": "two", "c.txt": "three" });
    const files = await assets();
    for (const name of ["a.txt", "b.txt"]) await rm(join(root, name));
    Bun.spawnSync(["mkfifo", join(root, "a.txt")]);
    await mkdir(join(root, "b.txt"));
    await truncate(join(root, "c.txt"), LIMITS.maxFileBytes + 1);
    expect([(await get(files, "/a.txt")).status, (await get(files, "/b.txt")).status, (await get(files, "/c.txt")).status]).toEqual([404, 404, 404]);
  });

  test("a file that becomes shorter while it is sent fails, so that nobody takes it for whole", async () => {
    await put({ "large.bin": new Uint8Array(600_000) });
    const files = await assets();
    const response = (await files.answer(asked("/large.bin"))) as ResponseWire;
    if (!isByteSource(response.body)) throw new Error("it is sent whole");
    await response.body.pull();
    await truncate(join(root, "large.bin"), 1);
    await expect(response.body.pull()).rejects.toThrow("shorter");
  });

  test("a file that cannot be read is 404", async () => {
    if (process.getuid?.() === 0) return;
    await put({ "a.txt": "one" });
    const files = await assets();
    await chmod(join(root, "a.txt"), 0);
    expect((await get(files, "/a.txt")).status).toBe(404);
  });
});

describe("with code", () => {
  test("files come first; what is none is for the code", async () => {
    await put({ "a.txt": "file" });
    const files = await assets({}, { hasCode: true });
    expect([(await get(files, "/a.txt")).text, (await get(files, "/b")).text, (await get(files, "/%2e%2e/x")).text]).toEqual(["file", "for the code", "for the code"]);
    expect((await get(files, "/a.txt", {}, "POST")).status).toBe(405);
  });

  test("a browser that goes to a page of a single-page application gets it; its scripts get the code", async () => {
    await put({ "index.html": "spa" });
    const files = await assets({ notFoundHandling: "single-page-application" }, { hasCode: true });
    expect([(await get(files, "/users/1", { "sec-fetch-mode": "navigate" })).text, (await get(files, "/users/1", { "sec-fetch-mode": "cors" })).text, (await get(files, "/users/1")).text]).toEqual(["spa", "for the code", "for the code"]);
    expect((await get(files, "/login", { "sec-fetch-mode": "navigate" }, "POST")).text).toBe("for the code");
  });

  test("a file that was deleted is for the code", async () => {
    await put({ "a.txt": "file" });
    const files = await assets({}, { hasCode: true });
    await rm(join(root, "a.txt"));
    expect((await get(files, "/a.txt")).text).toBe("for the code");
  });

  test("run_worker_first gives the code everything, or what a list says, however the path is spelled", async () => {
    await put({ "admin/a.txt": "file", "admin/open/b.txt": "open", "c.txt": "other" });
    const all = await assets({ runWorkerFirst: true }, { hasCode: true });
    expect((await get(all, "/c.txt")).text).toBe("for the code");
    const some = await assets({ runWorkerFirst: ["/admin/*", "!/admin/open/*"] }, { hasCode: true });
    for (const path of ["/admin/a.txt", "/%61dmin/a.txt", "/admin/%61.txt", "//admin/a.txt", "/./admin/a.txt"]) expect([path, (await get(some, path)).text]).toEqual([path, "for the code"]);
    expect([(await get(some, "/admin/open/b.txt")).text, (await get(some, "/c.txt")).text, (await get(some, "/admin/open/none")).status]).toEqual(["open", "other", 404]);
  });

  test("the binding always answers, with what not_found_handling says", async () => {
    await put({ "a.txt": "file", "404.html": "none" });
    const files = await assets({ notFoundHandling: "404-page", runWorkerFirst: true }, { hasCode: true });
    expect(await read(await files.fetch(asked("/a.txt")))).toMatchObject({ status: 200, text: "file" });
    expect(await read(await files.fetch(asked("/..%2fx")))).toMatchObject({ status: 404, text: "none" });
  });
});

describe("bounds", () => {
  test("no more large files are sent at once than allowed, and each that ends makes room", async () => {
    await put({ "large.bin": new Uint8Array(5000) });
    const files = await assets();
    const open = [await files.answer(asked("/large.bin")), await files.answer(asked("/large.bin"))] as ResponseWire[];
    await expect(files.answer(asked("/large.bin"))).rejects.toThrow(AssetsBusy);
    for (const { body } of open) if (isByteSource(body)) body.cancel();
    for (let i = 0; i < 100 && files.streams > 0; i++) await new Promise((resolve) => setImmediate(resolve));
    expect((await get(files, "/large.bin")).text.length).toBe(5000);
  });

  test("memory holds no more than it may, and forgets what was used least recently", async () => {
    const memory = new AssetMemory(1000);
    await put({ "a.txt": "a".repeat(400), "b.txt": "b".repeat(400), "c.txt": "c".repeat(400) });
    const files = await assets({}, { memory });
    for (const path of ["/a.txt", "/b.txt", "/a.txt", "/c.txt"]) await get(files, path);
    expect(memory.bytes).toBe(800);
  });
});
