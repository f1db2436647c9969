/** Ops of the Cache interface. Header blocks are the form of `base/wire.ts`; URLs come without fragment. */
import { async, bool, bytes, json, nothing, nullable, str, u32 } from "../../isolate/op.ts";

/** A stored response. */
export interface CacheHit {
  /** Of the response; empty for one that was made by the app. */
  readonly url: string;
  readonly status: number;
  readonly statusText: string;
  readonly headers: string;
  /** A `source` to pull the body from, or 0 when there is none. */
  readonly bodyRid: number;
}
/** What a response is stored under. */
export interface CacheKey {
  readonly method: string;
  readonly url: string;
  readonly headers: string;
}

/** Bits of `options`: https://w3c.github.io/ServiceWorker/#dictdef-cachequeryoptions. */
export const IGNORE_SEARCH = 1;
export const IGNORE_METHOD = 2;
export const IGNORE_VARY = 4;

const name = str(1 << 10);
const url = str(32 << 10);
const block = str(256 << 10);

export const cacheOps = {
  /** `request` is the header block of the request; `head` is `url LF status LF statusText LF headerBlock` of the response. Rejects with QuotaExceededError for what is larger than the app's caches may be together. */
  cache_put: async([name, url, block, block, nullable(bytes())], nothing),
  /** The first response for the request, or null. */
  cache_match: async([name, str(32), url, block, u32], json<CacheHit | null>()),
  /** All responses for the request, in the order in which they were stored; of all requests when `url` is empty. */
  cache_match_all: async([name, str(32), url, block, u32], json<readonly CacheHit[]>()),
  /** True when there was one. */
  cache_delete: async([name, str(32), url, block, u32], bool),
  cache_keys: async([name, str(32), url, block, u32], json<readonly CacheKey[]>()),

  /** Makes the cache of that name, unless there is one. */
  caches_open: async([name], nothing),
  caches_has: async([name], bool),
  caches_delete: async([name], bool),
  caches_keys: async([], json<readonly string[]>()),
  /** As `cache_match`, over all named caches in the order in which they were opened. */
  caches_match: async([str(32), url, block, u32], json<CacheHit | null>()),
};
