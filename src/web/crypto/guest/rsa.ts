/** RSASSA-PKCS1-v1_5, RSA-PSS and RSA-OAEP (https://w3c.github.io/webcrypto/#rsassa-pkcs1 and the sections after it). */
import { hostOps } from "../../infra/guest/host-ops.ts";
import { arrayIncludes, arrayJoin, arrayPush, stringSlice, stringSplit } from "../../infra/guest/primordials.ts";
import { cryptoOps, MAX_RSA_BITS, MIN_RSA_BITS, RSA_EXPONENTS } from "../ops.ts";
import {
  type Algorithm,
  type CryptoKeyPair,
  type Dictionary,
  type KeyFormat,
  optional,
  register,
  required,
  requireAnyUsage,
  requireType,
  requireUsages,
  toBigInteger,
  toBytes,
  toHash,
  toLength,
  unsupportedFormat,
} from "./algorithm.ts";
import { byteLength, copyOf, readU32, taken } from "./bytes.ts";
import { type Bytes, type CryptoKey, createKey, type KeySlots, type KeyUsage, keyAlgorithm, onlyUsages } from "./crypto-key.ts";
import { fail } from "./errors.ts";
import { checkJwk, describedJwk, type JsonWebKey } from "./json-web-key.ts";

const { crypto_rsa_generate, crypto_rsa_import, crypto_rsa_import_jwk, crypto_rsa_jwk, crypto_rsa_oaep, crypto_rsa_sign, crypto_rsa_verify } = hostOps(cryptoOps);

interface RsaKind {
  readonly name: string;
  /** Of both keys. */
  readonly usages: readonly KeyUsage[];
  readonly publicUsages: readonly KeyUsage[];
  readonly privateUsages: readonly KeyUsage[];
  readonly use: "enc" | "sig";
  /** The `alg` of a JWK. */
  readonly algOf: (hash: string) => string;
}

const FIELDS = ["n", "e", "d", "p", "q", "dp", "dq", "qi"] as const;
const PUBLIC_FIELDS = 2;

function registerRsa(kind: RsaKind, operations: Partial<Algorithm>): void {
  register({
    __proto__: null,
    name: kind.name,
    ...operations,
    generateKey(parameters: Dictionary) {
      const modulusLength = required(parameters, "modulusLength", toLength);
      const publicExponent = required(parameters, "publicExponent", toBigInteger);
      const hash = required(parameters, "hash", toHash);
      return (extractable: boolean, usages: readonly KeyUsage[]): Promise<CryptoKeyPair> => {
        requireUsages(usages, kind.usages);
        const exponent = smallInteger(publicExponent);
        if (modulusLength < MIN_RSA_BITS || modulusLength > MAX_RSA_BITS) fail("OperationError", "An RSA modulus has " + MIN_RSA_BITS + " to " + MAX_RSA_BITS + " bits here");
        if (!arrayIncludes(RSA_EXPONENTS, exponent)) fail("OperationError", "An RSA key has the public exponent 3 or 65537 here");
        const algorithm = keyAlgorithm(kind.name, { modulusLength, publicExponent: copyOf(publicExponent), hash });
        const privateUsages = onlyUsages(usages, kind.privateUsages);
        requireAnyUsage(privateUsages);
        return taken(crypto_rsa_generate(modulusLength, exponent), (bytes) => {
          const end = 4 + readU32(bytes, 0);
          return {
            publicKey: createKey({ type: "public", extractable: true, algorithm, usages: onlyUsages(usages, kind.publicUsages), material: copyOf(bytes, 4, end) }),
            privateKey: createKey({ type: "private", extractable, algorithm, usages: privateUsages, material: copyOf(bytes, end) }),
          };
        });
      };
    },
    importKey(parameters: Dictionary) {
      const hash = required(parameters, "hash", toHash);
      return (format: KeyFormat, data: Bytes | JsonWebKey, extractable: boolean, usages: readonly KeyUsage[]): CryptoKey => {
        if (format === "raw") unsupportedFormat(format);
        const isPrivate = format === "jwk" ? (data as JsonWebKey).d !== undefined : format === "pkcs8";
        requireUsages(usages, isPrivate ? kind.privateUsages : kind.publicUsages);
        const imported = format === "jwk" ? importJwk(kind, hash, data as JsonWebKey, extractable, usages) : crypto_rsa_import(isPrivate, data as Bytes);
        const end = 8 + readU32(imported, 4);
        const algorithm = keyAlgorithm(kind.name, { modulusLength: readU32(imported, 0), publicExponent: copyOf(imported, 8, end), hash });
        return createKey({ type: isPrivate ? "private" : "public", extractable, algorithm, usages, material: copyOf(imported, end) });
      };
    },
    exportKey(format: KeyFormat, key: KeySlots): Bytes | JsonWebKey {
      const isPrivate = key.type === "private";
      if (format === "raw") unsupportedFormat(format);
      if (format !== "jwk") {
        requireType(key, format === "pkcs8" ? "private" : "public");
        return copyOf(key.material);
      }
      const jwk = describedJwk(key, "RSA", kind.algOf(key.algorithm.hash as string));
      const values = stringSplit(crypto_rsa_jwk(isPrivate, key.material), ",");
      for (let i = 0; i < values.length; i++) jwk[FIELDS[i] as (typeof FIELDS)[number]] = values[i] as string;
      return jwk;
    },
  } as Algorithm);
}

