/** Ten shapes of Workers projects, each with its own wrangler file, served by `nano dev` as they lie there. */
import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { nano, NanoProcess, ROOT } from "../harness/nano.ts";

const started: NanoProcess[] = [];
afterEach(async () => {
  for (const running of started.splice(0)) await running.stop();
});

const folderOf = (project: string) => join(ROOT, "tests/fixtures/projects", project);

async function dev(project: string, ...args: readonly string[]): Promise<NanoProcess> {
  const running = await NanoProcess.start(["dev", ...args, "--port", "0"], { cwd: folderOf(project) });
  started.push(running);
  return running;
}

const jsonOf = async (running: NanoProcess, path: string, init?: RequestInit, host = "localhost") => (await running.request(host, path, init)).json() as Promise<unknown>;

test("Hono with JSX: layouts, async components, forms, a renderer and middleware", async () => {
  const running = await dev("hono-jsx");
  expect(await (await running.request("guestbook.localhost", "/")).text()).toBe('<html lang="en"><head><title>Guest book</title></head><body><h1>Guest book</h1><ul><li><b>Ada</b>: 1 &lt; 2</li></ul></body></html>');
  const signed = await running.request("localhost", "/sign", { method: "POST", body: new URLSearchParams({ name: "Grace", text: "hi" }) });
  expect([signed.status, await signed.text()]).toEqual([201, expect.stringContaining("<li><b>Grace</b>: hi</li></ul>")]);
  expect(await (await running.request("localhost", "/nothing")).text()).toBe("no page /nothing");
  await running.waitFor(() => /--> POST \/sign .*201/.test(running.out), "what the middleware logs");
});

test("itty-router: parameters, bodies, errors, CORS, and an environment", async () => {
  const running = await dev("itty-router", "--env", "staging");
  expect(await jsonOf(running, "/", undefined, "todos-staging.localhost")).toEqual({ greeting: "hello from staging" });
  expect(await jsonOf(running, "/todos", { method: "POST", body: '{"text":"route"}' })).toEqual({ id: 2, text: "route" });
  expect(await jsonOf(running, "/todos/1")).toEqual({ id: 1, text: "write a router" });
  expect(await jsonOf(running, "/todos/3")).toEqual({ status: 404, error: "no such todo" });
  expect(await jsonOf(running, "/broken")).toEqual({ status: 500, error: "broken on purpose" });
  const preflight = await running.request("localhost", "/todos", { method: "OPTIONS", headers: { origin: "http://a.test", "access-control-request-method": "POST" } });
  expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([204, "*"]);
});

test("a single-page application with an API: files, navigations, code first for /api, and files for the code", async () => {
  const running = await dev("spa-api");
  const navigation = { headers: { "sec-fetch-mode": "navigate", accept: "text/html" } };
  for (const path of ["/", "/cards/1"]) expect(await (await running.request("localhost", path, navigation)).text()).toContain('<div id="app"></div>');
  expect((await running.request("localhost", "/app.js")).headers.get("content-type")).toStartWith("text/javascript");
  expect(await jsonOf(running, "/api/cards", navigation, "board.example.com")).toEqual([{ id: 1, title: "first" }]);
  expect(await jsonOf(running, "/api/none", navigation)).toEqual({ error: "not found" });
  expect(await (await running.request("localhost", "/api/page")).text()).toContain('fetch("/api/cards")');
});

test("cron and fetch: the clock's events by hand", async () => {
  const running = await dev("cron-fetch");
  const ring = (cron: string) => running.request("localhost", `/cdn-cgi/handler/scheduled?cron=${cron.replaceAll(" ", "+")}&time=86400000`);
  expect((await running.request("localhost", "/")).status).toBe(404);
  expect((await ring("0 */6 * * *")).status).toBe(200);
  let digest = await running.request("localhost", "/");
  for (let i = 0; i < 1_000 && digest.status === 404; i++) digest = await running.request("localhost", "/");
  expect(await digest.json()).toEqual({ at: "1970-01-02T00:00:00.000Z", lines: ["one", "two"] });
  expect((await ring("0 0 * * 1")).status).toBe(200);
  expect((await running.request("localhost", "/")).status).toBe(404);
  const unknown = await ring("1 1 1 1 1");
  expect([unknown.status, await unknown.text()]).toEqual([500, expect.stringMatching(/Error: no work for 1 1 1 1 1\n {4}at scheduled \(src\/worker\.ts:20:\d+\)/)]);
  await running.waitFor(() => running.out.includes('in nano dev: curl "http://localhost:<port>/cdn-cgi/handler/scheduled?cron=0+*/6+*+*+*"'), "what is told of crons");
});

