/** What a wrangler file comes to: read, told and refused, with the place of everything. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Config } from "../../../src/config/config.ts";
import type { DevEnv } from "../../../src/config/dev-env.ts";
import { findConfig, loadConfig, type LoadConfigOptions } from "../../../src/config/load.ts";
import { TomlDocument } from "../../../src/config/wrangler/toml.ts";
import { environmentKeys, wranglerKeys } from "../../../src/config/wrangler/keys.ts";
import { OperatorError, type Problem } from "../../../src/errors.ts";

const DEV: DevEnv = { mode: "development", variables: {} };

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "nano-wrangler-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** Of `wrangler.toml`, or another file that is among `files`. */
async function read(files: string | Readonly<Record<string, string>>, options: LoadConfigOptions = { dev: DEV }, name = "wrangler.toml"): Promise<Config & { readonly folder: string }> {
  const folder = await folderWith(typeof files === "string" ? { [name]: files } : files);
  return { ...(await loadConfig(join(folder, name), folder, options)), folder };
}

async function problemsOf(files: string | Readonly<Record<string, string>>, options: LoadConfigOptions = { dev: DEV }, name = "wrangler.toml"): Promise<readonly Problem[]> {
  return read(files, options, name).then(
    () => {
      throw new Error("this file was accepted");
    },
    (error: unknown) => {
      if (error instanceof OperatorError) return error.problems;
      throw error;
    },
  );
}

const env = (environment: string): LoadConfigOptions => ({ dev: { ...DEV, environment } });
const brief = (problems: readonly Problem[]) => problems.map(({ line, column, field, message }) => `${line}:${column} ${field}: ${message}`);
const LEAST = 'main = "src/index.ts"\n';

