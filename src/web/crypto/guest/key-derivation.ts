/** HKDF and PBKDF2 (https://w3c.github.io/webcrypto/#hkdf, #pbkdf2). */
import { hostOps } from "../../infra/guest/host-ops.ts";
import { cryptoOps } from "../ops.ts";
import { type Algorithm, register, required, requireUsages, toBytes, toHash, toLength, unsupportedFormat } from "./algorithm.ts";
import { copyOf } from "./bytes.ts";
import { type Bytes, createKey, type KeyUsage, keyAlgorithm } from "./crypto-key.ts";
import { fail } from "./errors.ts";

const { crypto_hkdf, crypto_pbkdf2 } = hostOps(cryptoOps);

const USAGES: readonly KeyUsage[] = ["deriveKey", "deriveBits"];

function registerDerivation(name: string, deriveBits: NonNullable<Algorithm["deriveBits"]>): void {
  register({
    __proto__: null,
    name,
    deriveBits,
    getKeyLength: () => () => null,
    importKey: () => (format, data, extractable, usages) => {
      if (format !== "raw") unsupportedFormat(format);
      requireUsages(usages, USAGES);
      if (extractable) fail("SyntaxError", "A key of " + name + " cannot be extractable");
      return createKey({ type: "secret", extractable: false, algorithm: keyAlgorithm(name), usages, material: copyOf(data as Bytes) });
    },
  } as Algorithm);
}

function wholeBytes(length: number | null): number {
  if (length === null || length % 8 !== 0) fail("OperationError", "The length is a multiple of 8");
  return length / 8;
}

registerDerivation("HKDF", (parameters) => {
  const hash = required(parameters, "hash", toHash);
  const info = required(parameters, "info", toBytes);
  const salt = required(parameters, "salt", toBytes);
  return (key, length) => crypto_hkdf(hash, key.material, salt, info, wholeBytes(length));
});

registerDerivation("PBKDF2", (parameters) => {
  const hash = required(parameters, "hash", toHash);
  const iterations = required(parameters, "iterations", toLength);
  const salt = required(parameters, "salt", toBytes);
  return (key, length) => {
    const bytes = wholeBytes(length);
    if (iterations === 0) fail("OperationError", "PBKDF2 takes at least one iteration");
    return crypto_pbkdf2(hash, key.material, salt, iterations, bytes);
  };
});
