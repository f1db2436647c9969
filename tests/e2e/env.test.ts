/** Variables and secrets of apps, from the config, the environment, files, and those of `nano dev`. */
import { join } from "node:path";
import { afterEach, describe, expect, test } from "bun:test";
import { nano, NanoProcess, temporaryFolder } from "../harness/nano.ts";

let running: NanoProcess | null = null;
afterEach(async () => {
  await running?.stop();
  running = null;
});

const APP = `export default {
  fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/throw") throw new Error("with " + env.TOKEN);
    console.log("plain", env.TOKEN, JSON.stringify({ key: env.KEY }), encodeURIComponent(env.TOKEN), btoa("user:" + env.TOKEN), "pin", env.PIN);
    console.log("x".repeat(8185) + env.TOKEN);
    return Response.json({ ...env });
  },
};`;
const TOKEN = "to/ken-0123456789";
const KEY = "-----BEGIN KEY-----\nAbc\n-----END KEY-----";

describe("secrets", () => {
  test("come from the environment and from files, and are in no log line, in whatever form", async () => {
    const folder = await temporaryFolder({
      "app.js": APP,
      "key.pem": `${KEY}\n`,
      "nano.json": JSON.stringify({ port: 0, apps: [{ name: "app", path: "./app.js", default: true, env: { PLAIN: "x" }, secrets: { TOKEN: { from_env: "APP_TOKEN" }, KEY: { from_file: "key.pem" }, PIN: 4711 }, required_env: ["TOKEN", "KEY"] }] }),
    });
    running = await NanoProcess.start(["serve", "--config", join(folder, "nano.json")], { env: { APP_TOKEN: TOKEN } });
    expect(await (await running.request("app", `/a/${encodeURIComponent(TOKEN)}`)).json()).toEqual({ PLAIN: "x", TOKEN, KEY, PIN: 4711 });
    expect(await (await running.request("app", "/throw")).text()).not.toContain(TOKEN);
    const { log, out } = await running.waitFor(() => running?.log.some(({ event, path }) => event === "request" && path === "/throw") && running, "the log");
    const lines = log.filter(({ event }) => event === "console").map(({ message }) => String(message));
    expect(lines[0]).toBe('plain [redacted] {"key":"[redacted]"} [redacted] dXNlcjp[redacted]Q== pin [redacted]');
    expect(lines[1]).toBe(`${"x".repeat(8_185)}[redacted] … (truncated)`);
    expect(log.find(({ event }) => event === "request")).toMatchObject({ path: "/a/[redacted]" });
    for (const form of [TOKEN, encodeURIComponent(TOKEN), btoa(TOKEN).slice(0, 12), "BEGIN KEY"]) expect(out).not.toContain(form);
  });

  test("that are not there keep nano from starting, by name", async () => {
    const folder = await temporaryFolder({ "app.js": APP, "nano.json": JSON.stringify({ apps: [{ path: "./app.js", secrets: { A: { from_env: "NOT_THERE" }, B: { from_file: "gone" } }, required_env: ["C"] }] }) });
    const { code, err } = await nano(["serve", "--config", join(folder, "nano.json")]);
    expect(code).toBe(1);
    for (const text of ["the environment variable NOT_THERE, which is not set", "the file gone: there is no such file", "neither in env nor in secrets: C"]) expect(err).toContain(text);
  });

  test("in a config that others may read are warned of, and never shown", async () => {
    const folder = await temporaryFolder({ "app.js": APP, "nano.json": JSON.stringify({ port: 0, apps: [{ path: "./app.js", secrets: { TOKEN } }] }) });
    const { out } = await nano(["check", join(folder, "nano.json")]);
    expect(out).toContain("others may read it");
    running = await NanoProcess.start(["serve", "--config", join(folder, "nano.json")]);
    expect(running.log.find(({ event }) => event === "config_warning")?.["warning"]).toContain("chmod 600");
    expect(running.out + out).not.toContain(TOKEN);
  });
});

describe("nano dev", () => {
  test("reads .env files and .dev.vars, and --var wins over them; serve reads none of it", async () => {
    const folder = await temporaryFolder({ "app.js": "export default { fetch: (request, env) => Response.json(env) }", ".env": "A=env\nB=env\nC=env\n", ".dev.vars": "B=vars\nC=vars\n", ".env.staging": "A=staging\n" });
    const answerOf = async (args: readonly string[]) => {
      running = await NanoProcess.start([...args, "--port", "0"], { cwd: folder });
      const answer = await (await running.request("x.test", "/")).json();
      await running.stop();
      return answer;
    };
    expect(await answerOf(["dev", "app.js", "--var", "C=flag=1", "--var", "D="])).toEqual({ A: "env", B: "vars", C: "flag=1", D: "" });
    expect(await answerOf(["dev", "app.js", "--mode", "staging"])).toEqual({ A: "staging", B: "vars", C: "vars" });
    expect(await answerOf(["serve", "app.js"])).toEqual({});
  });

  test("says what is wrong with --var", async () => {
    expect((await nano(["dev", "--var", "X"])).err).toContain("--var KEY=VALUE");
  });
});
