/** `nano test` as a developer uses it: test files beside an app, run by the executable. */
import { afterAll, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { nano, NanoProcess, ROOT, temporaryFolder } from "../harness/nano.ts";

const APP = `
export const double = (n) => n * 2;
let count = 0;
export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === "/count") return new Response(String(++count));
    if (pathname === "/throw") throw new RangeError("broken");
    if (pathname === "/odd") return "no response";
    if (pathname === "/spin") while (true) {}
    if (pathname === "/echo") return new Response(request.body, { headers: { "x-method": request.method, "x-seen": request.headers.get("x-sent"), "x-host": request.headers.get("host") } });
    if (pathname === "/url") return new Response(request.url);
    if (pathname === "/redirect") return Response.redirect("http://elsewhere.test/", 302);
    if (pathname === "/later") { ctx.waitUntil((async () => { await new Promise((done) => setTimeout(done, 20)); console.log("done later"); })()); return new Response("soon"); }
    if (pathname === "/slow") { await new Promise((done) => setTimeout(done, 60_000)); return new Response(new Date().toISOString() + " " + Math.round(performance.now())); }
    if (pathname === "/up") { const answer = await fetch("https://api.test/data?q=1", { method: "POST", body: "question", headers: { "x-key": env.KEY } }); return new Response(answer.status + " " + await answer.text()); }
    if (pathname === "/pipe") return fetch("https://api.test/stream");
    if (pathname === "/follow") return new Response((await fetch("https://api.test/moved")).url);
    if (pathname === "/work") { let n = 0; for (let i = 0; i < 10_000; i++) n += i; return new Response(String(n)); }
    if (pathname === "/cookies") { const headers = new Headers(); headers.append("set-cookie", "a=1"); headers.append("set-cookie", "b=2"); return new Response("", { headers }); }
    console.log("asked for", pathname);
    return Response.json({ greeting: env.GREETING, pathname });
  },
};`;
const CONFIG = JSON.stringify({ apps: [{ name: "hello", path: "app.js", hostnames: ["hello.example"], env: { GREETING: "Hello", KEY: "k" } }] });

/** Runs `nano test` in a folder with the app and `files`. */
async function testing(files: Readonly<Record<string, string>>, args: readonly string[] = []) {
  const folder = await temporaryFolder({ "nano.json": CONFIG, "app.js": APP, ...files });
  return { folder, ...(await nano(["test", ...args], { cwd: folder })) };
}

/** The tests of `body` pass, every one of them. */
async function passes(body: string): Promise<void> {
  const { code, out, err } = await testing({ "a.test.ts": `import { app, appNamed, clock, test, expect, fn, spyOn, mock, describe, beforeAll, beforeEach, afterEach, afterAll } from "nano:test";\n${body}` });
  expect({ code, err, out: code === 0 ? "" : out }).toEqual({ code: 0, err: "", out: "" });
}

const running: NanoProcess[] = [];
afterAll(() => Promise.all(running.map((one) => one.stop())));

describe("app.fetch", () => {
  test("asks the app as a client would: method, headers, body, host, and gets its answer", () =>
    passes(`test("echo", async () => {
      const response = await app.fetch("/echo", { method: "POST", body: "hello", headers: { "x-sent": "yes" } });
      expect([response.status, response.headers.get("x-method"), response.headers.get("x-seen"), response.headers.get("x-host"), await response.text()]).toEqual([200, "POST", "yes", "hello.example", "hello"]);
      expect(await (await app.fetch(new Request("http://other.example:8080/url?a=1"))).text()).toBe("http://other.example:8080/url?a=1");
      expect(await (await app.fetch("url")).text()).toBe("http://hello.example/url");
      expect((await app.fetch("/cookies")).headers.getSetCookie()).toEqual(["a=1", "b=2"]);
      const stream = new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode("in ")); c.enqueue(new TextEncoder().encode("parts")); c.close(); } });
      expect(await (await app.fetch("/echo", { method: "PUT", body: stream, duplex: "half" })).text()).toBe("in parts");
    });
    test("redirects are answers", async () => {
      const response = await app.fetch("/redirect");
      expect([response.status, response.headers.get("location")]).toEqual([302, "http://elsewhere.test/"]);
    });`));

  test("runs the app in isolates of its own, with its limits, and tells how the request went", () =>
    passes(`globalThis.count = 100;
    test("heap", async () => {
      expect([await (await app.fetch("/count")).text(), await (await app.fetch("/count")).text()]).toEqual(["1", "2"]);
      app.restart();
      expect(await (await app.fetch("/count")).text()).toBe("1");
    });
    test("exception", async () => {
      const response = await app.fetch("/throw");
      expect([response.status, (await response.text()).includes("app_exception"), response.nano.outcome]).toEqual([500, true, "exception"]);
      expect(response.nano.error).toMatchObject({ name: "RangeError", message: "broken", stack: expect.stringContaining("app.js:8:") });
      expect((await app.fetch("/odd")).nano.outcome).toBe("badResponse");
    });
    test("limit", async () => {
      const response = await app.with({ limits: { cpu_ms: 10 } }).fetch("/spin");
      expect([response.status, response.nano.outcome, response.nano.error.name]).toEqual([503, "exceededCpu", "exceededCpu"]);
      expect(() => app.with({ limits: { cpu: 1 } }).env).toThrow('no limit "cpu"');
      expect(() => app.with({ limits: { cpu_ms: 1 } }).env).toThrow("takes 5 to");
    });
    test("fuel is exact", async () => {
      app.restart();
      const first = (await app.fetch("/work")).nano.fuel;
      app.restart();
      expect((await app.fetch("/work")).nano.fuel).toBe(first);
      expect(first).toBeGreaterThan(10_000);
      expect(first).toBeLessThan(10_000_000);
      const { nano } = await app.fetch("/work");
      expect(nano.cpuMs).toBeGreaterThan(0);
      expect(nano.memoryBytes % 65536).toBe(0);
    });
    test("logs and waitUntil", async () => {
      app.takeLogs();
      const response = await app.fetch("/later");
      expect(response.nano.logs).toEqual([]);
      await response.nano.over();
      expect(response.nano.logs).toEqual([{ level: "log", text: "done later" }]);
      await app.fetch("/other");
      expect(app.takeLogs().map(({ text }) => text)).toEqual(["done later", "asked for /other"]);
      expect(app.takeLogs()).toEqual([]);
    });`));

  test("app.with gives the app other variables, and shares nothing with the one it was made of", () =>
    passes(`test("env", async () => {
      await app.fetch("/count");
      const other = app.with({ env: { GREETING: "Hi", EXTRA: { deep: [1] } } });
      expect((await (await other.fetch("/")).json()).greeting).toBe("Hi");
      expect((await (await app.fetch("/")).json()).greeting).toBe("Hello");
      expect([other.env.KEY, other.env.EXTRA.deep, app.env.GREETING]).toEqual(["k", [1], "Hello"]);
      expect(await (await other.fetch("/count")).text()).toBe("1");
      expect((await (await other.with({ env: { KEY: "z" } }).fetch("/")).json()).greeting).toBe("Hi");
    });`));

  test("app.with answers the app's own fetch, as an upstream would", () =>
    passes(`test("stub", async () => {
      const upstream = fn(async (request) => new Response(request.method + " " + request.url + " " + request.headers.get("x-key") + " " + (await request.text()), { status: 201 }));
      const stubbed = app.with({ fetch: upstream });
      const response = await stubbed.fetch("/up");
      expect(await response.text()).toBe("201 POST https://api.test/data?q=1 k question");
      expect(upstream).toHaveBeenCalledTimes(1);
      expect(response.nano.subrequests).toEqual([{ method: "POST", origin: "https://api.test", status: 201 }]);
    });
    test("streams, redirects, failures", async () => {
      const stubbed = app.with({ fetch: ({ url }) => {
        if (url.endsWith("/moved")) return new Response(null, { status: 307, headers: { location: "/here" } });
        if (url.endsWith("/here")) return new Response("here");
        if (url.endsWith("/stream")) return new Response(new ReadableStream({ async pull(c) { c.enqueue(new TextEncoder().encode("tick ")); if (++this.n === 3) c.close(); }, n: 0 }), { headers: { "content-encoding": "gzip", "x-up": "1" } });
        throw new Error("no network");
      } });
      const piped = await stubbed.fetch("/pipe");
      expect([piped.headers.get("x-up"), await piped.text()]).toEqual(["1", "tick tick tick "]);
      expect(await (await stubbed.fetch("/follow")).text()).toBe("https://api.test/here");
      const failed = await stubbed.fetch("/up");
      expect([failed.status, failed.nano.error.name, failed.nano.error.message]).toEqual([500, "TypeError", "fetch failed: Error: no network"]);
      expect((await app.with({ fetch: () => "text" }).fetch("/up")).nano.error.message).toContain("no Response");
    });`));

  test("an app that does not load is told, and the tests that do not need it pass", () =>
    passes(`test("broken", async () => {
      const response = await app.with({ limits: { startup_cpu_ms: 50 } }).fetch("/");
      expect(response.status).toBe(200);
      const missing = () => appNamed("other").env;
      expect(missing).toThrow('there is no app "other" in the configuration; there are hello');
    });`));

  test("a client that gives up is no answer", () =>
    passes(`test("abort", async () => {
      const controller = new AbortController();
      const asked = app.fetch("/slow", { signal: controller.signal });
      setTimeout(() => controller.abort(), 5);
      await expect(asked).rejects.toThrow("abort");
    });`));
});

describe("the clock", () => {
  test("stands still for the test and its apps, and moves when it is told to", () =>
    passes(`afterEach(() => clock.start());
    test("app", async () => {
      clock.stop("2030-01-01T00:00:00Z");
      const before = performance.now();
      const asked = app.fetch("/slow");
      let own = 0;
      setInterval(() => own++, 10_000);
      await clock.advance(59_999);
      expect([own, Date.now(), clock.pending]).toEqual([5, Date.parse("2030-01-01T00:00:59.999Z"), 2]);
      await clock.advance(1);
      expect(await (await asked).text()).toMatch(/^2030-01-01T00:01:00.000Z /);
      expect(performance.now() - before).toBeCloseTo(60_000);
    });
    test("order", async () => {
      clock.stop(0);
      const seen = [];
      setTimeout(() => { seen.push("b " + Date.now()); setTimeout(() => seen.push("c " + Date.now()), 5); }, 20);
      setTimeout(() => seen.push("a " + Date.now()), 10);
      setTimeout(() => seen.push("late"), 26);
      await clock.advance(25);
      expect(seen).toEqual(["a 10", "b 20", "c 25"]);
    });
    test("goes on by itself otherwise", async () => {
      await expect(clock.advance(1)).rejects.toThrow("stop it first");
      clock.stop();
      const waited = new Promise((done) => setTimeout(done, 5));
      clock.start();
      await waited;
      expect(Math.abs(Date.now() - 1.7e12)).toBeGreaterThan(1e9);
    });`));
});

describe("tests", () => {
  test("are declared and run with the names and in the order of Vitest and bun test", async () => {
    await passes(`const seen = [];
    beforeAll(() => seen.push("beforeAll")); beforeEach(() => seen.push("beforeEach")); afterEach(() => seen.push("afterEach"));
    describe("outer", () => {
      beforeAll(async () => { await null; seen.push("beforeAll outer"); }); beforeEach(() => seen.push("beforeEach outer")); afterAll(() => seen.push("afterAll outer"));
      test("one", ({ onTestFinished }) => { onTestFinished(() => seen.push("finished")); seen.push("one"); });
      describe.skip("not", () => { beforeAll(() => seen.push("never")); test("x", () => seen.push("never")); });
    });
    test("two", () => expect(seen).toEqual(["beforeAll", "beforeAll outer", "beforeEach", "beforeEach outer", "one", "afterEach", "finished", "afterAll outer", "beforeEach"]));
    let tries = 0;
    test("again", { retry: 2 }, () => expect(++tries).toBe(3));
    test.fails("fails", () => expect(1).toBe(2));
    test.skipIf(true)("skipped", () => { throw 1; });
    test.runIf(false)("not run", () => { throw 1; });
    test("skips itself", ({ skip }) => { skip(); throw 1; });
    test.todo("later");
    const rows = [];
    test.each([[1, 2], [3, 4]])("row %d %s", (a, b) => rows.push(a + b));
    test.each([{ n: 5 }])("row $n", ({ n }) => rows.push(n));
    test.each\`a | b\${1} | \${2}\${3} | \${4}\`("template $a", ({ a, b }) => rows.push(a * b));
    test.for([[1, 2]])("row", (row, { skip }) => rows.push(row.length, typeof skip));
    describe.each(["x"])("suite %s", (x) => test("in", () => rows.push(x)));
    test("rows", () => expect(rows).toEqual([3, 7, 5, 2, 12, 2, "function", "x"]));`);
  });

  test("written for Vitest, Bun or Cloudflare's pool run as they are", async () => {
    const { code, out } = await testing({
      "vitest.test.ts": `import { afterEach, describe, expect, it, vi } from "vitest";
        import { createExecutionContext, env, SELF, waitOnExecutionContext } from "cloudflare:test";
        import worker from "./app.js";
        afterEach(() => { vi.useRealTimers(); vi.unstubAllGlobals(); vi.restoreAllMocks(); });
        describe("worker", () => {
          it("answers directly", async () => {
            vi.stubGlobal("fetch", vi.fn(async () => new Response("stubbed")));
            const ctx = createExecutionContext();
            const response = await worker.fetch(new Request("http://example.com/up"), env, ctx);
            await waitOnExecutionContext(ctx);
            expect(await response.text()).toBe("200 stubbed");
            expect(fetch).toHaveBeenCalledOnce();
          });
          it("answers for itself", async () => { expect(await (await SELF.fetch("https://example.com/")).json()).toEqual({ greeting: env.GREETING, pathname: "/" }); });
          it("tells the time", async () => {
            vi.useFakeTimers({ now: 1000 });
            const late = vi.fn();
            setTimeout(late, 50);
            await vi.advanceTimersByTimeAsync(50);
            expect([late.mock.calls.length, Date.now()]).toEqual([1, 1050]);
            expect(() => vi.mock("./x")).toThrow("modules are bundled before they run");
          });
        });`,
      "bun.test.js": 'import { expect, jest, spyOn, test } from "bun:test"; test("x", () => { const o = { m: () => 1 }; spyOn(o, "m").mockReturnValue(2); expect(o.m()).toBe(2); expect(jest.fn()).not.toHaveBeenCalled(); });',
    });
    expect([code, code === 0 ? "" : out]).toEqual([0, ""]);
  });

  test("that fail are shown with their place, what differs, and what they printed", async () => {
    const { code, out } = await testing({
      "tests/a.test.ts": `import { test, expect } from "nano:test";\nimport { double } from "../app.js";\n\ntest("doubles", () => {\n  console.log("printed");\n  expect({ value: double(2) as number, other: 1 }).toEqual({ value: 5, other: 1 });\n});\n\n\ntest("holds", () => {});\n`,
      "b.spec.js": 'import { test } from "nano:test"; test("fine", () => {});',
    });
    expect(code).toBe(1);
    expect(out).toContain("✓ b.spec.js (1 test, ");
    expect(out).toContain("✗ tests/a.test.ts (2 tests, ");
    expect(out).toMatch(/✗ doubles [\d.]+ m?s\n {4}log printed\n {4}AssertionError: expected { value: 4, other: 1 } to deeply equal { value: 5, other: 1 }\n {4}- Expected\n {4}\+ Received\n/);
    expect(out).toContain('    -   "value": 5,\n    +   "value": 4,\n');
    expect(out).toContain("    > 6 |   expect({ value: double(2) as number, other: 1 }).toEqual({ value: 5, other: 1 });\n");
    expect(out).toMatch(/at <anonymous> \(tests\/a\.test\.ts:6:\d+\)\n/);
    expect(out).not.toContain("holds");
    expect(out).toMatch(/Files {2}1 failed \| 1 passed\n {2}Tests {2}1 failed \| 2 passed\n/);
    expect(out).not.toContain("\u001b");
  });

  test("that fail show what the app threw at their requests, which its clients are not told", async () => {
    const { out } = await testing({ "a.test.ts": `import { app, test, expect } from "nano:test";
      test("wants an answer", async () => { expect((await app.fetch("/throw")).status).toBe(200); });
      test("wants a failure", async () => { expect((await app.fetch("/throw")).status).toBe(500); });` });
    expect(out).toMatch(/✗ wants an answer [^\n]*\n {4}hello threw RangeError: broken\n {8}at fetch \(app\.js:8:\d+\)\n {4}AssertionError: expected 500 to be 200/);
    expect(out.match(/threw/g)).toHaveLength(1);
    const broken = await testing({ "app.js": "export default { fetch( };", "a.test.ts": 'import { app, test, expect } from "nano:test"; test("x", async () => { expect((await app.fetch("/")).status).toBe(200); });' });
    expect(broken.out).toMatch(/hello did not load: app\.js:1:\d+: /);
  });

  test("that never end are failures with their place, and the rest of the file is run", async () => {
    const { code, out } = await testing({ "a.test.ts": `import { test, beforeEach } from "nano:test";
      let runs = 0;
      test("before", () => { runs++; });
      test("spins", () => { while (true) {} });
      test("spins later", async () => { await null; for (;;) {} });
      test("waits", async () => { await new Promise(() => {}); });
      test("eats", () => { const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1)); });
      test("after", () => { if (runs !== 0) throw new Error("in the same isolate"); });` }, ["--timeout", "100"]);
    expect(code).toBe(1);
    expect(out).toMatch(/✗ spins [\d.]+ m?s\n {4}exceededCpu: it was ended after 100 ms of CPU: a loop that does not end\? \(--timeout allows more\)\n[^]*?> 4 \|[^]*?\n {8}at <anonymous> \(a\.test\.ts:4:\d+\)/);
    expect(out).toMatch(/✗ spins later [\d.]+ m?s\n {4}exceededCpu[^]*?> 5 \|/);
    expect(out).toMatch(/✗ waits [\d.]+ m?s\n {4}TimeoutError: the test took longer than 100 ms/);
    expect(out).toMatch(/✗ eats [\d.]+ m?s\n {4}exceededMemory: it was ended: it used 25\d MB, and memory_mb allows 256 MB/);
    expect(out).toContain("Tests  4 failed | 2 passed\n");
  });

  test("an exception that nobody catches, an assertion that nobody awaits, and what hooks throw are failures", async () => {
    const { code, out } = await testing({ "a.test.ts": `import { test, expect, describe, beforeAll, afterAll } from "nano:test";
      test("uncaught", async () => { setTimeout(() => { throw new Error("late"); }, 1); await new Promise((done) => setTimeout(done, 10)); });
      test("rejected", async () => { void Promise.reject(new TypeError("lost")); await new Promise((done) => setTimeout(done, 1)); });
      test("not awaited", () => { expect(Promise.resolve(1)).resolves.toBe(2); });
      test("counted", () => { expect.assertions(2); expect(1).toBe(1); });
      test("soft", () => { expect.soft(1).toBe(2); expect.soft(3).toBe(4); });
      describe("hooks", () => { beforeAll(() => { throw new Error("no database"); }); afterAll(() => console.log("cleaned all the same")); test("first", () => {}); test("second", () => {}); });
      describe("end", () => { afterAll(() => { throw new Error("not cleaned"); }); test("third", () => {}); });
      test("throws text", () => { throw "text"; });` });
    expect(code).toBe(1);
    expect(out).toMatch(/✗ uncaught[^]*?Uncaught: Error: late\n/);
    expect(out).toMatch(/✗ rejected[^]*?Uncaught: \(in promise\) TypeError: lost\n/);
    expect(out).toMatch(/✗ not awaited[^]*?expected 1 to be 2/);
    expect(out).toContain("expected 2 assertions, but there was 1");
    expect(out).toMatch(/expected 1 to be 2[^]*expected 3 to be 4/);
    expect(out).toMatch(/✗ hooks > first[^]*?beforeAll of "hooks": no database[^]*?✗ hooks > second[^]*?no database/);
    expect(out).toContain('afterAll of "end": not cleaned');
    expect(out).toContain("cleaned all the same");
    expect(out).toContain("a value of type string was thrown: text");
    expect(out).toContain("Tests  8 failed | 1 passed\n");
  });

  test("files that do not load, or hold no test, fail with what is wrong", async () => {
    const { code, out } = await testing({
      "syntax.test.ts": 'import { test } from "nano:test";\ntest("x", () => {\n',
      "missing.test.ts": 'import { test } from "nano:test";\nimport { x } from "./nothing.ts";\ntest("x", () => x);\n',
      "throws.test.ts": 'import { test } from "nano:test";\ntest("x", () => {});\nthrow new Error("at the top");\n',
      "waits.test.ts": 'import { test } from "nano:test";\nawait new Promise(() => {});\ntest("x", () => {});\n',
      "empty.test.ts": 'import { test } from "nano:test";\n',
      "plain.test.js": "console.log(1);\n",
      "broken.test.ts": 'import { test } from "nano:test";\nArray.prototype.map = null;\ntest("x", () => {});\n',
      "late.test.ts": 'import { test } from "nano:test";\nawait null;\ntest("x", () => { test("y", () => {}); });\n',
    }, ["--timeout", "200"]);
    expect(code).toBe(1);
    expect(out).toMatch(/✗ syntax\.test\.ts[^]*?syntax\.test\.ts:\d+:\d+: /);
    expect(out).toMatch(/✗ missing\.test\.ts[^]*?missing\.test\.ts:2:\d+: cannot import ".\/nothing\.ts": there is no such file/);
    expect(out).toMatch(/✗ throws\.test\.ts[^]*?Error: at the top\n[^]*?> 3 \|/);
    expect(out).toMatch(/✗ waits\.test\.ts[^]*?the file's top level took longer than 2000 ms/);
    expect(out).toMatch(/✗ empty\.test\.ts[^]*?there is no test in this file/);
    expect(out).toMatch(/✗ plain\.test\.js[^]*?there is no test in this file/);
    expect(out).toMatch(/✗ broken\.test\.ts[^]*?TypeError: not a function/);
    expect(out).toMatch(/✗ late\.test\.ts[^]*?test\(\) was called too late/);
  });
});

test("every matcher that the types promise is there", async () => {
  const types = await readFile(join(ROOT, "types/test.d.ts"), "utf8");
  const matchers = [...(/interface Matchers<R> \{(.*?)\n {2}\}/s.exec(types)?.[1] ?? "").matchAll(/^ {4}(\w+)\(/gm)].map((match) => match[1]);
  expect(matchers.length).toBeGreaterThan(35);
  await passes(`test("matchers", () => { expect(${JSON.stringify(matchers)}.filter((name) => typeof expect(0)[name] !== "function" || typeof expect(Promise.resolve()).resolves[name] !== "function")).toEqual([]); });
    test("others", () => { expect(["soft", "anything", "any", "extend", "assertions", "hasAssertions", "unreachable", "stringContaining", "stringMatching", "objectContaining", "arrayContaining", "closeTo"].filter((name) => typeof expect[name] !== "function")).toEqual([]); expect(typeof expect.not.objectContaining).toBe("function"); });
    expect.extend({ toBeEven: (received) => ({ pass: received % 2 === 0, message: () => received + " is odd" }) });
    test("own", () => { expect(2).toBeEven(); expect(() => expect(3).toBeEven()).toThrow("3 is odd"); });`);
});

describe("which tests run", () => {
  const FILES = {
    "a.test.ts": 'import { test, describe } from "nano:test"; describe("math", () => { test("adds", () => {}); test("divides", () => { throw new Error("no"); }); }); test("adds text", () => {});',
    "sub/b.test.ts": 'import { test } from "nano:test"; test("other", () => {});',
    "only.test.ts": 'import { test, describe } from "nano:test"; test("no", () => { throw 1; }); test.only("yes", () => {}); describe.only("all of", () => { test("these", () => {}); });',
    "node_modules/p/x.test.ts": "throw new Error('not ours')",
    ".hidden/x.test.ts": "throw new Error('not ours')",
  };

  test.each([
    [[], "Files  1 failed | 2 passed", "Tests  1 failed | 5 passed | 1 skipped"],
    [["-t", "math adds"], "Files  3 passed", "Tests  1 passed | 6 skipped"],
    [["a.test.ts"], "Files  1 failed\n", "Tests  1 failed | 2 passed"],
    [["sub"], "Files  1 passed", "Tests  1 passed"],
    [["b.test"], "Files  1 passed", "Tests  1 passed"],
    [["--bail"], "Files  1 failed\n", "Tests  1 failed | 1 passed | 1 skipped"],
  ] as const)("nano test %p", async (args, files, tests) => {
    const { out } = await testing(FILES, args);
    expect(out).toContain(files);
    expect(out).toContain(tests);
  });

  test("a name that leads nowhere, a bad flag and a folder without tests say what to do", async () => {
    expect(await testing(FILES, ["nowhere"])).toMatchObject({ code: 1, err: expect.stringContaining("nowhere: there is no such test file\n  there are: a.test.ts, only.test.ts, sub/b.test.ts") });
    expect(await testing(FILES, ["-t", "("])).toMatchObject({ code: 2, err: expect.stringContaining("--test-name-pattern is no regular expression") });
    expect(await testing(FILES, ["--timeout", "soon"])).toMatchObject({ code: 2, err: expect.stringContaining("--timeout takes milliseconds") });
    expect(await testing(FILES, ["--reporter", "tap"])).toMatchObject({ code: 2, err: expect.stringContaining("--reporter is one of default, verbose, junit") });
    expect(await testing({})).toMatchObject({ code: 1, err: expect.stringContaining("*.test.ts") });
    expect(await testing({}, ["--pass-with-no-tests"])).toMatchObject({ code: 0 });
  });
});

describe("projects", () => {
  test("of one app without a config, and of functions without an app", async () => {
    const app = await temporaryFolder({ "index.ts": APP, "index.test.ts": 'import { app, test, expect } from "nano:test"; test("x", async () => expect((await app.fetch("/count")).status).toBe(200));' });
    expect((await nano(["test"], { cwd: app })).code).toBe(0);
    const none = await temporaryFolder({ "math.test.ts": 'import { app, test, expect } from "nano:test"; test("x", async () => { expect(1).toBe(1); await expect(app.fetch("/")).rejects.toThrow("there is no app here"); });' });
    const { code, out } = await nano(["test"], { cwd: none });
    expect([code, code === 0 ? "" : out]).toEqual([0, ""]);
  });

  test("of several apps: a file asks the one it lies beside, or one by its name", async () => {
    const worker = (name: string) => `export default { fetch() { return new Response("${name}"); } };`;
    const folder = await temporaryFolder({
      "nano.json": JSON.stringify({ apps: [{ name: "one", path: "one", hostnames: ["one.example"] }, { name: "two", path: "two", hostnames: ["two.example"] }] }),
      "one/index.js": worker("one"), "two/index.js": worker("two"),
      "one/a.test.js": 'import { app, appNamed, test, expect } from "nano:test"; test("x", async () => { expect(await (await app.fetch("/")).text()).toBe("one"); expect(await (await appNamed("two").fetch("/")).text()).toBe("two"); });',
      "b.test.js": 'import { app, test, expect } from "nano:test"; test("x", async () => { await expect(app.fetch("/")).rejects.toThrow("there are several apps here: say which one with appNamed(\\"one\\")"); });',
    });
    const { code, out } = await nano(["test"], { cwd: folder });
    expect([code, code === 0 ? "" : out]).toEqual([0, ""]);
  });

  test("get the variables of the config, of .env.test and of the command line", async () => {
    const { code, out } = await testing({ ".env.test": "GREETING=from the file\nFILE=1", "a.test.ts": 'import { app, test, expect } from "nano:test"; test("x", () => expect(app.env).toMatchObject({ GREETING: "from the file", FILE: "1", KEY: "typed" }));' }, ["--var", "KEY=typed"]);
    expect([code, code === 0 ? "" : out]).toEqual([0, ""]);
  });

  test("nano:test is there for test files alone", async () => {
    const { code, out } = await testing({ "app.js": 'import { test } from "nano:test"; export default { fetch() { return new Response(typeof test); } };', "a.test.ts": 'import { app, test, expect } from "nano:test"; test("x", async () => { const r = await app.fetch("/"); expect(r.nano.error.message).toContain(\'cannot import "nano:test": it is there for test files alone\'); });' });
    expect([code, code === 0 ? "" : out]).toEqual([0, ""]);
  });
});

describe("reports", () => {
  test("JUnit's XML tells every test, and survives any name", async () => {
    const { code, folder, out } = await testing({ "a.test.ts": `import { test, expect } from "nano:test"; test("a <b> & \\"c\\"\\u0000", () => { console.log("]]>"); }); test("fails", () => expect("<x>").toBe("\\u0001")); test.skip("not", () => {}); test.todo("later");` }, ["--reporter", "junit", "--outfile", "out/report.xml"]);
    expect([code, out]).toEqual([1, expect.stringContaining("written to out/report.xml")]);
    const xml = await readFile(join(folder, "out/report.xml"), "utf8");
    expect(xml).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>\n<testsuites name="nano test" tests="4" failures="1" errors="0" skipped="2" time="\d+\.\d{3}">\n {2}<testsuite name="a\.test\.ts" file="a\.test\.ts" tests="4"/);
    expect(xml).toContain('<testcase name="a &lt;b&gt; &amp; &quot;c&quot;\ufffd" classname="a.test.ts"');
    expect(xml).toContain("<system-out>log ]]&gt;</system-out>");
    expect(xml).toMatch(/<testcase name="fails"[^>]*>\n {6}<failure type="AssertionError" message="expected &apos;|<failure type="AssertionError" message="expected '&lt;x&gt;' to be/);
    expect(xml.match(/<skipped\/>/g)).toHaveLength(2);
    expect(Bun.spawnSync(["python3", "-c", "import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])", join(folder, "out/report.xml")]).exitCode).toBe(0);
    expect((await testing({ "a.test.ts": 'import { test } from "nano:test"; test("x", () => {});' }, ["--reporter", "junit"])).out).toStartWith("<?xml");
  });

  test("verbose names every test; terminal escapes of a test's own do not reach the terminal", async () => {
    const { out } = await testing({ "a.test.ts": 'import { test, expect } from "nano:test"; test("good \\u001b[2J", () => {}); test("bad", () => expect("\\u001b]0;x\\u0007").toBe("y"));' }, ["--reporter", "verbose"]);
    expect(out).toContain("✓ good \\x1b[2J");
    expect(out).not.toContain("\u001b");
  });

  test("--watch runs again what a change concerns, and finds new files", async () => {
    const folder = await temporaryFolder({ "nano.json": CONFIG, "app.js": APP, "a.test.ts": 'import { app, test, expect } from "nano:test"; test("status", async () => expect((await app.fetch("/count")).status).toBe(200));', "b.test.ts": 'import { test } from "nano:test"; test("b", () => {});' });
    const watching = NanoProcess.spawn(["test", "--watch"], { cwd: folder });
    running.push(watching);
    const rounds = () => watching.out.split("waits for changes").length - 1;
    await watching.waitFor(() => rounds() >= 1 && watching.out.includes("Tests  2 passed"), "the first round");
    const before = watching.out.length;
    await Bun.write(join(folder, "app.js"), APP.replace("String(++count)", 'String(++count), { status: 418 }'));
    await watching.waitFor(() => watching.out.slice(before).includes("Tests  1 failed | 1 passed"), "the round after the change");
    expect(watching.out.slice(before)).toContain("expected 418 to be 200");
    expect(watching.out.slice(before)).not.toContain("b.test.ts");
    await Bun.write(join(folder, "c.test.ts"), 'import { test } from "nano:test"; test("new", () => {});');
    await watching.waitFor(() => watching.out.includes("✓ c.test.ts"), "the new file");
    const beforeConfig = watching.out.length;
    await Bun.write(join(folder, "nano.json"), "{ broken");
    await watching.waitFor(() => watching.err.includes("nano.json:1:"), "the mistake");
    await Bun.write(join(folder, "app.js"), APP);
    await watching.waitFor(() => watching.out.slice(beforeConfig).includes("Tests  3 passed"), "the round after the app was mended");
    await Bun.write(join(folder, "nano.json"), CONFIG.replace("Hello", "Good day"));
    await watching.waitFor(() => ["a", "b", "c"].every((name) => watching.out.slice(beforeConfig).split(`${name}.test.ts`).length > (name === "a" ? 2 : 1)), "the round of all files");
    watching.signal("SIGINT");
    expect(await watching.exited()).toBe(0);
  });
});
