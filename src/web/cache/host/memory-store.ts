/** The caches of one app in memory, within a number of bytes: what was used least recently goes first. */
import { eachHeader, type HeaderBlock } from "../../../base/wire.ts";
import type { CacheEntry, CacheRequest, CacheStore, MatchOptions } from "../store.ts";

interface Kept extends CacheEntry {
  readonly cache: string;
  readonly expiresAt: number;
  readonly bytes: number;
}

/** What an entry costs beside its texts and its body. */
const ENTRY_BYTES = 512;

export class MemoryCacheStore implements CacheStore {
  readonly #mostBytes: () => number;
  readonly #now: () => number;
  /** In the order of their last use. */
  readonly #used = new Set<Kept>();
  /** By cache and URL without query, in the order in which they were stored. */
  readonly #caches = new Map<string, Map<string, Kept[]>>();
  readonly #opened = new Set<string>();
  #bytes = 0;

  /** `mostBytes` is asked at every `put`; `now` gives Unix milliseconds. */
  constructor(mostBytes: () => number, now: () => number) {
    this.#mostBytes = mostBytes;
    this.#now = now;
  }

  /** What is held, texts at two bytes a character. */
  get bytes(): number {
    return this.#bytes;
  }

  put(cache: string, { request, response }: CacheEntry, expiresAt: number): Promise<boolean> {
    const { method, url, headers } = request;
    const texts = method.length + url.length + headers.length + response.url.length + response.statusText.length + response.headers.length;
    const kept: Kept = { request, response, cache, expiresAt, bytes: ENTRY_BYTES + 2 * texts + (response.body?.byteLength ?? 0) };
    const most = this.#mostBytes();
    if (kept.bytes > most) return Promise.resolve(false);
    for (const old of this.#matching(cache, request, EXACTLY)) this.#drop(old);
    if (expiresAt <= this.#now()) return Promise.resolve(true);
    for (const old of this.#used) {
      if (this.#bytes + kept.bytes <= most) break;
      this.#drop(old);
    }
    let urls = this.#caches.get(cache);
    if (urls === undefined) this.#caches.set(cache, (urls = new Map()));
    const key = withoutSearch(url);
    const entries = urls.get(key);
    if (entries === undefined) urls.set(key, [kept]);
    else entries.push(kept);
    this.#used.add(kept);
    this.#bytes += kept.bytes;
    return Promise.resolve(true);
  }

  find(cache: string, request: CacheRequest | null, options: MatchOptions): Promise<readonly CacheEntry[]> {
    const found = request === null ? this.#all(cache) : this.#matching(cache, request, options);
    for (const kept of found) {
      this.#used.delete(kept);
      this.#used.add(kept);
    }
    return Promise.resolve(found);
  }

  remove(cache: string, request: CacheRequest, options: MatchOptions): Promise<number> {
    const found = this.#matching(cache, request, options);
    for (const kept of found) this.#drop(kept);
    return Promise.resolve(found.length);
  }

  open(cache: string): Promise<void> {
    this.#opened.add(cache);
    return Promise.resolve();
  }

  has(cache: string): Promise<boolean> {
    return Promise.resolve(this.#opened.has(cache));
  }

  delete(cache: string): Promise<boolean> {
    for (const kept of this.#all(cache)) this.#drop(kept);
    return Promise.resolve(this.#opened.delete(cache));
  }

  names(): Promise<readonly string[]> {
    return Promise.resolve([...this.#opened]);
  }

  #all(cache: string): Kept[] {
    const all = [...(this.#caches.get(cache)?.values() ?? [])].flat();
    return all.filter((kept) => this.#isFresh(kept));
  }

  /** https://w3c.github.io/ServiceWorker/#request-matches-cached-item-algorithm */
  #matching(cache: string, request: CacheRequest, options: MatchOptions): Kept[] {
    if (request.method !== "GET" && !options.ignoresMethod) return [];
    const candidates = this.#caches.get(cache)?.get(withoutSearch(request.url)) ?? [];
    return candidates.filter((kept) => this.#isFresh(kept) && (options.ignoresSearch || kept.request.url === request.url) && (options.ignoresVary || doesVaryMatch(kept, request.headers)));
  }

  #isFresh(kept: Kept): boolean {
    if (kept.expiresAt > this.#now()) return true;
    this.#drop(kept);
    return false;
  }

  #drop(kept: Kept): void {
    if (!this.#used.delete(kept)) return;
    this.#bytes -= kept.bytes;
    const urls = this.#caches.get(kept.cache);
    const key = withoutSearch(kept.request.url);
    const rest = urls?.get(key)?.filter((one) => one !== kept) ?? [];
    if (rest.length > 0) urls?.set(key, rest);
    else urls?.delete(key);
    if (urls?.size === 0) this.#caches.delete(kept.cache);
  }
}

const EXACTLY: MatchOptions = { ignoresSearch: false, ignoresMethod: false, ignoresVary: false };

function withoutSearch(url: string): string {
  const at = url.indexOf("?");
  return at < 0 ? url : url.slice(0, at);
}

function doesVaryMatch({ request, response }: CacheEntry, headers: HeaderBlock): boolean {
  const vary = fieldOf(response.headers, "vary");
  if (vary === null) return true;
  return vary.split(",").every((name) => {
    const key = name.trim().toLowerCase();
    return fieldOf(request.headers, key) === fieldOf(headers, key);
  });
}

/** All values of a field as one, or null when there is none. */
export function fieldOf(block: HeaderBlock, key: string): string | null {
  let joined: string | null = null;
  eachHeader(block, (name, value) => {
    if (name.toLowerCase() === key) joined = joined === null ? value : `${joined}, ${value}`;
  });
  return joined;
}
