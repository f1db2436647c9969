/** Hot reload: whatever happens to the config file and to sources, what served goes on serving until something better is ready. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { NanoProcess, temporaryFolder } from "../harness/nano.ts";

const saying = (text: string) => `export default { fetch: (request, env) => new Response("${text} " + env.WORD) };`;
interface Shape {
  readonly word?: string;
  readonly more?: object;
  readonly apps?: readonly object[];
  readonly top?: object;
}
const configOf = ({ word = "one", more = {}, apps = [], top = {} }: Shape = {}) => JSON.stringify({ port: 0, workers: 2, ...top, apps: [{ name: "app", hostname: "app.test", path: "app.js", env: { WORD: word }, ...more }, ...apps] });

const text = async (running: NanoProcess, host = "app.test") => (await running.request(host, "/", { headers: { connection: "close" } })).text();
const reloads = (running: NanoProcess) => running.log.filter(({ event }) => event === "reloaded");
const failures = (running: NanoProcess) => running.log.filter(({ event }) => event === "reload_failed" || event === "app_failed");

/** Asks until that is the answer; every answer before has to be `old`. */
async function untilAnswer(running: NanoProcess, wanted: string, old: string): Promise<void> {
  for (let i = 0; i < 1_000; i++) {
    const answer = await text(running);
    if (answer === wanted) return;
    expect(answer).toBe(old);
    await Bun.sleep(10);
  }
  throw new Error(`${wanted} did not come`);
}

describe("the config file", () => {
  let running: NanoProcess & { readonly folder: string };
  let file: string;
  let count = 1;
  let word = "one";
  beforeAll(async () => {
    running = await NanoProcess.serve(JSON.parse(configOf()), { "app.js": saying("it is") });
    file = join(running.folder, "nano.json");
    expect(await text(running)).toBe("it is one");
  });
  afterAll(() => running.stop());
  const next = () => {
    const old = word;
    word = `word-${++count}`;
    return { old: `it is ${old}`, wanted: `it is ${word}`, text: configOf({ word }) };
  };

  test("is followed when it is written in place, and code is not bundled again for new variables", async () => {
    const { old, wanted, text } = next();
    await writeFile(join(running.folder, "app.js"), "this is no code any more");
    await writeFile(file, text);
    await untilAnswer(running, wanted, old);
    await running.waitFor(() => reloads(running).length > 0, "the reload in the log");
    expect(reloads(running).at(-1)).toMatchObject({ reason: "config", changed: "app (env)" });
    await writeFile(join(running.folder, "app.js"), saying("it is"));
  });

  test("is followed when another takes its name", async () => {
    const { old, wanted, text } = next();
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
    await untilAnswer(running, wanted, old);
  });

  test("is followed when a symbolic link is turned to another file", async () => {
    const first = next();
    await writeFile(join(running.folder, "a.json"), first.text);
    await symlink("a.json", `${file}.link`);
    await rename(`${file}.link`, file);
    await untilAnswer(running, first.wanted, first.old);
    const second = next();
    await writeFile(join(running.folder, "b.json"), second.text);
    await symlink("b.json", `${file}.link`);
    await rename(`${file}.link`, file);
    await untilAnswer(running, second.wanted, second.old);
    // Back to a file of its own.
    await rm(file);
    await writeFile(file, second.text);
  });

  test("is read when it has come to rest, not in the middle of three writes", async () => {
    const { old, wanted, text } = next();
    const before = failures(running).length;
    for (const end of [text.length / 3, (2 * text.length) / 3, text.length]) {
      await writeFile(file, text.slice(0, Math.floor(end)));
      await Bun.sleep(100);
    }
    await untilAnswer(running, wanted, old);
    expect(failures(running).length).toBe(before);
  });

  const broken: readonly (readonly [what: string, breakIt: () => Promise<void>, told: RegExp])[] = [
    ["deleted", () => unlink(file), /nano\.json: there is no such file/],
    ["a folder", async () => {
      await unlink(file);
      await mkdir(file);
    }, /this is a folder/],
    ["of 100 MB", () => writeFile(file, Buffer.alloc(100 << 20, 32)), /more than 1048576 bytes/],
    ["not UTF-8", () => writeFile(file, Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22])), /nano\.json:1:3: here is a byte that is not UTF-8/],
    ["cut in the middle", () => writeFile(file, configOf({ word: "s3cret-word" }).slice(0, -20)), /nano\.json:1:\d+: /],
    ["wrong in a value", () => writeFile(file, configOf({ word: "s3cret-word", more: { limits: { cpu_ms: "fast" } } })), /apps\[0\]\.limits\.cpu_ms: /],
    ["empty", () => writeFile(file, ""), /the file is empty/],
  ];
  test.each(broken)("that is %s keeps the last good one, is told once, and is followed when it is good again", async (_what, breakIt, told) => {
    const before = failures(running).length;
    await breakIt();
    await running.waitFor(() => failures(running).length > before, "the error");
    for (let i = 0; i < 10; i++) expect(await text(running)).toBe(`it is ${word}`);
    expect(failures(running).slice(before)).toEqual([expect.objectContaining({ level: "error", event: "reload_failed", error: expect.stringMatching(told) })]);
    expect(running.out).not.toContain("s3cret-word");
    const { old, wanted, text: good } = next();
    await rm(file, { recursive: true, force: true });
    await writeFile(file, good);
    await untilAnswer(running, wanted, old);
  });

  test("cut at every byte changes nothing", async () => {
    const { old, wanted, text: good } = next();
    for (let end = 0; end < good.length; end++) {
      await writeFile(file, good.slice(0, end));
      if (end % 16 === 0) expect(await text(running)).toBe(old);
    }
    await writeFile(file, good);
    await untilAnswer(running, wanted, old);
  });

  test("of a hundred SIGHUPs come two reloads at most", async () => {
    const before = reloads(running).length;
    for (let i = 0; i < 100; i++) {
      running.signal("SIGHUP");
      await Bun.sleep(10);
    }
    await running.waitFor(() => reloads(running).length > before, "a reload");
    await Bun.sleep(1_000);
    expect(reloads(running).length - before).toBeLessThanOrEqual(2);
  });
});

