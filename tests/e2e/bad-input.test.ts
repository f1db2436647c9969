/** What is wrong with an app, a config or the machine: told with its place and the way out, and of no consequence to what is right. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { nano, NanoProcess, temporaryFolder } from "../harness/nano.ts";

const GOOD_APP = 'export default { fetch() { return new Response("good"); } };\n';

describe("an app that would not run", () => {
  const tellOf = async (files: Readonly<Record<string, string>>, path: string) => {
    const { code, out } = await nano(["check", path], { cwd: await temporaryFolder(files) });
    expect(code).toBe(1);
    return out;
  };

  test("a syntax error is told with file, line, column and the lines around it", async () => {
    const out = await tellOf({ "app/index.js": 'import "./other.js";\n' + GOOD_APP, "app/other.js": 'const a = 1;\nconst b = "x" "y";\nconst c = 3;\n' }, "./app");
    expect(out).toContain('other.js:2:15: Expected ";" but found ""y""\n          1 | const a = 1;\n        > 2 | const b = "x" "y";\n            |               ^\n          3 | const c = 3;\n');
  });

  test.each([
    ["export const handler = 1;\nexport function other() {}\n", "it exports handler, other"],
    ["export default 5;\n", "its default export is of type number"],
    ["export default { other() {} };\n", "its default export is of type object without a fetch function"],
  ])("%j has no fetch handler, and the message says what it exports", async (source, found) => {
    const out = await tellOf({ "app.js": source }, "./app.js");
    expect(out).toContain("the app has no fetch handler: it must `export default { fetch(request, env, ctx) { … } }`");
    expect(out).toContain(found);
  });

  test.each([
    ['import fs from "node:fs";\nexport default fs;\n', /app\.js:1:16: cannot import "node:fs": node:fs is not available in an app\n[^]*hint: an app has no files/],
    ['import x from "some-missing-package";\nexport default x;\n', /app\.js:1:15: cannot import "some-missing-package"[^]*hint: install it with: npm install some-missing-package/],
    ['import { x } from "./nowhere.js";\nexport default x;\n', /app\.js:1:19: cannot import "\.\/nowhere\.js"/],
  ])("%j tells where the import is and what to do", async (source, told) => {
    expect(await tellOf({ "app.js": source }, "./app.js")).toMatch(told);
  });

  test("a missing file is told with the name that was meant", async () => {
    expect(await tellOf({ "shop.js": GOOD_APP }, "./shpo.js")).toMatch(/shpo\.js: no such file or folder\n.*did you mean shop\.js\?/);
  });

  test("a folder without an app tells what an app starts with", async () => {
    expect(await tellOf({ "folder/readme.txt": "" }, "./folder")).toMatch(/folder: there is no app in this folder\n.*index\.ts/);
  });

  test.each(["serve", "dev"])("nano %s of a missing file does not start", async (command) => {
    const { code, out, err } = await nano([command, "./missing.js", "--port", "0"], { cwd: await temporaryFolder({ "mising.js": GOOD_APP }) });
    expect([code, out]).toEqual([1, ""]);
    expect(err).toStartWith("error: ./missing.js: there is no such file or folder");
  });

  // Nothing is unreadable to root.
  test.skipIf(process.getuid?.() === 0)("a folder that may not be read is told as such", async () => {
    const cwd = await temporaryFolder({ "app/index.js": GOOD_APP });
    await chmod(join(cwd, "app"), 0o000);
    const { code, out } = await nano(["check", "./app"], { cwd });
    await chmod(join(cwd, "app"), 0o700);
    expect([code, out]).toEqual([1, expect.stringContaining("permission denied")]);
  });
});

describe("a config that cannot be used", () => {
  test("all mistakes are told at once, each with line, column, field and the way out", async () => {
    const config = `{
  "port": "80",
  "hosst": "127.0.0.1",
  "apps": [
    { "hostname": "a.test", "path": "./app.js", "limits": { "cpu_m": 5, "memory_mb": 4 } }, // comment
    { "hostname": "a.test", "path": 5, "default": "yes" },
  ],
}`;
    const cwd = await temporaryFolder({ "nano.json": config, "app.js": GOOD_APP });
    for (const command of ["serve", "dev", "check"]) {
      const { code, out, err } = await nano([command], { cwd });
      expect([code, out]).toEqual([1, ""]);
      expect(err).toMatch(/^error: nano\.json:2:11: port: must be a port: a whole number from 0 to 65535, not a string$[^]*write it without quotes: 80/m);
      expect(err).toMatch(/^nano\.json:3:3: hosst: there is no key "hosst"$[^]*did you mean "host"\?/m);
      expect(err).toMatch(/^nano\.json:5:61: apps\[0\]\.limits\.cpu_m: there is no key "cpu_m"$[^]*did you mean "cpu_ms"\?/m);
      expect(err).toMatch(/^nano\.json:5:\d+: apps\[0\]\.limits\.memory_mb: 4 is below the floor of 16 MB$/m);
      expect(err).toMatch(/^nano\.json:6:\d+: apps\[1\]\.hostname: the hostname a\.test is taken already: apps\[0\]\.hostname in line 5$/m);
      expect(err).toMatch(/^nano\.json:6:\d+: apps\[1\]\.path: must be a path, not 5$/m);
      expect(err).toMatch(/^nano\.json:6:\d+: apps\[1\]\.default: must be true or false, not a string$/m);
    }
  });

  test.each([
    [["serve", "--config", "nope.json"], "error: nope.json: there is no such file\n"],
    [["serve", "--config", "folder"], "error: folder: this is a folder, not a config file\n"],
    [["serve"], "error: there is no nano.json or wrangler file here, and no app was named\n"],
    [["check"], "error: there is no nano.json or wrangler file here\n"],
  ])("nano %p", async (args, message) => {
    const { code, err } = await nano(args, { cwd: await temporaryFolder({ "folder/x.txt": "" }) });
    expect([code, err]).toEqual([1, expect.stringContaining(message)]);
  });
});

describe("the port", () => {
  test.each(["serve", "dev"])("nano %s says that the port it was told to use is taken, and exits with 1", async (command) => {
    const holder = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => holder.once("listening", resolve));
    const { port } = holder.address() as { port: number };
    const { code, err } = await nano([command, "./app.js", "--port", String(port)], { cwd: await temporaryFolder({ "app.js": GOOD_APP }) });
    await new Promise((resolve) => holder.close(resolve));
    expect([code, err]).toEqual([1, expect.stringContaining(`error: port ${port} on 127.0.0.1 is in use\n  stop the process that listens there, or choose another port`)]);
  });

  test("an address that is not this machine's is told", async () => {
    const { code, err } = await nano(["serve", "./app.js", "--host", "192.0.2.1", "--port", "0"], { cwd: await temporaryFolder({ "app.js": GOOD_APP }) });
    expect([code, err]).toEqual([1, expect.stringContaining("error: cannot listen on 192.0.2.1:0")]);
  });
});

describe("broken apps beside a good one", () => {
  let running: NanoProcess;
  beforeAll(async () => {
    running = await NanoProcess.serve(
      {
        apps: [
          { hostname: "good.test", path: "good.js" },
          { hostname: "syntax.test", path: "syntax.js" },
          { hostname: "throws.test", path: "throws.ts" },
          { hostname: "missing.test", path: "missing.js" },
          { hostname: "endless.test", path: "endless.js", limits: { startup_cpu_ms: 100 } },
          { hostname: "waits.test", path: "waits.js", limits: { wall_ms: 300 } },
        ],
      },
      {
        "good.js": GOOD_APP,
        "syntax.js": "export default {{\n",
        "throws.ts": 'throw new Error("secret detail");\nexport default {};\n',
        "endless.js": `for (;;) {}\n${GOOD_APP}`,
        "waits.js": `await new Promise(() => {});\n${GOOD_APP}`,
      },
    );
  });
  afterAll(() => running.stop());

  test.each(["syntax.test", "throws.test", "missing.test", "endless.test", "waits.test"])("%s answers 503 app_failed and says nothing more; the good app answers", async (host) => {
    const [broken, good] = await Promise.all([running.request(host, "/"), running.request("good.test", "/")]);
    expect([good.status, await good.text()]).toEqual([200, "good"]);
    expect([broken.status, broken.headers.get("x-nano-error"), broken.headers.get("content-type")]).toEqual([503, "app_failed", "application/json"]);
    expect(Object.entries((await broken.json()) as object)).toEqual([["error", "app_failed"], ["request_id", expect.any(String)]]);
  });

  test("the log says why each did not load", async () => {
    const reasons = await running.waitFor(() => {
      const failed = running.log.filter(({ event }) => event === "app_failed");
      return failed.length >= 5 && Object.fromEntries(failed.map(({ app, error }) => [app, error]));
    }, "five failed loads");
    expect(reasons).toMatchObject({
      "syntax.test": expect.stringContaining("syntax.js:1:"),
      "throws.test": expect.stringContaining("throws.ts: Error: secret detail"),
      "missing.test": expect.stringContaining("no such file or folder"),
      "endless.test": expect.stringContaining("startup_cpu_ms, which allows 100 ms"),
      "waits.test": expect.stringContaining("waits.js"),
    });
  });

  test("hosts that no app serves get the same 404, whatever they are", async () => {
    const answers = new Set<string>();
    for (const host of ["unknown.test", "good.test.evil.test", "localhost", "127.0.0.1", "[::1]:8080", "x"]) {
      const response = await running.request(host, "/anything");
      const id = response.headers.get("x-request-id") as string;
      const headers = [...response.headers].filter(([name]) => name !== "date");
      answers.add(JSON.stringify([response.status, headers, await response.text()]).replaceAll(id, "ID"));
    }
    expect([...answers].map((answer) => JSON.parse(answer) as unknown)).toEqual([[404, expect.arrayContaining([["content-type", "application/json"], ["x-nano-error", "unknown_host"]]), '{"error":"unknown_host","request_id":"ID"}']]);
  });
});