function importJwk(kind: RsaKind, hash: string, jwk: JsonWebKey, extractable: boolean, usages: readonly KeyUsage[]): Bytes {
  checkJwk(jwk, "RSA", kind.use, extractable, usages);
  if (jwk.alg !== undefined && jwk.alg !== kind.algOf(hash)) fail("DataError", "The JWK's alg is not '" + kind.algOf(hash) + "'");
  if (jwk.oth !== undefined) fail("NotSupportedError", "RSA keys of more than two primes are not supported");
  const count = jwk.d === undefined ? PUBLIC_FIELDS : FIELDS.length;
  const values: string[] = [];
  for (let i = 0; i < count; i++) {
    const field = FIELDS[i] as (typeof FIELDS)[number];
    arrayPush(values, jwk[field] ?? fail("DataError", "The JWK has no '" + field + "'"));
  }
  return crypto_rsa_import_jwk(arrayJoin(values, ","));
}

/** 0 for one that is too large to be any that is supported. */
function smallInteger(bytes: Bytes): number {
  const length = byteLength(bytes);
  let value = 0;
  for (let i = 0; i < length; i++) if ((value = value * 0x100 + (bytes[i] as number)) > 0xffffffff) return 0;
  return value;
}

/** The signature schemes. `readSalt` reads the length of the salt. */
function signatures(name: string, readSalt: (parameters: Dictionary) => number): Partial<Algorithm> {
  return {
    sign(parameters) {
      const saltLength = readSalt(parameters);
      return (key, data) => {
        requireType(key, "private");
        return crypto_rsa_sign(name, key.algorithm.hash as string, key.material, saltLength, data);
      };
    },
    verify(parameters) {
      const saltLength = readSalt(parameters);
      return (key, signature, data) => {
        requireType(key, "public");
        return crypto_rsa_verify(name, key.algorithm.hash as string, key.material, saltLength, signature, data);
      };
    },
  };
}

const oaep =
  (isEncrypting: boolean): NonNullable<Algorithm["encrypt"]> =>
  (parameters) => {
    const label = optional(parameters, "label", toBytes);
    return (key, data) => {
      requireType(key, isEncrypting ? "public" : "private");
      return crypto_rsa_oaep(isEncrypting, key.algorithm.hash as string, key.material, label, data);
    };
  };

const hashDigits = (hash: string): string => stringSlice(hash, 4);
const signing = { usages: ["sign", "verify"], publicUsages: ["verify"], privateUsages: ["sign"], use: "sig" } as const;

registerRsa({ ...signing, name: "RSASSA-PKCS1-v1_5", algOf: (hash) => "RS" + hashDigits(hash) }, signatures("RSASSA-PKCS1-v1_5", () => 0));
registerRsa({ ...signing, name: "RSA-PSS", algOf: (hash) => "PS" + hashDigits(hash) }, signatures("RSA-PSS", (parameters) => required(parameters, "saltLength", toLength)));
registerRsa(
  {
    name: "RSA-OAEP",
    usages: ["encrypt", "decrypt", "wrapKey", "unwrapKey"],
    publicUsages: ["encrypt", "wrapKey"],
    privateUsages: ["decrypt", "unwrapKey"],
    use: "enc",
    algOf: (hash) => (hash === "SHA-1" ? "RSA-OAEP" : "RSA-OAEP-" + hashDigits(hash)),
  },
  { encrypt: oaep(true), decrypt: oaep(false) },
);
