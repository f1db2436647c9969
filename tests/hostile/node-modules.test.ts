/** Hostile apps at the node: modules: their door, their ops, their contexts. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { askNeighbour, type Hostile, serveHostile, told } from "./fixture.ts";

const SOURCE = `
import * as assert from "node:assert"; import * as async_hooks from "node:async_hooks"; import * as buffer from "node:buffer"; import * as nodeCrypto from "node:crypto"; import * as diagnostics from "node:diagnostics_channel";
import * as events from "node:events"; import * as path from "node:path"; import process from "node:process"; import * as querystring from "node:querystring"; import * as stream from "node:stream"; import * as decoder from "node:string_decoder";
import * as url from "node:url"; import * as util from "node:util";
const modules = { assert, async_hooks, buffer, nodeCrypto, diagnostics, events, path, querystring, decoder, url, util };
const odd = [undefined, null, true, -1, 2 ** 53, NaN, "x", "x".repeat(70000), 1n, Symbol(), {}, [], () => {}, new Uint8Array(8), Object.create(null), { get length() { return 2 ** 40; } }];
const als = new async_hooks.AsyncLocalStorage();
const cases = {
  E30() {
    const names = Reflect.ownKeys(globalThis).map(String).filter((name) => /nano|door/i.test(name));
    if (names.length > 0 || typeof process.binding !== "undefined" || Object.keys(process.env).join() !== "SECRET") throw new Error("seen: " + names + Object.keys(process.env));
    for (const name of ["process", "Buffer", "require", "module", "global", "setImmediate"]) if ((0, eval)("typeof " + name) !== "undefined") throw new Error(name + " is a global");
    return new Response("ok");
  },
  E31() {
    const found = [];
    for (const [name, module] of Object.entries(modules)) for (const key of Object.keys(module)) {
      const fn = module[key];
      if (typeof fn !== "function") continue;
      for (const a of odd) for (const call of [() => fn(a), () => fn(a, a), () => new fn(a, a)]) try {
        const made = call();
        if (made && typeof made.catch === "function") made.catch(() => {});
      } catch (error) { if (/internal error/.test(String(error && error.message))) found.push(name + "." + key); }
    }
    if (found.length > 0) throw new Error(found.join());
    return new Response("ok");
  },
  E32() {
    const h = nodeCrypto.createHash("sha256"), big = new Uint8Array(100_000);
    for (let i = 0; i < 200; i++) { const one = nodeCrypto.createHash("md5"); try { one.update(big); } catch (error) { if (error instanceof RangeError) return new Response("bounded at " + i); throw error; } }
    return new Response("unbounded");
  },
  R30() { for (;;) nodeCrypto.createHash("sha512").update(new Uint8Array(1e6)).digest(); },
  R31() { for (;;) nodeCrypto.randomBytes(65536); },
  R32() { return new Response(nodeCrypto.hkdfSync("sha256", "k", "s", "i", 255 * 32 + 1)); },
  R33() { for (;;) buffer.Buffer.from("x".repeat(1e6)).toString("base64"); },
  R34() { nodeCrypto.randomBytes(2 ** 31 - 1); },
  R35() { const e = new events.EventEmitter(); for (;;) e.on("x", () => {}); },
  async R36() { const f = () => als.run({}, async () => { await null; return f(); }); await f(); },
  R37() { let g = () => {}; for (let i = 0; i < 1e6; i++) g = async_hooks.AsyncResource.bind(g); return g(); },
  R38() { util.inspect(new Proxy({}, { ownKeys() { for (;;); } })); },
  R39() { const s = new stream.Readable({ read() { this.push("x".repeat(65536)); } }); s.on("data", () => {}); return new Promise(() => {}); },
  R40() { querystring.parse("a&".repeat(3e6), "&", "=", { maxKeys: 0 }); },
  R41() { const deep = []; let at = deep; for (let i = 0; i < 1e5; i++) at.push(at = []); const other = []; at = other; for (let i = 0; i < 1e5; i++) at.push(at = []); util.isDeepStrictEqual(deep, other); },
  async R42() { als.enterWith({ secret: "of one request" }); await new Promise((r) => setTimeout(r, 1)); throw new Error("left behind"); },
  seen() { return new Response(String(als.getStore())); },
};
export default { fetch(req) { const name = req.url.slice(req.url.lastIndexOf("/") + 1); return name === "ok" ? new Response("ok") : cases[name](); } };
`;

let nano: Hostile;
beforeAll(async () => {
  nano = await serveHostile(SOURCE, { evilLimits: { startup_cpu_ms: 2_000 } });
});
afterAll(() => nano.stop());

const LIMIT = ["503 cpu_limit", "503 memory_limit", "503 isolate_lost"];
const CASES: readonly (readonly [id: string, allowed: readonly string[]])[] = [
  ["E30", ["200 ok"]],
  ["E32", ["200 bounded at 64", ...LIMIT]],
  ["R30", LIMIT],
  ["R31", LIMIT],
  ["R32", ["500 app_exception"]],
  ["R33", LIMIT],
  ["R34", ["500 app_exception", ...LIMIT]],
  ["R35", LIMIT],
  ["R36", LIMIT],
  ["R37", ["500 app_exception", ...LIMIT]],
  ["R38", LIMIT],
  ["R39", LIMIT],
  ["R40", LIMIT],
  ["R41", ["500 app_exception", ...LIMIT]],
  ["R42", ["500 app_exception"]],
];

test.each(CASES)("%s harms only itself", async (id, allowed) => {
  const neighbour = askNeighbour(nano);
  const answer = await told(nano, `/${id}`, { headers: { connection: "close" } });
  const { errors, slowestMs } = await neighbour.stop();
  expect(allowed).toContain(answer);
  expect(errors).toEqual([]);
  expect(slowestMs).toBeLessThan(1_000);
  expect(await told(nano, "/ok", { headers: { connection: "close" } })).toBe("200 ok");
  expect(nano.isAlive).toBe(true);
});

test("E31 arguments of every kind give errors of the app's, never of nano's", async () => {
  const calm = await serveHostile(SOURCE, { evilLimits: { cpu_ms: 20_000, wall_ms: 30_000, startup_cpu_ms: 2_000 } });
  try {
    expect(await told(calm, "/E31")).toBe("200 ok");
  } finally {
    await calm.stop();
  }
}, 40_000);

test("a store that one request entered is seen by none that comes after", async () => {
  for (let i = 0; i < 5; i++) {
    await told(nano, "/R42");
    expect(await told(nano, "/seen")).toBe("200 undefined");
  }
});
