/** `nano dev` on whole projects: many apps behind one port, wrangler files, and changes of configs and variables while it runs. */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { nano, NanoProcess, temporaryFolder } from "../harness/nano.ts";

const saying = (text: string) => `export default { fetch: (request, env) => Response.json([${JSON.stringify(text)}, env]) };\n`;
const ECHO_ENV = "export default { fetch: (request: Request, env: object): Response => Response.json(env) };\n";

const started: NanoProcess[] = [];
afterEach(async () => {
  for (const running of started.splice(0)) await running.stop();
});

async function dev(files: Readonly<Record<string, string>>, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const folder = await temporaryFolder(files);
  const running = await NanoProcess.start(["dev", ...args, "--port", "0"], { cwd: folder, env });
  started.push(running);
  return { running, folder, save: (name: string, text: string) => Bun.write(join(folder, name), text) };
}

const answerOf = async (running: NanoProcess, host = "localhost", headers: Readonly<Record<string, string>> = {}) => (await running.request(host, "/", { headers })).text();

async function untilAnswer(running: NanoProcess, wanted: string, host?: string): Promise<void> {
  let found = "";
  for (let i = 0; i < 1_000 && found !== wanted; i++) {
    found = await answerOf(running, host);
    if (found !== wanted) await Bun.sleep(5);
  }
  expect(found).toBe(wanted);
}

describe("many apps", () => {
  const APPS = { "nano.json": '{ "apps": [{ "hostname": "shop.example.com", "path": "./shop.js" }, { "name": "Blog 2", "hostname": "blog.example.com", "path": "./blog.js" }] }'.replace("Blog 2", "Blog_2"), "shop.js": saying("shop"), "blog.js": saying("blog") };

  test("are at <name>.localhost besides their own hosts, and the terminal lists where", async () => {
    const { running } = await dev(APPS);
    for (const host of ["shop.example.com", "shop.example.com.localhost"]) expect(await answerOf(running, host)).toBe('["shop",{}]');
    for (const host of ["blog.example.com", "blog-2.localhost", `BLOG-2.localhost:${running.port}`]) expect(await answerOf(running, host)).toBe('["blog",{}]');
    await running.waitFor(() => running.out.includes(`app       http://blog-2.localhost:${running.port}/ Blog_2`) && running.out.includes(`http://shop.example.com.localhost:${running.port}/`), "the list");
  });

  test("plain localhost names them, as a page, as JSON and as text", async () => {
    const { running } = await dev(APPS);
    const host = `localhost:${running.port}`;
    const page = await running.request(host, "/", { headers: { accept: "text/html,*/*" } });
    expect([page.status, page.headers.get("content-type"), page.headers.get("x-nano-error")]).toEqual([404, "text/html; charset=utf-8", "unknown_host"]);
    expect(await page.text()).toContain(`<a href="http://blog-2.localhost:${running.port}/">Blog_2</a>`);
    expect(JSON.parse(await answerOf(running, host, { accept: "application/json" }))).toEqual({ error: "unknown_host", host: "localhost", apps: [{ name: "shop.example.com", url: `http://shop.example.com.localhost:${running.port}/` }, { name: "Blog_2", url: `http://blog-2.localhost:${running.port}/` }] });
    expect(await answerOf(running, host)).toBe(`No app serves localhost. There are:\n\n  shop.example.com  http://shop.example.com.localhost:${running.port}/\n  Blog_2  http://blog-2.localhost:${running.port}/\n`);
  });

  test("a name that another app claims as its host stays with that", async () => {
    const { running } = await dev({ ...APPS, "nano.json": '{ "apps": [{ "name": "a", "hostname": "a.test", "path": "./shop.js" }, { "name": "b", "hostname": "a.localhost", "path": "./blog.js", "default": true }] }' });
    expect([await answerOf(running, "a.localhost"), await answerOf(running, "a.test"), await answerOf(running)]).toEqual(['["blog",{}]', '["shop",{}]', '["blog",{}]']);
  });
});

