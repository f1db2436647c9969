/** Cache and CacheStorage (https://w3c.github.io/ServiceWorker/#cache-interface), with Workers' `caches.default`, which keeps to HTTP's rules on how long. */
import { bodyOfSource, isBodyLocked, isBodyUsed, readBytes } from "../fetch/guest/body.ts";
import { blockOf, headerOf, headersOfBlock } from "../fetch/guest/headers.ts";
import { fetch } from "../fetch/guest/fetch.ts";
import { isRequest, Request, requestHeaders, requestState } from "../fetch/guest/request.ts";
import { isResponse, type Response, responseBlock, responseOf, responseState } from "../fetch/guest/response.ts";
import { hostOps } from "../infra/guest/host-ops.ts";
import { arrayPush, objectFreeze, promiseReject, promiseResolve, promiseThen, SafeTypeError, stringIncludes, stringIndexOf, stringSlice, stringSplit, stringStartsWith, stringTrim } from "../infra/guest/primordials.ts";
import { constructionKey, defineInterface, exposeObject, requireArguments, requireConstructionKey } from "../infra/guest/webidl.ts";
import { toDictionary, toDOMString, toSequence } from "../infra/guest/webidl-convert.ts";
import { type CacheHit, cacheOps, IGNORE_METHOD, IGNORE_SEARCH, IGNORE_VARY } from "./ops.ts";

const { cache_put, cache_match, cache_match_all, cache_delete, cache_keys, caches_open, caches_has, caches_delete, caches_keys, caches_match } = hostOps(cacheOps);

/** The host's name of `caches.default`. */
const DEFAULT = "default";
/** Puts what apps call their caches out of its way. */
const named = (name: string): string => "n:" + name;

interface Query {
  readonly method: string;
  readonly url: string;
  readonly headers: string;
  readonly options: number;
}

const EVERYTHING: Query = { method: "GET", url: "", headers: "", options: 0 };

/** Errors of a method that returns a promise become its rejection. */
function rejecting<T>(work: () => Promise<T>): Promise<T> {
  try {
    return work();
  } catch (error) {
    return promiseReject(error);
  }
}

const toRequest = (input: unknown): Request => (isRequest(input) ? input : new Request(input));

function withoutFragment(url: string): string {
  const at = stringIndexOf(url, "#");
  return at < 0 ? url : stringSlice(url, 0, at);
}

function queryOf(input: unknown, options: unknown): Query {
  const dictionary = toDictionary(options, "CacheQueryOptions");
  const bits = (dictionary?.["ignoreSearch"] ? IGNORE_SEARCH : 0) | (dictionary?.["ignoreMethod"] ? IGNORE_METHOD : 0) | (dictionary?.["ignoreVary"] ? IGNORE_VARY : 0);
  const request = toRequest(input);
  const { method, url } = requestState(request);
  return { method, url: withoutFragment(url), headers: blockOf(requestHeaders(request)), options: bits };
}

function responseOfHit({ url, status, statusText, headers, bodyRid }: CacheHit): Response {
  return responseOf({ type: url === "" ? "default" : "basic", url, redirected: false, status, statusText, headers: headersOfBlock(headers, "immutable"), block: "", body: bodyRid === 0 ? null : bodyOfSource(bodyRid) });
}

const found = (hit: CacheHit | null): Response | undefined => (hit === null ? undefined : responseOfHit(hit));

/** https://w3c.github.io/ServiceWorker/#cache-put */
function put(cache: string, input: unknown, value: unknown): Promise<undefined> {
  const request = toRequest(input);
  const { method, url } = requestState(request);
  if (!stringStartsWith(url, "http:") && !stringStartsWith(url, "https:")) throw new SafeTypeError("Cache.put: only http: and https: requests can be stored");
  if (method !== "GET") throw new SafeTypeError("Cache.put: only responses to GET can be stored, not to " + method);
  if (!isResponse(value)) throw new SafeTypeError("Cache.put: not a Response");
  const state = responseState(value);
  const { status, statusText, body } = state;
  if (status === 206) throw new SafeTypeError("Cache.put: a partial response (206) cannot be stored");
  const block = responseBlock(state);
  const vary = headerOf(headersOfBlock(block, "none"), "vary");
  if (vary !== null && stringIncludes(vary, "*")) {
    const names = stringSplit(vary, ",");
    for (let i = 0; i < names.length; i++) if (stringTrim(names[i] as string) === "*") throw new SafeTypeError("Cache.put: a response that varies by * cannot be stored");
  }
  if (isBodyUsed(body) || isBodyLocked(body)) throw new SafeTypeError("Cache.put: the body of the response has been read already");
  const head = state.url + "\n" + status + "\n" + statusText + "\n" + block;
  const keep = (bytes: Uint8Array<ArrayBuffer> | null): Promise<undefined> =>
    promiseThen(cache_put(cache, withoutFragment(url), blockOf(requestHeaders(request)), head, bytes), () => undefined);
  return body === null ? keep(null) : promiseThen(readBytes(body) as Promise<Uint8Array<ArrayBuffer>>, keep);
}

