import { createHash } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { NanoProcess, ROOT } from "../harness/nano.ts";

const APPS = join(ROOT, "tests", "e2e", "apps");
const MANY = 1_000;

describe("apps that others wrote the libraries of", () => {
  let nano: NanoProcess;
  let upstream: Bun.Server<undefined>;

  beforeAll(async () => {
    upstream = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () =>
        new Response(
          (async function* () {
            for (let i = 0; i < 5; i++) yield new TextEncoder().encode(`line ${i}\n`);
          })() as unknown as ReadableStream,
          { headers: { "x-from": "upstream" } },
        ),
    });
    const app = (name: string, file: string, more: object = {}) => ({ hostname: `${name}.test`, path: join(APPS, file), ...more });
    nano = await NanoProcess.serve({
      apps: [
        app("hono", "hono.tsx", { env: { GREETING: "Hello" } }),
        app("itty", "itty.js"),
        app("worker", "service-worker.js"),
        app("checked", "checked.ts"),
        app("preact", "preact.tsx"),
        app("proxy", "proxy.js", { env: { UPSTREAM: `http://127.0.0.1:${upstream.port}` }, egress: { allow: ["127.0.0.1"] } }),
        app("upload", "upload.js", { limits: { max_body_mb: 64 } }),
      ],
    });
  });
  afterAll(async () => {
    await nano.stop();
    await upstream.stop(true);
  });

  test("Hono routes, runs middleware, reads env, answers JSON, streams and handles its errors", async () => {
    const hello = await nano.request("hono.test", "/?name=you");
    expect(await hello.text()).toBe("Hello, you");
    expect(hello.headers.get("x-powered-by")).toBe("hono");
    expect(hello.headers.get("access-control-allow-origin")).toBe("*");
    expect(await (await nano.request("hono.test", "/users/7")).json()).toEqual({ id: "7" });
    const echoed = await nano.request("hono.test", "/echo", { method: "POST", body: '{"a":[1,"ü"]}', headers: { "content-type": "application/json" } });
    expect([echoed.status, await echoed.json()]).toEqual([201, { a: [1, "ü"] }]);
    expect(await (await nano.request("hono.test", "/stream")).text()).toBe("part 0\npart 1\npart 2\n");
    const failed = await nano.request("hono.test", "/fails");
    expect([failed.status, await failed.text()]).toEqual([500, "handled: on purpose"]);
    expect((await nano.request("hono.test", "/nowhere")).status).toBe(404);
  });

  test("itty-router routes and makes responses of values", async () => {
    expect(await (await nano.request("itty.test", "/hello/nano")).text()).toContain("Hello, nano!");
    expect(await (await nano.request("itty.test", "/json")).json()).toEqual({ ok: true });
    expect((await nano.request("itty.test", "/none")).status).toBe(404);
  });

  test("a service worker answers through respondWith", async () => {
    const response = await nano.request("worker.test", "/a/b", { method: "PUT" });
    expect([await response.text(), response.headers.get("x-kind")]).toEqual(["PUT /a/b", "service worker"]);
  });

  test("zod and valibot check what comes in", async () => {
    const ask = async (body: object) => (await nano.request("checked.test", "/", { method: "POST", body: JSON.stringify(body) })).json();
    expect(await ask({ name: "Ada", age: 36 })).toEqual({ zod: true, valibot: true, issues: [] });
    expect(await ask({ name: "", age: 1.5 })).toEqual({ zod: false, valibot: false, issues: ["name", "age"] });
  });

  test("preact renders on the server", async () => {
    expect(await (await nano.request("preact.test", "/")).text()).toBe('<!doctype html><ul class="list"><li>a</li><li>&lt;b></li><li>c &amp; d</li></ul>');
  });

  test("a proxy streams an upstream through a TransformStream", async () => {
    const response = await nano.request("proxy.test", "/x");
    expect([response.headers.get("x-from"), await response.text()]).toEqual(["upstream", "LINE 0\nLINE 1\nLINE 2\nLINE 3\nLINE 4\n"]);
  });

  test("50 MB are uploaded and come back equal, in bounded memory", async () => {
    await (await nano.request("upload.test", "/", { method: "POST", body: "warm" })).text();
    const before = nano.rssBytes;
    const chunk = crypto.getRandomValues(new Uint8Array(65_536));
    const chunks = (50 << 20) / chunk.byteLength;
    const sent = createHash("sha256");
    let left = chunks;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        chunk[0] = left & 255;
        sent.update(chunk);
        controller.enqueue(chunk.slice());
        if (--left === 0) controller.close();
      },
    });
    const response = await nano.request("upload.test", "/", { method: "POST", body });
    expect(response.status).toBe(200);
    const received = createHash("sha256");
    let bytes = 0;
    let most = 0;
    for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
      received.update(part);
      bytes += part.byteLength;
      most = Math.max(most, nano.rssBytes - before);
    }
    expect(bytes).toBe(50 << 20);
    expect(received.digest("hex")).toBe(sent.digest("hex"));
    expect(most).toBeLessThan(160 << 20);
  });
});

test(`${MANY} apps in one config all answer, each for itself`, async () => {
  const files: Record<string, string> = {};
  const apps = Array.from({ length: MANY }, (_, i) => {
    files[`app-${i}.js`] = `export default { fetch: () => new Response("app ${i}") };`;
    return { hostname: `app-${i}.test`, path: `./app-${i}.js` };
  });
  const nano = await NanoProcess.serve({ apps }, files);
  try {
    for (let i = 0; i < MANY; i += 10) {
      const texts = await Promise.all(Array.from({ length: 10 }, async (_, j) => (await nano.request(`app-${i + j}.test`, "/")).text()));
      expect(texts).toEqual(Array.from({ length: 10 }, (_, j) => `app ${i + j}`));
    }
  } finally {
    await nano.stop();
  }
}, 60_000);