describe("several projects", () => {
  const PROJECTS = { "api/wrangler.toml": 'name = "api"\nmain = "a.js"\nvars = { V = 1 }\nroute = "api.example.com/*"\n', "api/a.js": saying("api"), "web/index.js": saying("web"), "web/.env": "A=web\n" };

  test("are served behind one port, and followed with their configs and variables", async () => {
    const { running, save } = await dev(PROJECTS, ["./api", "./web"]);
    for (const host of ["api.localhost", "api.example.com"]) expect(await answerOf(running, host)).toBe('["api",{"V":1}]');
    expect(await answerOf(running, "web.localhost")).toBe('["web",{"A":"web"}]');
    expect(await answerOf(running)).toStartWith("No app serves localhost. There are:");
    await save("web/.env", "A=changed\n");
    await untilAnswer(running, '["web",{"A":"changed"}]', "web.localhost");
    await save("api/wrangler.toml", PROJECTS["api/wrangler.toml"].replace("V = 1", "V = 2"));
    await untilAnswer(running, '["api",{"V":2}]', "api.localhost");
  });

  test("with apps of one name are told apart by nobody", async () => {
    const folder = await temporaryFolder({ ...PROJECTS, "other/wrangler.json": '{ "name": "api", "main": "../api/a.js" }' });
    expect(await nano(["dev", "api", "other/wrangler.json", "--port", "0"], { cwd: folder })).toMatchObject({ code: 1, err: 'error: two apps are called api: one in api, one in other/wrangler.json\n  give one of them another "name"\n' });
  });
});

describe("a folder", () => {
  test.each([
    ["nano.json", { "nano.json": '{ "apps": [{ "path": "./a.js" }] }', "wrangler.toml": 'main = "b.js"', "index.js": saying("index"), "a.js": saying("nano.json"), "b.js": saying("wrangler") }, "nano.json"],
    ["wrangler.jsonc", { "wrangler.jsonc": '{ /* here */ "main": "b.js", }', "index.js": saying("index"), "b.js": saying("wrangler"), "config.json": "[]" }, "wrangler"],
    ["package.json", { "package.json": '{ "main": "lib/c.js" }', "lib/c.js": saying("package.json"), "index.js": saying("index") }, "package.json"],
    ["src/index.mjs", { "src/index.mjs": saying("src/index.mjs") }, "src/index.mjs"],
  ] as const)("starts with %s", async (_, files, wanted) => {
    const { running } = await dev(Object.fromEntries(Object.entries(files).map(([name, text]) => [`project/${name}`, text])), ["project"]);
    expect(await answerOf(running)).toBe(`["${wanted}",{}]`);
  });

  test("with a config in it, of which a file is named, says that the config is not read", async () => {
    const { running } = await dev({ "wrangler.toml": 'main = "a.js"\nvars = { V = 1 }\n', "a.js": saying("a") }, ["a.js"]);
    expect(await answerOf(running)).toBe('["a",{}]');
    await running.waitFor(() => running.out.includes("wrangler.toml: it is not read, because a.js was named\n  leave that out to serve what the config says"), "what is told");
  });

  test("with nothing in it says what an app starts with", async () => {
    const { running } = await dev({ "README.md": "" });
    expect(await answerOf(running)).toContain("there is no app in this folder\n  hint: an app starts with one of index.ts");
  });
});

