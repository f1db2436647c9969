import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { loadConfig } from "../../../src/config/load.ts";
import { configOfData, parseConfig } from "../../../src/config/parse.ts";
import type { EnvSources } from "../../../src/config/env-sources.ts";
import { formatProblem, OperatorError } from "../../../src/errors.ts";
import { temporaryFolder } from "../../harness/nano.ts";
import { oneApp, problemsOf } from "./fixture.ts";

const sources = (variables: Readonly<Record<string, string>>): EnvSources => ({ variable: (name) => variables[name], file: () => ({ fault: "there is no such file" }) });
const parseWith = (app: object, variables: Readonly<Record<string, string>> = {}) => parseConfig(JSON.stringify(oneApp(app as never)), "/srv/nano.json", "nano.json", { sources: sources(variables) });
const textOf = (load: () => unknown): string => {
  try {
    load();
  } catch (error) {
    if (error instanceof OperatorError) return error.message;
  }
  throw new Error("this was accepted");
};

describe("values that a config only names", () => {
  test("come from the environment, for env and for secrets", () => {
    const [app] = parseWith({ env: { A: { from_env: "HOST_A" } }, secrets: { B: { from_env: "HOST_B" }, C: { d: [1] } } }, { HOST_A: "a\n", HOST_B: "" }).apps;
    expect(app).toMatchObject({ env: { A: "a\n" }, secrets: { B: "", C: { d: [1] } } });
  });

  test("that are not set are told with the variable", () => {
    expect(textOf(() => parseWith({ secrets: { KEY: { from_env: "NOT_THERE" } } }))).toContain("apps[0].secrets.KEY.from_env: KEY is to come from the environment variable NOT_THERE, which is not set");
  });

  test("come from files beside the config, without the one line ending at their end", async () => {
    const folder = await temporaryFolder({ "one": "a secret\n", "two": "b\r\n", "three": "c\n\n", "four": "d" });
    const secrets = { ONE: { from_file: "one" }, TWO: { from_file: "./two" }, THREE: { from_file: join(folder, "three") }, FOUR: { from_file: "four" } };
    const config = configOfData(oneApp({ secrets }), folder);
    expect({ ...config.apps[0]?.secrets }).toEqual({ ONE: "a secret", TWO: "b", THREE: "c\n", FOUR: "d" });
    expect(config.envFiles).toEqual(["one", "two", "three", "four"].map((name) => join(folder, name)));
  });

  test("follow the links of mounted secrets, and are refused where there is no text file of fitting size", async () => {
    const folder = await temporaryFolder({ "data/token": "t", "large": "x".repeat(5_123), "bytes": "" });
    symlinkSync(join(folder, "data"), join(folder, "..data"));
    writeFileSync(join(folder, "bytes"), new Uint8Array([0x61, 0xff]));
    mkdirSync(join(folder, "folder"));
    Bun.spawnSync(["mkfifo", join(folder, "pipe")]);
    const faultOf = (name: string) => textOf(() => configOfData(oneApp({ secrets: { A: { from_file: name } } }), folder));
    expect(configOfData(oneApp({ secrets: { A: { from_file: "..data/token" } } }), folder).apps[0]?.secrets["A"]).toBe("t");
    expect(faultOf("gone")).toContain("A is to come from the file gone: there is no such file");
    expect(faultOf("large")).toContain("it has more than 5122 bytes");
    expect(faultOf("bytes")).toContain("it is not UTF-8");
    expect(faultOf("folder")).toContain("it is no file");
    expect(faultOf("pipe")).toContain("it is no file");
  });

  test("are counted as what they are, not as what names them", () => {
    expect(textOf(() => parseWith({ env: { A: { from_env: "BIG" } } }, { BIG: "x".repeat(5_121) }))).toContain("the value of A has 5121 bytes, and at most 5120 fit");
  });

  test.each([{ from_env: 1 }, { from_env: "" }, { from_file: "a", from_env: "b" }, { from_file: "a", more: 1 }, { from_file: "a\0b" }])("%j names no source", (value) => {
    expect(problemsOf(oneApp({ secrets: { A: value } })).map(({ field, message }) => [field, message])).toEqual([["apps[0].secrets.A", "this names no source for a value"]]);
  });

  test("env and secrets share the bounds, and no name", () => {
    const many = (prefix: string, count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}${i}`, "x"]));
    expect(() => parseWith({ env: many("E", 64), secrets: many("S", 64) })).not.toThrow();
    expect(problemsOf(oneApp({ env: many("E", 65), secrets: many("S", 64) })).map(({ code, message }) => [code, message])).toEqual([["env_count", "E64 is one variable too many: at most 128 fit"]]);
    expect(problemsOf(oneApp({ env: { A: "1" }, secrets: { A: "2" } })).map(({ field, code }) => [field, code])).toEqual([["apps[0].secrets.A", "env_twice"]]);
  });
});

describe("required_env", () => {
  test("names everything that is missing, at once", () => {
    expect(textOf(() => parseWith({ env: { A: "1" }, secrets: { B: "2" }, required_env: ["A", "B", "C", "D"] }))).toContain("required, and neither in env nor in secrets: C, D");
    expect(() => parseWith({ env: { A: "1" }, secrets: { B: "2" }, required_env: ["A", "B"] })).not.toThrow();
  });
  test("holds names of variables", () => {
    expect(problemsOf(oneApp({ required_env: ["a b"] })).map(({ field }) => field)).toEqual(["apps[0].required_env[0]"]);
  });
});

describe("a config file with secrets in it", () => {
  const load = async (mode: number, app: object) => {
    const folder = await temporaryFolder({ "nano.json": JSON.stringify(oneApp(app as never)), token: "t" });
    chmodSync(join(folder, "nano.json"), mode);
    return (await loadConfig(join(folder, "nano.json"), folder)).warnings.map(formatProblem);
  };
  test("that others may read gets a warning, without the secret", async () => {
    const [warning = "", ...more] = await load(0o644, { secrets: { A: "hunter22" } });
    expect(warning).toContain("nano.json: this file holds secrets, and others may read it (mode 644)\n  chmod 600 it");
    expect(warning).not.toContain("hunter22");
    expect(more).toEqual([]);
    expect(await load(0o640, { secrets: { A: "hunter22" } })).toHaveLength(1);
  });
  test("is fine when only its owner may read it, or when the secrets are elsewhere", async () => {
    expect(await load(0o600, { secrets: { A: "hunter22" } })).toEqual([]);
    expect(await load(0o644, { secrets: { A: { from_file: "token" } }, env: { B: "b" } })).toEqual([]);
  });
});

describe("variables of nano dev", () => {
  const files = {
    ".env": "WHO=env\nA=env # a comment\nexport B='single $A'\nC=\"two\\nlines\"\n",
    ".env.development": "WHO=mode\n",
    ".env.staging": "WHO=staging\n",
    ".env.local": "WHO=local\n",
    "app/.env": "WHO=app\nD=app\n",
    "app/index.js": "",
  };
  const envOf = async (more: Readonly<Record<string, string>>, dev: { mode?: string; variables?: Readonly<Record<string, string>> } = {}, app: object = {}) => {
    const folder = await temporaryFolder({ ...files, ...more });
    const [found] = configOfData(oneApp({ path: "./app", ...app }), folder, { dev: { mode: "development", variables: {}, ...dev } }).apps;
    return { env: { ...found?.env }, secrets: { ...found?.secrets } };
  };

  test("are those of .env files in the config's folder and, before those, the app's own", async () => {
    expect((await envOf({})).env).toEqual({ WHO: "app", A: "env", B: "single $A", C: "two\nlines", D: "app" });
  });
  test("take precedence in a fixed order, from .env to the command line", async () => {
    const app = { "app/.env": "" };
    expect((await envOf(app)).env["WHO"]).toBe("local");
    expect((await envOf({ ...app, ".env.local": "" })).env["WHO"]).toBe("mode");
    expect((await envOf({ ...app, ".env.local": "" }, { mode: "staging" })).env["WHO"]).toBe("staging");
    expect((await envOf({ ...app, ".env.development.local": "WHO=mode-local" })).env["WHO"]).toBe("mode-local");
    expect((await envOf({ ...app, ".dev.vars": "WHO=vars" })).env["WHO"]).toBe("vars");
    expect((await envOf({ ...app, ".dev.vars": "WHO=vars" }, { variables: { WHO: "flag" } })).env["WHO"]).toBe("flag");
  });
  test("replace those of the config, stay secret where they are, and satisfy what is required", async () => {
    expect(await envOf({ "app/.env": "KEY=dev\n" }, {}, { env: { WHO: "config" }, secrets: { KEY: { from_env: "NOT_SET_HERE" } }, required_env: ["KEY", "A"] })).toMatchObject({ env: { WHO: "local" }, secrets: { KEY: "dev" } });
  });
  test("are bounded like all others, and told with their file", async () => {
    const folder = await temporaryFolder({ ".env": `1X=2\nBIG=${"x".repeat(5_121)}\n` });
    const problems = textOf(() => configOfData(oneApp({}), folder, { dev: { mode: "development", variables: {} } }));
    expect(problems).toContain("the value of BIG has 5121 bytes");
    expect(problems).toContain("this is no name for a variable");
  });
  test("are not read without nano dev", async () => {
    const folder = await temporaryFolder(files);
    expect({ ...configOfData(oneApp({ path: "./app" }), folder).apps[0]?.env }).toEqual({});
  });
});
