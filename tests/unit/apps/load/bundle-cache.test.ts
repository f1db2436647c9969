import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiskCache } from "../../../../src/apps/cache/disk-cache.ts";
import { cachedBundles } from "../../../../src/apps/load/bundle-cache.ts";
import { AppFolder, exportsOf, LIMITS } from "./app-folder.ts";

const root = mkdtempSync(join(tmpdir(), "nano-bundle-cache-"));
afterAll(() => rmSync(root, { recursive: true }));

let count = 0;
/** Counts what is written: whatever is made anew is. */
function cacheOf() {
  const real = DiskCache.open(join(root, String(count++)), { mostBytes: 1 << 24, tell: (what, fields) => { throw new Error(`${what} ${JSON.stringify(fields)}`); } }) as DiskCache;
  const made: Promise<void>[] = [];
  const cache = { get: (name: string) => real.get(name), drop: (name: string) => real.drop(name), put: (name: string, data: Promise<Uint8Array>) => { made.push(real.put(name, data)); return made.at(-1); } } as unknown as DiskCache;
  return {
    made,
    async load(app: AppFolder, build = "build 1") {
      const bundle = await cachedBundles(cache, build)(app.path, LIMITS);
      await Promise.all(made);
      return bundle;
    },
  };
}

const APP = { "package.json": '{"main":"index.ts"}', "index.ts": 'import { a } from "./a"; export const said: string = a;', "a.js": "export const a = 'js';" };

test("an app that has not changed is not bundled again, and is the same to the last byte", async () => {
  using app = new AppFolder(APP);
  const { made, load } = cacheOf();
  const first = await load(app);
  const again = await load(app);
  expect(made).toHaveLength(1);
  expect({ ...again, sourceMap: again.sourceMap?.json }).toEqual({ ...first, sourceMap: first.sourceMap?.json });
  expect(exportsOf(again)).toEqual({ said: "js" });
});

test.each<[string, (app: AppFolder) => void, string]>([
  ["a module says something else", (app) => app.write("a.js", "export const a = 'changed';"), "changed"],
  ["a file appears that is found first", (app) => app.write("a.ts", "export const a: string = 'ts';"), "ts"],
  ["package.json names another file", (app) => { app.write("other.ts", "export const said: string = 'other';"); app.write("package.json", '{"main":"other.ts"}'); }, "other"],
  ["a module is another one by a link", (app) => { app.write("b.js", "export const a = 'linked';"); unlinkSync(join(app.path, "a.js")); symlinkSync(join(app.path, "b.js"), join(app.path, "a.js")); }, "linked"],
])("an app is bundled again when %s", async (_what, change, expected) => {
  using app = new AppFolder(APP);
  const { made, load } = cacheOf();
  await load(app);
  change(app);
  expect(exportsOf(await load(app))).toEqual({ said: expected });
  expect(made).toHaveLength(2);
});

test("a change that is taken back costs a bundle each time, and never shows the wrong one", async () => {
  using app = new AppFolder(APP);
  const { load } = cacheOf();
  const said: unknown[] = [];
  for (const text of ["one", "two", "one"]) {
    app.write("a.js", `export const a = '${text}';`);
    said.push(exportsOf(await load(app))["said"]);
  }
  expect(said).toEqual(["one", "two", "one"]);
});

test("another executable bundles for itself, and so does one with other limits", async () => {
  using app = new AppFolder(APP);
  const { made, load } = cacheOf();
  await load(app);
  await load(app, "build 2");
  expect(made).toHaveLength(2);
});

test("an app that does not load fails each time, with the same words", async () => {
  using app = new AppFolder({ "index.ts": 'import { a } from "./missing.ts"; export { a };' });
  const { made, load } = cacheOf();
  const why = async () => load(app).then(() => "it loaded", (error: Error) => error.message);
  const first = await why();
  expect(first).toContain("missing.ts");
  expect(await why()).toBe(first);
  expect(made).toHaveLength(0);
});

test("one file without imports is read, not looked up", async () => {
  using app = new AppFolder({ "index.js": "export const said = 'plain';" });
  const { made, load } = cacheOf();
  expect(exportsOf(await load(app))).toEqual({ said: "plain" });
  expect(made).toHaveLength(0);
});
