/** HMAC (https://w3c.github.io/webcrypto/#hmac). */
import { hostOps } from "../../infra/guest/host-ops.ts";
import { stringSlice } from "../../infra/guest/primordials.ts";
import { cryptoOps } from "../ops.ts";
import { type Algorithm, type Dictionary, optional, register, required, requireAnyUsage, requireUsages, toHash, toLength, unsupportedFormat } from "./algorithm.ts";
import { byteLength, copyOf } from "./bytes.ts";
import { type Bytes, createKey, type KeyUsage, keyAlgorithm } from "./crypto-key.ts";
import { fail } from "./errors.ts";
import { checkJwk, type JsonWebKey, memberBytes } from "./json-web-key.ts";
import { exportSecretKey, randomKey } from "./secret-keys.ts";

const { crypto_hmac, crypto_hmac_verify } = hostOps(cryptoOps);

const USAGES: readonly KeyUsage[] = ["sign", "verify"];

/** What a key of no given length has: the block size of its hash. */
const blockBits = (hash: string): number => (hash === "SHA-384" || hash === "SHA-512" ? 1024 : 512);
const algOf = (hash: string | null): string => "HS" + stringSlice(hash as string, 4);

function read(parameters: Dictionary): { readonly hash: string; readonly length: number | null } {
  const hash = required(parameters, "hash", toHash);
  return { hash, length: optional(parameters, "length", toLength) };
}

register({
  __proto__: null,
  name: "HMAC",
  sign: () => (key, data) => crypto_hmac(key.algorithm.hash as string, key.material, data),
  verify: () => (key, signature, data) => crypto_hmac_verify(key.algorithm.hash as string, key.material, signature, data),
  getKeyLength(parameters) {
    const { hash, length } = read(parameters);
    return () => (length === 0 ? fail("OperationError", "An HMAC key is not empty") : (length ?? blockBits(hash)));
  },
  generateKey(parameters) {
    const { hash, length } = read(parameters);
    return (extractable, usages) => {
      requireUsages(usages, USAGES);
      if (length === 0) fail("OperationError", "An HMAC key is not empty");
      requireAnyUsage(usages);
      const bits = length ?? blockBits(hash);
      return createKey({ type: "secret", extractable, algorithm: keyAlgorithm("HMAC", { hash, length: bits }), usages, material: firstBits(randomKey(bits), bits) });
    };
  },
  importKey(parameters) {
    const { hash, length } = read(parameters);
    return (format, data, extractable, usages) => {
      requireUsages(usages, USAGES);
      const isJwk = format === "jwk";
      if (!isJwk && format !== "raw") unsupportedFormat(format);
      if (isJwk) checkJwk(data as JsonWebKey, "oct", "sig", extractable, usages);
      const material = isJwk ? memberBytes((data as JsonWebKey).k, "k") : copyOf(data as Bytes);
      if (isJwk && ((data as JsonWebKey).alg ?? algOf(hash)) !== algOf(hash)) fail("DataError", "The JWK's alg is not '" + algOf(hash) + "'");
      const bits = byteLength(material) * 8;
      if (bits === 0) fail("DataError", "An HMAC key is not empty");
      if (length !== null && (length > bits || length <= bits - 8)) fail("DataError", "The key does not have the length that is given");
      return createKey({ type: "secret", extractable, algorithm: keyAlgorithm("HMAC", { hash, length: length ?? bits }), usages, material: firstBits(material, length ?? bits) });
    };
  },
  exportKey: (format, key) => exportSecretKey(format, key, algOf(key.algorithm.hash)),
} as Algorithm);

/** Clears what is left of the last byte, in place. */
function firstBits(bytes: Bytes, bits: number): Bytes {
  const last = byteLength(bytes) - 1;
  if (bits % 8 !== 0) bytes[last] = (bytes[last] as number) & (0xff00 >> (bits % 8));
  return bytes;
}
