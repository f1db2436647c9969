/** `nano bench` as its users call it. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { nano, temporaryFolder } from "../harness/nano.ts";

const HELLO = 'export default { fetch: () => new Response("Hello") };';

interface Result {
  readonly status: number;
  readonly fuel: { readonly least: number; readonly most: number };
  readonly first_fuel: { readonly least: number; readonly most: number };
}

async function measure(source: string, ...flags: readonly string[]) {
  const folder = await temporaryFolder({ "app.js": source, "order.json": '{"items":3}' });
  const { code, out, err } = await nano(["bench", "app.js", "--json", ...flags], { cwd: folder });
  return { code, err, result: out === "" ? null : (JSON.parse(out) as Result) };
}

test("tells which functions burn it, and draws them", async () => {
  const folder = await temporaryFolder({ "app.js": "function spin() { for (let i = 0; i < 20_000; i++); }\nexport default { fetch() { spin(); return new Response(); } };" });
  const { code, out } = await nano(["bench", "app.js", "-n", "2", "--profile", "--profile-file", "flames.html"], { cwd: folder });
  expect(code).toBe(0);
  expect(out).toMatch(/\n {2}[\d,]+ fuel in \d+ samples\n {6}self {4}total {2}function\n +9\d\.\d % +9\d\.\d % {2}spin +app\.js:1\n/);
  expect(await Bun.file(join(folder, "flames.html")).text()).toContain('["app","spin","app.js:1:1"]');
  expect(Number(/fuel {8}([\d,]+)/.exec(out)?.[1]?.replaceAll(",", ""))).toBe(Number(/([\d,]+) fuel in/.exec(out)?.[1]?.replaceAll(",", "")));
});

describe("what a request costs", () => {
  test("is the same to the unit of fuel in 100 isolates, and in another process", async () => {
    const source = `const seen = new Map();
      export default { async fetch(request) {
        const words = [...new URL(request.url).searchParams.keys()].map((word) => word.padStart(8, "."));
        seen.set(words.join(), JSON.stringify({ words, sorted: words.sort() }));
        return Response.json([...seen.values()]);
      } };`;
    const runs = [await measure(source, "--path", "/?b&a&c"), await measure(source, "--path", "/?b&a&c")];
    for (const { code, result } of runs) {
      expect(code).toBe(0);
      expect(result).toMatchObject({ status: 200, isolates: 100, fuel: { least: result?.fuel.most }, first_fuel: { least: result?.first_fuel.most } });
    }
    expect(runs[0]?.result?.fuel).toEqual(runs[1]?.result?.fuel as Result["fuel"]);
    expect(runs[0]?.result?.fuel.most).toBeGreaterThan(1_000);
  }, 60_000);

  test("grows with the work, in the request and after it", async () => {
    const fuelOf = async (work: string) => (await measure(`export default { fetch(_request, _env, ctx) { ${work} return new Response("x"); } };`, "-n", "3")).result?.fuel.most ?? 0;
    const [nothing, loop, later] = [await fuelOf(""), await fuelOf("for (let i = 0; i < 10_000; i++);"), await fuelOf("ctx.waitUntil((async () => { await null; for (let i = 0; i < 10_000; i++); })());")];
    expect(loop).toBeGreaterThan(nothing + 10_000);
    expect(later).toBeGreaterThan(nothing + 10_000);
  }, 60_000);

  test("is told of the request that was asked for", async () => {
    const source = `export default { fetch: async (request) => new Response([request.method, request.url, request.headers.get("x-kind"), await request.text()].join(" "), { status: 201 }) };`;
    const { result } = await measure(source, "-n", "2", "--path", "/order?id=7", "--header", "x-kind: big", "--body", "@order.json");
    expect(result).toMatchObject({ status: 201, method: "POST", path: "/order?id=7", response_bytes: 'POST http://localhost/order?id=7 big {"items":3}'.length });
  });

  test("tells the first request of an isolate from those that find what it made", async () => {
    const { result } = await measure("let made; export default { fetch: () => { made ??= Array.from({ length: 5_000 }, (_, i) => i * i).join(); return new Response(made.slice(0, 9)); } };", "-n", "3");
    expect(result?.first_fuel.least ?? 0).toBeGreaterThan((result?.fuel.most ?? 0) * 5);
  });

  test("is told to people in six lines", async () => {
    const folder = await temporaryFolder({ "app.js": HELLO });
    const { code, out } = await nano(["bench", join(folder, "app.js"), "-n", "3"]);
    expect(code).toBe(0);
    expect(out.split("\n").map((line) => line.split(" ")[0])).toEqual(["app", "request", "fuel", "CPU", "activation", "memory", ""]);
    expect(out).toContain("the same each time");
  });
});

describe("a budget", () => {
  test("that is kept ends well, and one that is not ends with 1 and says by how much", async () => {
    const { result } = await measure(HELLO, "-n", "2");
    const fuel = result?.fuel.most ?? 0;
    expect(await measure(HELLO, "-n", "2", "--max-fuel", String(fuel), "--max-first-fuel", "1_000_000", "--max-memory", "128")).toMatchObject({ code: 0, err: "" });
    const over = await measure(HELLO, "-n", "2", "--max-fuel", String(fuel - 1));
    expect(over.code).toBe(1);
    expect(over.err).toContain(`over budget: a request burns ${fuel.toLocaleString("en-US")} fuel, 1 (0.1 %) more than --max-fuel allows`);
    expect(over.result?.fuel.most).toBe(fuel);
  }, 30_000);

  test("of memory and of the first request are told apart", async () => {
    const { code, err } = await measure('let ballast; export default { fetch: () => { ballast ??= new Uint8Array(40 << 20); return new Response(""); } };', "-n", "2", "--max-memory", "32", "--max-first-fuel", "1", "--max-fuel", "100_000");
    expect(code).toBe(1);
    expect(err.split("\n").filter(Boolean)).toEqual([expect.stringContaining("--max-first-fuel"), expect.stringContaining("--max-memory")]);
  });
});

describe("what cannot be measured is told", () => {
  test("an app that throws, with the place", async () => {
    const { code, err, result } = await measure('export default { fetch() {\n  throw new RangeError("too far");\n} };', "-n", "2");
    expect([code, result]).toEqual([1, null]);
    expect(err).toContain("RangeError: too far");
    expect(err).toContain("app.js:2:23");
  });

  test("an app that is over a limit, and one that does not load", async () => {
    const folder = await temporaryFolder({ "app.js": "export default { fetch() { for (;;); } };", "nano.json": JSON.stringify({ apps: [{ path: "app.js", limits: { cpu_ms: 20 } }] }) });
    expect((await nano(["bench"], { cwd: folder })).err).toContain("cpu_ms");
    const broken = await measure("export default {");
    expect(broken.code).toBe(1);
    expect(broken.err).toContain("app.js");
  }, 60_000);

  test.each([
    [["--path", "items"], "--path begins with /"],
    [["--max-fuel", "lots"], "--max-fuel is a whole number"],
    [["--isolates", "0"], "--isolates is a number from 1"],
    [["--header", "no colon"], '--header is "name: value"'],
    [["--method", "GET", "--body", "x"], "a GET request has no body"],
    [["--body", "@missing.json"], "missing.json"],
  ])("arguments %j", async (flags, message) => {
    const { code, err } = await measure(HELLO, ...(flags as string[]));
    expect(code).not.toBe(0);
    expect(err).toContain(message);
  });

  test("a config with several apps, of which none was named", async () => {
    const folder = await temporaryFolder({ "a.js": HELLO, "b.js": 'export default { fetch: () => new Response("bb") };', "nano.json": JSON.stringify({ apps: [{ hostname: "a.test", path: "a.js" }, { hostname: "*.b.test", name: "b", path: "b.js" }] }) });
    expect((await nano(["bench"], { cwd: folder })).err).toContain("which of the 2 apps? --app a.test, --app b");
    expect(JSON.parse((await nano(["bench", "--app", "b", "--json", "-n", "2"], { cwd: folder })).out)).toMatchObject({ app: "b", response_bytes: 2 });
  });
});
