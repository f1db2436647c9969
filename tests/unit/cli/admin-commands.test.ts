/** Commands over the admin API, against a listener with operations in memory. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { AdminListener } from "../../../src/admin/listener.ts";
import type { CommandContext } from "../../../src/cli/command.ts";
import { runCli } from "../../../src/cli/index.ts";
import { socketFolder, socketOf } from "../../../src/config/admin-socket.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { readEnvironment } from "../../../src/config/environment.ts";
import { silent } from "../../../src/observe/observer.ts";
import { temporaryFolder } from "../../harness/nano.ts";
import { FakeOperations } from "../admin/fake-operations.ts";
import { TOKEN } from "../admin/fixture.ts";

const folder = await temporaryFolder({ "nano.json": '{ "apps": [{ "hostname": "blog.test", "path": "./blog.js", "secrets": { "KEY": { "from_env": "NOT_IN_THIS_SHELL" } } }] }', "plain.json": '{ "apps": [{ "path": "./blog.js" }] }', token: `${TOKEN}\n`, "wrong-token": "x".repeat(32), "shop.json": '{ "hostname": "shop.test", "path": "./shop.js" }' });
const runtimeFolder = join(folder, "run");
let operations = new FakeOperations();
const listeners: AdminListener[] = [];
const listen = async (socket: string, port: number | null = null) => {
  const listener = await AdminListener.open({ operations, observer: silent, version: "1.2.3", config: { isEnabled: true, socket: null, port, host: "127.0.0.1", hostnames: [], token: TOKEN }, socket, ownsProcess: false });
  listeners.push(listener);
  return listener;
};
beforeEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
  operations = new FakeOperations();
  mkdirSync(runtimeFolder, { recursive: true });
});
afterAll(() => Promise.all(listeners.map((listener) => listener.close())));

/** Runs a command in `folder`, in an environment of its own; `input` is what is piped in. */
async function nano(args: readonly string[], { input = "", cwd = folder, onOut = () => {} }: { input?: string; cwd?: string; onOut?: (text: string) => void } = {}) {
  let out = "";
  let err = "";
  const terminal = { cwd, isInteractive: false, hasColor: false, out: (text: string) => void onOut((out += text)), err: (text: string) => void (err += text), input: async () => input };
  const environment = readEnvironment({ XDG_RUNTIME_DIR: runtimeFolder });
  const code = await runCli(args, { terminal, environment } as unknown as CommandContext).catch((error: Error) => {
    err += error.message;
    return 1;
  });
  return { code, out, err };
}
/** Where a nano with the config in `folder` listens. */
const ofConfig = async () => socketOf({ ...(await loadConfig(join(folder, "plain.json"), folder)), file: join(folder, "nano.json") }, runtimeFolder);

describe("finding the nano that runs", () => {
  test("says so when none does", async () => {
    expect((await nano(["status"])).err).toBe("no nano of this user runs here\n  start one with nano serve, or name where it is: --socket <path>, --url <url> --token-file <file>");
    expect((await nano(["status", "--config", "nano.json"])).err).toMatch(/^no nano answers at .*\/run\/nano\/nano-[\da-f]{8}\.sock \(\w+\)\n {2}start it with nano serve/);
    expect((await nano(["status", "--config", "none.json"])).err).toContain("none.json: there is no such file");
  });

  test("by its config, whose variables need not be there", async () => {
    await listen(await ofConfig());
    expect((await nano(["status"])).code).toBe(0);
    expect((await nano(["status", "--config", "nano.json"])).code).toBe(0);
  });

  test("by its socket, and without any of it when it is the only one", async () => {
    const cwd = await temporaryFolder({});
    await listen(join(socketFolder(runtimeFolder), "one.sock"));
    expect((await nano(["status"], { cwd })).code).toBe(0);
    await listen(join(socketFolder(runtimeFolder), "two.sock"));
    expect((await nano(["status"], { cwd })).err).toMatch(/^several run: .*one\.sock, .*two\.sock\n {2}name one of them: --socket/);
    expect((await nano(["status", "--socket", join(socketFolder(runtimeFolder), "two.sock")], { cwd })).code).toBe(0);
  });

  test("by its port and token", async () => {
    const { port } = await listen(await ofConfig(), 0);
    const url = `http://127.0.0.1:${port}`;
    expect((await nano(["status", "--url", url, "--token-file", "token"])).code).toBe(0);
    expect((await nano(["status", "--url", url, "--token-file", "wrong-token"])).err).toBe("the token is missing or wrong\n  name the file with its token: --token-file <file>");
    expect((await nano(["status", "--url", url])).err).toBe("--url needs --token-file <file>");
  });
});