test("a mounted folder of Kubernetes is followed when its ..data is turned", async () => {
  const folder = await temporaryFolder({ "v1/nano.json": configOf({ word: "one" }), "v2/nano.json": configOf({ word: "two" }), "v1/app.js": saying("k8s"), "v2/app.js": saying("k8s") });
  await symlink("v1", join(folder, "..data"));
  await symlink("..data/nano.json", join(folder, "nano.json"));
  await symlink("..data/app.js", join(folder, "app.js"));
  const running = await NanoProcess.start(["serve", "--config", join(folder, "nano.json")]);
  expect(await text(running)).toBe("k8s one");
  await symlink("v2", join(folder, "..new"));
  await rename(join(folder, "..new"), join(folder, "..data"));
  await untilAnswer(running, "k8s two", "k8s one");
  await running.stop();
});

describe("what a reload changes", () => {
  let running: NanoProcess & { readonly folder: string };
  const write = (shape: Shape) => writeFile(join(running.folder, "nano.json"), configOf(shape));
  const afterReload = async (change: () => Promise<void>) => {
    const before = reloads(running).length + failures(running).length;
    await change();
    await running.waitFor(() => reloads(running).length + failures(running).length > before, "the reload");
  };
  beforeEach(async () => {
    running = await NanoProcess.serve(JSON.parse(configOf()), { "app.js": saying("old"), "other.js": saying("other") });
    expect(await text(running)).toBe("old one");
    return async () => running.stop();
  });

  test("apps come, change their names and hosts, and go", async () => {
    await afterReload(() => write({ apps: [{ name: "other", hostname: "other.test", path: "other.js" }] }));
    expect(await text(running, "other.test")).toBe("other undefined");
    expect(reloads(running).at(-1)).toMatchObject({ added: "other" });
    await afterReload(() => write({ apps: [{ name: "renamed", hostname: "other.test", path: "other.js" }] }));
    expect(await text(running, "other.test")).toBe("other undefined");
    expect(reloads(running).at(-1)).toMatchObject({ added: "renamed", removed: "other" });
    await afterReload(() => write({ apps: [{ name: "renamed", hostname: "third.test", path: "other.js" }] }));
    expect((await running.request("other.test", "/")).status).toBe(404);
    expect(await text(running, "third.test")).toBe("other undefined");
    await afterReload(() => write({ more: { default: true } }));
    expect(await text(running, "third.test")).toBe("old one");
    await running.stop();
  });

  test("a port that changes takes a restart, and the log says so", async () => {
    await afterReload(() => write({ top: { port: 4321 } }));
    expect(reloads(running).at(-1)).toMatchObject({ needs_restart: "port" });
    expect(await text(running)).toBe("old one");
    await running.stop();
  });

  test.each([
    ["a syntax error", "export default {", /app\.js/],
    ["an exception", 'throw new Error("at the top")', /at the top/],
    ["an endless loop", "for (;;) {}", /startup_cpu_ms/],
  ])("code with %s keeps the revision before it", async (_what, code, told) => {
    await writeFile(join(running.folder, "app.js"), code);
    await afterReload(async () => running.signal("SIGHUP"));
    await running.waitFor(() => failures(running).length > 0, "the failure");
    // Each worker that had loaded the app before has tried.
    for (const failure of failures(running)) expect(failure).toMatchObject({ level: "error", event: "app_failed", app: "app", revision: 2, error: expect.stringMatching(told) });
    for (let i = 0; i < 10; i++) expect(await text(running)).toBe("old one");
    await writeFile(join(running.folder, "app.js"), saying("mended"));
    running.signal("SIGHUP");
    await untilAnswer(running, "mended one", "old one");
    await running.stop();
  });

  test("an app that is new and broken is not served, and stands in nobody's way", async () => {
    await writeFile(join(running.folder, "bad.js"), "throw new Error('no')");
    await afterReload(() => write({ word: "two", apps: [{ name: "bad", hostname: "bad.test", path: "bad.js" }] }));
    await untilAnswer(running, "old two", "old one");
    expect((await running.request("bad.test", "/")).status).toBe(404);
    await running.stop();
  });

  test("sources are followed where the app says watch", async () => {
    await afterReload(() => write({ more: { watch: true } }));
    await writeFile(join(running.folder, "app.js"), saying("new"));
    await untilAnswer(running, "new one", "old one");
    await running.stop();
  });
});

test("a worker that is killed in the middle of a reload has no say in it, and its place is taken with the new plan", async () => {
  const running = await NanoProcess.serve(JSON.parse(configOf()), { "app.js": saying("it is") });
  expect(await text(running)).toBe("it is one");
  for (let i = 2; i < 6; i++) {
    const before = running.children;
    await writeFile(join(running.folder, "nano.json"), configOf({ word: `word-${i}` }));
    await Bun.sleep(490);
    process.kill(before[i % 2] as number, "SIGKILL");
    for (let tries = 0; tries < 500; tries++) {
      const answer = await text(running).catch(() => "lost with its worker");
      if (answer === `it is word-${i}`) break;
      await Bun.sleep(10);
    }
    await running.waitFor(() => running.log.filter(({ event }) => event === "worker_replaced").length === i - 1, "the replacement");
    for (let k = 0; k < 20; k++) expect(await text(running)).toBe(`it is word-${i}`);
  }
  await running.stop();
});
