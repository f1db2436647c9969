/** SubtleCrypto (https://w3c.github.io/webcrypto/#subtlecrypto-interface), and `timingSafeEqual` as Workers have it. */
import { hostOps } from "../../infra/guest/host-ops.ts";
import { promiseReject, promiseResolve, promiseThen, SafeTypeError, typedArrayBuffer } from "../../infra/guest/primordials.ts";
import { constructionKey, defineInterface, requireArguments, requireConstructionKey } from "../../infra/guest/webidl.ts";
import { toBufferSource, toEnum, toSequence, toUnsignedLong, viewBytes } from "../../infra/guest/webidl-convert.ts";
import { cryptoOps, MAX_CHUNK_BYTES } from "../ops.ts";
import "./aes.ts";
import { algorithmOf, type CryptoKeyPair, type KeyFormat, lookUp, type Normalized, normalize, requireAnyUsage } from "./algorithm.ts";
import { byteLength, chunkOf, taken } from "./bytes.ts";
import { type Bytes, type CryptoKey, isKey, type KeySlots, type KeyUsage, onlyUsages, slotsOf, USAGES } from "./crypto-key.ts";
import "./curves.ts";
import "./digests.ts";
import { fail } from "./errors.ts";
import "./hmac.ts";
import { jwkOfBytes, jwkToBytes, type JsonWebKey, toJsonWebKey } from "./json-web-key.ts";
import "./key-derivation.ts";
import "./rsa.ts";

const { crypto_equal } = hostOps(cryptoOps);

const FORMATS = ["raw", "spki", "pkcs8", "jwk"] as const;
const toFormat = (value: unknown): KeyFormat => toEnum(value, FORMATS, "format");
const toUsages = (value: unknown): KeyUsage[] => onlyUsages(toSequence(value, (item, where) => toEnum(item, USAGES, where), "keyUsages"), USAGES);