describe("changes of a config while nano dev runs", () => {
  test("variables, limits and apps that come and go hold once they are saved, and a mistake changes nothing", async () => {
    const { running, save } = await dev({ "nano.json": '{ "apps": [{ "name": "a", "path": "./a.js", "env": { "V": 1 } }] }', "a.js": saying("a"), "b.js": saying("b") });
    expect(await answerOf(running)).toBe('["a",{"V":1}]');
    await save("nano.json", '{ "apps": [{ "name": "a", "path": "./a.js", "env": { "V": 2 } }] }');
    await untilAnswer(running, '["a",{"V":2}]');
    await save("nano.json", '{ "apps": [{ "name": "a", "path": "./a.js", "env": { "V": 3 } ] }');
    await running.waitFor(() => /config +is not used as it is now; what was served goes on\n[^]*nano\.json:1:\d+: /.test(running.out), "the mistake");
    expect(await answerOf(running)).toBe('["a",{"V":2}]');
    await save("nano.json", '{ "apps": [{ "name": "a", "path": "./b.js" }, { "name": "c", "path": "./a.js" }] }');
    await untilAnswer(running, '["b",{}]', "a.localhost");
    await untilAnswer(running, '["a",{}]', "c.localhost");
    await save("nano.json", '{ "trusted_proxies": ["10.0.0.1"], "apps": [{ "name": "c", "path": "./a.js" }] }');
    await untilAnswer(running, '["a",{}]', "a.localhost");
    await running.waitFor(() => running.out.includes("needs a restart of nano dev: trusted_proxies"), "what needs a restart");
  });

  test("a save of the config and one of a source at the same time both hold, whichever is read first", async () => {
    const { running, save } = await dev({ "nano.json": '{ "apps": [{ "name": "a", "path": "./a.js", "env": { "V": 0 } }] }', "a.js": saying("0") });
    for (let i = 1; i <= 12; i++) {
      const config = () => save("nano.json", `{ "apps": [{ "name": "a", "path": "./a.js", "env": { "V": ${i} } }] }`);
      const source = () => save("a.js", saying(String(i)));
      const [first, second] = i % 2 === 0 ? [config, source] : [source, config];
      await first();
      await Bun.sleep(6 * i);
      await second();
      await untilAnswer(running, `["${i}",{"V":${i}}]`);
    }
  });

  test("the sources of a main file that was changed are followed", async () => {
    const { running, save } = await dev({ "wrangler.toml": 'main = "src/a.js"\n', "src/a.js": saying("a"), "src/b.js": saying("b") });
    await save("wrangler.toml", 'main = "src/b.js"\n');
    await untilAnswer(running, '["b",{}]');
    await save("src/b.js", saying("b2"));
    await untilAnswer(running, '["b2",{}]');
  });

  test("a file is there for import() of a name made at run time once it is saved", async () => {
    const { running, save } = await dev({ "index.js": "export default { fetch: () => import(`./${['lang', 'b'].join('/')}.js`).then((found) => new Response(found.text), ({ message }) => new Response(message)) };\n", "lang/a.js": 'export const text = "a";\n' });
    expect(await answerOf(running)).toStartWith('cannot import "./lang/b.js"');
    await save("lang/b.js", 'export const text = "b";\n');
    await untilAnswer(running, "b");
  });

  test(".dev.vars is followed when it changes, comes and goes", async () => {
    const { running, save, folder } = await dev({ "wrangler.toml": 'main = "a.ts"\n[vars]\nA = "toml"\n', "a.ts": ECHO_ENV });
    expect(await answerOf(running)).toBe('{"A":"toml"}');
    await save(".dev.vars", "A=vars\n");
    await untilAnswer(running, '{"A":"vars"}');
    await save(".dev.vars", "A=changed\n");
    await untilAnswer(running, '{"A":"changed"}');
    await rm(join(folder, ".dev.vars"));
    await untilAnswer(running, '{"A":"toml"}');
  });

  test("of an app without a config, .env is followed too", async () => {
    const { running, save } = await dev({ "a.ts": ECHO_ENV }, ["a.ts"]);
    await save(".env", "B=1\n");
    await untilAnswer(running, '{"B":"1"}');
  });
});

