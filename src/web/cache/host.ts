/** Host side of the Cache interface: requests and responses to and from the app's store. */
import type { ByteSource } from "../../base/wire.ts";
import { GuestError } from "../../isolate/guest-error.ts";
import type { OpContext } from "../../isolate/invocation.ts";
import type { Handlers } from "../../isolate/op.ts";
import { limitValue } from "../../limits.ts";
import { SOURCE } from "../fetch/host/answer-ops.ts";
import { expiryOf } from "./host/freshness.ts";
import { type CacheHit, type cacheOps, IGNORE_METHOD, IGNORE_SEARCH, IGNORE_VARY } from "./ops.ts";
import type { CacheEntry, CacheStore, MatchOptions } from "./store.ts";

/** The cache `caches.default`: no app can open one of that name, because names that apps give have a letter in front. */
export const DEFAULT_CACHE = "default";
const CALL_FUEL = 2_000;
const FUEL_PER_BYTE = 1 / 16;
const CHUNK_BYTES = 65_536;
/** Responses that one call may give. */
const MOST_HITS = limitValue("cache_hits");

/** `storeOf`: undefined for an app that is gone. */
export function createCacheHost(storeOf: (app: string) => CacheStore | undefined, now: () => number): Handlers<typeof cacheOps, OpContext> {
  const stored = (ctx: OpContext): CacheStore => {
    ctx.charge(CALL_FUEL);
    const store = storeOf(ctx.invocation.app);
    if (store === undefined) throw new GuestError("InvalidStateError", "the app has been removed");
    return store;
  };
  const matching = (ctx: OpContext, cache: string, method: string, url: string, headers: string, options: number) =>
    stored(ctx).find(cache, url === "" ? null : { method, url, headers }, optionsOf(options));
  return {
    async cache_put(ctx, cache, url, request, head, body) {
      ctx.charge((body?.byteLength ?? 0) * FUEL_PER_BYTE);
      const response = { ...parseHead(head), body };
      const expiresAt = cache === DEFAULT_CACHE ? expiryOf(response.headers, now()) : Number.POSITIVE_INFINITY;
      const isKept = await stored(ctx).put(cache, { request: { method: "GET", url, headers: request }, response }, expiresAt);
      if (!isKept) throw new GuestError("QuotaExceededError", "the response is larger than the caches of this app may be together (limits.cache_mb)");
    },
    async cache_match(ctx, cache, method, url, request, options) {
      const [entry] = await matching(ctx, cache, method, url, request, options);
      return entry === undefined ? null : hitOf(ctx, entry);
    },
    async cache_match_all(ctx, cache, method, url, request, options) {
      const entries = await matching(ctx, cache, method, url, request, options);
      if (entries.length > MOST_HITS) throw new GuestError("QuotaExceededError", `more than ${MOST_HITS} responses at once`);
      return entries.map((entry) => hitOf(ctx, entry));
    },
    async cache_delete(ctx, cache, method, url, headers, options) {
      return (await stored(ctx).remove(cache, { method, url, headers }, optionsOf(options))) > 0;
    },
    async cache_keys(ctx, cache, method, url, request, options) {
      const entries = await matching(ctx, cache, method, url, request, options);
      return entries.map((entry) => entry.request);
    },
    caches_open: (ctx, cache) => stored(ctx).open(cache),
    caches_has: (ctx, cache) => stored(ctx).has(cache),
    caches_delete: (ctx, cache) => stored(ctx).delete(cache),
    caches_keys: (ctx) => stored(ctx).names(),
    async caches_match(ctx, method, url, headers, options) {
      const store = stored(ctx);
      for (const cache of await store.names()) {
        const [entry] = await store.find(cache, { method, url, headers }, optionsOf(options));
        if (entry !== undefined) return hitOf(ctx, entry);
      }
      return null;
    },
  };
}

function optionsOf(bits: number): MatchOptions {
  return { ignoresSearch: (bits & IGNORE_SEARCH) !== 0, ignoresMethod: (bits & IGNORE_METHOD) !== 0, ignoresVary: (bits & IGNORE_VARY) !== 0 };
}

/** `head` is `url LF status LF statusText LF headerBlock`. */
function parseHead(head: string) {
  const url = head.indexOf("\n");
  const status = head.indexOf("\n", url + 1);
  const text = head.indexOf("\n", status + 1);
  if (url < 0 || status < 0 || text < 0) throw new GuestError("TypeError", "cache_put: the head is incomplete");
  return { url: head.slice(0, url), status: Number(head.slice(url + 1, status)), statusText: head.slice(status + 1, text), headers: head.slice(text + 1) };
}

function hitOf(ctx: OpContext, { response: { url, status, statusText, headers, body } }: CacheEntry): CacheHit {
  const bodyRid = body === null ? 0 : ctx.invocation.resources.add(SOURCE, sourceOf(body), () => {});
  return { url, status, statusText, headers, bodyRid };
}

function sourceOf(body: Uint8Array): ByteSource {
  let at = 0;
  return {
    pull() {
      const chunk = at < body.byteLength ? body.subarray(at, at + CHUNK_BYTES) : null;
      at += CHUNK_BYTES;
      return Promise.resolve(chunk);
    },
    cancel() {
      at = body.byteLength;
    },
  };
}
