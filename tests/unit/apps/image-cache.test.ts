/** Images of apps on disk: which are kept, and that an app from there is what it would be otherwise. */
import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiskCache } from "../../../src/apps/cache/disk-cache.ts";
import { ImageCache } from "../../../src/apps/image-cache.ts";
import { type TestApp, TestRuntime, until } from "../../harness/runtime.ts";

const root = mkdtempSync(join(tmpdir(), "nano-image-cache-"));
afterAll(() => rmSync(root, { recursive: true }));
let folder = "";
let told: string[] = [];
let count = 0;
beforeEach(() => {
  folder = join(root, String(count++));
  told = [];
});

const entries = () => readdirSync(join(folder, "nano-cache-1")).filter((name) => name !== "key" && !name.includes("."));
const cache = (build: string) => new ImageCache(DiskCache.open(folder, { mostBytes: 1 << 28, tell: (what) => told.push(what) }) as DiskCache, build);

/** As another process would: what `app` answers, and whether its top level ran for it. */
async function serve(app: Omit<TestApp, "name">, build = "build 1"): Promise<{ readonly answer: string; readonly hasRun: boolean }> {
  const images = cache(build);
  const puts: Promise<void>[] = [];
  const put = images.put.bind(images);
  images.put = (name, image) => {
    puts.push(put(name, image));
    return puts.at(-1) as Promise<void>;
  };
  using nano = await TestRuntime.start([{ name: "app", ...app }], { images });
  const answer = await nano.text("app");
  await Promise.all(puts);
  return { answer, hasRun: puts.length > 0 };
}

const APP = `
  const table = new Map(Array.from({ length: 1000 }, (_, i) => ["key " + i, { square: i * i }]));
  const pattern = new URLPattern({ pathname: "/:name" });
  const keys = crypto.subtle.importKey("raw", new Uint8Array(16), "AES-GCM", false, ["encrypt"]);
  class Counter { #n = 0; next() { return ++this.#n; } }
  const counter = new Counter();
  export default { async fetch(request, env) { return new Response([table.get("key 12").square, pattern.test(request.url), (await keys).type, counter.next(), env.NAME, new TextDecoder().decode(new TextEncoder().encode("ä"))].join()); } };`;

describe("an app that only computes at its top level", () => {
  test("is loaded from disk the next time, rooms, keys, private fields and all", async () => {
    const first = await serve({ source: APP, env: { NAME: "n" } });
    expect(entries()).toHaveLength(1);
    const second = await serve({ source: APP, env: { NAME: "n" } });
    expect(entries()).toHaveLength(1);
    expect(second.answer).toBe(first.answer);
    expect(first.answer).toBe("144,false,secret,1,n,ä");
    expect([first.hasRun, second.hasRun]).toEqual([true, false]);
    expect(told).toEqual([]);
  });

  test("is evaluated each time when it computes so much that packing it would hold up the others", async () => {
    const source = `const all = new Float64Array(3 << 20); for (let i = 0; i < all.length; i++) all[i] = i; export default { fetch: () => new Response(String(all[1_000_000])) };`;
    for (let i = 0; i < 2; i++) expect((await serve({ source })).answer).toBe("1000000");
    expect(entries()).toEqual([]);
    expect(told).toEqual([]);
  });

  test("has randomness and a clock of its own in every isolate from there", async () => {
    const source = `const list = [1, 2, 3]; export default { fetch: () => Response.json([list.length, Math.random(), crypto.randomUUID(), performance.timeOrigin, performance.now() >= 0]) };`;
    const answers = [];
    for (let i = 0; i < 3; i++) answers.push(JSON.parse((await serve({ source })).answer));
    expect(entries()).toHaveLength(1);
    for (const column of [1, 2, 3]) expect(new Set(answers.map((answer) => answer[column])).size).toBe(3);
    expect(answers.map((answer) => [answer[0], answer[4]])).toEqual(Array(3).fill([3, true]));
  });

  test.each<[string, Partial<TestApp>, string]>([
    ["its code", { source: APP.replace('"key 12"', '"key 13"') }, "build 1"],
    ["a variable", { env: { NAME: "m" } }, "build 1"],
    ["a limit", { limits: { memory_mb: 64 } }, "build 1"],
    ["the executable", {}, "build 2"],
  ])("is evaluated again when %s is another", async (_what, change, build) => {
    await serve({ source: APP, env: { NAME: "n" } });
    await serve({ source: APP, env: { NAME: "n" }, ...change }, build);
    expect(entries()).toHaveLength(2);
  });

  test("is evaluated again when what lies there was tampered with, and serves the same", async () => {
    const { answer } = await serve({ source: APP, env: { NAME: "n" } });
    const path = join(folder, "nano-cache-1", entries()[0] as string);
    const bytes = readFileSync(path);
    bytes[bytes.byteLength >> 1]! ^= 1;
    writeFileSync(path, bytes);
    expect((await serve({ source: APP, env: { NAME: "n" } })).answer).toBe(answer);
    expect(told).toEqual(["disk_cache_ignored"]);
  });

  test("is there no more once it is replaced or removed", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: APP }, { name: "other", source: `export default { fetch: () => new Response("other") };` }], { images: cache("build 1") });
    await nano.text("app");
    await nano.text("other");
    await until(() => entries().length === 2, "both");
    const before = entries();
    await nano.replace({ name: "app", source: `export default { fetch: () => new Response("next") };` });
    await until(() => entries().length === 2 && entries().join() !== before.join(), "the exchange");
    await nano.runtime.registry.remove("other");
    expect(entries()).toHaveLength(1);
  });

  test("stays when nano ends, and when a new revision has the same code and variables", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: APP }], { images: cache("build 1") });
    await nano.text("app");
    await until(() => entries().length === 1, "the entry");
    const before = entries();
    await nano.replace({ name: "app", source: APP });
    expect(entries()).toEqual(before);
    nano.runtime.close();
    expect(entries()).toEqual(before);
  });
});

describe("nothing is kept of an app", () => {
  test("that has secrets", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: APP, secrets: { TOKEN: "do not write me down" } }, { name: "pure", source: `export default { fetch: () => new Response("pure") };` }], { images: cache("build 1") });
    await nano.text("app");
    await nano.text("pure");
    await until(() => entries().length > 0, "the entry of the other app");
    await Bun.sleep(5);
    expect(entries()).toHaveLength(1);
  });

  test.each([
    ["that has looked at the clock", "const at = Date.now();"],
    ["that has looked at the other clock", "const at = performance.now();"],
    ["that has made a date", "const at = new Date();"],
    ["that has drawn a random number", "const r = Math.random();"],
    ["that has drawn random bytes", "const r = crypto.getRandomValues(new Uint8Array(4));"],
    ["that has made a UUID", "const r = crypto.randomUUID();"],
    ["that has made a key", 'const key = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]);'],
    ["that has logged", 'console.log("loaded");'],
    ["that has asked a cache", 'const hit = await caches.default.match("http://x.test/");'],
    ["that has tried to fetch", 'await fetch("http://x.test/").catch(() => {});'],
  ])("%s", async (_what, code) => {
    const source = `${code}\nexport default { fetch: () => new Response("served") };`;
    using nano = await TestRuntime.start([{ name: "app", source }, { name: "pure", source: `export default { fetch: () => new Response("pure") };` }], { images: cache("build 1") });
    expect(await nano.text("app")).toBe("served");
    expect(await nano.text("pure")).toBe("pure");
    await until(() => entries().length > 0, "the entry of the other app");
    await Bun.sleep(5);
    expect(entries()).toHaveLength(1);
  });
});