describe("a wrangler file", () => {
  const TOML = 'name = "shop"\nmain = "src/index.ts"\ncompatibility_flags = ["nodejs_compat"]\n[vars]\nSTAGE = "top"\n[[kv_namespaces]]\nbinding = "KV"\n[env.staging]\nvars = { STAGE = "staging" }\n';
  const FILES = { "wrangler.toml": TOML, "src/index.ts": 'import { answer } from "../lib/answer.ts";\nexport default { fetch: (_: Request, env: Record<string, string>): Response => Response.json([answer, env, Buffer.from("x").length, process.env.STAGE]) };\n', "lib/answer.ts": "export const answer: number = 42;\n" };

  test("is served as it is, and what nano lacks is told by name", async () => {
    const { running } = await dev(FILES);
    for (const host of ["localhost", "shop.localhost"]) expect(await answerOf(running, host)).toBe('[42,{"STAGE":"top","KV":{}},1,"top"]');
    await running.waitFor(() => running.out.includes("wrangler.toml:6:3: kv_namespaces[0]: nano has no such binding, and the app does without: KV (KV namespace, line 6)"), "what is told");
  });

  test("a binding that nano lacks is an error at its first use, which says so; until then it harms nobody", async () => {
    const source = 'export default { async fetch(request: Request, env: any) { console.log(env.KV); if (new URL(request.url).pathname === "/quiet") return Response.json([typeof env.KV, await env.KV === env.KV, env.DB]); return new Response(await env.KV.get("a")); } };\n';
    const { running } = await dev({ ...FILES, "src/index.ts": source, "wrangler.toml": `${TOML.replace("[env.staging]", '[[d1_databases]]\nbinding = "DB"\n[env.staging]')}`, ".dev.vars": "DB=instead\n" });
    expect(await (await running.request("localhost", "/quiet")).json()).toEqual(["object", true, "instead"]);
    const response = await running.request("localhost", "/");
    expect([response.status, await response.text()]).toEqual([500, expect.stringMatching(/TypeError: env\.KV is not there: nano has no KV namespace\. The app's wrangler file names it\n[^]* {4}at fetch \(src\/index\.ts:1:\d+\)/)]);
  });

  test("cloudflare:workers has env and the classes that apps extend; other modules of Cloudflare's are told", async () => {
    const source = 'import { DurableObject, env, RpcTarget, WorkerEntrypoint } from "cloudflare:workers";\nconst stage = (env as any).STAGE;\nexport class Room extends DurableObject {}\nexport default class extends WorkerEntrypoint<{ STAGE: string }> { fetch() { return Response.json([stage, this.env.STAGE, typeof this.ctx.waitUntil, new RpcTarget() instanceof RpcTarget]); } }\n';
    const { running, save } = await dev({ ...FILES, "src/index.ts": source });
    expect(await answerOf(running)).toBe('["top","top","function",true]');
    await save("src/index.ts", 'import { connect } from "cloudflare:sockets";\nexport default { fetch: () => new Response(typeof connect) };\n');
    await running.waitFor(() => /src\/index\.ts:1:25: cannot import "cloudflare:sockets": cloudflare:sockets is a module of Cloudflare's that nano does not have\n[^]*hint: an app reaches the network through fetch\(\)/.test(running.out), "the refusal");
  });

  test("--env, --var, .dev.vars.<env> and .env choose what the app finds", async () => {
    const { running } = await dev({ ...FILES, ".dev.vars": "A=all\n", ".dev.vars.staging": "A=staging\nB=file\n" }, ["wrangler.toml", "--env", "staging", "--var", "B=flag"]);
    expect(await answerOf(running)).toBe('[42,{"STAGE":"staging","A":"staging","B":"flag"},1,"staging"]');
  });

  test("nano check tells the same, and nano serve refuses what it lacks and serves an environment without", async () => {
    const folder = await temporaryFolder(FILES);
    const { code, out } = await nano(["check"], { cwd: folder });
    expect([code, out]).toEqual([0, expect.stringMatching(/^warning: wrangler\.toml:6:3: [^]*\nok {6}shop \(\d+ KB, shop\)\n1 of 1 apps would run\n$/)]);
    expect(await nano(["serve"], { cwd: folder })).toMatchObject({ code: 1, err: expect.stringMatching(/^error: wrangler\.toml:6:3: kv_namespaces\[0\]: nano has no such binding/) });
    const serving = await NanoProcess.start(["serve", "--env", "staging", "--port", "0", "--workers", "0"], { cwd: folder });
    started.push(serving);
    expect(await answerOf(serving)).toBe('[42,{"STAGE":"staging"},1,"staging"]');
  });

  test("of a workspace finds the packages beside it, and follows them", async () => {
    const folder = await temporaryFolder({
      "pnpm-workspace.yaml": "packages: ['apps/*', 'packages/*']\n",
      "apps/shop/package.json": '{ "dependencies": { "@ours/ui": "workspace:*" } }',
      "apps/shop/wrangler.toml": 'main = "src/index.ts"\n',
      "apps/shop/tsconfig.json": '{ "compilerOptions": { "paths": { "~/*": ["./src/*"] } } }',
      "apps/shop/src/index.ts": 'import { title } from "@ours/ui";\nimport { more } from "~/more";\nexport default { fetch: (): Response => new Response(title + more) };\n',
      "apps/shop/src/more.ts": 'export const more = "!";\n',
      "packages/ui/package.json": '{ "name": "@ours/ui", "exports": "./index.ts" }',
      "packages/ui/index.ts": 'export const title: string = "one";\n',
    });
    await mkdir(join(folder, "apps/shop/node_modules/@ours"), { recursive: true });
    await symlink("../../../../packages/ui", join(folder, "apps/shop/node_modules/@ours/ui"));
    const running = await NanoProcess.start(["dev", "--port", "0"], { cwd: join(folder, "apps/shop") });
    started.push(running);
    expect(await answerOf(running, "shop.localhost")).toBe("one!");
    await Bun.write(join(folder, "packages/ui/index.ts"), 'export const title: string = "two";\n');
    await untilAnswer(running, "two!");
  });

  test("a missing main says that it may have to be built", async () => {
    const { running, save } = await dev({ "wrangler.toml": 'main = "dist/worker.js"\n[build]\ncommand = "npm run build"\n' });
    expect(await answerOf(running)).toContain("dist/worker.js: there is no such file\n  hint: build the app first");
    await running.waitFor(() => running.out.includes("wrangler.toml:3:1: build.command: nano does not run this command"), "what is told");
    await save("dist/worker.js", saying("built"));
    await untilAnswer(running, '["built",{}]');
  });
});

describe("scheduled()", () => {
  const TOML = 'main = "a.ts"\n[triggers]\ncrons = ["*/5 * * * *"]\n';
  const call = async (running: NanoProcess, query = "") => {
    const response = await running.request("localhost", `/cdn-cgi/handler/scheduled${query}`);
    return [response.status, await response.text()] as const;
  };

  test("is called by hand, with cron and time, env and ctx", async () => {
    const source = `let last: unknown[] = [];
      export default {
        note: "this",
        async scheduled(controller: any, env: any, ctx: any) {
          await Promise.resolve();
          last = [this.note, controller.cron, controller.scheduledTime, controller.type, controller.noRetry(), env.A];
          ctx.waitUntil(new Promise((done) => setTimeout(done, 1)).then(() => last.push("waited")));
        },
        fetch: () => Response.json(last),
      };`;
    const { running } = await dev({ "wrangler.toml": `${TOML}[vars]\nA = "a"\n`, "a.ts": source });
    expect(await call(running, "?cron=*/5+*+*+*+*&time=1000")).toEqual([200, "ok"]);
    await untilAnswer(running, '["this","*/5 * * * *",1000,"scheduled",null,"a","waited"]');
    await running.waitFor(() => running.out.includes("nano runs nothing by the clock"), "what is told");
  });

  test("that throws is shown as any error, with its place", async () => {
    const { running } = await dev({ "wrangler.toml": TOML, "a.ts": 'export default {\n  scheduled(): void {\n    throw new RangeError("no time");\n  },\n  fetch: () => new Response("fine"),\n};\n' });
    expect(await call(running)).toEqual([500, expect.stringMatching(/RangeError: no time\n {4}at scheduled \(a\.ts:3:\d+\)/)]);
    expect(await answerOf(running)).toBe("fine");
  });

  test("may be all that an app has, a method of a class, or a listener", async () => {
    const { running, save } = await dev({ "wrangler.toml": TOML, "a.ts": 'export default { scheduled() { console.log("ran alone"); } };\n' });
    expect(await call(running)).toEqual([200, "ok"]);
    expect(await answerOf(running)).toContain("the default export has no fetch method");
    await save("a.ts", 'export default class { constructor(private ctx: any, private env: any) {} scheduled(event: any) { console.log("ran in a class", event.cron, typeof this.env); } fetch() { return new Response("class"); } }\n');
    await untilAnswer(running, "class");
    expect(await call(running)).toEqual([200, "ok"]);
    await save("a.ts", 'addEventListener("scheduled", (event: any) => { event.waitUntil(Promise.resolve().then(() => console.log("ran a listener", event.cron, event.scheduledTime))); });\naddEventListener("fetch", (event: any) => event.respondWith(new Response("listens")));\n');
    await untilAnswer(running, "listens");
    expect(await call(running, "?time=5")).toEqual([200, "ok"]);
    await running.waitFor(() => ["ran alone", "ran in a class * * * * * object", "ran a listener * * * * * 5"].every((text) => running.out.includes(text)), "what they print");
  });

  test("is no path of nano serve", async () => {
    const folder = await temporaryFolder({ "wrangler.toml": TOML, "a.ts": 'export default { scheduled() { throw new Error("called"); }, fetch: (request: Request) => new Response(new URL(request.url).pathname) };\n' });
    const serving = await NanoProcess.start(["serve", "--port", "0", "--workers", "0"], { cwd: folder });
    started.push(serving);
    expect(await call(serving)).toEqual([200, "/cdn-cgi/handler/scheduled"]);
  });

  test("is told as missing where an app has none", async () => {
    const { running } = await dev({ "a.js": saying("a") }, ["a.js"]);
    expect(await call(running)).toEqual([500, expect.stringContaining("the app has no scheduled handler: it must `export default { scheduled(controller, env, ctx) { … } }`")]);
  });
});