test("TypeScript of many files: path aliases of an extended tsconfig, aliases of modules, #imports, definitions, enums, namespaces", async () => {
  const running = await dev("path-aliases");
  expect(await jsonOf(running, "/")).toEqual({ id: "id-1", isOpen: true, total: "12.50", build: "42", feature: true });
  expect(await (await running.request("localhost", "/full")).text()).toMatch(/RangeError: too many orders\n {4}at add \(src\/orders\/repository\.ts:10:\d+\)/);
});

test("many packages of npm, with Node's globals and modules", async () => {
  const running = await dev("npm-heavy");
  const post = (body: object) => running.request("localhost", "/products", { method: "POST", body: JSON.stringify(body) });
  expect(await (await post({ name: "pen", price: "2.5" })).json()).toEqual({ name: "pen", price: 2.5, count: 1 });
  const refused = await post({ name: "", price: -1 });
  expect([refused.status, await refused.text()]).toEqual([422, "name,price"]);
  const list = await running.request("localhost", "/products?name=pen");
  expect([await list.text(), list.headers.has("etag")]).toEqual(["<li>pen</li>", true]);
  expect(await jsonOf(running, "/tools")).toEqual({ region: "north", mode: "production", hash: "2d711642", joined: "YWI=", distance: 1, kind: "private", config: { a: 1 }, checked: { a: "b" } });
});

describe("an import of WebAssembly", () => {
  const SAID = /src\/index\.js:1:19: cannot import "\.\/add\.wasm": an app has no WebAssembly\n[^]*hint: look for a build of the package in JavaScript/;

  test("is refused with its place and a way out, to the client and the terminal", async () => {
    const running = await dev("wasm-import");
    const response = await running.request("localhost", "/");
    expect([response.status, await response.text()]).toEqual([503, expect.stringMatching(SAID)]);
    await running.waitFor(() => SAID.test(running.out), "the terminal");
  });

  test("is told by nano check", async () => {
    expect(await nano(["check"], { cwd: folderOf("wasm-import") })).toMatchObject({ code: 1, out: expect.stringContaining('cannot import "./add.wasm": an app has no WebAssembly') });
  });
});

test("imports of JSON, text, data, and files that rules name", async () => {
  const running = await dev("json-text");
  expect(await jsonOf(running, "/")).toEqual({ version: 3, names: ["Ada", "Grace"], bytes: [0, 255, 128, 65], isBuffer: true, query: "select 1;", card: "<b>Ada</b>", icon: '<svg xmlns="http://www.w3.org/2000/svg"/>', settings: { dark: true } });
  expect(await (await running.request("localhost", "/page")).text()).toBe("<!doctype html><p>a note</p>\n");
});

test("import() runs a module when it is asked for, and once", async () => {
  const running = await dev("dynamic-import");
  expect(await jsonOf(running, "/?lang=de")).toEqual({ hello: "Hallo", loaded: ["de"] });
  expect(await jsonOf(running, "/?lang=de")).toEqual({ hello: "Hallo", loaded: ["de"] });
  const english = (await jsonOf(running, "/")) as { hello: string; loaded: string[] };
  expect([english.hello, english.loaded.at(-1)]).toEqual(["Hello", "en"]);
  expect(await jsonOf(running, "/?month=may")).toEqual({ days: 31 });
  expect(await (await running.request("localhost", "/?lang=fr")).text()).toBe("no language fr");
});

test("service worker syntax: addEventListener, and variables as globals", async () => {
  const running = await dev("service-worker");
  const moved = await running.request("old.example.com", "/a/b?c=1");
  expect([moved.status, moved.headers.get("location")]).toEqual([308, "https://new.example.com/a/b?c=1"]);
  expect((await running.request("redirector.localhost", "/x.png")).status).toBe(410);
  await running.waitFor(() => running.out.includes("moved /a/b"), "what it prints");
});

test("nano check finds all of them well, but the one with WebAssembly", async () => {
  for (const project of ["hono-jsx", "itty-router", "spa-api", "cron-fetch", "path-aliases", "npm-heavy", "json-text", "dynamic-import", "service-worker"]) {
    const { code, out } = await nano(["check", folderOf(project)]);
    expect([project, code, out]).toEqual([project, 0, expect.stringMatching(/1 of 1 apps would run\n$/)]);
  }
});
