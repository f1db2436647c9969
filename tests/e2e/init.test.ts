/** `nano init` and `nano types`: what somebody has who starts with nothing, as TypeScript and nano see it. */
import { afterEach, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, symlinkSync } from "node:fs";
import { cp, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import rootManifest from "../../package.json" with { type: "json" };
import { TEMPLATES } from "../../src/cli/init/templates.ts";
import { nano, NanoProcess, ROOT, temporaryFolder } from "../harness/nano.ts";

const started: NanoProcess[] = [];
afterEach(async () => {
  for (const running of started.splice(0)) await running.stop();
});

async function made(template: string, name = "my-app"): Promise<string> {
  const folder = await temporaryFolder({});
  const { code, err } = await nano(["init", name, "--template", template], { cwd: folder });
  expect([code, err]).toEqual([0, ""]);
  const app = join(folder, name);
  // As npm would have it: packages that are links to elsewhere are not the app's.
  const { dependencies = {} } = JSON.parse(readFileSync(join(app, "package.json"), "utf8")) as { dependencies?: object };
  for (const dependency of Object.keys(dependencies)) await cp(join(ROOT, "node_modules", dependency), join(app, "node_modules", dependency), { recursive: true, dereference: true });
  return app;
}

function tsc(folder: string, ...args: readonly string[]): string {
  const { stdout } = Bun.spawnSync([process.execPath, join(ROOT, "node_modules/typescript/bin/tsc"), "-p", folder, ...args], { cwd: folder });
  return stdout.toString();
}

const paths = (folder: string): string[] => (readdirSync(folder, { recursive: true, withFileTypes: true }) as { isFile(): boolean; parentPath: string; name: string }[]).filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1)).sort();

describe("nano init", () => {
  for (const { name } of TEMPLATES)
    test(`the template ${name} has sound types, passes the check and its own tests, and serves`, async () => {
      const app = await made(name);
      expect(tsc(app)).toBe("");
      const checked = await nano(["check"], { cwd: app });
      expect([checked.code, checked.out]).toEqual([0, expect.stringContaining("1 of 1 apps would run")]);
      const types = await nano(["types", "--check", "--globals"], { cwd: app });
      expect([types.code, types.err]).toEqual([0, ""]);
      const running = await NanoProcess.start(["dev", "--port", "0"], { cwd: app });
      started.push(running);
      expect((await running.request("my-app.localhost", "/")).status).toBe(200);
      const tested = await nano(["test"], { cwd: app });
      expect([tested.code, tested.out + tested.err]).toEqual([0, expect.stringMatching(/pass/)]);
    });

  test("packages that templates need are those that the project is tested with", () => {
    const own: Readonly<Record<string, string>> = { ...rootManifest.dependencies, ...rootManifest.devDependencies };
    for (const { name } of TEMPLATES) {
      const { dependencies = {}, devDependencies = {} } = JSON.parse(readFileSync(join(ROOT, "templates", name, "package.json"), "utf8")) as Record<string, Record<string, string> | undefined>;
      for (const [pkg, range] of Object.entries({ ...dependencies, ...devDependencies })) expect([pkg, range]).toEqual([pkg, `^${own[pkg]}`]);
    }
  });

  test("asks nothing where nobody answers, and ends with the lines to type next", async () => {
    const folder = await temporaryFolder({});
    const { code, out } = await nano(["init", "my app"], { cwd: folder });
    expect(code).toBe(0);
    expect(out).toEndWith("next:\n  cd 'my app'\n  nano dev\n");
    expect(paths(join(folder, "my app"))).toEqual([".gitignore", "nano.d.ts", "nano.json", "package.json", "src/index.test.ts", "src/index.ts", "tsconfig.json"]);
    expect(JSON.parse(readFileSync(join(folder, "my app/package.json"), "utf8")).name).toBe("my-app");
    const api = await nano(["init", "api", "-t", "api"], { cwd: folder });
    expect(api.out).toEndWith("next:\n  cd api\n  npm install && nano dev\n");
    await mkdir(join(folder, "here"));
    expect((await nano(["init"], { cwd: join(folder, "here") })).out).toEndWith("next:\n  nano dev\n");
  });

  test("started from npm, it names that package and npm's commands", async () => {
    const folder = await temporaryFolder({});
    const { out } = await nano(["init", "a"], { cwd: folder, env: { NANO_NPM_PACKAGE: "@scope/nano@1.2.3" } });
    expect(out).toEndWith("next:\n  cd a\n  npm install && npm run dev\n");
    expect(JSON.parse(readFileSync(join(folder, "a/package.json"), "utf8")).devDependencies["@scope/nano"]).toBe("1.2.3");
  });

  test("overwrites nothing, and then writes nothing at all", async () => {
    const folder = await temporaryFolder({ "app/nano.json": "mine", "app/readme.md": "mine", "file": "" });
    const refused = await nano(["init", "app"], { cwd: folder });
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining("app: nano.json is there already\n  nano init overwrites nothing")]);
    expect(paths(join(folder, "app"))).toEqual(["nano.json", "readme.md"]);
    symlinkSync("nowhere", join(folder, "app/package.json"));
    await rm(join(folder, "app/nano.json"));
    expect((await nano(["init", "app"], { cwd: folder })).err).toContain("package.json is there already");
    expect((await nano(["init", "file"], { cwd: folder })).err).toContain("file: this is a file");
    await rm(join(folder, "app/package.json"));
    expect((await nano(["init", "app"], { cwd: folder })).code).toBe(0);
    expect(readFileSync(join(folder, "app/readme.md"), "utf8")).toBe("mine");
  });

  test("keeps the .gitignore of a fresh clone", async () => {
    const folder = await temporaryFolder({ "app/.gitignore": "mine", "app/.git/HEAD": "" });
    const { code, out } = await nano(["init", "app"], { cwd: folder });
    expect([code, out.includes(".gitignore"), readFileSync(join(folder, "app/.gitignore"), "utf8")]).toEqual([0, false, "mine"]);
  });

  test("a template that does not exist is told with those that do", async () => {
    const { code, err } = await nano(["init", "a", "--template", "helo"], { cwd: await temporaryFolder({}) });
    expect([code, err]).toEqual([2, expect.stringContaining("there is no template helo (did you mean hello?): there are hello, api, stream, static")]);
  });

  test("on a terminal it asks for a folder and a template", async () => {
    const folder = await temporaryFolder({});
    let out = "";
    const answers: [question: string, answer: string][] = [["Folder (nano-app): ", "typed\r"], ["Template (hello): ", "3\r"]];
    const child = Bun.spawn([join(ROOT, "dist/nano"), "init"], {
      cwd: folder,
      terminal: {
        data(terminal, chunk) {
          out += new TextDecoder().decode(chunk);
          const [question, answer] = answers[0] ?? [];
          if (question === undefined || !out.includes(question)) return;
          answers.shift();
          terminal.write(answer as string);
        },
      },
    });
    expect(await child.exited).toBe(0);
    expect(out).toContain("made from the template stream");
    expect(paths(join(folder, "typed"))).toContain("src/page.html");
  });
});

