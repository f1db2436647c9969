/** Where responses are kept. The room knows only this; memory is one way to do it. */

export interface StoredResponse {
  readonly url: string;
  readonly status: number;
  readonly statusText: string;
  readonly headers: string;
  /** Never changed once it is stored. */
  readonly body: Uint8Array | null;
}

/** A request as caches compare it. */
export interface CacheRequest {
  readonly method: string;
  /** Without fragment. */
  readonly url: string;
  /** A header block. */
  readonly headers: string;
}

export interface CacheEntry {
  readonly request: CacheRequest;
  readonly response: StoredResponse;
}

export interface MatchOptions {
  readonly ignoresSearch: boolean;
  readonly ignoresMethod: boolean;
  readonly ignoresVary: boolean;
}

/** The caches of one app. */
export interface CacheStore {
  /** Replaces what was stored for the same request. `expiresAt`: Unix milliseconds, infinite for never. False when it is larger than the store may be. */
  put(cache: string, entry: CacheEntry, expiresAt: number): Promise<boolean>;
  /** In the order in which they were stored. Everything when `request` is null. */
  find(cache: string, request: CacheRequest | null, options: MatchOptions): Promise<readonly CacheEntry[]>;
  /** How many there were. */
  remove(cache: string, request: CacheRequest, options: MatchOptions): Promise<number>;
  open(cache: string): Promise<void>;
  has(cache: string): Promise<boolean>;
  delete(cache: string): Promise<boolean>;
  names(): Promise<readonly string[]>;
}
