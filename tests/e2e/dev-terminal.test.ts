/** `nano dev` on a terminal: what somebody sees, what the keys do, and that the terminal is left as it was. */
import { afterEach, describe, expect, test } from "bun:test";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { NANO, NanoProcess, temporaryFolder } from "../harness/nano.ts";
import { TerminalProcess } from "../harness/terminal.ts";

const APP = `console.log("top level");
export default {
  async fetch(request: Request, env: { NAME: string }): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/log") console.log("hello");
    if (pathname === "/body") await request.text();
    if (pathname === "/throw") throw new Error("no such thing");
    return new Response(env.NAME);
  },
};
`;

const started: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const running of started.splice(0)) await running.stop();
});

async function folder(files: Readonly<Record<string, string>> = {}): Promise<string> {
  return temporaryFolder({ "app.ts": APP, ".env": "NAME=world\nAPI_KEY=abcdefgh1234\n", ...files });
}

async function dev(options: { readonly env?: Readonly<Record<string, string>>; readonly args?: readonly string[]; readonly columns?: number } = {}): Promise<TerminalProcess> {
  const running = await TerminalProcess.nano(["dev", "./app.ts", "--port", "0", ...(options.args ?? [])], { ...options, cwd: await folder() });
  started.push(running);
  await running.waitFor(() => running.text.includes("ready "), "the load");
  return running;
}