describe("what is read", () => {
  test("TOML, JSON and JSON with comments come to the same app", async () => {
    const toml = `name = "shop"\n${LEAST}[vars]\nA = "1"\nLIST = [1, { b = true }]\n"odd.name" = 1.5\n[limits]\ncpu_ms = 50\n`;
    const json = '{ "name": "shop", "main": "src/index.ts", "vars": { "A": "1", "LIST": [1, { "b": true }], "odd.name": 1.5 }, "limits": { "cpu_ms": 50 } }';
    for (const [name, text] of [["wrangler.toml", toml], ["wrangler.json", json], ["wrangler.jsonc", `// comment\n${json.replace("}", "},").replace("},,", "},")}`]] as const) {
      const { apps, warnings, folder } = await read(text, { dev: DEV }, name);
      expect(warnings).toEqual([]);
      expect(apps).toMatchObject([{ name: "shop", hostnames: ["shop"], isDefault: true, path: folder, main: "src/index.ts", env: { A: "1", LIST: [1, { b: true }], "odd.name": 1.5 }, limits: { cpuMs: 50 } }]);
    }
  });

  test("the main file may lie beside the folder of the wrangler file: the folder around both is the app's", async () => {
    const { apps, folder } = await read({ "config/wrangler.toml": 'main = "../src/a.ts"\ntsconfig = "tsconfig.worker.json"\n[alias]\nold = "./new.ts"\n' }, { dev: DEV }, "config/wrangler.toml");
    expect(apps[0]).toMatchObject({ path: folder, main: "src/a.ts", build: { tsconfig: "./config/tsconfig.worker.json", alias: { old: "./config/new.ts" } } });
  });

  test("packages of the workspace that the app depends on are in its folder, and others are not", async () => {
    const files = {
      "package.json": '{ "workspaces": ["apps/*", "packages/*"] }',
      "apps/shop/package.json": '{ "dependencies": { "@ours/ui": "*", "hono": "1" } }',
      "apps/shop/wrangler.toml": 'main = "src/index.ts"\n',
      "apps/shop/tsconfig.json": "{}",
      "packages/ui/package.json": '{ "name": "@ours/ui", "dependencies": { "outside": "*" } }',
      "node_modules/hono/package.json": "{}",
    };
    const folder = await folderWith(files);
    mkdirSync(join(folder, "node_modules/@ours"));
    symlinkSync("../../packages/ui", join(folder, "node_modules/@ours/ui"));
    symlinkSync("/", join(folder, "node_modules/outside"));
    const load = () => loadConfig(join(folder, "apps/shop/wrangler.toml"), folder, { dev: DEV });
    expect((await load()).apps[0]).toMatchObject({ name: "shop", path: folder, main: "apps/shop/src/index.ts", build: { tsconfig: "./apps/shop/tsconfig.json" } });
    // Without a workspace a link is only a link.
    writeFileSync(join(folder, "package.json"), "{}");
    expect((await load()).apps[0]).toMatchObject({ path: join(folder, "apps/shop"), main: "src/index.ts" });
  });

  test("define, alias, rules, JSX and Node's compatibility are settings of the build", async () => {
    const { apps, warnings } = await read(`${LEAST}compatibility_date = 2025-01-01\ncompatibility_flags = ["nodejs_compat"]\njsx_factory = "h"\njsx_fragment = "Fragment"
rules = [{ type = "Text", globs = ["**/*.md"], fallthrough = true }, { type = "Data", globs = ["**/*.ttf"] }, { type = "ESModule", globs = ["**/*.js"] }]
[define]\nVERSION = '"1"'\nLIVE = true\n[alias]\npg = "./no-pg.ts"\nreact = "preact/compat"\n`);
    expect(warnings).toEqual([]);
    expect(apps[0]?.build).toEqual({ define: { VERSION: '"1"', LIVE: "true" }, alias: { pg: "./no-pg.ts", react: "preact/compat" }, rules: [{ type: "text", globs: ["**/*.md"] }, { type: "data", globs: ["**/*.ttf"] }], tsconfig: null, jsxFactory: "h", jsxFragment: "Fragment", hasNodeGlobals: true });
  });

  test("routes are hostnames, and their paths are told", async () => {
    const { apps, warnings } = await read(`${LEAST}routes = ["example.com/*", "https://*.example.com/*", { pattern = "shop.example.org", custom_domain = true }, "*example.net/*", "api.example.com/v1/*"]\n`);
    expect(apps[0]?.hostnames).toEqual(["example.com", "*.example.com", "shop.example.org", "example.net", "*.example.net", "api.example.com"]);
    expect(brief(warnings)).toEqual(["2:129 routes[4]: nano routes by host: the app is given every path of api.example.com, not only /v1/*"]);
  });

  test("assets have the same keys, beside code and alone", async () => {
    const files = { "public/index.html": "<p>", "wrangler.toml": `${LEAST}assets = { directory = "./public", binding = "FILES", not_found_handling = "single-page-application", run_worker_first = ["/api/*"] }\n` };
    const { apps, folder } = await read(files);
    expect(apps[0]).toMatchObject({ hasCode: true, assets: { directory: join(folder, "public"), binding: "FILES" } });
    expect((await read({ ...files, "wrangler.toml": 'name = "site"\n[assets]\ndirectory = "./public"\n' })).apps[0]).toMatchObject({ name: "site", hasCode: false });
  });

  test("a Pages project with _worker.js is that file and its folder, one without code its folder alone", async () => {
    const toml = 'name = "pages"\npages_build_output_dir = "dist"\n';
    expect((await read({ "wrangler.toml": toml, "dist/_worker.js": "export default {}" })).apps[0]).toMatchObject({ main: "dist/_worker.js", assets: { binding: "ASSETS" } });
    expect((await read({ "wrangler.toml": toml, "dist/_worker.js/index.js": "export default {}" })).apps[0]).toMatchObject({ main: "dist/_worker.js/index.js" });
    expect((await read({ "wrangler.toml": toml, "dist/index.html": "" })).apps[0]).toMatchObject({ hasCode: false });
    expect(brief(await problemsOf({ "wrangler.toml": toml, "functions/a.js": "" }))[0]).toStartWith("2:1 pages_build_output_dir: this Pages project has a folder functions/, of which nano does not make routes");
  });

  test("the development server's port and address hold in dev alone", async () => {
    const toml = `${LEAST}[dev]\nport = 8080\nip = "*"\n`;
    expect(await read(toml)).toMatchObject({ port: 8080, hasPort: true, host: "0.0.0.0" });
    expect(await read(toml, {})).toMatchObject({ port: 3000, hasPort: false, host: "127.0.0.1" });
  });

  test("limits that Cloudflare allows and nano does not are told and bounded", async () => {
    const { apps, warnings } = await read(`${LEAST}[limits]\ncpu_ms = 1\nsubrequests = 10_000\n`);
    expect(apps[0]?.limits).toMatchObject({ cpuMs: 5, subrequests: 1_000 });
    expect(brief(warnings)).toEqual(["3:10 limits.cpu_ms: nano has 5 to 300000 for cpu_ms: it is 5 here", "4:15 limits.subrequests: nano has 0 to 1000 for subrequests: it is 1000 here"]);
  });
});

