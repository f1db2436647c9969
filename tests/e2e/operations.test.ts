/** A day of an operator, with the commands that the docs name: start, add an app, change a variable, watch it, break the config, mend it, read metrics, rotate the token, remove, stop. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { NANO, nano, NanoProcess, temporaryFolder } from "../harness/nano.ts";

const TOKEN = "first-0123456789abcdef0123456789abcdef";
const CONFIG = `{
  // what this machine serves
  "port": 0, "workers": 2,
  "defaults": { "limits": { "cpu_ms": 100 } },
  "admin": { "port": 0, "token_file": "token" },
  "apps": [
    { "name": "blog", "hostname": "blog.test", "default": false, "path": "./blog.js", "env": { "GREETING": "hello" } } // the first one
  ]
}
`;
const APP = `export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/slow") await new Promise((resolve) => setTimeout(resolve, 1000));
    if (pathname === "/spin") for (;;);
    console.log("asked for " + pathname);
    return new Response(env.GREETING ?? "none");
  },
};
`;

describe("a day of an operator", () => {
  let running: NanoProcess;
  let folder: string;
  let file: string;

  beforeAll(async () => {
    folder = await temporaryFolder({ "blog.js": APP, "shop.js": APP, token: `${TOKEN}\n`, "nano.json": CONFIG });
    file = join(folder, "nano.json");
    running = await NanoProcess.start(["serve", "--config", file]);
  });
  afterAll(() => running.stop());

  const command = (args: readonly string[], input?: string) => nano([...args, "--config", file], { cwd: folder, ...(input === undefined ? {} : { input }) });
  const text = async (host: string, path = "/") => (await running.request(host, path)).text();
  const socket = () => String(running.log.find(({ event }) => event === "admin_listening")?.["socket"]);
  const address = () => String(running.log.find(({ event }) => event === "admin_listening")?.["address"]);
  const statusWith = async (token: string, path = "/metrics") => (await fetch(`http://${address()}${path}`, { headers: { authorization: `Bearer ${token}` } })).status;

  test("nano status says that it is ready, with its workers and apps", async () => {
    const { code, out, err } = await command(["status"]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^nano \S+ is ready, up for \d+ s\n\nWORKER +PID +STATE\n +1 +\d+ +ready\n +2 +\d+ +ready\n\nNAME /);
    expect(out).toContain("blog.test");
  });

  test("an app is added to the running nano and to its config, whose comments stay", async () => {
    const added = await command(["apps", "add", "./shop.js", "--hostname", "shop.test", "--name", "shop", "--persist"]);
    expect(added).toEqual({ code: 0, out: "added shop: revision 1, ready\n", err: "" });
    expect(await text("shop.test")).toBe("none");
    const written = readFileSync(file, "utf8");
    expect(written).toContain("// what this machine serves");
    expect(written).toContain("// the first one");
    expect((await nano(["check", file])).out).toContain("2 of 2 apps would run");
  });

  test("a hostname that is taken is refused, and nothing changes", async () => {
    const before = readFileSync(file, "utf8");
    const { code, err } = await command(["apps", "add", "./shop.js", "--hostname", "blog.test", "--name", "other", "--persist"]);
    expect([code, err]).toEqual([1, expect.stringContaining("hostname: the hostname blog.test is taken already")]);
    expect(readFileSync(file, "utf8")).toBe(before);
  });

  test("what would break the config file is not written, and not done", async () => {
    expect((await command(["apps", "remove", "shop"])).code).toBe(0);
    const before = readFileSync(file, "utf8");
    const { code, err } = await command(["apps", "add", "./shop.js", "--hostname", "shop.test", "--name", "again", "--persist"]);
    expect([code, err]).toEqual([1, expect.stringMatching(/the config file would be wrong, and was not written: .*the hostname shop\.test is taken already/)]);
    expect([readFileSync(file, "utf8"), (await command(["apps"])).out.includes("again")]).toEqual([before, false]);
    expect((await command(["apps", "add", "./shop.js", "--hostname", "shop.test", "--name", "shop", "--persist"])).code).toBe(0);
  });

  test("a variable that is set holds from the next request on, and is never shown", async () => {
    expect(await text("blog.test")).toBe("hello");
    const set = await command(["env", "blog", "set", "GREETING", "--secret"], "CANARY-good-day\n");
    expect([set.code, set.out]).toEqual([0, "NAME      BYTES  KIND\nGREETING     15  secret\n"]);
    expect(await text("blog.test")).toBe("CANARY-good-day");
    expect((await command(["env", "blog", "--json"])).out).not.toContain("CANARY");
    const shown = await fetch(`http://${address()}/admin/config`, { headers: { authorization: `Bearer ${TOKEN}` } });
    expect(await shown.text()).not.toContain("CANARY");
    expect((await command(["apps", "show", "blog"])).out).toMatch(/revision +[2-9]/);
  });

  test("the log of one app is followed", async () => {
    const following = Bun.spawn([NANO, "logs", "-f", "shop", "--socket", socket()], { env: {}, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    let read = "";
    const reader = following.stdout.getReader();
    for (let i = 0; i < 200 && !read.includes("asked for /other"); i++) {
      await Promise.all([text("blog.test", "/blog"), text("shop.test", "/other")]);
      const line = await Promise.race([reader.read(), Bun.sleep(50)]);
      if (line instanceof Object && line.value !== undefined) read += new TextDecoder().decode(line.value);
    }
    following.kill();
    await following.exited;
    expect(read).toContain("console shop: asked for /other");
    expect(read).not.toContain("blog");
  });

  test("a broken config changes nothing, and is told with its line until it is mended", async () => {
    const good = readFileSync(file, "utf8");
    writeFileSync(file, good.replace('"port": 0', '"prot": 0'));
    const { code, err } = await command(["reload"]);
    expect([code, err]).toEqual([1, expect.stringMatching(/^error: \S*nano\.json:3:3: prot: there is no key "prot"\n {2}did you mean "port"\?\n$/)]);
    expect(await text("blog.test")).toBe("CANARY-good-day");
    expect((await command(["status"])).out).toContain("the config is broken, and the last good one holds");
    writeFileSync(file, good);
    expect((await command(["reload"])).code).toBe(0);
    expect((await command(["status"])).out).not.toContain("broken");
  });

  test("metrics count what was asked, by app", async () => {
    const metrics = await (await fetch(`http://${address()}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } })).text();
    expect(Number(/^nano_requests_total\{app="shop"\} (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(0);
    expect(await statusWith("")).toBe(401);
  });

  test("an app in quarantine is shown, and lifted", async () => {
    const errorOf = async () => (await running.request("shop.test", "/spin")).headers.get("x-nano-error");
    let error = await errorOf();
    for (let i = 0; i < 30 && error === "cpu_limit"; i++) error = await errorOf();
    expect(error).toBe("quarantined");
    expect((await command(["apps"])).out).toMatch(/^shop +quarantined /m);
    expect(await command(["apps", "lift", "shop"])).toEqual({ code: 0, out: "shop is ready\n", err: "" });
    expect(await text("shop.test")).toBe("none");
  });

  test("a rotated token holds from the reload on, and the old one no more", async () => {
    const rotated = TOKEN.replace("first", "second");
    writeFileSync(join(folder, "token"), rotated);
    expect((await command(["reload"])).code).toBe(0);
    expect([await statusWith(TOKEN), await statusWith(rotated)]).toEqual([401, 200]);
    const byPort = await nano(["status", "--url", `http://${address()}`, "--token-file", join(folder, "token")], { cwd: folder });
    expect(byPort.code).toBe(0);
  });

  test("a removed app finishes what it has, and refuses what is new", async () => {
    const slow = text("shop.test", "/slow");
    const inFlight = async () => (JSON.parse((await command(["apps", "show", "shop", "--json"])).out) as { in_flight: number }).in_flight;
    for (let i = 0; i < 100 && (await inFlight()) === 0; i++) await Bun.sleep(5);
    expect(await command(["apps", "remove", "shop", "--persist", "--no-wait"])).toEqual({ code: 0, out: "shop drains\n", err: "" });
    // The worker that has nothing in flight is done with the app at once, and knows it no more; the other one asks clients to come back.
    const refused = await Promise.all(Array.from({ length: 30 }, () => running.request("shop.test", "/", { headers: { connection: "close" } }).then((response) => response.json() as Promise<{ error: string }>)));
    expect([...new Set(refused.map(({ error }) => error))].sort()).toEqual(["draining", "unknown_host"]);
    expect((await command(["apps", "remove", "shop"])).err).toContain("the app is being removed");
    expect((await command(["apps"])).out).toMatch(/^shop +draining /m);
    expect(await slow).toBe("none");
    for (let i = 0; i < 100 && (await command(["apps", "show", "shop"])).code === 0; i++) await Bun.sleep(10);
    expect((await command(["apps"])).out).not.toContain("shop");
    expect(readFileSync(file, "utf8")).not.toContain("shop");
    expect((await running.request("shop.test", "/")).headers.get("x-nano-error")).toBe("unknown_host");
  });

  test("nano stops, and its commands say that it does not run", async () => {
    running.signal("SIGTERM");
    expect(await running.exited()).toBe(0);
    const { code, err } = await command(["status"]);
    expect([code, err]).toEqual([1, expect.stringContaining("no nano answers at")]);
  });
});

describe("an app that cannot be added", () => {
  let running: NanoProcess;
  afterAll(() => running.stop());

  test("changes nothing: the one that serves every host goes on doing so", async () => {
    const folder = await temporaryFolder({ "blog.js": APP, "nano.json": '{ "port": 0, "workers": 2, "apps": [{ "name": "blog", "path": "./blog.js", "env": { "GREETING": "hello" } }] }' });
    const file = join(folder, "nano.json");
    running = await NanoProcess.start(["serve", "--config", file]);
    const text = async () => (await running.request("any.test", "/")).text();
    expect(await text()).toBe("hello");
    const { code, err } = await nano(["apps", "add", "./nope.js", "--hostname", "nope.test", "--config", file], { cwd: folder });
    expect([code, err]).toEqual([1, expect.stringContaining("nope.js: no such file or folder")]);
    expect(await text()).toBe("hello");
    expect((await nano(["apps", "--config", file], { cwd: folder })).out).toMatch(/^blog +ready +1 +blog \*/m);
  });
});