/** What is on the screen: the lines that a repeated one took the place of are gone. */
function screen(running: TerminalProcess): readonly string[] {
  const lines: string[] = [];
  for (const part of running.text.split("\n")) {
    const replaced = /^\u001b\[(\d+)A\u001b\[J(.*)$/s.exec(part);
    if (replaced !== null) lines.splice(-Number(replaced[1]));
    lines.push(replaced?.[2] ?? part);
  }
  return lines;
}

describe("a terminal", () => {
  test("shows one line per request, each as long as the others, and none longer than it is wide", async () => {
    for (const columns of [80, 120]) {
      const running = await dev({ columns });
      for (const path of ["/", "/log", `/${"long/".repeat(40)}end`]) await running.get(path);
      await running.waitFor(() => (running.text.match(/^GET .* cpu /gm) ?? []).length === 3, "three lines");
      const lines = screen(running).filter((line) => line.startsWith("GET "));
      expect(lines[0]).toMatch(/^GET {4}\/ +200 +[\d.]+ ms +cpu [\d.]+ ms +5 B +[\d.]+ MB$/);
      expect(lines[2]).toMatch(/^GET {4}\/long\/.*….*\/end +200 /);
      expect(new Set(lines.map((line) => line.length)).size).toBe(1);
      expect(lines[0]?.length).toBeLessThanOrEqual(columns);
    }
  });

  test("says how often the same came in a row, in place of repeating it", async () => {
    const running = await dev();
    for (let i = 0; i < 4; i++) await running.get("/same");
    await running.get("/other");
    await running.waitFor(() => running.text.includes("/other"), "the last request");
    expect(screen(running).filter((line) => line.includes("/same"))).toEqual([expect.stringMatching(/^GET {4}\/same .* ×4$/)]);
  });

  test("shows where in the source the console was written to, in the revision that wrote it", async () => {
    const running = await dev();
    expect(running.text).toMatch(/^log {7}top level {2}app\.ts:1:9$/m);
    await running.get("/log");
    await running.waitFor(() => /^log {7}hello {2}app\.ts:5:\d+$/m.test(running.text), "the console line");
  });

  test("has colours, unless NO_COLOR or FORCE_COLOR=0 say otherwise", async () => {
    expect((await dev()).out).toContain("\u001b[32mlistening");
    expect((await dev({ env: { NO_COLOR: "1" } })).out).not.toContain("\u001b[");
    expect((await dev({ env: { FORCE_COLOR: "0" } })).out).not.toContain("\u001b[");
  });

  test("without a terminal there are no colours, no keys and no replaced lines, unless FORCE_COLOR asks for colours", async () => {
    const cwd = await folder();
    for (const env of [{}, { FORCE_COLOR: "1" }]) {
      const running = await NanoProcess.start(["dev", "./app.ts", "--port", "0"], { cwd, env });
      started.push(running);
      for (let i = 0; i < 2; i++) await (await running.request("localhost", "/same")).text();
      const lines = () => running.out.split("\n").filter((line) => line.includes("/same"));
      await running.waitFor(() => lines().length === 2, "two lines");
      expect(running.out).not.toContain("\u001b[1A");
      expect(running.out).not.toContain("quit");
      expect(running.out.includes("\u001b[32m")).toBe("FORCE_COLOR" in env);
    }
  });
});

describe("a key", () => {
  test("shows variables without secrets, limits and their use, the last request, and all keys", async () => {
    const running = await dev();
    running.type("d");
    await running.waitFor(() => running.text.includes("there has been no request yet"), "no details");
    await running.get("/throw?secret=1");
    running.type("e");
    await running.waitFor(() => running.text.includes('  NAME = "world"\n'), "the variables");
    expect(running.text).toContain("  API_KEY = (hidden, 12 characters)\n");
    expect(running.out).not.toContain("abcdefgh1234");
    running.type("l");
    await running.waitFor(() => /^ {2}cpu_ms +[\d.]+ ms +5,000 ms +\d+ % +GET \/throw +the isolate is ended, 503 cpu_limit$/m.test(running.text), "the limits");
    running.type("d");
    await running.waitFor(() => /^GET \/throw\n {2}request {3}[\w-]+\n {2}app {7}\S+\n[^]*^ {2}outcome {3}500 exception\n[^]*^ {2}threw {5}Error: no such thing\n/m.test(running.text), "the details");
    running.type("?");
    await running.waitFor(() => running.text.includes("  q  quit\n"), "the help");
  });

  test("r loads anew, c clears, and other keys do nothing", async () => {
    const running = await dev();
    running.type("zZ\u001b[Ac");
    await running.waitFor(() => running.out.endsWith("\u001b[2J\u001b[3J\u001b[H"), "the clear screen");
    running.type("r");
    await running.waitFor(() => running.text.includes("reloaded "), "the reload");
    expect(await running.get("/")).toBe("world");
  });

  test("o opens the app in the browser, and tells the address where there is none", async () => {
    const bin = await temporaryFolder({ "xdg-open": '#!/bin/sh\necho "$1" > "$0.asked"\n' });
    await chmod(join(bin, "xdg-open"), 0o755);
    const running = await dev({ env: { PATH: `${bin}:${process.env["PATH"]}` } });
    running.type("o");
    const asked = () => Bun.file(join(bin, "xdg-open.asked")).text().catch(() => "");
    for (let i = 0; i < 800 && !(await asked()).endsWith("\n"); i++) await Bun.sleep(5);
    expect(await asked()).toBe(`http://localhost:${running.port}/\n`);
    const without = await dev({ env: { PATH: "/nowhere" } });
    without.type("o");
    await without.waitFor(() => without.text.includes(`cannot open a browser (xdg-open is not installed): http://localhost:${without.port}/\n`), "the reason");
  });

  test("q, Ctrl+C and Ctrl+D end it with 0, SIGTERM too, and the terminal is as it was", async () => {
    for (const key of ["q", "\u0003", "\u0004", "SIGTERM"] as const) {
      const running = await dev();
      await running.waitFor(() => !running.hasLines, "single keys");
      if (key === "SIGTERM") running.signal(key);
      else running.type(key);
      expect(await running.exited()).toBe(0);
      expect(running.hasLines).toBe(true);
    }
  });

  test("are left alone with a log for machines", async () => {
    const running = await TerminalProcess.nano(["dev", "./app.ts", "--port", "0", "--log-format", "json"], { cwd: await folder() });
    started.push(running);
    await running.get("/");
    await running.waitFor(() => running.out.includes('"event":"request"'), "the request");
    expect(running.hasLines).toBe(true);
    expect(running.out.split("\n").filter((line) => line !== "" && !line.startsWith("{"))).toEqual([]);
  });
});

describe("in a shell", () => {
  async function shell(): Promise<TerminalProcess> {
    const running = TerminalProcess.start(["bash", "--norc", "--noprofile", "-i"], { cwd: await folder(), env: { PS1: "$ " } });
    started.push(running);
    await running.waitFor(() => running.text.endsWith("$ "), "the prompt");
    return running;
  }

  test("Ctrl+Z stops it and gives the terminal back, fg goes on with it", async () => {
    const running = await shell();
    running.type(`${NANO} dev ./app.ts --port 0\n`);
    await running.waitFor(() => running.text.includes("ready "), "the load");
    await running.waitFor(() => !running.hasLines, "single keys");
    running.type("\u001a");
    await running.waitFor(() => running.text.includes("Stopped"), "the stop");
    running.type("echo shell:$((1+1))\n");
    await running.waitFor(() => running.text.includes("shell:2\n"), "the shell");
    running.type("fg\n");
    await running.waitFor(() => !running.hasLines, "single keys again");
    expect(await running.get("/")).toBe("world");
    running.type("?");
    await running.waitFor(() => running.text.includes("  q  quit\n"), "the help");
    running.type("q");
    await running.waitFor(() => running.text.endsWith("$ "), "the prompt");
    running.type("echo code:$?\n");
    await running.waitFor(() => running.text.includes("code:0\n"), "the exit code");
  });

  test("in the background it serves and leaves the terminal to the shell, and takes keys once it is in front", async () => {
    const running = await shell();
    running.type(`${NANO} dev ./app.ts --port 0 &\n`);
    await running.waitFor(() => running.text.includes("ready "), "the load");
    expect(await running.get("/")).toBe("world");
    running.type("jobs\n");
    await running.waitFor(() => running.text.includes("Running"), "the job");
    running.type("fg\n");
    // The shell reads single keys as well: only nano's answer tells who reads.
    await running.waitFor(() => /fg\n[^\n]*nano dev [^\n]*\n$/.test(running.text), "the job in front");
    running.type("?");
    await running.waitFor(() => running.text.includes("  q  quit\n"), "the help");
    running.type("\u0003");
    await running.waitFor(() => running.text.endsWith("$ "), "the prompt");
    running.type("echo code:$? jobs:$(jobs -p | wc -l)\n");
    await running.waitFor(() => running.text.includes("code:0 jobs:0\n"), "the end of the job");
  });
});

describe("a near miss", () => {
  test("is pointed out once per limit, with the key that raises it, in every log format", async () => {
    const config = { port: 0, apps: [{ name: "shop", hostname: "shop.test", path: "app.ts", env: { NAME: "n" }, limits: { max_body_mb: 1 } }] };
    const cwd = await folder({ "nano.json": JSON.stringify(config) });
    for (const args of [[], ["--log-format", "json"]]) {
      const running = await NanoProcess.start(["dev", join(cwd, "nano.json"), ...args], { cwd });
      started.push(running);
      for (const length of [500_000, 900_000, 950_000]) await (await running.request("shop.test", "/body", { method: "POST", body: "x".repeat(length) })).text();
      await (await running.request("shop.test", "/end")).text();
      await running.waitFor(() => running.out.includes("/end"), "the last request");
      const near = running.out.split("\n").filter((line) => /^near|near_limit/.test(line));
      if (args.length === 0) expect(near).toEqual([expect.stringMatching(/^near +POST \/body used 0\.86 MB of 1 MB \(86 %\): size of a request body\. Past it: 413 payload_too_large\. limits\.max_body_mb of the app raises it$/)]);
      else expect(near.map((line) => JSON.parse(line) as object)).toEqual([expect.objectContaining({ level: "warn", event: "near_limit", app: "shop", key: "max_body_mb", allowed: 1, by: "POST /body" })]);
    }
  });
});