describe("environments", () => {
  const TOML = `name = "shop"\n${LEAST}compatibility_flags = ["nodejs_compat"]
[vars]\nA = "top"\n[define]\nD = "1"\n[[kv_namespaces]]\nbinding = "KV"\n[triggers]\ncrons = ["* * * * *"]
[env.staging]\nroute = "staging.example.com/*"\n[env.staging.vars]\nB = "staging"\n[env.live]\nname = "shop-live"\nmain = "src/live.ts"\ntriggers = { crons = [] }\n`;

  test("inherit what says how the app runs, and no variables, definitions and bindings", async () => {
    const { apps, warnings } = await read(TOML, env("staging"));
    expect(apps[0]).toMatchObject({ name: "shop-staging", main: "src/index.ts", hostnames: ["staging.example.com"], env: { B: "staging" }, build: { define: {}, hasNodeGlobals: true } });
    expect(brief(warnings)).toEqual([
      "12:2 env.staging: env.staging does not have define, kv_namespaces of the top level: environments do not inherit them",
      "11:1 triggers.crons: nano runs nothing by the clock: scheduled() is called when somebody asks",
    ]);
  });

  test("win over the top level in what they say themselves", async () => {
    const { apps, warnings } = await read(TOML, env("live"));
    expect(apps[0]).toMatchObject({ name: "shop-live", main: "src/live.ts", env: {} });
    expect(warnings.map(({ message }) => message)).toEqual(["env.live does not have vars, define, kv_namespaces of the top level: environments do not inherit them"]);
  });

  test("that are not there are told with those that are", async () => {
    expect((await problemsOf(TOML, env("stagin")))[0]).toMatchObject({ message: 'there is no environment "stagin"', hint: "did you mean staging?" });
    expect((await problemsOf(TOML, env("canary")))[0]).toMatchObject({ hint: "there are: staging, live" });
    expect((await problemsOf(LEAST, env("canary")))[0]).toMatchObject({ hint: "the file has no environments: leave --env out" });
  });

  test("are named for nano serve too", async () => {
    expect((await read(TOML, { environment: "staging" })).apps[0]?.name).toBe("shop-staging");
  });
});

describe("what nano lacks", () => {
  const TOML = `${LEAST}kv_namespaces = [{ binding = "KV", id = "1" }]\nai = { binding = "AI" }
[[r2_buckets]]\nbinding = "FILES"\nbucket_name = "files"\n[durable_objects]\nbindings = [{ name = "ROOM", class_name = "Room" }]
[queues]\nproducers = [{ queue = "mail", binding = "MAIL" }]\nconsumers = [{ queue = "mail" }]\n[wasm_modules]\nSUM = "sum.wasm"\n[unsafe]\nbindings = [{ name = "ODD", type = "odd" }]\n`;
  const LIST = "KV (KV namespace, line 2), FILES (R2 bucket, line 4), ROOM (Durable Object, line 8), MAIL (queue, line 10), AI (Workers AI, line 3), ODD (unsafe binding, line 15), SUM (WebAssembly module, line 13), queue() for mail (queue consumer, line 11)";

  test("is one message that names all bindings, and the app runs without them in dev", async () => {
    const { warnings, apps } = await read(TOML);
    expect(warnings.map(({ message }) => message)).toEqual([`nano has no such bindings, and the app does without: ${LIST}`]);
    expect(apps[0]?.env).toEqual({});
  });

  test("is refused by nano serve, unless an environment does without", async () => {
    const problems = await problemsOf(TOML, {});
    expect(problems.map(({ message }) => message)).toEqual([`nano has no such bindings, and the app does without: ${LIST}`]);
    expect(problems[0]?.hint).toContain("name an environment without it with --env");
    expect((await read(`${TOML.replace('[wasm_modules]\nSUM = "sum.wasm"\n', "")}[env.nano]\n`, { environment: "nano" })).apps[0]?.main).toBe("src/index.ts");
  });

  test.each(Object.keys(wranglerKeys).filter((key) => wranglerKeys[key]?.does === "binding"))("%s is never passed over", async (key) => {
    const about = wranglerKeys[key] as { readonly below?: string; readonly named: string | null };
    const one = about.named === null ? { THING: "x" } : [{ [about.named]: "THING" }];
    const { warnings } = await read(JSON.stringify({ main: "a.ts", [key]: about.below === undefined ? one : { [about.below]: one } }), { dev: DEV }, "wrangler.json");
    expect(warnings.map(({ message }) => message).join()).toContain("does without: THING (");
  });

  test("builds, crons, containers and tails are told with the way out", async () => {
    const { warnings } = await read(`${LEAST}tail_consumers = [{ service = "t" }]\n[build]\ncommand = "npm run build"\n[triggers]\ncrons = ["*/5 * * * *", "0 0 * * *"]\n[[containers]]\nimage = "x"\n[site]\nbucket = "public"\n`);
    expect(warnings.map(({ line, message, hint }) => `${line} ${message} – ${hint}`)).toEqual([
      "7 nano starts no containers – start them yourself, and reach them with fetch()",
      "2 nano sends its log to no app – nano logs -f and --log-format json have what apps print",
      "4 nano does not run this command – run it yourself before and beside nano: what it makes is read, and read again when it changes",
      '6 nano runs nothing by the clock: scheduled() is called when somebody asks – in nano dev: curl "http://localhost:<port>/cdn-cgi/handler/scheduled?cron=*/5+*+*+*+*"',
      "9 nano has no such binding, and the app does without: __STATIC_CONTENT (Workers Site; assets are what serves files, line 9) – the first use of one fails in the app; an environment without them can be named with --env",
    ]);
  });
});

