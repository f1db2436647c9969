/** node:crypto (https://nodejs.org/api/crypto.html): hashes, HMACs, HKDF and randomness. Keys and ciphers are those of `crypto.subtle`. */
import { door } from "../door.ts";
import { HASH_PIECE } from "../../ops.ts";
import { Buffer, type NodeBuffer } from "../support/buffer.ts";
import { checkFunction, outOfRange, plainError, rangeError, wrongType } from "../support/errors.ts";
import { web } from "../support/globals.ts";

type Bytes = Uint8Array<ArrayBuffer>;
type Callback<T> = (error: Error | null, value?: T) => void;

const { hash_whole, hash_open, hash_update, hash_copy, hash_digest, bytes_equal } = door.ops;
/** Data up to here is kept and hashed in one go: most of what is hashed is small, and a hash then belongs to no request. */
const KEPT_BYTES = 65_536;
const RANDOM_PIECE = 65_536;
const MAX_RANDOM_BYTES = 2 ** 31 - 1;
const HASHES = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha512-224", "sha512-256"];
const ALIASES: Readonly<Record<string, string>> = { "sha-1": "sha1", "sha-224": "sha224", "sha-256": "sha256", "sha-384": "sha384", "sha-512": "sha512", "sha512/224": "sha512-224", "sha512/256": "sha512-256", "rsa-sha1": "sha1", "rsa-sha256": "sha256", "rsa-sha512": "sha512" };
/** For HKDF. */
const DIGEST_BYTES: Readonly<Record<string, number>> = { md5: 16, sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64, "sha512-224": 28, "sha512-256": 32 };

function algorithmOf(name: unknown): string {
  if (typeof name !== "string") throw wrongType("algorithm", "of type string", name);
  const lower = name.toLowerCase();
  const algorithm = ALIASES[lower] ?? lower;
  if (!HASHES.includes(algorithm)) throw new Error("Digest method not supported");
  return algorithm;
}

function bytesOf(data: unknown, name: string, encoding?: string): Bytes {
  if (typeof data === "string") return Buffer.from(data, encoding);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  throw wrongType(name, "of type string or an instance of Buffer, TypedArray, or DataView", data);
}

const textOr = (bytes: Bytes, encoding?: string): string | NodeBuffer => (encoding === undefined || encoding === "buffer" ? Buffer.from(bytes.buffer) : Buffer.from(bytes.buffer).toString(encoding));

class Digester {
  #algorithm: string;
  #key: Bytes | null;
  /** What has not gone to the host yet. */
  #kept: Bytes[] = [];
  #keptBytes = 0;
  #rid = 0;
  #isDone = false;

  constructor(algorithm: string, key: Bytes | null) {
    this.#algorithm = algorithm;
    this.#key = key;
  }