describe("nano types", () => {
  const CONFIG = {
    apps: [
      {
        name: "app",
        path: "./app.ts",
        env: { GREETING: "Hello", COUNT: 3, FLAGS: { beta: true, tags: ["a"], "odd name": null }, FROM: { from_env: "UNSET_VARIABLE" } },
        secrets: { TOKEN: { from_file: "./missing" } },
        required_env: ["LATER"],
        assets: { directory: "./public", binding: "FILES" },
      },
    ],
  };
  const TSCONFIG = { compilerOptions: { target: "ES2023", module: "preserve", moduleResolution: "bundler", strict: true, noEmit: true, skipLibCheck: false } };
  const tsconfig = (lib: readonly string[], types: readonly string[]) => JSON.stringify({ ...TSCONFIG, compilerOptions: { ...TSCONFIG.compilerOptions, lib, types }, include: ["*.ts"] });
  const APP = `
import page from "./page.html";
export default {
  async fetch(request, env, ctx) {
    ctx.waitUntil(Promise.resolve());
    const text: string = env.GREETING + env.FROM + env.TOKEN + env.LATER + page;
    const count: number = env.COUNT;
    const flags: { readonly beta: boolean; readonly tags: readonly string[]; readonly "odd name": null } = env.FLAGS;
    const file: Response = await env.FILES.fetch(request);
    // @ts-expect-error there is no such variable
    env.MISSING;
    // @ts-expect-error nobody changes env
    env.GREETING = "";
    return new Response(text + count + flags.beta + file.status);
  },
} satisfies Nano.Handler;
`;
  const EXTRAS = `
export const rewritten = new HTMLRewriter().on("a", { element(element) { element.setAttribute("href", "/"); } }).transform(new Response(""));
export const cached = caches.default.match("https://a.test/");
export const same: boolean = crypto.subtle.timingSafeEqual(new Uint8Array(1), new Uint8Array(1));
export const later: Promise<void> = scheduler.wait(1);
export const fixed = new FixedLengthStream(3).readable;
export const digest: Promise<ArrayBuffer> = new crypto.DigestStream("SHA-256").digest;
`;
  const TEST = `
import { app, clock, describe, expect, fn, test } from "nano:test";
describe("it", () => {
  test.each([[1, "a"], [2, "b"]])("%i %s", async (n: number, s: string) => {
    const response = await app.with({ env: { A: s }, limits: { cpu_ms: n }, fetch: () => new Response() }).fetch("/");
    expect(response.nano.fuel).toBeGreaterThan(0);
    await expect(response.json()).rejects.toThrow();
    expect(await response.nano.over()).toMatchObject({ outcome: "ok", logs: expect.arrayContaining([]) });
    const spy = fn((x: number) => x + 1);
    expect(spy(1)).not.toBe(1);
    await clock.advance(10);
  });
});
`;
  const types = async (files: Readonly<Record<string, string>>, ...args: readonly string[]) => {
    const folder = await temporaryFolder({ "nano.json": JSON.stringify(CONFIG), "app.ts": APP, "page.html": "", "app.test.ts": TEST, ...files });
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    const ran = await nano(["types", ...args], { cwd: folder });
    expect([ran.code, ran.err]).toEqual([0, ""]);
    return folder;
  };

  for (const lib of ["WebWorker", "DOM"])
    test(`with TypeScript's library ${lib}, everything has a type, that of env from the config, and values are nowhere`, async () => {
      const folder = await types({ "tsconfig.json": tsconfig(["ES2023", lib], []), "extras.ts": EXTRAS }, "--globals");
      expect(tsc(folder)).toBe("");
      expect(readFileSync(join(folder, "nano.d.ts"), "utf8")).not.toContain('"Hello"');
    });

  test("beside @cloudflare/workers-types nothing is declared twice, and both names for a handler hold", async () => {
    const handler = `export const handler: ExportedHandler<Nano.Env> = { fetch: (request, env) => new Response(env.GREETING + request.url) };\ninterface Env extends Nano.Env {}\nexport const env = (one: Env): string => one.GREETING;\n`;
    const folder = await types({ "tsconfig.json": tsconfig(["ES2023"], ["@cloudflare/workers-types"]), "handler.ts": handler, "extras.ts": EXTRAS });
    expect(tsc(folder)).toBe("");
  });

  test("as a package of their own they serve projects that import them", async () => {
    const folder = await temporaryFolder({ "tsconfig.json": tsconfig(["ES2023", "WebWorker"], ["@nano-host/types", "@nano-host/types/globals"]), "extras.ts": EXTRAS, "app.test.ts": TEST, "app.ts": `import page from "./page.html";\nexport default { fetch: (_request, env) => new Response(env.A + page) } satisfies Nano.Handler<{ A: string }>;` });
    await cp(join(ROOT, "types"), join(folder, "node_modules/@nano-host/types"), { recursive: true });
    expect(tsc(folder)).toBe("");
    expect(JSON.parse(readFileSync(join(ROOT, "types/package.json"), "utf8")).version).toBe(rootManifest.version);
  });

  test("several apps have an env each", async () => {
    const config = { apps: [{ name: "shop", path: "./shop.ts", env: { A: "x" } }, { name: "blog", path: "./blog.ts" }] };
    const shop = `export default { fetch: (request, env) => new Response(env.A) } satisfies Nano.Handler<Nano.Envs["shop"]>;`;
    const folder = await types({ "nano.json": JSON.stringify(config), "app.ts": "", "app.test.ts": "", "shop.ts": shop, "blog.ts": "", "tsconfig.json": tsconfig(["ES2023", "WebWorker"], []) }, "--globals");
    expect(tsc(folder)).toBe("");
  });

  test("--check fails once the config says something else, and a file of somebody else's is left alone", async () => {
    const folder = await types({});
    expect((await nano(["types", "--check"], { cwd: folder })).code).toBe(0);
    await Bun.write(join(folder, "nano.json"), JSON.stringify({ apps: [{ name: "app", path: "./app.ts" }] }));
    expect(await nano(["types", "--check"], { cwd: folder })).toMatchObject({ code: 1, err: expect.stringContaining("nano.d.ts: it is not what the config says\n  run nano types") });
    expect(await nano(["types"], { cwd: folder })).toMatchObject({ code: 0, out: "changed nano.d.ts\n" });
    await Bun.write(join(folder, "nano.d.ts"), "interface Mine {}");
    expect(await nano(["types"], { cwd: folder })).toMatchObject({ code: 1, err: expect.stringContaining("does not overwrite it") });
    expect(readFileSync(join(folder, "nano.d.ts"), "utf8")).toBe("interface Mine {}");
  });
});
