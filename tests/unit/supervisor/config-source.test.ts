/** The config file, and what the admin API lays over it. */
import { describe, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigSource, DraftError, PersistError } from "../../../src/supervisor/config-source.ts";
import { temporaryFolder } from "../../harness/nano.ts";

const FILE = `{
  // What a comment says stays.
  "defaults": { "limits": { "cpu_ms": 70 } },
  "apps": [
    { "name": "one", "hostname": "one.test", "path": "one.js", "env": { "A": "1" } }, // the first
    { "name": "two", "hostname": "two.test", "path": "two.js" }
  ]
}
`;

async function opened(text = FILE) {
  const folder = await temporaryFolder({ "nano.json": text });
  const file = join(folder, "nano.json");
  const source = new ConfigSource({ file, cwd: folder, entries: [], settle: (config) => config });
  await source.read();
  return { source, file };
}
const names = async (source: ConfigSource) => (await source.read()).apps.map(({ name }) => name);
const third = { name: "three", hostname: "three.test", path: "three.js" };

describe("without the file", () => {
  test("an app that was added stays when the file changes elsewhere, and has the file's defaults", async () => {
    const { source, file } = await opened();
    const draft = source.draft(null, third);
    expect([draft.name, draft.index, draft.config.apps[2]?.limits.cpuMs]).toEqual(["three", 2, 70]);
    source.keep(draft, null);
    expect(await names(source)).toEqual(["one", "two", "three"]);
    await writeFile(file, FILE.replace('"two.test"', '"2.test"'));
    expect((await source.read()).apps.map(({ hostnames }) => hostnames[0])).toEqual(["one.test", "2.test", "three.test"]);
  });

  test("a changed app is what was said of it, until the file says something else of it", async () => {
    const { source, file } = await opened();
    const entry = { ...source.entryOf("one"), env: { A: "2" } };
    source.keep(source.draft("one", entry), "one");
    const env = async () => (await source.read()).apps[0]?.env["A"];
    expect(await env()).toBe("2");
    await writeFile(file, FILE.replace('"two.test"', '"2.test"'));
    expect(await env()).toBe("2");
    await writeFile(file, FILE.replace('"A": "1"', '"A": "3"'));
    expect(await env()).toBe("3");
  });

  test("a removed app stays away, and comes back when the file says something else of it", async () => {
    const { source, file } = await opened();
    source.keep(source.draft("two", null), "two");
    expect(await names(source)).toEqual(["one"]);
    await writeFile(file, FILE.replace('"two.js"', '"2.js"'));
    expect(await names(source)).toEqual(["one", "two"]);
  });

  test("an app under another name takes the place of the one before", async () => {
    const { source } = await opened();
    source.keep(source.draft("two", { ...source.entryOf("two"), name: "zwei" }), "two");
    expect(await names(source)).toEqual(["one", "zwei"]);
  });

  test("what would not be right is not kept, and its problems name the app's place", async () => {
    const { source } = await opened();
    const error = (() => {
      try {
        source.draft(null, { ...third, hostname: "one.test" });
        return null;
      } catch (thrown) {
        return thrown as DraftError;
      }
    })();
    expect(error).toBeInstanceOf(DraftError);
    expect(error?.index).toBe(2);
    expect(error?.problems.problems).toEqual([expect.objectContaining({ code: "hostname_taken", field: "apps[2].hostname" })]);
    expect(await names(source)).toEqual(["one", "two"]);
  });
});

describe("in the file", () => {
  test("a change is written where it belongs, comments stay, and it is read from there", async () => {
    const { source, file } = await opened();
    const draft = source.draft(null, third);
    const persisting = await source.persist(draft, null);
    expect(await readFile(file, "utf8")).toBe(FILE);
    await persisting.commit();
    const text = await readFile(file, "utf8");
    expect(text).toContain("// What a comment says stays.");
    expect(text).toContain("// the first");
    expect(await names(source)).toEqual(["one", "two", "three"]);
    await (await source.persist(source.draft("one", null), "one")).commit();
    expect(await names(source)).toEqual(["two", "three"]);
    expect(await readFile(file, "utf8")).not.toContain("one.test");
  });

  test("a change that is given up leaves nothing behind", async () => {
    const { source, file } = await opened();
    await (await source.persist(source.draft(null, third), null)).discard();
    expect(await readFile(file, "utf8")).toBe(FILE);
    expect([...new Bun.Glob("*").scanSync({ cwd: join(file, "..") })]).toEqual(["nano.json"]);
  });

  test("a file that somebody else changed meanwhile is left alone", async () => {
    const { source, file } = await opened();
    await writeFile(file, FILE.replace("two.test", "2.test"));
    await expect(source.persist(source.draft(null, third), null)).rejects.toThrow(PersistError);
  });

  test("without a file there is nothing to write", async () => {
    const source = new ConfigSource({ file: null, cwd: "/", entries: [{ path: "app.js", default: true }], settle: (config) => config });
    expect((await source.read()).apps.map(({ path }) => path)).toEqual(["/app.js"]);
    await expect(source.persist(source.draft(null, third), null)).rejects.toThrow("without a config file");
  });
});