  update(data: unknown, encoding?: string): this {
    if (this.#isDone) throw plainError("ERR_CRYPTO_HASH_FINALIZED", "Digest already called");
    const bytes = bytesOf(data, "data", encoding);
    if (this.#rid === 0 && this.#keptBytes + bytes.length <= KEPT_BYTES) {
      this.#kept.push(bytes.slice());
      this.#keptBytes += bytes.length;
      return this;
    }
    if (this.#rid === 0) {
      this.#rid = hash_open(this.#algorithm, this.#key);
      for (const kept of this.#kept) hash_update(this.#rid, kept);
      this.#kept = [];
    }
    for (let at = 0; at < bytes.length; at += HASH_PIECE) hash_update(this.#rid, bytes.subarray(at, at + HASH_PIECE));
    return this;
  }

  digest(encoding?: string): string | NodeBuffer {
    if (this.#isDone) throw plainError("ERR_CRYPTO_HASH_FINALIZED", "Digest already called");
    this.#isDone = true;
    return textOr(this.#rid === 0 ? hash_whole(this.#algorithm, this.#key, this.#whole()) : hash_digest(this.#rid), encoding);
  }

  protected copyTo(other: Digester): void {
    if (this.#isDone) throw plainError("ERR_CRYPTO_HASH_FINALIZED", "Digest already called");
    other.#kept = [...this.#kept];
    other.#keptBytes = this.#keptBytes;
    other.#rid = this.#rid === 0 ? 0 : hash_copy(this.#rid);
  }

  #whole(): Bytes {
    const whole = new Uint8Array(this.#keptBytes);
    let at = 0;
    for (const kept of this.#kept) {
      whole.set(kept, at);
      at += kept.length;
    }
    return whole;
  }
}

export class Hash extends Digester {
  readonly #name: string;
  constructor(algorithm: string) {
    super(algorithm, null);
    this.#name = algorithm;
  }
  copy(): Hash {
    const copy = new Hash(this.#name);
    this.copyTo(copy);
    return copy;
  }
}
export class Hmac extends Digester {}

export const createHash = (algorithm: string): Hash => new Hash(algorithmOf(algorithm));
export function createHmac(algorithm: string, key: unknown): Hmac {
  const name = algorithmOf(algorithm);
  const bytes = bytesOf(key, "key");
  // https://www.rfc-editor.org/rfc/rfc2104: a key longer than a block stands for its hash.
  return new Hmac(name, bytes.length > HASH_PIECE ? (createHash(name).update(bytes).digest() as NodeBuffer) : bytes);
}
export const hash = (algorithm: string, data: unknown, encoding = "hex"): string | NodeBuffer => createHash(algorithm).update(data).digest(encoding);
export const getHashes = (): string[] => [...HASHES];

function fillRandom(bytes: Bytes): Bytes {
  for (let at = 0; at < bytes.length; at += RANDOM_PIECE) web.crypto.getRandomValues(bytes.subarray(at, at + RANDOM_PIECE));
  return bytes;
}

/** `make` now; its result to `callback` later, or back at once when there is none. */
function deliver<T>(make: () => T, callback: unknown): T | undefined {
  if (callback === undefined) return make();
  checkFunction(callback, "callback");
  const value = make();
  web.queueMicrotask(() => (callback as Callback<T>)(null, value));
  return undefined;
}

export function randomBytes(size: unknown, callback?: Callback<NodeBuffer>): NodeBuffer | undefined {
  if (typeof size !== "number") throw wrongType("size", "of type number", size);
  if (!(size >= 0 && size <= MAX_RANDOM_BYTES)) throw outOfRange("size", `>= 0 && <= ${MAX_RANDOM_BYTES}`, size);
  return deliver(() => Buffer.from(fillRandom(new Uint8Array(Math.floor(size))).buffer), callback);
}
export const pseudoRandomBytes = randomBytes;

export function randomFillSync<T extends ArrayBufferView | ArrayBuffer>(target: T, offset = 0, size = target.byteLength - offset): T {
  const bytes = bytesOf(target, "buf");
  if (!(offset >= 0 && offset <= bytes.length)) throw outOfRange("offset", `>= 0 && <= ${bytes.length}`, offset);
  if (!(size >= 0 && offset + size <= bytes.length)) throw outOfRange("size", `>= 0 && <= ${bytes.length - offset}`, size);
  fillRandom(bytes.subarray(offset, offset + size));
  return target;
}
export function randomFill<T extends ArrayBufferView | ArrayBuffer>(target: T, ...rest: unknown[]): void {
  const callback = rest.pop();
  checkFunction(callback, "callback");
  deliver(() => randomFillSync(target, ...(rest as number[])), callback);
}

/** (max), (min, max), each with a callback or without. Without bias: what lies past the last whole range is drawn again. */
export function randomInt(...args: unknown[]): number | undefined {
  const callback = typeof args.at(-1) === "function" ? args.pop() : undefined;
  const [min, max] = args.length < 2 ? [0, args[0]] : args;
  if (!Number.isSafeInteger(min)) throw wrongType("min", "a safe integer", min);
  if (!Number.isSafeInteger(max)) throw wrongType("max", "a safe integer", max);
  const range = (max as number) - (min as number);
  if (range <= 0) throw outOfRange("max", `greater than the value of "min" (${min})`, max);
  if (range >= 2 ** 48) throw outOfRange("max - min", "<= 281474976710655", range);
  const limit = 2 ** 48 - (2 ** 48 % range);
  return deliver(() => {
    for (;;) {
      const bytes = fillRandom(new Uint8Array(6));
      const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
      if (value < limit) return (value % range) + (min as number);
    }
  }, callback);
}
export const randomUUID = (): string => web.crypto.randomUUID();

export function timingSafeEqual(a: unknown, b: unknown): boolean {
  const left = bytesOf(typeof a === "string" ? undefined : a, "buf1");
  const right = bytesOf(typeof b === "string" ? undefined : b, "buf2");
  if (left.length !== right.length) throw rangeError("ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH", "Input buffers must have the same byte length");
  let isEqual = 1;
  for (let at = 0; at < left.length; at += HASH_PIECE) isEqual &= bytes_equal(left.subarray(at, at + HASH_PIECE), right.subarray(at, at + HASH_PIECE));
  return isEqual === 1;
}

/** https://www.rfc-editor.org/rfc/rfc5869 */
export function hkdfSync(digest: string, secret: unknown, salt: unknown, info: unknown, length: number): ArrayBuffer {
  const algorithm = algorithmOf(digest);
  const size = DIGEST_BYTES[algorithm] as number;
  if (!(length >= 0 && length <= 255 * size)) throw rangeError("ERR_CRYPTO_INVALID_KEYLEN", "Invalid key length");
  const given = bytesOf(salt, "salt");
  const key = createHmac(algorithm, given.length === 0 ? new Uint8Array(size) : given).update(bytesOf(secret, "ikm")).digest() as NodeBuffer;
  const result = new Uint8Array(length);
  let block: Bytes = new Uint8Array(0);
  for (let at = 0, count = 1; at < length; at += size, count++) {
    block = createHmac(algorithm, key).update(block).update(bytesOf(info, "info")).update(Uint8Array.of(count)).digest() as NodeBuffer;
    result.set(block.subarray(0, Math.min(size, length - at)), at);
  }
  return result.buffer;
}
export const hkdf = (digest: string, secret: unknown, salt: unknown, info: unknown, length: number, callback: Callback<ArrayBuffer>): void => void deliver(() => hkdfSync(digest, secret, salt, info, length), callback);

export const webcrypto = web.crypto;
/** Read when it is wanted: many who import hashes never do. */
export const subtle = /* @__PURE__ */ (() => web.crypto.subtle)();
export const getRandomValues = <T>(array: T): T => web.crypto.getRandomValues(array);
export default { Hash, Hmac, createHash, createHmac, hash, getHashes, randomBytes, pseudoRandomBytes, randomFillSync, randomFill, randomInt, randomUUID, timingSafeEqual, hkdfSync, hkdf, webcrypto, getRandomValues,
  get subtle() {
    return web.crypto.subtle;
  },
};
