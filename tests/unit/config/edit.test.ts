import { chmodSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { stageEdit, withApp } from "../../../src/config/edit.ts";
import { temporaryFolder } from "../../harness/nano.ts";
import { parse } from "./fixture.ts";

const TEXT = `{
  // all apps
  "apps": [
    {
      "hostname": "a.test", // its host
      "path": "./a.js",
      "env": { "A": "1" /* one */, "B": "2" }
    }, // the first
    { "hostname": "b.test", "path": "./b.js" },
  ],
}
`;
const A = { hostname: "a.test", path: "./a.js", env: { A: "1", B: "2" } };

describe("a change of one app in the text of a config", () => {
  test("touches nothing but what changed", () => {
    expect(withApp(TEXT, 0, A, { ...A, env: { A: "3", B: "2" } })).toBe(TEXT.replace('"A": "1"', '"A": "3"'));
    expect(withApp(TEXT, 0, A, { ...A, path: "./c.js" })).toBe(TEXT.replace("./a.js", "./c.js"));
    expect(withApp(TEXT, 0, A, { ...A })).toBe(TEXT);
  });

  test("adds and takes out keys, variables and apps, and keeps every other comment", () => {
    const changed = withApp(TEXT, 0, A, { hostname: "a.test", path: "./a.js", env: { B: "2", C: { from_env: "C" } }, limits: { cpu_ms: 50 } });
    expect(parse(changed.replace('{ "from_env": "C" }', '"c"').replace(/\{\s*"from_env": "C"\s*\}/, '"c"')).apps[0]).toMatchObject({ env: { B: "2", C: "c" }, limits: { cpuMs: 50 } });
    for (const comment of ["// all apps", "// its host", "// the first"]) expect(changed).toContain(comment);
    const added = withApp(TEXT, 2, null, { hostname: "c.test", path: "./c.js" });
    expect(parse(added).apps.map(({ name }) => name)).toEqual(["a.test", "b.test", "c.test"]);
    expect(added).toStartWith(TEXT.slice(0, TEXT.indexOf('{ "hostname": "b.test"')));
    expect(parse(withApp(TEXT, 1, { hostname: "b.test" }, null)).apps.map(({ name }) => name)).toEqual(["a.test"]);
  });

  test("takes the indentation and the line endings that are there", () => {
    const text = '{\r\n\t"apps": [\r\n\t\t{ "path": "./a.js" }\r\n\t]\r\n}\r\n';
    const added = withApp(text, 1, null, { hostname: "b.test", path: "./b.js" });
    expect(added).toContain('\r\n\t\t{\r\n\t\t\t"hostname"');
    expect(added.replaceAll("\r\n", "")).not.toContain("\n");
  });
});

describe("the config file", () => {
  const staged = async (after: string) => {
    const folder = await temporaryFolder({ "nano.json": "before" });
    const file = join(folder, "nano.json");
    return { folder, file, edit: await stageEdit(file, "before", after) };
  };

  test("is replaced at once, with the mode that it had", async () => {
    const folder = await temporaryFolder({ "nano.json": "before" });
    const file = join(folder, "nano.json");
    chmodSync(file, 0o640);
    const edit = await stageEdit(file, "before", "after");
    expect(readFileSync(file, "utf8")).toBe("before");
    await edit.commit();
    expect([readFileSync(file, "utf8"), statSync(file).mode & 0o777, readdirSync(folder)]).toEqual(["after", 0o640, ["nano.json"]]);
  });

  test("is left alone when somebody changed it before or meanwhile, and nothing is left beside it", async () => {
    const { folder, file, edit } = await staged("after");
    writeFileSync(file, "of somebody else");
    expect(await edit.commit().catch((error) => [error.isStale, error.message])).toEqual([true, "the config file was changed meanwhile"]);
    expect(await stageEdit(file, "before", "after").catch((error) => error.isStale)).toBe(true);
    expect([readFileSync(file, "utf8"), readdirSync(folder)]).toEqual(["of somebody else", ["nano.json"]]);
  });

  test("stays a link where it is one", async () => {
    const folder = await temporaryFolder({ "real/nano.json": "before" });
    symlinkSync(join(folder, "real/nano.json"), join(folder, "nano.json"));
    await (await stageEdit(join(folder, "nano.json"), "before", "after")).commit();
    expect([lstatSync(join(folder, "nano.json")).isSymbolicLink(), readFileSync(join(folder, "real/nano.json"), "utf8")]).toEqual([true, "after"]);
  });

  test("is as before when the change is discarded", async () => {
    const { folder, file, edit } = await staged("after");
    await edit.discard();
    expect([readFileSync(file, "utf8"), readdirSync(folder)]).toEqual(["before", ["nano.json"]]);
  });

  test("in a folder that is not there is told", async () => {
    expect(await stageEdit("/nowhere/nano.json", "before", "after").catch((error) => error.isStale)).toBe(true);
  });
});
