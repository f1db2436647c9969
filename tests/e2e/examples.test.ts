/** The examples do what their comments and the README say, and so do the commands of the README. */
import { afterEach, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { commands } from "../../src/cli/index.ts";
import { readArguments } from "../../src/cli/command.ts";
import { nano, NanoProcess, ROOT } from "../harness/nano.ts";

const started: NanoProcess[] = [];
afterEach(async () => {
  for (const running of started.splice(0)) await running.stop();
});

async function start(...args: readonly string[]): Promise<NanoProcess> {
  const running = await NanoProcess.start([...args, "--port", "0"]);
  started.push(running);
  return running;
}

test("examples/hello: two apps behind one port, and one that spins is ended without the other noticing", async () => {
  const running = await start("serve", "--config", "examples/hello/nano.json");
  const spinning = running.request("counter.localhost", "/spin");
  expect(await (await running.request("hello.localhost", "/?name=you")).text()).toBe("Hello, you!\n");
  expect(await (await running.request("no.such.host", "/")).text()).toBe("Hello, world!\n");
  expect((await spinning).headers.get("x-nano-error")).toBe("cpu_limit");
  expect(await (await running.request("counter.localhost", "/")).json()).toEqual({ visits: 1, host: "counter.localhost" });
});

test.each(["hello", "proxy"])("examples/%s passes its own tests", async (name) => {
  const { code, out } = await nano(["test"], { cwd: join(ROOT, "examples", name) });
  expect([code, code === 0 ? "" : out]).toEqual([0, ""]);
});

test("npm start builds, prints what to try, and serves examples/hello until it is told to stop", async () => {
  const child = Bun.spawn([process.execPath, "scripts/start.ts", "--port", "0"], { cwd: ROOT, stdin: "ignore", stdout: "pipe", stderr: "inherit", timeout: 60_000 });
  let out = "";
  let answer = "";
  for await (const chunk of child.stdout as unknown as AsyncIterable<Uint8Array>) {
    out += new TextDecoder().decode(chunk);
    const url = /listening url=(\S+)/.exec(out)?.[1];
    if (url === undefined || answer !== "") continue;
    answer = await (await fetch(`${url}?name=you`)).text();
    child.kill("SIGTERM");
  }
  expect(answer).toBe("Hello, you!\n");
  expect(out).toContain("curl -H 'Host: counter.localhost'");
  expect(await child.exited).toBe(0);
}, 120_000);

test("examples/hono routes, answers JSON and HTML, and logs its requests", async () => {
  const running = await start("serve", "examples/hono");
  expect(await (await running.request("any.test", "/")).text()).toBe("<h1>Hono on nano</h1>");
  expect(await (await running.request("any.test", "/users/7")).json()).toEqual({ id: "7" });
  expect(await (await running.request("any.test", "/echo", { method: "POST", body: '{"a":1}' })).json()).toEqual({ a: 1 });
  expect((await running.request("any.test", "/nothing")).status).toBe(404);
  await running.waitFor(() => running.log.some(({ event, message }) => event === "console" && /GET \/users\/7 .*200/.test(String(message))), "the logger's line");
});

test("examples/stream sends its events one by one", async () => {
  const running = await start("serve", "examples/stream");
  const response = await running.request("any.test", "/");
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const { value } = await reader.read();
  expect([response.headers.get("content-type"), new TextDecoder().decode(value)]).toEqual(["text/event-stream", "data: 1\n\n"]);
  await reader.cancel();
});

test("examples/proxy passes on what its upstream says, louder", async () => {
  const upstream = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => new Response(`path ${new URL(request.url).pathname}`, { status: 202 }) });
  const running = await NanoProcess.serve({ apps: [{ name: "proxy", path: join(ROOT, "examples/proxy"), env: { UPSTREAM: `http://127.0.0.1:${upstream.port}` }, egress: { allow: ["127.0.0.1"] } }] });
  started.push(running);
  const response = await running.request("any.test", "/a/b?c");
  expect([response.status, await response.text()]).toEqual([202, "PATH /A/B"]);
  await upstream.stop(true);
});

test("every config among the examples would run", async () => {
  for (const config of new Bun.Glob("examples/*/nano.json").scanSync(ROOT)) expect(await nano(["check", config])).toMatchObject({ code: 0, err: "" });
});

test("every command line of the README and of the help is one that nano takes", () => {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const code = [...readme.matchAll(/```sh\n([^]*?)```|`([^`\n]+)`/g)].flatMap(([, block, span]) => (block ?? span ?? "").split("\n"));
  const lines = [...code, ...commands.flatMap(({ examples }) => examples)].flatMap((line) => /^(?:dist\/)?nano ((?:"[^"]*"|'[^']*'|[^"'#>|&])+)/.exec(line)?.[1]?.trim() ?? []);
  expect(lines.length).toBeGreaterThan(15);
  for (const line of lines) {
    const [name = "", ...args] = [...line.matchAll(/"([^"]*)"|'([^']*)'|\S+/g)].map(([word, double, single]) => double ?? single ?? word);
    const command = commands.find((one) => one.name === name);
    expect([line, command?.name]).toEqual([line, name]);
    if (command !== undefined) expect(() => readArguments(command, args)).not.toThrow();
  }
});
