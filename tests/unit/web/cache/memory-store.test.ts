/** The memory that caches live in: bounded, least recently used first, and within HTTP's rules on how long. */
import { describe, expect, test } from "bun:test";
import { expiryOf } from "../../../../src/web/cache/host/freshness.ts";
import { MemoryCacheStore } from "../../../../src/web/cache/host/memory-store.ts";
import type { CacheEntry, MatchOptions } from "../../../../src/web/cache/store.ts";

const EXACT: MatchOptions = { ignoresSearch: false, ignoresMethod: false, ignoresVary: false };
const NEVER = Number.POSITIVE_INFINITY;
const request = (url: string, headers = "") => ({ method: "GET", url, headers });
const entry = (url: string, bytes = 0, headers = "", requestHeaders = ""): CacheEntry => ({ request: request(url, requestHeaders), response: { url: "", status: 200, statusText: "", headers, body: new Uint8Array(bytes) } });
const urls = async (store: MemoryCacheStore) => (await store.find("c", null, EXACT)).map(({ request: { url } }) => url);

describe("a store", () => {
  test("never holds more than it may, and drops what was used least recently", async () => {
    const store = new MemoryCacheStore(() => 10_000, () => 0);
    for (const url of ["http://x/1", "http://x/2", "http://x/3"]) await store.put("c", entry(url, 2_500), NEVER);
    await store.find("c", request("http://x/1"), EXACT);
    await store.put("c", entry("http://x/4", 2_500), NEVER);
    expect(await urls(store)).toEqual(["http://x/1", "http://x/3", "http://x/4"]);
    expect(store.bytes).toBeLessThanOrEqual(10_000);
  });

  test("counts what costs no body, so that empty responses cannot fill the machine", async () => {
    const store = new MemoryCacheStore(() => 10_000, () => 0);
    for (let i = 0; i < 1_000; i++) await store.put("c", entry(`http://x/${i}`), NEVER);
    expect((await urls(store)).length).toBeLessThan(20);
  });

  test("refuses what is larger than all of it, and keeps what it has", async () => {
    const store = new MemoryCacheStore(() => 10_000, () => 0);
    await store.put("c", entry("http://x/1", 100), NEVER);
    expect(await store.put("c", entry("http://x/2", 10_000), NEVER)).toBe(false);
    expect(await urls(store)).toEqual(["http://x/1"]);
  });

  test("gives nothing that has expired, and its room back", async () => {
    let now = 0;
    const store = new MemoryCacheStore(() => 10_000, () => now);
    await store.put("c", entry("http://x/1", 100), 1_000);
    now = 999;
    expect(await store.find("c", request("http://x/1"), EXACT)).toHaveLength(1);
    now = 1_000;
    expect(await store.find("c", request("http://x/1"), EXACT)).toHaveLength(0);
    expect(store.bytes).toBe(0);
  });

  test("what expires at once replaces what was there", async () => {
    const store = new MemoryCacheStore(() => 10_000, () => 5);
    await store.put("c", entry("http://x/1"), NEVER);
    await store.put("c", entry("http://x/1"), 5);
    expect(await urls(store)).toEqual([]);
  });

  test("tells requests apart by query and by the fields that the response varies by", async () => {
    const store = new MemoryCacheStore(() => 10_000, () => 0);
    await store.put("c", entry("http://x/?a", 0, "Vary\nAccept-Language\n", "accept-language\nde\n"), NEVER);
    expect(await store.find("c", request("http://x/?b", "accept-language\nde\n"), EXACT)).toHaveLength(0);
    expect(await store.find("c", request("http://x/?b", "accept-language\nde\n"), { ...EXACT, ignoresSearch: true })).toHaveLength(1);
    expect(await store.find("c", request("http://x/?a", "accept-language\nen\n"), EXACT)).toHaveLength(0);
    expect(await store.find("c", request("http://x/?a", "accept-language\nen\n"), { ...EXACT, ignoresVary: true })).toHaveLength(1);
    await store.put("c", entry("http://x/?a", 0, "Vary\nAccept-Language\n", "accept-language\nen\n"), NEVER);
    expect(await store.find("c", null, EXACT)).toHaveLength(2);
  });

  test("keeps caches apart, and forgets one whole", async () => {
    const store = new MemoryCacheStore(() => 10_000, () => 0);
    await store.open("c");
    await store.put("c", entry("http://x/1"), NEVER);
    await store.put("d", entry("http://x/1"), NEVER);
    expect(await store.delete("c")).toBe(true);
    expect([await store.names(), await urls(store), (await store.find("d", null, EXACT)).length]).toEqual([[], [], 1]);
  });
});

test.each([
  ["", NEVER],
  ["Cache-Control\npublic, max-age=60\n", 61_000],
  ["Cache-Control\nmax-age=60, s-maxage=120\n", 121_000],
  ['cache-control\nmax-age="5"\n', 6_000],
  ["Cache-Control\nno-store\n", 1_000],
  ["Cache-Control\nprivate, max-age=60\n", 1_000],
  ['Cache-Control\nno-cache="x"\n', 1_000],
  ["Set-Cookie\na=b\nCache-Control\nmax-age=60\n", 1_000],
  ["Expires\nThu, 01 Jan 1970 00:01:00 GMT\n", 60_000],
  ["Expires\n0\n", 1_000],
])("a response with %p is fresh until %p", (headers, expiresAt) => {
  expect(expiryOf(headers, 1_000)).toBe(expiresAt);
});