describe("mistakes", () => {
  test("unknown keys are told with what was meant, at the top level and in environments", async () => {
    const { warnings } = await read(`${LEAST}compatability_date = "2025-01-01"\nwhatever = 1\n[env.a]\nvar = { A = 1 }\nsend_metrics = false\n`);
    expect(warnings.map(({ line, column, message, hint }) => `${line}:${column} ${message} – ${hint}`)).toEqual([
      '2:1 there is no key "compatability_date" – did you mean compatibility_date?',
      '3:1 there is no key "whatever" – wrangler has no such key that nano knows of: it changes nothing here',
      '5:1 there is no key "var" – did you mean vars?',
      '6:1 there is no key "send_metrics" in an environment – it belongs to the top level',
    ]);
  });

  test("values of a wrong kind are told where they stand, all at once", async () => {
    expect(brief(await problemsOf('main = 1\nname = ["a"]\nvars = "x"\nroutes = [5, "-/*"]\nrules = [{ type = "Tekst" }]\n[secrets]\nrequired = "A"\n[limits]\ncpu_ms = "5"\n'))).toEqual([
      "1:8 main: must be a string",
      "2:1 name: must be a string",
      "3:8 vars: must be a table",
      "4:11 routes[0]: must be a pattern, such as \"example.com/*\"",
      '4:14 routes[1]: "-" is no hostname',
      "5:19 rules[0].type: must be a rule of type Text, Data, CompiledWasm, ESModule, CommonJS",
      "7:12 secrets.required: must be a list of names",
      '9:10 limits.cpu_ms: must be a whole number from 5 to 300000 ms, not a string',
    ]);
  });

  test("what nano.json would refuse is told with the place in the wrangler file, of an environment too", async () => {
    const problems = await problemsOf(`${LEAST}[env.a.vars]\nBIG = "${"x".repeat(6_000)}"\n"9" = 1\n[env.a.define]\nD = "a b"\n`, env("a"));
    expect(problems.map(({ line, field, code }) => [line, field, code])).toEqual([[3, "env.a.vars.BIG", "env_value_size"], [4, "env.a.vars.9", "value_wrong"], [5, "env.a.define", "value_wrong"]]);
    expect(JSON.stringify(problems)).not.toContain("xxxx");
  });

  test("variables never name secrets of the host", async () => {
    const problems = await problemsOf(`${LEAST}[vars]\nA = { from_env = "HOME" }\nB = { from_file = "/etc/hostname", other = 1 }\nC = { nested = { from_env = "HOME" } }\n`);
    expect(problems.map(({ line, field, message }) => [line, field, message])).toEqual([[3, "vars.A", "a variable can be no table with from_env or from_file"], [4, "vars.B", "a variable can be no table with from_env or from_file"]]);
  });

  test("a missing main is told", async () => {
    expect(await problemsOf('name = "x"\n')).toEqual([expect.objectContaining({ file: "wrangler.toml", message: "main is missing", hint: 'name the file that the app starts with: main = "src/index.ts"' })]);
  });

  test.each([
    ["a = \n", 1, 5],
    ['a = 1\nb = "x\n', 2, 7],
    ["[a]\nb = 1\nb = 2\n", 3, 1],
    ["a = {b = 1\n", 1, 11],
    ["\u00e9 = 1", 1, 1],
  ])("%j is a syntax error with its place", async (text, line, column) => {
    expect(await problemsOf(text)).toEqual([expect.objectContaining({ file: "wrangler.toml", line, column, code: "config_syntax", message: expect.stringMatching(/^this is not TOML: /) })]);
  });

  test("brackets without end do not end nano", async () => {
    expect((await problemsOf(`a = ${"{a=".repeat(50_000)}`))[0]?.code).toBe("config_syntax");
  });
});

