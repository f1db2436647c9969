/** What nano takes from its environment, what it refuses, and what in the working directory must not matter. */
import { describe, expect, test } from "bun:test";
import { createServer } from "node:net";
import { nano, NanoProcess, temporaryFolder } from "../harness/nano.ts";

const APP = 'export default { fetch(request, env) { return new Response(Object.keys(env).join() + "|" + typeof process); } };';

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("variables that nano reads", () => {
  test("NANO_PORT wins over the config, and --port over NANO_PORT", async () => {
    const cwd = await temporaryFolder({ "app.js": APP, "nano.json": '{ "port": 1, "apps": [{ "hostname": "a.test", "path": "app.js" }] }' });
    const [fromVariable, fromFlag] = [await freePort(), await freePort()];
    const byVariable = await NanoProcess.start(["serve"], { cwd, env: { NANO_PORT: String(fromVariable) } });
    expect(byVariable.port).toBe(fromVariable);
    await byVariable.stop();
    const byFlag = await NanoProcess.start(["serve", "--port", String(fromFlag)], { cwd, env: { NANO_PORT: String(fromVariable) } });
    expect(byFlag.port).toBe(fromFlag);
    await byFlag.stop();
  });

  test("NANO_LOG_FORMAT wins over the config, and --log-format over that", async () => {
    const cwd = await temporaryFolder({ "app.js": APP, "nano.json": '{ "port": 0, "log": { "format": "apache" }, "apps": [{ "hostname": "a.test", "path": "app.js" }] }' });
    const byVariable = await NanoProcess.start(["serve"], { cwd, env: { NANO_LOG_FORMAT: "json" } });
    expect(byVariable.log.find(({ event }) => event === "listening")).toMatchObject({ port: byVariable.port });
    await byVariable.stop();
    const byFlag = await NanoProcess.start(["serve", "--log-format", "text"], { cwd, env: { NANO_LOG_FORMAT: "json" } });
    expect(byFlag.out).toMatch(/^\S+ INFO {2}listening url=http:\/\/127\.0\.0\.1:\d+\/ /m);
    await byFlag.stop();
  });

  test("NANO_CONFIG wins over ./nano.json, and --config over NANO_CONFIG", async () => {
    const config = (host: string) => JSON.stringify({ port: 0, apps: [{ hostname: host, path: "../app.js" }, { hostname: "other.test", path: "../app.js" }] });
    const cwd = await temporaryFolder({ "app.js": APP, "nano.json": "{", "a/nano.json": config("a.test"), "b/nano.json": config("b.test") });
    const served = async (args: readonly string[]) => {
      const running = await NanoProcess.start(["serve", ...args], { cwd, env: { NANO_CONFIG: "a/nano.json" } });
      const statuses = [(await running.request("a.test", "/")).status, (await running.request("b.test", "/")).status];
      await running.stop();
      return statuses;
    };
    expect(await served([])).toEqual([200, 404]);
    expect(await served(["--config", "b/nano.json"])).toEqual([404, 200]);
  });

  test.each([["NANO_PORT", "eighty"], ["NANO_PORT", "65536"], ["NANO_LOG_FORMAT", "xml"]])("%s=%s is refused by name", async (name, value) => {
    const { code, err } = await nano(["schema"], { env: { [name]: value } });
    expect([code, err]).toEqual([1, expect.stringContaining(`the environment variable ${name} has a value that it cannot have`)]);
  });
});

describe("variables that would change what nano is", () => {
  test.each([["NODE_OPTIONS", "--inspect"], ["BUN_INSPECT", "127.0.0.1:1"], ["BUN_INSPECT_NOTIFY", "x"], ["BUN_OPTIONS", "--smol"], ["BUN_BE_BUN", "0"]])("%s=%s is refused", async (name, value) => {
    const { code, out, err } = await nano(["eval", "1"], { env: { [name]: value } });
    expect([code, out]).toEqual([1, ""]);
    expect(err).toStartWith(`error: the environment variable ${name} is set\n`);
  });

  // The executable's own start reads these two before any code of nano runs. Whoever may set them may also run another program in nano's place.
  test("BUN_BE_BUN=1 makes the executable the Bun it is built with, and never a nano with changed rules", async () => {
    const { out } = await nano(["--version"], { env: { BUN_BE_BUN: "1" } });
    expect(out).toBe(`${Bun.version}\n`);
  });
});

describe("files in the working directory that tools would read", () => {
  const HOSTILE = {
    "app.js": APP,
    "evil.js": 'console.log("EVIL"); process.exit(9);',
    ".env": "NANO_PORT=70000\nNANO_LOG_FORMAT=xml\nNODE_OPTIONS=--inspect\nBUN_JSC_useJIT=0\nSECRET=1\n",
    ".env.local": "NANO_PORT=70000\n",
    ".env.production": "NANO_PORT=70000\n",
    "bunfig.toml": 'preload = ["./evil.js"]\nsmol = true\n[define]\n"process.env.X" = "1"\n[serve.static]\nplugins = ["./evil.js"]\n',
    "package.json": '{ "type": "commonjs", "main": "./evil.js", "imports": { "#x": "./evil.js" }, "bun": { "preload": "./evil.js" }, "workspaces": ["*"] ',
    "tsconfig.json": '{ "extends": "./evil.js", "compilerOptions": { "paths": { "*": ["./evil.js"] }, "jsxImportSource": "evil" }, ',
    "node_modules/bun/index.js": 'console.log("EVIL")',
  };

  test("neither .env, bunfig.toml, package.json nor tsconfig.json changes a command", async () => {
    const cwd = await temporaryFolder(HOSTILE);
    expect(await nano(["eval", "typeof process + typeof SECRET"], { cwd })).toEqual({ code: 0, out: "undefinedundefined\n", err: "" });
    const version = await nano(["--version"], { cwd });
    expect([version.code, version.out]).toEqual([0, expect.stringMatching(/^nano \d/)]);
  });

  test("an app beside them is served as it was written", async () => {
    const cwd = await temporaryFolder(HOSTILE);
    const running = await NanoProcess.start(["serve", "./app.js", "--port", "0"], { cwd });
    expect(await (await running.request("any.test", "/")).text()).toBe("|undefined");
    expect(running.out).not.toContain("EVIL");
    await running.stop();
  });
});
