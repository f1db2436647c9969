import { afterEach, expect, test } from "bun:test";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { FolderWatch } from "../../../src/supervisor/folder-watch.ts";
import { temporaryFolder } from "../../harness/nano.ts";

const open: FolderWatch[] = [];
afterEach(() => {
  for (const watch of open.splice(0)) watch.close();
});

test("a folder that is removed and made again is watched again when it is followed, whatever number the file system gives it", async () => {
  const root = await temporaryFolder({});
  const folder = join(root, "lib");
  const heard = new Set<string>();
  const watch = new FolderWatch((path) => heard.add(path), () => {});
  open.push(watch);
  for (let i = 0; i < 5; i++) {
    await mkdir(folder);
    watch.follow(new Set([folder]));
    await Bun.write(join(folder, `${i}.js`), "");
    for (let tries = 0; tries < 600 && !heard.has(join(folder, `${i}.js`)); tries++) await Bun.sleep(5);
    expect([...heard]).toContain(join(folder, `${i}.js`));
    await rm(folder, { recursive: true });
  }
});

test("what is not there is left out, and what is not followed any more is not heard of", async () => {
  const root = await temporaryFolder({ "a/a.js": "", "b/b.js": "" });
  const heard: string[] = [];
  const watch = new FolderWatch((path) => void heard.push(path), () => {});
  open.push(watch);
  watch.follow(new Set([join(root, "a"), join(root, "gone")]));
  watch.follow(new Set([join(root, "b")]));
  await Bun.write(join(root, "a/a.js"), "1");
  await Bun.write(join(root, "b/b.js"), "1");
  for (let tries = 0; tries < 600 && heard.length === 0; tries++) await Bun.sleep(5);
  expect([...new Set(heard)]).toEqual([join(root, "b/b.js")]);
});
