import { afterEach, describe, expect, test } from "bun:test";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Sources, Watched } from "../../../src/supervisor/app-watch.ts";
import { SourceWatch } from "../../../src/supervisor/source-watch.ts";
import { temporaryFolder } from "../../harness/nano.ts";

const open: SourceWatch[] = [];
afterEach(() => {
  for (const watch of open.splice(0)) watch.close();
});

interface Followed {
  readonly folder: string;
  readonly faults: unknown[];
  /** What each reload read of the files. */
  readonly loads: string[];
  readonly holds: { open: number; all: number };
  save(name: string, text: string): Promise<number>;
  /** Resolves once a load has read `text`. */
  read(text: string): Promise<void>;
}

/** Follows `names` in a folder of their own. `onReload` may say what a reload found in place of what it read. */
async function follow(files: Readonly<Record<string, string>>, names: readonly string[], onReload: (load: number, isStale: () => Promise<boolean>, folder: string) => Promise<Partial<Sources> | void> = async () => {}): Promise<Followed> {
  const folder = await temporaryFolder(files);
  const loads: string[] = [];
  const faults: unknown[] = [];
  const holds = { open: 0, all: 0 };
  const paths = names.map((name) => join(folder, name));
  const started = Promise.withResolvers<void>();
  const app: Watched = {
    name: "app",
    path: folder,
    settleMs: 2,
    async load() {
      started.resolve();
      return { files: paths, hasFailed: false };
    },
    async reload(isStale) {
      const texts = await Promise.all(paths.map((path) => Bun.file(path).text().catch(() => "(none)")));
      loads.push(texts.join("+"));
      return { files: paths, hasFailed: false, ...(await onReload(loads.length, isStale, folder)) };
    },
    hold() {
      holds.open++;
      holds.all++;
      let isOpen = true;
      return () => {
        if (isOpen) holds.open--;
        isOpen = false;
      };
    },
  };
  const watch = new SourceWatch({ event() {}, fault: (_id, error) => void faults.push(error) });
  open.push(watch);
  watch.follow([app]);
  await started.promise;
  const read = async (text: string) => {
    for (let i = 0; i < 2_000 && loads.at(-1) !== text; i++) await Bun.sleep(5);
    expect(loads.at(-1)).toBe(text);
  };
  return { folder, faults, loads, holds, save: (name, text) => Bun.write(join(folder, name), text), read };
}

describe("following sources", () => {
  test("a save is loaded, whether the file is written, replaced, or removed and made again", async () => {
    const app = await follow({ "a.js": "one" }, ["a.js"]);
    await app.save("a.js", "two");
    await app.read("two");
    await app.save("a.js~", "three");
    await rename(join(app.folder, "a.js~"), join(app.folder, "a.js"));
    await app.read("three");
    await rm(join(app.folder, "a.js"));
    await app.read("(none)");
    await app.save("a.js", "four");
    await app.read("four");
  });

  test("what changes while it is loaded is loaded again, and the load is told that it is stale", async () => {
    const stale: boolean[] = [];
    const app = await follow({ "a.js": "one" }, ["a.js"], async (load, isStale, folder) => {
      if (load === 1) await Bun.write(join(folder, "a.js"), "three!");
      stale.push(await isStale());
    });
    await app.save("a.js", "two");
    await app.read("three!");
    expect(stale.slice(0, 2)).toEqual([true, false]);
  });

  test("a folder that is removed and made again is followed again", async () => {
    const app = await follow({ "a.js": "a", "lib/b.js": "b" }, ["a.js", "lib/b.js"]);
    await rm(join(app.folder, "lib"), { recursive: true });
    await app.read("a+(none)");
    await mkdir(join(app.folder, "lib"));
    await app.save("lib/b.js", "c");
    await app.read("a+c");
    await app.save("lib/b.js", "d");
    await app.read("a+d");
  });

  test("a file that was looked for in vain is loaded when it appears, in a folder that was not there either", async () => {
    const app = await follow({ "a.js": "a" }, ["a.js", "tsconfig.json", "lib/b.js"]);
    await app.save("tsconfig.json", "{}");
    await app.read("a+{}+(none)");
    await app.save("lib/b.js", "b");
    await app.read("a+{}+b");
  });

  test("after a failed load anything new in its folders is worth another try", async () => {
    const app = await follow({ "a.js": "a" }, ["a.js"], async (load) => ({ hasFailed: load === 1 }));
    await app.save("a.js", "b");
    await app.read("b");
    await app.save("unknown.js", "c");
    for (let i = 0; i < 2_000 && app.loads.length < 2; i++) await Bun.sleep(5);
    expect(app.loads).toEqual(["b", "b"]);
  });

  test("whoever is held is let go after every load, and after one that throws", async () => {
    const app = await follow({ "a.js": "one" }, ["a.js"], async (load) => {
      if (load === 2) throw new Error("no");
    });
    for (const text of ["two", "three", "four"]) {
      await app.save("a.js", text);
      await app.read(text);
    }
    expect(app.faults).toEqual([new Error("no")]);
    for (let i = 0; i < 2_000 && app.holds.open > 0; i++) await Bun.sleep(5);
    expect(app.holds.open).toBe(0);
    expect(app.holds.all).toBeGreaterThanOrEqual(3);
  });
});
