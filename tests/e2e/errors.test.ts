/** What errors say of the source, under `nano serve` and `nano dev`. */
import { afterEach, describe, expect, test } from "bun:test";
import { NanoProcess, temporaryFolder } from "../harness/nano.ts";

const started: NanoProcess[] = [];
afterEach(async () => {
  for (const running of started.splice(0)) await running.stop();
});

const FILES = {
  "app/index.ts": `import { find } from "./lib/orders.ts";
import { checked } from "checks";
interface Unused { readonly a: string }
export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/wait") await new Promise(() => {});
    if (pathname === "/fill") for (const all: unknown[] = []; ; ) all.push(new Uint8Array(1 << 20).fill(1));
    if (pathname === "/none") return undefined as never;
    if (pathname === "/throw") find(7);
    try {
      if (pathname === "/package") checked(7);
      if (pathname === "/url") new URL("nowhere");
      find(7);
    } catch (error) {
      return new Response((error as Error).stack);
    }
    return new Response("fine");
  },
};
`,
  "app/lib/orders.ts": "type Id = number;\n\nexport function find(id: Id): never {\n  throw new RangeError(`no order ${id}`);\n}\n",
  "app/node_modules/checks/package.json": '{ "name": "checks", "version": "1.0.0", "type": "module", "exports": "./index.js" }',
  "app/node_modules/checks/index.js": "export function checked(value) {\n  throw new TypeError(`${value} is not checked`);\n}\n",
} as const;

const CONFIG = { port: 0, apps: [{ name: "app", default: true, path: "./app", limits: { wall_ms: 300, memory_mb: 16 } }] };

async function serve(workers: number): Promise<NanoProcess> {
  const running = await NanoProcess.serve({ ...CONFIG, workers }, FILES);
  started.push(running);
  return running;
}

async function dev(): Promise<NanoProcess> {
  const cwd = await temporaryFolder({ ...FILES, "nano.json": JSON.stringify(CONFIG) });
  const running = await NanoProcess.start(["dev", "nano.json", "--port", "0"], { cwd });
  started.push(running);
  return running;
}

const get = async (running: NanoProcess, path: string, headers: Readonly<Record<string, string>> = {}) => {
  const response = await running.request("app.localhost", path, { headers });
  return { status: response.status, text: await response.text() };
};

describe("err.stack in production", () => {
  for (const workers of [0, 1])
    test(`is in the app's own files, ${workers === 0 ? "in one process" : "in a worker"}`, async () => {
      const running = await serve(workers);
      expect((await get(running, "/")).text).toBe("RangeError: no order 7\n    at find (lib/orders.ts:4:13)\n    at fetch (index.ts:14:7)");
      expect((await get(running, "/package")).text).toMatch(/^TypeError: 7 is not checked\n {4}at checked \(node_modules\/checks\/index\.js:2:13\)\n {4}at fetch \(index\.ts:12:\d+\)$/);
      expect((await get(running, "/url")).text).toMatch(/^TypeError: Invalid URL: nowhere\n {4}at URL \(nano:internal\)\n {4}at fetch \(index\.ts:13:\d+\)$/);
    });

  test("goes to the log, and nothing of it to clients, whatever they ask for", async () => {
    const running = await serve(0);
    for (const accept of ["text/html", "application/json", "*/*"]) {
      const { status, text } = await get(running, "/throw", { accept });
      expect([status, JSON.parse(text)]).toEqual([500, { error: "app_exception", request_id: expect.any(String) }]);
    }
    const line = await running.waitFor(() => running.log.find(({ event }) => event === "exception" || event === "failure" || event === "app_exception"), "the log line");
    expect(JSON.stringify(line)).toContain("at find (lib/orders.ts:4:13)");
    expect((await running.request("app.localhost", "/_nano/live-reload.js")).headers.get("content-type")).not.toContain("javascript");
  });
});

describe("nano dev", () => {
  test("says which limit was in the way, where the app was, and what to do", async () => {
    const running = await dev();
    const wait = await get(running, "/wait");
    expect(wait.status).toBe(504);
    expect(wait.text).toMatch(/^wall_limit \(request [\w-]+\)\n\nNo answer in time: [^]*\n\nlimits\.wall_ms: 3\d\d ms of 300 ms\n\n[^]*AbortSignal\.timeout[^]*up to 900,000 ms/);
    const fill = await get(running, "/fill");
    expect(fill.status).toBe(503);
    expect(fill.text).toMatch(/^memory_limit [^]*\n\nMemory limit exceeded: [^]*\n\nlimits\.memory_mb: [\d.]+ MB of 16\.0 MB\n\n[^]*without bound/);
  });

  test("explains an answer that is no response, in words and as data", async () => {
    const running = await dev();
    expect((await get(running, "/none")).text).toMatch(/^bad_response [^]*No response: the handler gave nothing, not a Response\n\n[^]*return new Response/);
    expect(JSON.parse((await get(running, "/none", { accept: "application/json" })).text)).toMatchObject({ error: "bad_response", detail: { message: "the handler gave nothing, not a Response", hint: expect.stringContaining("Response") } });
  });

  test("stops at once although a page follows it", async () => {
    const running = await dev();
    const response = await running.request("app.localhost", "/_nano/live-reload");
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    running.signal("SIGTERM");
    expect((await reader.read()).done).toBe(true);
    expect(await running.exited()).toBe(0);
  });
});