export class SubtleCrypto {
  #brand = true;
  constructor(key?: symbol) {
    requireConstructionKey(key);
  }
  encrypt(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    return settled(() => {
      this.#brand;
      requireArguments(arguments.length, 3, "SubtleCrypto.encrypt");
      const slots = slotsOf(key, "key");
      const bytes = toBufferSource(data, "data");
      const { name, run } = normalize("encrypt", algorithm);
      requireKey(slots, name, "encrypt");
      return taken(run(slots, bytes), typedArrayBuffer);
    });
  }
  decrypt(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    return settled(() => {
      this.#brand;
      requireArguments(arguments.length, 3, "SubtleCrypto.decrypt");
      const slots = slotsOf(key, "key");
      const bytes = toBufferSource(data, "data");
      const { name, run } = normalize("decrypt", algorithm);
      requireKey(slots, name, "decrypt");
      return taken(run(slots, bytes), typedArrayBuffer);
    });
  }
  sign(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    return settled(() => {
      this.#brand;
      requireArguments(arguments.length, 3, "SubtleCrypto.sign");
      const slots = slotsOf(key, "key");
      const bytes = toBufferSource(data, "data");
      const { name, run } = normalize("sign", algorithm);
      requireKey(slots, name, "sign");
      return promiseThen(run(slots, bytes), typedArrayBuffer);
    });
  }
  verify(algorithm: unknown, key: unknown, signature: unknown, data: unknown): Promise<boolean> {
    return settled(() => {
      this.#brand;
      requireArguments(arguments.length, 4, "SubtleCrypto.verify");
      const slots = slotsOf(key, "key");
      const signatureBytes = toBufferSource(signature, "signature");
      const bytes = toBufferSource(data, "data");
      const { name, run } = normalize("verify", algorithm);
      requireKey(slots, name, "verify");
      return run(slots, signatureBytes, bytes);
    });
  }
  digest(algorithm: unknown, data: unknown): Promise<ArrayBuffer> {
    return settled(() => {
      this.#brand;
      requireArguments(arguments.length, 2, "SubtleCrypto.digest");
      const bytes = toBufferSource(data, "data");
      return promiseThen(normalize("digest", algorithm).run(bytes), typedArrayBuffer);
    });
  }
  generateKey(algorithm: unknown, extractable: unknown, keyUsages: unknown): Promise<CryptoKey | CryptoKeyPair> {
    return settled(() => {
      this.#brand;
      requireArguments(arguments.length, 3, "SubtleCrypto.generateKey");
      const usages = toUsages(keyUsages);
      return normalize("generateKey", algorithm).run(!!extractable, usages);
    });
  }
  deriveKey(algorithm: unknown, baseKey: unknown, derivedKeyType: unknown, extractable: unknown, keyUsages: unknown): Promise<CryptoKey> {
    return settled(() => {
      this.#brand;
      requireArguments(arguments.length, 5, "SubtleCrypto.deriveKey");
      const slots = slotsOf(baseKey, "baseKey");
      const usages = toUsages(keyUsages);
      const { name, run } = normalize("deriveBits", algorithm);
      const imported = normalize("importKey", derivedKeyType);
      const { run: lengthOf } = normalize("getKeyLength", derivedKeyType);
      requireKey(slots, name, "deriveKey");
      return taken(run(slots, lengthOf()), (bytes) => usable(imported, "raw", bytes, !!extractable, usages));
    });
  }
  deriveBits(algorithm: unknown, baseKey: unknown, length: unknown = null): Promise<ArrayBuffer> {
    return settled(() => {
      this.#brand;
      requireArguments(arguments.length, 2, "SubtleCrypto.deriveBits");
      const slots = slotsOf(baseKey, "baseKey");
      const bits = length === null ? null : toUnsignedLong(length, "length");
      const { name, run } = normalize("deriveBits", algorithm);
      requireKey(slots, name, "deriveBits");
      return taken(run(slots, bits), typedArrayBuffer);
    });
  }
  importKey(format: unknown, keyData: unknown, algorithm: unknown, extractable: unknown, keyUsages: unknown): Promise<CryptoKey> {
    return settled(() => {
      this.#brand;
      requireArguments(arguments.length, 5, "SubtleCrypto.importKey");
      const keyFormat = toFormat(format);
      const bytes = viewBytes(keyData);
      const jwk = bytes === undefined ? toJsonWebKey(keyData, "keyData") : undefined;
      const usages = toUsages(keyUsages);
      const imported = normalize("importKey", algorithm);
      if ((keyFormat === "jwk") !== (bytes === undefined)) throw new SafeTypeError("keyData is not what a key in this format comes in");
      return usable(imported, keyFormat, (bytes ?? jwk) as Bytes | JsonWebKey, !!extractable, usages);
    });
  }
  exportKey(format: unknown, key: unknown): Promise<ArrayBuffer | JsonWebKey> {
    return settled(() => {
      this.#brand;
      requireArguments(arguments.length, 2, "SubtleCrypto.exportKey");
      const keyFormat = toFormat(format);
      const exported = exportKey(keyFormat, slotsOf(key, "key"));
      return keyFormat === "jwk" ? (exported as JsonWebKey) : typedArrayBuffer(exported as Bytes);
    });
  }
  wrapKey(format: unknown, key: unknown, wrappingKey: unknown, wrapAlgorithm: unknown): Promise<ArrayBuffer> {
    return settled(() => {
      this.#brand;
      requireArguments(arguments.length, 4, "SubtleCrypto.wrapKey");
      const keyFormat = toFormat(format);
      const slots = slotsOf(key, "key");
      const wrapping = slotsOf(wrappingKey, "wrappingKey");
      const { name, run } = lookUp("wrapKey", wrapAlgorithm) ?? normalize("encrypt", wrapAlgorithm);
      requireKey(wrapping, name, "wrapKey");
      const exported = exportKey(keyFormat, slots);
      return taken(run(wrapping, keyFormat === "jwk" ? jwkToBytes(exported as JsonWebKey) : (exported as Bytes)), typedArrayBuffer);
    });
  }
  unwrapKey(format: unknown, wrappedKey: unknown, unwrappingKey: unknown, unwrapAlgorithm: unknown, unwrappedKeyAlgorithm: unknown, extractable: unknown, keyUsages: unknown): Promise<CryptoKey> {
    return settled(() => {
      this.#brand;
      requireArguments(arguments.length, 7, "SubtleCrypto.unwrapKey");
      const keyFormat = toFormat(format);
      const bytes = toBufferSource(wrappedKey, "wrappedKey");
      const unwrapping = slotsOf(unwrappingKey, "unwrappingKey");
      const usages = toUsages(keyUsages);
      const { name, run } = lookUp("unwrapKey", unwrapAlgorithm) ?? normalize("decrypt", unwrapAlgorithm);
      const imported = normalize("importKey", unwrappedKeyAlgorithm);
      requireKey(unwrapping, name, "unwrapKey");
      return taken(run(unwrapping, bytes), (unwrapped) => usable(imported, keyFormat, keyFormat === "jwk" ? jwkOfBytes(unwrapped) : unwrapped, !!extractable, usages));
    });
  }
  timingSafeEqual(a: unknown, b: unknown): boolean {
    this.#brand;
    requireArguments(arguments.length, 2, "SubtleCrypto.timingSafeEqual");
    const left = toBufferSource(a, "a");
    const right = toBufferSource(b, "b");
    if (byteLength(left) !== byteLength(right)) throw new SafeTypeError("timingSafeEqual takes buffers of the same length");
    let isEqual = true;
    // To the end, also past a difference.
    for (let at = 0; at < byteLength(left); at += MAX_CHUNK_BYTES) isEqual = crypto_equal(chunkOf(left, at, MAX_CHUNK_BYTES), chunkOf(right, at, MAX_CHUNK_BYTES)) && isEqual;
    return isEqual;
  }
}
defineInterface(SubtleCrypto, "SubtleCrypto", { lengths: { deriveBits: 2 } });

