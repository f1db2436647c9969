/** Cache and CacheStorage. */
import { expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

const guest = new TestIsolate();

test("what was put is found again, with status, headers and body, as often as one asks", async () => {
  expect(
    await guest.run(`
      const cache = await caches.open("kept");
      await cache.put("https://x.example/a#part", new Response("grün", { status: 201, statusText: "Made", headers: { "x-a": "1" } }));
      const first = await cache.match("https://x.example/a"), second = await cache.match(new Request("https://x.example/a"));
      return [first.status, first.statusText, first.headers.get("x-a"), await first.text(), await second.text(), (await cache.match("https://x.example/b")) === undefined];`),
  ).toEqual([201, "Made", "1", "grün", "grün", true]);
});

test("a streamed body is stored whole, and the response is used up", async () => {
  expect(
    await guest.run(`
      const cache = await caches.open("streams");
      const response = new Response(new ReadableStream({ start(c) { for (let i = 0; i < 10; i++) c.enqueue(new Uint8Array(10_000).fill(i)); c.close(); } }));
      await cache.put("https://x.example/", response);
      const bytes = await (await cache.match("https://x.example/")).bytes();
      return [response.bodyUsed, bytes.length, bytes[99_999]];`),
  ).toEqual([true, 100_000, 9]);
});

test("another isolate of the app finds it too", async () => {
  await guest.run(`await (await caches.open("shared")).put("https://x.example/s", new Response("seen"));`);
  const other = new TestIsolate();
  expect(await other.run(`return (await caches.match("https://x.example/s")).text();`)).toBe("seen");
});

test("the default cache keeps to HTTP: what may not be kept is not, and caches that were opened do not", async () => {
  expect(
    await guest.run(`
      const response = () => new Response("x", { headers: { "cache-control": "no-store" } });
      await caches.default.put("https://x.example/d", response());
      const cache = await caches.open("default");
      await cache.put("https://x.example/d", response());
      return [(await caches.default.match("https://x.example/d")) === undefined, (await cache.match("https://x.example/d")).status];`),
  ).toEqual([true, 200]);
});

test("caches are opened, listed, asked together and deleted", async () => {
  expect(
    await guest.run(`
      for (const name of await caches.keys()) await caches.delete(name);
      const [a, b] = [await caches.open("a"), await caches.open("b")];
      await b.put("https://x.example/1?q", new Response("in b"));
      return [await caches.keys(), await caches.has("a"), await caches.has("c"), await (await caches.match("https://x.example/1?q")).text(),
        (await caches.match("https://x.example/1?q", { cacheName: "a" })) === undefined, (await b.keys()).map(({ url }) => url), (await b.matchAll("https://x.example/1", { ignoreSearch: true })).length,
        await b.delete("https://x.example/1"), await b.delete("https://x.example/1?q"), await caches.delete("a"), await caches.delete("a")];`),
  ).toEqual([["a", "b"], true, false, "in b", true, ["https://x.example/1?q"], 1, false, true, true, false]);
});

test("what the standard refuses is refused", async () => {
  expect(
    await guest.run(`
      const cache = await caches.open("refused");
      const used = new Response("x"); await used.text();
      const tries = [
        () => cache.put(new Request("https://x.example/", { method: "POST" }), new Response()), () => cache.put("data:,x", new Response()),
        () => cache.put("https://x.example/", new Response(null, { status: 206 })), () => cache.put("https://x.example/", new Response("", { headers: { vary: "accept, *" } })),
        () => cache.put("https://x.example/", used), () => cache.put("https://x.example/", {}), () => cache.put("https://x.example/"),
        () => cache.put("https://x.example/", new Response(new Uint8Array(2 << 20))), () => new Cache(), () => Cache.prototype.match.call({}, "https://x.example/"), () => cache.match(),
      ];
      const names = [];
      for (const one of tries) try { await one(); names.push("none"); } catch (error) { names.push(error.name); }
      return names;`),
  ).toEqual(["TypeError", "TypeError", "TypeError", "TypeError", "TypeError", "TypeError", "TypeError", "QuotaExceededError", "TypeError", "TypeError", "TypeError"]);
});

test("one matchAll gives a thousand responses and no more", async () => {
  expect(
    await guest.run(`
      const cache = await caches.open("many");
      for (let i = 0; i < 1_000; i++) await cache.put("https://x.example/?" + i, new Response());
      const all = (await cache.matchAll()).length;
      await cache.put("https://x.example/?more", new Response());
      const refused = await cache.matchAll().catch((error) => error.name);
      return [all, refused, (await cache.matchAll("https://x.example/?more")).length];`),
  ).toEqual([1_000, "QuotaExceededError", 1]);
});
