/** A process without the engine's options becomes, or starts, one that has them. Each case in a process of its own: the one that asks is replaced. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ENGINE_COMMANDS } from "../../../src/cli/early.ts";
import { ENGINE_OPTIONS } from "../../../src/config/environment.ts";

const MODULE = fileURLToPath(new URL("../../../src/cli/reexec.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const [OPTION = "", VALUE = ""] = Object.entries(ENGINE_OPTIONS)[0] ?? [];

/** Calls withEngine as `nano` would, for the arguments `-e code`. Without `platform` the one this runs on. */
function start(code: string, platform = process.platform) {
  const program = `
    Object.defineProperty(process, "platform", { value: ${JSON.stringify(platform)} });
    const { withEngine } = await import(${JSON.stringify(MODULE)});
    const terminal = { isInteractive: false, onSignal(listener) { process.on("SIGTERM", () => listener("SIGTERM")); return () => {}; } };
    process.exit(await withEngine(["-e", ${JSON.stringify(code)}], { environment: { hasEngineOptions: false }, terminal }, () => { throw new Error("ran without the options"); }));`;
  const { [OPTION]: _, ...env } = process.env;
  return Bun.spawn([process.execPath, "-e", program], { env: { ...env, MARK: "kept" }, stdin: "ignore", stdout: "pipe", stderr: "inherit", timeout: 20_000 });
}
const TELL = `console.log([process.pid, process.env.${OPTION}, process.env.MARK].join(" "));`;

describe("where processes can be replaced", () => {
  test("the process keeps its id, has the options and its environment, and the exit code is its own", async () => {
    const child = start(`${TELL} process.exit(7)`);
    expect(await new Response(child.stdout).text()).toBe(`${child.pid} ${VALUE} kept\n`);
    expect(await child.exited).toBe(7);
  });
});

describe("where they cannot", () => {
  test("a child has the options, and its exit code is passed on", async () => {
    const child = start(`${TELL} process.exit(7)`, "win32");
    const [pid, ...rest] = (await new Response(child.stdout).text()).trim().split(" ");
    expect(Number(pid)).not.toBe(child.pid);
    expect(rest).toEqual([VALUE, "kept"]);
    expect(await child.exited).toBe(7);
  });

  test("signals reach the child", async () => {
    const child = start('process.on("SIGTERM", () => process.exit(9)); console.log("ready"); setInterval(() => {}, 1000);', "win32");
    await child.stdout.getReader().read();
    child.kill("SIGTERM");
    expect(await child.exited).toBe(9);
  });

  test("a child that a signal ended is told as shells do", async () => {
    const child = start("process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000);", "win32");
    expect(await child.exited).toBe(128 + 9);
  });
});

test("a process that has the options does its work itself", async () => {
  const { withEngine } = await import(MODULE) as typeof import("../../../src/cli/reexec.ts");
  const context = { environment: { hasEngineOptions: true } } as Parameters<typeof withEngine>[1];
  expect(await withEngine([], context, () => Promise.resolve(3))).toBe(3);
});

test("commands that are replaced early are those that would be replaced in any case, all but serve", async () => {
  const found: string[] = [];
  for await (const file of new Bun.Glob("src/cli/**/*.ts").scan(ROOT)) {
    const name = /withEngine\(argvOf\("(\w+)"/.exec(await Bun.file(join(ROOT, file)).text())?.[1];
    if (name !== undefined && name !== "serve") found.push(name);
  }
  expect(found.sort()).toEqual([...ENGINE_COMMANDS].sort());
});