/** `crypto.subtle`. */
export const subtle = new SubtleCrypto(constructionKey);

/** What an operation throws rejects its promise. */
function settled<T>(operation: () => T | Promise<T>): Promise<T> {
  try {
    return promiseResolve(operation());
  } catch (error) {
    return promiseReject(error);
  }
}

/** The key is one of the algorithm, and may be used so. */
function requireKey({ algorithm, usages }: KeySlots, name: string, usage: KeyUsage): void {
  if (algorithm.name !== name) fail("InvalidAccessError", "The key is one of " + algorithm.name);
  for (let i = 0; i < usages.length; i++) if (usages[i] === usage) return;
  fail("InvalidAccessError", "The key's usages lack '" + usage + "'");
}

function exportKey(format: KeyFormat, key: KeySlots): Bytes | JsonWebKey {
  const algorithm = algorithmOf(key.algorithm.name);
  const write = algorithm?.exportKey;
  if (write === undefined) fail("NotSupportedError", "Keys of " + key.algorithm.name + " cannot be exported");
  if (!key.extractable) fail("InvalidAccessError", "The key is not extractable");
  return write(format, key);
}

/** The imported key; a SyntaxError when it is one that nobody could use. */
function usable({ run }: Normalized<"importKey">, format: KeyFormat, data: Bytes | JsonWebKey, extractable: boolean, usages: readonly KeyUsage[]): CryptoKey | Promise<CryptoKey> {
  const check = (key: CryptoKey): CryptoKey => {
    if (slotsOf(key, "key").type !== "public") requireAnyUsage(usages);
    return key;
  };
  const key = run(format, data, extractable, usages);
  return isKey(key) ? check(key) : promiseThen(key, check);
}
