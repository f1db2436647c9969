/** The disk cache of `nano serve`, from outside: what lies there, and that nothing but speed depends on it. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NanoProcess, temporaryFolder } from "../harness/nano.ts";

const FILES = { "app.ts": 'import { said } from "./said.ts"; export default { fetch: (): Response => new Response(said) };', "said.ts": 'export const said: string = "hello";' };

async function serve(folder: string, ...flags: readonly string[]): Promise<NanoProcess> {
  return NanoProcess.start(["serve", "app.ts", "--port", "0", "--log-format", "json", ...flags], { cwd: folder });
}

const cacheIn = (folder: string) => join(folder, "cache", "nano-cache-1");
const entriesIn = (folder: string) => readdirSync(cacheIn(folder)).filter((name) => /^[0-9a-f]{64}$/.test(name));
const cacheEvents = (running: NanoProcess) => running.log.filter(({ event }) => event.startsWith("disk_cache"));

test("an app is bundled and evaluated once, for all workers and for the next start, and one that was tampered with is ignored and told", async () => {
  const folder = await temporaryFolder(FILES);
  const first = await serve(folder, "--cache", "cache", "--workers", "2");
  expect(await (await first.request("x", "/")).text()).toBe("hello");
  await first.waitFor(() => entriesIn(folder).length === 2, "the bundle and the image");
  await first.stop();
  expect(statSync(cacheIn(folder)).mode & 0o777).toBe(0o700);
  const entry = join(cacheIn(folder), entriesIn(folder)[0] as string);
  const before = readFileSync(entry);

  const second = await serve(folder, "--cache", "cache", "--workers", "0");
  expect(await (await second.request("x", "/")).text()).toBe("hello");
  expect(cacheEvents(second)).toEqual([]);
  await second.stop();
  expect(readFileSync(entry).equals(before)).toBe(true);

  writeFileSync(entry, Buffer.concat([before.subarray(0, -1), Buffer.from([(before.at(-1) as number) ^ 1])]));
  const third = await serve(folder, "--cache", "cache", "--workers", "0");
  expect(await (await third.request("x", "/")).text()).toBe("hello");
  expect(cacheEvents(third)).toEqual([expect.objectContaining({ event: "disk_cache_ignored", level: "warn", file: entry })]);
  await third.stop();
}, 30_000);

test("where nothing can be written apps are served as ever, and one line says that nothing is kept", async () => {
  const folder = await temporaryFolder({ ...FILES, cache: "a file where the folder would be" });
  const running = await serve(folder, "--cache", "cache", "--workers", "2");
  expect(await (await running.request("x", "/")).text()).toBe("hello");
  expect(cacheEvents(running)).toEqual([expect.objectContaining({ event: "disk_cache_off", folder: cacheIn(folder) })]);
  await running.stop();
});

test("with --cache none nothing is kept", async () => {
  const folder = await temporaryFolder(FILES);
  const running = await NanoProcess.start(["serve", "app.ts", "--port", "0", "--cache", "none", "--workers", "0"], { cwd: folder, env: { XDG_CACHE_HOME: join(folder, "cache") } });
  expect(await (await running.request("x", "/")).text()).toBe("hello");
  expect(readdirSync(folder).sort()).toEqual(["app.ts", "said.ts"]);
  await running.stop();
});