/** https://w3c.github.io/ServiceWorker/#cache-addAll: all are fetched before any is stored. */
function addAll(cache: string, inputs: readonly unknown[]): Promise<undefined> {
  const requests: Request[] = [];
  for (let i = 0; i < inputs.length; i++) {
    const request = toRequest(inputs[i]);
    const { method, url } = requestState(request);
    if (method !== "GET" || (!stringStartsWith(url, "http:") && !stringStartsWith(url, "https:"))) throw new SafeTypeError("Cache.addAll: only http: and https: requests by GET can be stored");
    arrayPush(requests, request);
  }
  const responses: Response[] = [];
  const fetchFrom = (i: number): Promise<undefined> => {
    if (i === requests.length) return storeFrom(0);
    return promiseThen(fetch(requests[i] as Request), (response) => {
      const { status } = responseState(response);
      if (status < 200 || status > 299 || status === 206) throw new SafeTypeError("Cache.addAll: " + requestState(requests[i] as Request).url + " answered with " + status);
      arrayPush(responses, response);
      return fetchFrom(i + 1);
    });
  };
  const storeFrom = (i: number): Promise<undefined> => (i === requests.length ? promiseResolve(undefined) : promiseThen(put(cache, requests[i], responses[i]), () => storeFrom(i + 1)));
  return fetchFrom(0);
}

export class Cache {
  #name: string;

  constructor(key?: symbol, name = "") {
    requireConstructionKey(key);
    this.#name = name;
  }

  add(request: unknown): Promise<undefined> {
    return rejecting(() => {
      const name = this.#name;
      requireArguments(arguments.length, 1, "Cache.add");
      return addAll(name, [request]);
    });
  }
  addAll(requests: unknown): Promise<undefined> {
    return rejecting(() => {
      const name = this.#name;
      requireArguments(arguments.length, 1, "Cache.addAll");
      return addAll(name, toSequence(requests, (item) => item, "Cache.addAll"));
    });
  }
  delete(request: unknown, options?: unknown): Promise<boolean> {
    return rejecting(() => {
      const name = this.#name;
      requireArguments(arguments.length, 1, "Cache.delete");
      const { method, url, headers, options: bits } = queryOf(request, options);
      return cache_delete(name, method, url, headers, bits);
    });
  }
  keys(request?: unknown, options?: unknown): Promise<readonly Request[]> {
    return rejecting(() => {
      const { method, url, headers, options: bits } = request === undefined ? EVERYTHING : queryOf(request, options);
      return promiseThen(cache_keys(this.#name, method, url, headers, bits), (keys) => {
        const requests: Request[] = [];
        for (let i = 0; i < keys.length; i++) {
          const key = keys[i] as (typeof keys)[number];
          arrayPush(requests, new Request(key.url, { method: key.method, headers: headersOfBlock(key.headers, "none") }));
        }
        return objectFreeze(requests);
      });
    });
  }
  match(request: unknown, options?: unknown): Promise<Response | undefined> {
    return rejecting(() => {
      const name = this.#name;
      requireArguments(arguments.length, 1, "Cache.match");
      const { method, url, headers, options: bits } = queryOf(request, options);
      return promiseThen(cache_match(name, method, url, headers, bits), found);
    });
  }
  matchAll(request?: unknown, options?: unknown): Promise<readonly Response[]> {
    return rejecting(() => {
      const { method, url, headers, options: bits } = request === undefined ? EVERYTHING : queryOf(request, options);
      return promiseThen(cache_match_all(this.#name, method, url, headers, bits), (hits) => {
        const responses: Response[] = [];
        for (let i = 0; i < hits.length; i++) arrayPush(responses, responseOfHit(hits[i] as CacheHit));
        return objectFreeze(responses);
      });
    });
  }
  put(request: unknown, response: unknown): Promise<undefined> {
    return rejecting(() => {
      const name = this.#name;
      requireArguments(arguments.length, 2, "Cache.put");
      return put(name, request, response);
    });
  }
}
defineInterface(Cache, "Cache", { lengths: { delete: 1, keys: 0, match: 1, matchAll: 0 } });

export class CacheStorage {
  #default = new Cache(constructionKey, DEFAULT);

  constructor(key?: symbol) {
    requireConstructionKey(key);
  }

  get default(): Cache {
    return this.#default;
  }
  delete(name: unknown): Promise<boolean> {
    return rejecting(() => {
      this.#default;
      requireArguments(arguments.length, 1, "CacheStorage.delete");
      return caches_delete(named(toDOMString(name)));
    });
  }
  has(name: unknown): Promise<boolean> {
    return rejecting(() => {
      this.#default;
      requireArguments(arguments.length, 1, "CacheStorage.has");
      return caches_has(named(toDOMString(name)));
    });
  }
  keys(): Promise<readonly string[]> {
    return rejecting(() => {
      this.#default;
      return promiseThen(caches_keys(), (names) => {
        const given: string[] = [];
        for (let i = 0; i < names.length; i++) arrayPush(given, stringSlice(names[i] as string, 2));
        return given;
      });
    });
  }
  match(request: unknown, options?: unknown): Promise<Response | undefined> {
    return rejecting(() => {
      this.#default;
      requireArguments(arguments.length, 1, "CacheStorage.match");
      const { method, url, headers, options: bits } = queryOf(request, options);
      const only = toDictionary(options, "MultiCacheQueryOptions")?.["cacheName"];
      return promiseThen(only === undefined ? caches_match(method, url, headers, bits) : cache_match(named(toDOMString(only)), method, url, headers, bits), found);
    });
  }
  open(name: unknown): Promise<Cache> {
    return rejecting(() => {
      this.#default;
      requireArguments(arguments.length, 1, "CacheStorage.open");
      const key = named(toDOMString(name));
      return promiseThen(caches_open(key), () => new Cache(constructionKey, key));
    });
  }
}
defineInterface(CacheStorage, "CacheStorage", { lengths: { match: 1 } });

exposeObject("caches", new CacheStorage(constructionKey));
