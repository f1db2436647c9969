/** AES (https://w3c.github.io/webcrypto/#aes-ctr and the sections after it). */
import { hostOps } from "../../infra/guest/host-ops.ts";
import { arrayIncludes, stringSlice } from "../../infra/guest/primordials.ts";
import { cryptoOps } from "../ops.ts";
import { type Algorithm, optional, register, required, requireAnyUsage, requireUsages, toBytes, toOctet, toShort, unsupportedFormat } from "./algorithm.ts";
import { byteLength, copyOf } from "./bytes.ts";
import { type Bytes, createKey, type KeyUsage, keyAlgorithm } from "./crypto-key.ts";
import { fail } from "./errors.ts";
import { checkJwk, type JsonWebKey, memberBytes } from "./json-web-key.ts";
import { exportSecretKey, randomKey } from "./secret-keys.ts";

const { crypto_aes_cbc, crypto_aes_ctr, crypto_aes_gcm, crypto_aes_kw } = hostOps(cryptoOps);

const BLOCK_BYTES = 16;
const COUNTER_BITS = 128;
/** What OpenSSL takes at most. */
const MAX_GCM_IV_BYTES = 128;
const TAG_BITS = [32, 64, 96, 104, 112, 120, 128];
const CIPHER_USAGES: readonly KeyUsage[] = ["encrypt", "decrypt", "wrapKey", "unwrapKey"];
const WRAP_USAGES: readonly KeyUsage[] = ["wrapKey", "unwrapKey"];

const isKeyLength = (bits: number): boolean => bits === 128 || bits === 192 || bits === 256;

function registerAes(name: string, allowed: readonly KeyUsage[], operations: Partial<Algorithm>): void {
  const alg = (bits: number | null): string => "A" + bits + stringSlice(name, 4);
  const readLength: NonNullable<Algorithm["getKeyLength"]> = (parameters) => {
    const length = required(parameters, "length", toShort);
    return () => (isKeyLength(length) ? length : fail("OperationError", "An AES key has 128, 192 or 256 bits"));
  };
  register({
    __proto__: null,
    name,
    ...operations,
    getKeyLength: readLength,
    generateKey(parameters) {
      const length = readLength(parameters);
      return (extractable, usages) => {
        requireUsages(usages, allowed);
        const bits = length() as number;
        requireAnyUsage(usages);
        return createKey({ type: "secret", extractable, algorithm: keyAlgorithm(name, { length: bits }), usages, material: randomKey(bits) });
      };
    },
    importKey: () => (format, data, extractable, usages) => {
      requireUsages(usages, allowed);
      const isJwk = format === "jwk";
      if (!isJwk && format !== "raw") unsupportedFormat(format);
      if (isJwk) checkJwk(data as JsonWebKey, "oct", "enc", extractable, usages);
      const material = isJwk ? memberBytes((data as JsonWebKey).k, "k") : copyOf(data as Bytes);
      const bits = byteLength(material) * 8;
      if (!isKeyLength(bits)) fail("DataError", "An AES key has 128, 192 or 256 bits");
      if (isJwk && ((data as JsonWebKey).alg ?? alg(bits)) !== alg(bits)) fail("DataError", "The JWK's alg is not '" + alg(bits) + "'");
      return createKey({ type: "secret", extractable, algorithm: keyAlgorithm(name, { length: bits }), usages, material });
    },
    exportKey: (format, key) => exportSecretKey(format, key, alg(key.algorithm.length)),
  } as Algorithm);
}

const ctr: NonNullable<Algorithm["encrypt"]> = (parameters) => {
  const counter = required(parameters, "counter", toBytes);
  const length = required(parameters, "length", toOctet);
  return (key, data) => {
    if (byteLength(counter) !== BLOCK_BYTES) fail("OperationError", "AES-CTR: the counter block has 16 bytes");
    if (length === 0 || length > COUNTER_BITS) fail("OperationError", "AES-CTR: the counter has 1 to 128 bits");
    return crypto_aes_ctr(key.material, counter, length, data);
  };
};

const cbc =
  (isEncrypting: boolean): NonNullable<Algorithm["encrypt"]> =>
  (parameters) => {
    const iv = required(parameters, "iv", toBytes);
    return (key, data) => {
      if (byteLength(iv) !== BLOCK_BYTES) fail("OperationError", "AES-CBC: the IV has 16 bytes");
      return crypto_aes_cbc(isEncrypting, key.material, iv, data);
    };
  };

const gcm =
  (isEncrypting: boolean): NonNullable<Algorithm["encrypt"]> =>
  (parameters) => {
    const additionalData = optional(parameters, "additionalData", toBytes);
    const iv = required(parameters, "iv", toBytes);
    const tagBits = optional(parameters, "tagLength", toOctet) ?? 128;
    return (key, data) => {
      if (!arrayIncludes(TAG_BITS, tagBits)) fail("OperationError", "AES-GCM: the tag has 32, 64, 96, 104, 112, 120 or 128 bits");
      if (byteLength(iv) === 0 || byteLength(iv) > MAX_GCM_IV_BYTES) fail("OperationError", "AES-GCM: the IV has 1 to " + MAX_GCM_IV_BYTES + " bytes");
      if (!isEncrypting && byteLength(data) * 8 < tagBits) fail("OperationError", "AES-GCM: the data is shorter than its tag");
      return crypto_aes_gcm(isEncrypting, key.material, iv, additionalData, tagBits, data);
    };
  };

const kw =
  (isWrapping: boolean): NonNullable<Algorithm["wrapKey"]> =>
  () =>
  (key, data) => {
    if (byteLength(data) % 8 !== 0) fail("OperationError", "AES-KW takes a multiple of 64 bits");
    return crypto_aes_kw(isWrapping, key.material, data);
  };

registerAes("AES-CTR", CIPHER_USAGES, { encrypt: ctr, decrypt: ctr });
registerAes("AES-CBC", CIPHER_USAGES, { encrypt: cbc(true), decrypt: cbc(false) });
registerAes("AES-GCM", CIPHER_USAGES, { encrypt: gcm(true), decrypt: gcm(false) });
registerAes("AES-KW", WRAP_USAGES, { wrapKey: kw(true), unwrapKey: kw(false) });