describe("variables of wrangler dev", () => {
  const files = (more: Readonly<Record<string, string>>) => ({ "wrangler.toml": `${LEAST}vars = { A = "file", B = "file" }\n[secrets]\nrequired = ["KEY"]\n[env.staging]\n`, ...more });

  test(".dev.vars wins over vars, and where it is no .env is read", async () => {
    const { apps, envFiles, folder } = await read(files({ ".dev.vars": "KEY=k\nA=secret\n", ".env": "C=env\n" }));
    expect(apps[0]?.env).toEqual({ A: "secret", B: "file", KEY: "k" });
    expect(envFiles).toContain(join(folder, ".dev.vars"));
  });

  test(".dev.vars.<env> takes the place of .dev.vars, and .env.<env> wins over .env", async () => {
    expect((await read(files({ ".dev.vars": "KEY=k\nC=all\n", ".dev.vars.staging": "KEY=s\n" }), env("staging"))).apps[0]?.env).toEqual({ KEY: "s" });
    expect((await read(files({ ".env": "KEY=e\nC=all\n", ".env.staging": "KEY=s\n", ".env.local": "D=local\n" }), { dev: { ...DEV, mode: "staging", environment: "staging" } })).apps[0]?.env).toEqual({ KEY: "s", C: "all", D: "local" });
  });

  test("required secrets that are nowhere are named, with the way out", async () => {
    expect(await problemsOf(files({}))).toEqual([expect.objectContaining({ line: 4, message: "required, and neither in env nor in secrets: KEY", hint: "add them to .dev.vars (KEY=…), or give them with --var KEY=…" })]);
    expect((await read(files({}), { dev: { ...DEV, variables: { KEY: "given" } } })).apps[0]?.env).toMatchObject({ KEY: "given" });
  });

  test("nano serve has required secrets of its environment, and reads no files", async () => {
    expect((await problemsOf(files({ ".dev.vars": "KEY=k\n" }), {})).map(({ message }) => message)).toEqual(["KEY is to come from the environment variable KEY, which is not set"]);
  });
});

describe("finding", () => {
  test("nano.json comes first, then wrangler's files in wrangler's order, then config.json", async () => {
    const names = ["nano.json", "wrangler.json", "wrangler.jsonc", "wrangler.toml", "config.json"];
    for (let i = 0; i < names.length; i++) {
      const folder = await folderWith(Object.fromEntries(names.slice(i).map((name) => [name, "{}"])));
      expect(findConfig(folder, undefined)).toBe(join(folder, names[i] as string));
    }
  });

  test("every key of an environment is a key of the top level", () => {
    expect(environmentKeys.filter((key) => wranglerKeys[key] === undefined)).toEqual([]);
    expect(environmentKeys).toContain("vars");
    expect(environmentKeys).not.toContain("env");
  });
});

test("TOML keeps what keys are called, whatever objects have of their own", () => {
  const { value } = new TomlDocument('__proto__ = 1\n[constructor]\na.b.c = 2\na."d.e" = 3\n[[x.y]]\nz = 1979-05-27\n[[x.y]]\n', "t.toml");
  expect(JSON.stringify(value)).toBe('{"__proto__":1,"constructor":{"a":{"b":{"c":2},"d.e":3}},"x":{"y":[{"z":"1979-05-27"},{}]}}');
});
