/** `nano dev`: what somebody sees who edits an app, breaks it and mends it. */
import { afterEach, describe, expect, test } from "bun:test";
import { rename, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { nano, NanoProcess, temporaryFolder } from "../harness/nano.ts";

const saying = (text: string) => `export default { fetch() { return new Response(${JSON.stringify(text)}); } };\n`;

const started: NanoProcess[] = [];
afterEach(async () => {
  for (const running of started.splice(0)) await running.stop();
});

async function dev(files: Readonly<Record<string, string>>, args: readonly string[] = ["./app.js"]) {
  const folder = await temporaryFolder(files);
  const running = await NanoProcess.start(["dev", ...args, "--port", "0"], { cwd: folder });
  started.push(running);
  return { running, folder, save: (name: string, text: string) => Bun.write(join(folder, name), text) };
}

const get = async (running: NanoProcess, path = "/", headers: Readonly<Record<string, string>> = {}) => (await running.request("localhost", path, { headers })).text();

/** Asks until the app answers `wanted`, for some seconds. */
async function untilAnswer(running: NanoProcess, wanted: string): Promise<void> {
  let found = "";
  for (let i = 0; i < 1_000 && found !== wanted; i++) {
    found = await get(running);
    if (found !== wanted) await Bun.sleep(5);
  }
  expect(found).toBe(wanted);
}

describe("saving", () => {
  test("a save is served, whether the editor writes the file or replaces it", async () => {
    const { running, folder, save } = await dev({ "app.js": saying("one") });
    expect(await get(running)).toBe("one");
    await save("app.js", saying("two"));
    await untilAnswer(running, "two");
    await save("app.js.swp", saying("three"));
    await rename(join(folder, "app.js.swp"), join(folder, "app.js"));
    await untilAnswer(running, "three");
    await rm(join(folder, "app.js"));
    await save("app.js", saying("four"));
    await untilAnswer(running, "four");
  });

  test("a save of an imported file is served, in another folder too", async () => {
    const { running, save } = await dev({ "index.ts": 'import { word } from "./lib/word.ts";\nexport default { fetch: (): Response => new Response(word) };\n', "lib/word.ts": 'export const word: string = "one";\n' }, ["."]);
    expect(await get(running)).toBe("one");
    await save("lib/word.ts", 'export const word: string = "two";\n');
    await untilAnswer(running, "two");
  });

  test("of two saves in quick succession the last one counts, wherever the first one's load was", async () => {
    const { running, save } = await dev({ "app.js": saying("start") });
    for (let i = 0; i < 24; i++) {
      await save("app.js", saying(`${i} first`));
      await Bun.sleep(20 + 2 * i);
      await save("app.js", saying(`${i} second`));
      await untilAnswer(running, `${i} second`);
    }
  });

  test("a mistake is shown to client and terminal until it is mended", async () => {
    const { running, save } = await dev({ "app.js": saying("good") });
    expect(await get(running)).toBe("good");
    await save("app.js", 'export default { fetch() { return new Response("a" "b"); } };\n');
    await running.waitFor(() => /failed +\S+\napp\.js:1:52: [^]*> 1 \| export default/.test(running.out), "the error");
    const response = await running.request("localhost", "/");
    expect([response.status, await response.text()]).toEqual([503, expect.stringMatching(/^app_failed [^]*app\.js:1:52: [^]*> 1 \| export default/)]);
    await save("app.js", saying("mended"));
    await untilAnswer(running, "mended");
  });

  test("an app that is broken from the start says why, and works once it is mended", async () => {
    const { running, save } = await dev({ "app.js": "export default {{\n" });
    const response = await running.request("localhost", "/");
    expect([response.status, await response.text()]).toEqual([503, expect.stringContaining("app.js:1:17")]);
    await save("app.js", saying("mended"));
    await untilAnswer(running, "mended");
  });

  test("an import that was missing mends the app when it appears", async () => {
    const { running, save } = await dev({ "app.js": 'import { text } from "./missing.js";\nexport default { fetch: () => new Response(text) };\n' });
    expect(await get(running)).toContain('cannot import "./missing.js"');
    await save("missing.js", 'export const text = "found";\n');
    await untilAnswer(running, "found");
  });

  test("text, JSON and the tsconfig an app is made with are followed too, from the moment they are there", async () => {
    const { running, save } = await dev({ "index.ts": 'import note from "./note.md";\nimport data from "./data.json";\nimport { word } from "#word";\nexport default { fetch: () => new Response([note, data.n, word].join(" ")) };\n', "note.md": "a", "data.json": '{ "n": 1 }', "src/word.ts": 'export const word = "b";\n', "package.json": '{ "imports": { "#word": "./src/word.ts" } }' }, ["."]);
    expect(await get(running)).toBe("a 1 b");
    await save("note.md", "c");
    await untilAnswer(running, "c 1 b");
    await save("data.json", '{ "n": 2 }');
    await untilAnswer(running, "c 2 b");
    await save("src/word.ts", 'import { other } from "@/other.ts";\nexport const word = other;\n');
    await running.waitFor(() => running.out.includes('cannot import "@/other.ts"'), "the error");
    await save("src/other.ts", 'export const other = "d";\n');
    await save("tsconfig.json", '{ "compilerOptions": { "paths": { "@/*": ["./src/*"] } } }');
    await untilAnswer(running, "c 2 d");
  });

  test("a save that changes nothing leaves the app's memory alone", async () => {
    const counting = "let n = 0;\nexport default { fetch: () => new Response(String(++n)) };\n";
    const { running, save } = await dev({ "app.js": counting });
    expect(await get(running)).toBe("1");
    await save("app.js", counting);
    // A second save tells when the first one has been seen.
    await save("note.txt", "");
    await save("app.js", `${counting}\n`);
    await running.waitFor(() => running.out.includes("reloaded"), "the reload");
    expect(running.out.match(/reloaded/g)).toHaveLength(1);
    expect(await get(running)).toBe("1");
  });

  test("a top level that does not end is mended by the next save, without waiting for its end", async () => {
    const { running, save } = await dev({ "app.js": saying("one") });
    expect(await get(running)).toBe("one");
    await save("app.js", `console.log("begun");\nfor (;;);\n${saying("never")}`);
    await running.waitFor(() => running.out.includes("begun"), "the top level");
    await save("app.js", saying("mended"));
    await untilAnswer(running, "mended");
    expect(running.out).not.toContain("failed");
  });

  test("a save that takes back the one before wins, wherever the load of that one is", async () => {
    const { running, save } = await dev({ "app.js": saying("one") });
    expect(await get(running)).toBe("one");
    for (let i = 0; i < 5; i++) {
      await save("app.js", `let n = 0;\nwhile (n < 2e5) n++;\n${saying("slow")}`);
      await Bun.sleep(5 * i);
      await save("app.js", saying("one"));
      await untilAnswer(running, "one");
    }
    await save("app.js", saying("two"));
    await untilAnswer(running, "two");
  });

  test("a burst of saves under requests: all are answered, and the last one counts", async () => {
    const { running, folder, save } = await dev({ "index.ts": 'import { a } from "./a.ts";\nimport { b } from "./lib/b.ts";\nexport default { fetch: () => new Response(`${a} ${b}`) };\n', "a.ts": "export const a = 0;\n", "lib/b.ts": "export const b = 0;\n" }, ["."]);
    expect(await get(running)).toBe("0 0");
    const answers: Promise<Response>[] = [];
    for (let i = 1; i <= 60; i++) {
      const [name, variable] = i % 2 === 0 ? ["a.ts", "a"] : ["lib/b.ts", "b"];
      await save("draft", `export const ${variable} = ${i};\n`);
      await rename(join(folder, "draft"), join(folder, name));
      answers.push(running.request("localhost", "/"));
      await Bun.sleep(i % 5);
    }
    await untilAnswer(running, "60 59");
    expect([...new Set((await Promise.all(answers)).map(({ status }) => status))]).toEqual([200]);
    expect(running.out).not.toContain("failed");
  });

  test.skipIf(Bun.which("unshare") === null)("where the system gives no watches, a save is served all the same, and why it takes longer is told", async () => {
    const folder = await temporaryFolder({ "app.js": saying("one") });
    const through = ["unshare", "-Ur", "sh", "-c", 'echo 0 > /proc/sys/user/max_inotify_watches && exec "$0" "$@"'];
    const running = await NanoProcess.start(["dev", "./app.js", "--port", "0"], { cwd: folder, through });
    started.push(running);
    await running.waitFor(() => running.out.includes(`${folder} cannot be watched (ENOSPC)`), "the warning");
    await Bun.write(join(folder, "app.js"), saying("two"));
    await untilAnswer(running, "two");
  });

  test("--no-watch serves what was there at the start", async () => {
    const { running, folder, save } = await dev({ "app.js": saying("one") }, ["./app.js", "--no-watch"]);
    expect(await get(running)).toBe("one");
    // Another nano on the same file tells when a save is old enough to have been noticed.
    const watching = await NanoProcess.start(["dev", "./app.js", "--port", "0"], { cwd: folder });
    started.push(watching);
    await save("app.js", saying("two"));
    await untilAnswer(watching, "two");
    expect(await get(running)).toBe("one");
  });
});

describe("errors", () => {
  const THROWS = 'interface Order {\n  readonly id: number;\n}\n\nfunction find({ id }: Order): never {\n  throw new RangeError(`no order ${id}`);\n}\n\nexport default {\n  fetch(request: Request): Response {\n    if (new URL(request.url).pathname === "/console") console.error(new TypeError("seen"));\n    else find({ id: 7 });\n    return new Response("fine");\n  },\n};\n';

  const CODE = "  4 |\n  5 | function find({ id }: Order): never {\n> 6 |   throw new RangeError(`no order ${id}`);\n    |             ^\n  7 | }\n  8 |";

  test("curl gets the stack and the code of the source as text, a program gets them as JSON", async () => {
    const { running } = await dev({ "app.ts": THROWS }, ["./app.ts"]);
    const response = await running.request("localhost", "/");
    expect([response.status, response.headers.get("content-type"), response.headers.get("x-nano-error")]).toEqual([500, "text/plain; charset=utf-8", "app_exception"]);
    const [title, trace, code, ...rest] = (await response.text()).split("\n\n");
    expect(title).toMatch(/^app_exception \(request [\w-]+\)$/);
    expect(trace).toMatch(/^RangeError: no order 7\n {4}at find \(app\.ts:6:13\)\n {4}at fetch \(app\.ts:12:\d+\)$/);
    expect([code, rest]).toEqual([`app.ts:6:13\n${CODE}\n`, []]);
    const json = JSON.parse(await get(running, "/", { accept: "application/json" })) as object;
    expect(json).toEqual({ error: "app_exception", request_id: expect.any(String), detail: { name: "RangeError", message: "no order 7", stack: expect.stringMatching(/at find \(app\.ts:6:13\)/), frame: CODE } });
  });

  test("the terminal shows requests, errors and what the app prints, with places of the source", async () => {
    const { running } = await dev({ "app.ts": THROWS }, ["./app.ts"]);
    await get(running, "/console");
    await get(running, "/x");
    await running.waitFor(() => /^GET {4}\/x +500 /m.test(running.out), "the request");
    expect(running.out).toMatch(/^GET {4}\/console +200 +[\d.]+ ms +cpu [\d.]+ ms +4 B +[\d.]+ MB$/m);
    expect(running.out).toMatch(/^RangeError: no order 7\n {4}at find \(app\.ts:6:13\)\n {4}at fetch \(app\.ts:12:\d+\)$/m);
    expect(running.out).toContain(CODE);
    expect(running.out).toMatch(/^error {5}TypeError: seen {2}app\.ts:11:\d+\n {4}at fetch \(app\.ts:11:\d+\)$/m);
  });

  test("control characters of an app do not reach the terminal", async () => {
    const { running } = await dev({ "app.js": 'export default { fetch() { console.log("a\\u001b[2Jb\\rc"); throw new Error("\\u001b]0;x\\u0007"); } };\n' });
    await get(running);
    await running.waitFor(() => /^GET .*500/m.test(running.out), "the request");
    expect(running.out).toContain("log       a\\x1b[2Jb\\x0dc  app.js:1:");
    expect(running.out).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });

  test("a spin and a memory bomb are ended and explained, and the next request is served", async () => {
    const { running } = await dev({
      "app.js": 'export default { fetch(request) {\n  const { pathname } = new URL(request.url);\n  if (pathname === "/spin") for (;;) {}\n  if (pathname === "/bomb") for (const all = []; ; ) all.push("x".repeat(1e6) + all.length);\n  return new Response("fine");\n} };\n',
      "nano.json": '{ "port": 0, "apps": [{ "hostname": "app.test", "path": "./app.js", "limits": { "cpu_ms": 200, "memory_mb": 32 } }] }',
    }, ["nano.json"]);
    for (const [path, code, key] of [["/spin", "cpu_limit", "cpu_ms"], ["/bomb", "memory_limit", "memory_mb"]] as const) {
      const response = await running.request("localhost", path);
      await response.text();
      expect([response.status, response.headers.get("x-nano-error")]).toEqual([503, code]);
      expect(await get(running)).toBe("fine");
      await running.waitFor(() => running.out.includes(`${key} allows`), `the explanation of ${code}`);
    }
    expect(running.isAlive).toBe(true);
  });
});

describe("the port", () => {
  test("that was asked for and is taken is an error that says so", async () => {
    const holder = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    const { port } = holder;
    const { code, err } = await nano(["dev", "./app.js", "--port", String(port)], { cwd: await temporaryFolder({ "app.js": saying("here") }) });
    await holder.stop(true);
    expect([code, err]).toEqual([1, expect.stringContaining(`port ${port} on 127.0.0.1 is in use\n`)]);
  });

  test("without --port the next free one is taken when 3000 is not free", async () => {
    // Whoever has 3000 already serves as well as we do.
    const holder = await new Promise<Server | null>((resolve) => {
      const server = createServer();
      server.once("error", () => resolve(null));
      server.listen(3000, "127.0.0.1", () => resolve(server));
    });
    const running = await NanoProcess.start(["dev", "./app.js"], { cwd: await temporaryFolder({ "app.js": saying("here") }) });
    started.push(running);
    expect(running.out).toContain("port 3000 is in use, trying 3001\n");
    expect(running.port).toBeGreaterThan(3000);
    expect(running.port).toBeLessThan(3020);
    expect(await get(running)).toBe("here");
    await new Promise((resolve) => (holder === null ? resolve(null) : holder.close(resolve)));
  });
});

describe("addresses", () => {
  test("--https serves with a certificate that is made once and kept, and apps see https", async () => {
    const home = await temporaryFolder({ "app.js": "export default { fetch: (request) => new Response(request.url) };\n" });
    const certs: string[] = [];
    for (let i = 0; i < 2; i++) {
      const running = await NanoProcess.start(["dev", "./app.js", "--port", "0", "--https"], { cwd: home, env: { HOME: home } });
      started.push(running);
      const cert = await Bun.file(join(home, ".local/state/nano/localhost.crt")).text();
      certs.push(cert);
      expect(running.out).toContain(`https://localhost:${running.port}/`);
      expect(running.out.includes("made a certificate for localhost")).toBe(i === 0);
      expect(await (await fetch(`https://localhost:${running.port}/a?b`, { tls: { ca: cert } })).text()).toBe(`https://localhost:${running.port}/a?b`);
    }
    expect(certs[0]).toBe(certs[1] as string);
  });

  test("--host 0.0.0.0 tells the addresses that others can use", async () => {
    const { running } = await dev({ "app.js": saying("here") }, ["./app.js", "--host", "0.0.0.0", "--log-format", "json"]);
    const { url, network } = running.log.find(({ event }) => event === "listening") as { url?: string; network?: string };
    expect(url).toBe(`http://localhost:${running.port}/`);
    const others = Object.values(networkInterfaces()).flat().filter((one) => one?.internal === false && one.family === "IPv4");
    expect((network ?? "").split(" ").filter(Boolean)).toEqual(others.map((one) => `http://${one?.address}:${running.port}/`));
  });
});

describe("a session", () => {
  test("with --log-format json prints nothing else", async () => {
    const { running } = await dev({ "app.js": saying("x") }, ["./app.js", "--log-format", "json"]);
    await get(running);
    await running.waitFor(() => running.log.some(({ event }) => event === "request"), "the request");
    expect(running.out.split("\n").filter((line) => line !== "" && !line.startsWith("{"))).toEqual([]);
  });

  test("lets apps fetch the machine they run on", async () => {
    const upstream = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("from upstream") });
    const { running } = await dev({ "app.js": `export default { fetch: () => fetch("http://127.0.0.1:${upstream.port}/") };\n` });
    expect(await get(running)).toBe("from upstream");
    await upstream.stop(true);
  });

  test("ends with 0 at SIGINT", async () => {
    const { running } = await dev({ "app.js": saying("x") });
    running.signal("SIGINT");
    expect(await running.exited()).toBe(0);
  });
});

describe("watch in a config", () => {
  test("nano serve reloads an app that asks for it, and no other", async () => {
    const running = await NanoProcess.serve({ apps: [{ hostname: "watched.test", path: "a/app.js", watch: true }, { hostname: "still.test", path: "b/app.js" }] }, { "a/app.js": saying("one"), "b/app.js": saying("one") });
    started.push(running);
    const both = async () => [await (await running.request("watched.test", "/")).text(), await (await running.request("still.test", "/")).text()];
    expect(await both()).toEqual(["one", "one"]);
    await Bun.write(join(running.folder, "b/app.js"), saying("two"));
    await Bun.write(join(running.folder, "a/app.js"), saying("two"));
    await running.waitFor(() => running.log.some(({ event, revision }) => event === "app_loaded" && revision === 2), "the reload");
    expect(await both()).toEqual(["two", "one"]);
  });
});
