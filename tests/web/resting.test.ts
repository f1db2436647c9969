import { describe, expect, test } from "bun:test";
import { GuestPages } from "../../src/isolate/memory/guest-pages.ts";
import { openSystemMemory } from "../../src/isolate/memory/system-memory.ts";
import { type AppFailure, TestIsolate } from "../harness/isolate.ts";

const system = openSystemMemory();
const MB = 2 ** 20;

/** Keeps objects, strings and buffers of all sizes from request to request, drops some of them, and answers with a sum over what it has. */
const KEEPER = `
let round = 0;
const kept = new Map();
export default { fetch(request) {
  round++;
  for (let i = 0; i < 400; i++) {
    const key = "key " + (i * 7919 + round * 31) % 1500;
    if ((i + round) % 3 === 0) kept.delete(key);
    else kept.set(key, { id: i, text: "x".repeat((i * 37) % 900), bytes: new Uint8Array((i * 101) % 5000).fill(i), list: Array.from({ length: i % 20 }, (_, n) => ({ n })) });
  }
  let sum = 0;
  for (const { id, text, bytes, list } of kept.values()) sum = (sum * 31 + id + text.length + (bytes[bytes.length - 1] ?? 0) + bytes.length + list.reduce((all, { n }) => all + n, 0)) % 1_000_000_007;
  return new Response([round, kept.size, sum].join(" "));
} }`;

describe.each([["shared pages", true], ["copies", false]] as const)("an isolate that rests, with %s", (_name, isShared) => {
  const pages = new GuestPages({ system, isShared });

  test("has lost nothing when it is asked again", async () => {
    using rested = await TestIsolate.load(KEEPER, { pages });
    using busy = await TestIsolate.load(KEEPER, { pages });
    for (let i = 0; i < 30; i++) {
      rested.rest();
      expect((await rested.request()).text).toBe((await busy.request()).text);
    }
  });

  test("burns the fuel that it burns without a rest", async () => {
    using rested = await TestIsolate.load(KEEPER, { pages });
    using busy = await TestIsolate.load(KEEPER, { pages });
    for (let i = 0; i < 5; i++) {
      rested.rest();
      expect((await rested.request()).fuel).toBe((await busy.request()).fuel);
    }
  });

  test("keeps what it holds when its memory has grown to its limit, and is ended there as any other", async () => {
    using app = await TestIsolate.load(`let hoard = []; export default { fetch(request) { if (request.url.endsWith("/more")) for (;;) hoard.push(new Uint8Array(1 << 20).fill(7)); hoard.push(new Uint8Array(1 << 20).fill(hoard.length)); return new Response(hoard.map((part) => part[1000] === part[0]).join() + hoard.length); } }`, { pages, memoryBytes: 48 * MB });
    for (let i = 1; i <= 20; i++) {
      app.rest();
      expect((await app.request()).text).toBe(`${Array(i).fill("true").join()}${i}`);
    }
    app.rest();
    const failure = await app.request({ url: "http://app.test/more" }).catch((error: unknown) => error);
    expect((failure as AppFailure).outcome).toBe("exceededMemory");
  });

  test("is not trimmed while it works", async () => {
    using app = await TestIsolate.load(`let resume; const gate = new Promise((done) => { resume = done; }); export default { async fetch(request) { if (request.url.endsWith("/open")) resume(); else { const local = "a".repeat(100_000); await gate; return new Response(String(local.length)); } return new Response(""); } }`, { pages });
    const waiting = app.send();
    app.rest();
    await app.request({ url: "http://app.test/open" });
    expect(await (await waiting.answer).text()).toBe("100000");
  });

  test("is not trimmed while what a request left behind uses up slice after slice, although the request is over", async () => {
    using app = await TestIsolate.load(`const kept = []; export default { fetch(request) { if (request.url.endsWith("/sum")) return new Response(kept.length + " " + kept.every((part, i) => part.id === i && part.text === "x".repeat(i % 50))); let turns = 0; const go = async () => { for (; turns < 40; turns++) { for (let i = 0; i < 500; i++) kept.push({ id: kept.length, text: "x".repeat(kept.length % 50) }); await null; } }; go(); return new Response("begun"); } }`, { pages });
    const first = app.send();
    await first.over;
    let wasBusy = 0;
    for (let turn = 0; turn < 400 && app.isBusy; turn++, wasBusy++) {
      app.rest();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(wasBusy).toBeGreaterThan(0);
    expect((await app.request({ url: "http://app.test/sum" })).text).toBe("20000 true");
  });

  test("leaves no trace in isolates made after it", async () => {
    const secret = "correct horse battery staple";
    using first = await TestIsolate.load(`Object.prototype.leak = globalThis.leak = Array.leak = "${secret}"; Array.prototype.map = () => "${secret}"; export default { fetch: () => new Response("x") }`, { pages });
    await first.request();
    first.rest();
    await first.request();
    using second = await TestIsolate.load(`export default { fetch: () => new Response(JSON.stringify([typeof globalThis.leak, typeof Array.leak, typeof {}.leak, [1].map((n) => n + 1)])) }`, { pages });
    expect((await second.request()).text).toBe('["undefined","undefined","undefined",[2]]');
  });
});