describe("commands", () => {
  test("status shows health, workers and apps, and fails when nano is not ready", async () => {
    await listen(await ofConfig());
    const { code, out } = await nano(["status"]);
    expect([code, out.split("\n")[0]]).toEqual([0, "nano 0.0.0 is ready, up for 1 s"]);
    expect(out).toMatch(/WORKER {2}PID {2}STATE\n +1 +2 {2}ready\n/);
    expect(out).toMatch(/blog +ready +1 +blog\.test +3 +1 +1 +0 +1 ms +1\.0 MB/);
    operations.isReady = false;
    const bad = await nano(["status", "--json"]);
    expect([bad.code, JSON.parse(bad.out)]).toMatchObject([1, { is_ready: false, reasons: ["no worker is ready"], apps: [{ name: "blog" }] }]);
  });

  test("apps are listed, added, shown and removed", async () => {
    await listen(await ofConfig());
    expect((await nano(["apps"])).out).toStartWith("NAME");
    expect(await nano(["apps", "add", "./shop", "--hostname", "a.test", "--hostname", "b.test", "--name", "shop", "--persist"])).toEqual({ code: 0, out: "added shop: revision 1, ready\n", err: "" });
    expect(operations.raw.get("shop")).toEqual({ name: "shop", hostnames: ["a.test", "b.test"], path: join(folder, "shop") });
    expect(operations.calls).toEqual([["addApp", { persist: true }]]);
    expect((await nano(["apps", "add", "--from", "shop.json"])).out).toBe("added shop.test: revision 1, ready\n");
    expect((await nano(["apps", "lift", "shop"])).out).toBe("shop is ready\n");
    expect((await nano(["apps", "show", "shop"])).out).toContain("limits           cpu_ms 5000\n");
    expect(await nano(["apps", "remove", "shop", "--drain-ms", "50"])).toEqual({ code: 0, out: "removed shop\n", err: "shop drains: 1 in flight, until 1970-01-01T00:00:00.000Z\n" });
    expect(operations.calls.at(-1)).toEqual(["removeApp", "shop", { persist: false, drainMs: 50 }]);
    expect((await nano(["apps", "list", "--json"])).out).toContain('"name": "blog"');
  });

  test("what nano refuses is told with field and way out", async () => {
    await listen(await ofConfig());
    expect((await nano(["apps", "add", "./x", "--hostname", "blog.test"])).err).toMatch(/^hostname: the hostname blog\.test is taken already/);
    expect((await nano(["apps", "show", "none"])).err).toBe("there is no such app\n  nano apps lists those that there are");
    expect((await nano(["apps", "ad"])).err).toContain("did you mean add?");
    expect((await nano(["apps", "add"])).err).toContain("needs the app's file or folder");
  });

  test("variables are set from standard input, listed without values, and unset", async () => {
    await listen(await ofConfig());
    const set = await nano(["env", "blog", "set", "API", "--secret"], { input: "CANARY-value\n" });
    expect([set.code, set.out.includes("CANARY"), set.err]).toEqual([0, false, ""]);
    expect(operations.calls).toEqual([["changeEnv", "blog", { set: {}, secrets: { API: "CANARY-value" }, remove: [], replace: false }, { persist: false }]]);
    expect((await nano(["env", "blog"])).out).toBe("NAME      BYTES  KIND\nGREETING      7  env\nKEY          12  secret\n");
    await nano(["env", "blog", "set", "EMPTY", "--value", "", "--persist"]);
    await nano(["env", "blog", "unset", "GREETING"]);
    expect(operations.calls.slice(1)).toMatchObject([["changeEnv", "blog", { set: { EMPTY: "" } }, { persist: true }], ["changeEnv", "blog", { remove: ["GREETING"] }, { persist: false }]]);
    expect((await nano(["env", "blog", "set", "API"])).err).toContain("there is no value for API: pipe it in");
    expect((await nano(["env", "blog", "unset", "NONE"])).err).toContain("blog has no variable NONE");
    expect((await nano(["env"])).err).toContain("needs the name of an app");
  });

  test("reload says what changed", async () => {
    await listen(await ofConfig());
    expect((await nano(["reload"])).out).toBe("changed  blog (env)\nchanged, and needs a restart: port\n");
    expect((await nano(["apps", "reload"])).out).toBe("changed  blog (env)\nchanged, and needs a restart: port\n");
  });

  test("logs are printed as they come, without what could move a terminal's cursor", async () => {
    const listener = await listen(await ofConfig());
    const printed = Promise.withResolvers<string>();
    const following = nano(["logs", "-f", "blog"], { onOut: printed.resolve });
    while (operations.listeners.size === 0) await Bun.sleep(1);
    operations.log(JSON.stringify({ ts: "2026-01-02T03:04:05.678Z", level: "info", event: "console", app: "blog", req: "r1", message: "one\u001b[2J\ntwo" }));
    await printed.promise;
    await listener.close();
    const { out, err } = await following;
    expect(out).toBe("03:04:05 INFO  console blog: one\\x1b[2J\n    two req=r1\n");
    expect(err).toBe("nano has stopped\n");
  });
});
