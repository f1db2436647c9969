/** Code is made once, by one worker, for all of them and those to come. */
import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BundleWire } from "../../../src/apps/load/bundle-wire.ts";
import { appFromPath } from "../../../src/config/single-app.ts";
import { BundleStore } from "../../../src/supervisor/bundle-store.ts";
import { temporaryFolder } from "../../harness/nano.ts";

const bundle = (code: string, files: readonly string[] = []): BundleWire => ({ code, sourceMap: null, entry: "app.js", files, missing: [], bytes: code.length, hash: code, kind: "module", warnings: [], assets: null, doorName: null });

test("the first who asks makes it, the others wait for it", async () => {
  const store = new BundleStore();
  expect(await store.ask("app", 1, 1)).toBeNull();
  const second = store.ask("app", 1, 2);
  store.made("app", 1, bundle("code"));
  expect((await second)?.code).toBe("code");
  expect((await store.ask("app", 1, 3))?.code).toBe("code");
  expect(await store.ask("app", 2, 3)).toBeNull();
});

test("when it could not be made, the next who waits may try", async () => {
  const store = new BundleStore();
  await store.ask("app", 1, 1);
  const second = store.ask("app", 1, 2);
  const third = store.ask("app", 1, 3);
  store.made("app", 1, null);
  expect(await second).toBeNull();
  store.made("app", 1, bundle("code"));
  expect((await third)?.code).toBe("code");
});

test("what a worker was making when it ended is made by the next who waits; what it waited for itself is nobody's", async () => {
  const store = new BundleStore();
  await store.ask("app", 1, 1);
  void store.ask("app", 1, 1);
  const second = store.ask("app", 1, 2);
  store.abandon(1);
  expect(await second).toBeNull();
});

test("files that are not what they were when the code was made are noticed, also when they changed while it was made", async () => {
  const folder = await temporaryFolder({ "app.js": "1" });
  const file = join(folder, "app.js");
  const app = { config: appFromPath(folder, { path: "app.js" }), revision: 1, source: 1 };
  const store = new BundleStore();
  expect(await store.hasChanged(app)).toBe(false);
  await Bun.sleep(30);
  await store.ask(app.config.name, 1, 1);
  store.made(app.config.name, 1, bundle("1", [file]));
  expect(await store.hasChanged(app)).toBe(false);
  await writeFile(file, "22");
  expect(await store.hasChanged(app)).toBe(true);
  const during = { ...app, source: 2 };
  await store.ask(app.config.name, 2, 1);
  await writeFile(file, "33");
  store.made(app.config.name, 2, bundle("22", [file]));
  expect(await store.hasChanged(during)).toBe(true);
});
