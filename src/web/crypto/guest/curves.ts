/** ECDSA and ECDH (https://w3c.github.io/webcrypto/#ecdsa, #ecdh), Ed25519, Ed448, X25519 and X448 (https://wicg.github.io/webcrypto-secure-curves/). */
import { hostOps } from "../../infra/guest/host-ops.ts";
import { SafeUint8Array, typedArraySet } from "../../infra/guest/primordials.ts";
import { toDOMString } from "../../infra/guest/webidl-convert.ts";
import { cryptoOps } from "../ops.ts";
import {
  type Algorithm,
  type Dictionary,
  type KeyFormat,
  optional,
  register,
  required,
  requireAnyUsage,
  requireType,
  requireUsages,
  toBytes,
  toHash,
} from "./algorithm.ts";
import { byteLength, copyOf, taken } from "./bytes.ts";
import { type Bytes, type CryptoKey, createKey, type KeySlots, type KeyUsage, keyAlgorithm, onlyUsages, slotsOf } from "./crypto-key.ts";
import { fail } from "./errors.ts";
import { base64url, checkJwk, describedJwk, type JsonWebKey, memberBytes } from "./json-web-key.ts";

const { crypto_curve_derive, crypto_curve_der, crypto_curve_generate, crypto_curve_import, crypto_curve_import_later, crypto_curve_sign, crypto_curve_verify } = hostOps(cryptoOps);

interface CurveKind {
  readonly name: string;
  readonly kty: "EC" | "OKP";
  /** Bytes of a coordinate, or of the only one, by curve. A kind of one curve has it under its own name. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Of both keys. */
  readonly usages: readonly KeyUsage[];
  readonly publicUsages: readonly KeyUsage[];
  readonly privateUsages: readonly KeyUsage[];
  readonly use: "enc" | "sig";
  /** What the `alg` of an imported JWK may be for a curve; undefined for anything. */
  readonly algs: ((curve: string) => readonly string[]) | undefined;
  /** The `alg` of an exported JWK. */
  readonly exportedAlg: string | null;
}

const UNCOMPRESSED = 4;

function registerCurves(kind: CurveKind, operations: Partial<Algorithm>): void {
  const { name, kty, sizes, privateUsages, publicUsages } = kind;
  const isEc = kty === "EC";
  const readCurve = (parameters: Dictionary): string => (isEc ? required(parameters, "namedCurve", toDOMString) : name);
  const algorithmFor = (curve: string) => keyAlgorithm(name, { namedCurve: isEc ? curve : null });
  const sizeOf = (curve: string): number => sizes[curve] as number;

  /** The key that crosses to the host, of a JWK. */
  const materialOf = (jwk: JsonWebKey, curve: string): Bytes => {
    const size = sizeOf(curve);
    const secret = jwk.d === undefined ? undefined : sized(memberBytes(jwk.d, "d"), size);
    const x = sized(memberBytes(jwk.x, "x"), size);
    const publicKey = isEc ? pointOf(x, sized(memberBytes(jwk.y, "y"), size)) : x;
    return secret === undefined ? publicKey : concat(secret, publicKey);
  };

  register({
    __proto__: null,
    name,
    ...operations,
    generateKey(parameters: Dictionary) {
      const curve = readCurve(parameters);
      return (extractable: boolean, usages: readonly KeyUsage[]) => {
        requireUsages(usages, kind.usages);
        if (sizes[curve] === undefined) fail("NotSupportedError", "The curve is not supported");
        const algorithm = algorithmFor(curve);
        const ofPrivate = onlyUsages(usages, privateUsages);
        requireAnyUsage(ofPrivate);
        return taken(crypto_curve_generate(curve), (material) => ({
          publicKey: createKey({ type: "public", extractable: true, algorithm, usages: onlyUsages(usages, publicUsages), material: copyOf(material, sizeOf(curve)) }),
          privateKey: createKey({ type: "private", extractable, algorithm, usages: ofPrivate, material }),
        }));
      };
    },
    importKey(parameters: Dictionary) {
      const curve = readCurve(parameters);
      return (format: KeyFormat, data: Bytes | JsonWebKey, extractable: boolean, usages: readonly KeyUsage[]): CryptoKey | Promise<CryptoKey> => {
        const isPrivate = format === "jwk" ? (data as JsonWebKey).d !== undefined : format === "pkcs8";
        requireUsages(usages, isPrivate ? privateUsages : publicUsages);
        if (sizes[curve] === undefined) fail("DataError", "The curve is not supported");
        let form: string = format;
        let material = data as Bytes;
        if (format === "jwk") {
          checkJwk(data as JsonWebKey, kty, kind.use, extractable, usages);
          checkCurve(kind, curve, data as JsonWebKey);
          form = isPrivate ? "private" : "raw";
          material = materialOf(data as JsonWebKey, curve);
        }
        const keyOf = (imported: Bytes): CryptoKey => createKey({ type: isPrivate ? "private" : "public", extractable, algorithm: algorithmFor(curve), usages, material: imported });
        const imported = crypto_curve_import(curve, form, material);
        return imported === null ? taken(crypto_curve_import_later(curve, form, material), keyOf) : keyOf(imported);
      };
    },
    exportKey(format: KeyFormat, key: KeySlots): Bytes | JsonWebKey {
      const curve = key.algorithm.namedCurve ?? name;
      const { material } = key;
      if (format !== "jwk") {
        requireType(key, format === "pkcs8" ? "private" : "public");
        return format === "raw" ? copyOf(material) : crypto_curve_der(curve, format, material);
      }
      const jwk = describedJwk(key, kty, kind.exportedAlg);
      const size = sizeOf(curve);
      const start = (key.type === "private" ? size : 0) + (isEc ? 1 : 0);
      jwk.crv = curve;
      jwk.x = base64url(copyOf(material, start, start + size));
      if (isEc) jwk.y = base64url(copyOf(material, start + size));
      if (key.type === "private") jwk.d = base64url(copyOf(material, 0, size));
      return jwk;
    },
  } as Algorithm);
}

function checkCurve({ algs }: CurveKind, curve: string, jwk: JsonWebKey): void {
  if (jwk.crv !== curve) fail("DataError", "The JWK's crv is not '" + curve + "'");
  if (algs === undefined || jwk.alg === undefined) return;
  const allowed = algs(curve);
  for (let i = 0; i < allowed.length; i++) if (allowed[i] === jwk.alg) return;
  fail("DataError", "The JWK's alg is not one of its curve");
}

function sized(bytes: Bytes, size: number): Bytes {
  if (byteLength(bytes) !== size) fail("DataError", "A part of the JWK does not have " + size + " bytes");
  return bytes;
}

function pointOf(x: Bytes, y: Bytes): Bytes {
  const form = new SafeUint8Array(1);
  form[0] = UNCOMPRESSED;
  return concat(form, concat(x, y));
}

function concat(a: Bytes, b: Bytes): Bytes {
  const bytes = new SafeUint8Array(byteLength(a) + byteLength(b));
  typedArraySet(bytes, a);
  typedArraySet(bytes, b, byteLength(a));
  return bytes;
}

/** `context`: of Ed448. */
const signing = (readHash: (parameters: Dictionary) => string | null, readContext: (parameters: Dictionary) => Bytes | null): Partial<Algorithm> => ({
  sign(parameters) {
    const hash = readHash(parameters);
    const context = readContext(parameters);
    return (key, data) => {
      requireType(key, "private");
      if (context !== null && byteLength(context) > MAX_CONTEXT_BYTES) fail("OperationError", "The context has at most 255 bytes");
      return crypto_curve_sign(curveOf(key), hash, key.material, context, data);
    };
  },
  verify(parameters) {
    const hash = readHash(parameters);
    const context = readContext(parameters);
    return (key, signature, data) => {
      requireType(key, "public");
      if (context !== null && byteLength(context) > MAX_CONTEXT_BYTES) fail("OperationError", "The context has at most 255 bytes");
      return crypto_curve_verify(curveOf(key), hash, key.material, context, signature, data);
    };
  },
});
const MAX_CONTEXT_BYTES = 255;

const agreement: Partial<Algorithm> = {
  deriveBits(parameters) {
    const publicKey = required(parameters, "public", slotsOf);
    return (key, length) => {
      requireType(key, "private");
      requireType(publicKey, "public");
      if (publicKey.algorithm.name !== key.algorithm.name || curveOf(publicKey) !== curveOf(key)) fail("InvalidAccessError", "The public key is one of another curve");
      return crypto_curve_derive(curveOf(key), key.material, publicKey.material, length);
    };
  },
};

const curveOf = ({ algorithm }: KeySlots): string => algorithm.namedCurve ?? algorithm.name;
const none = (): null => null;

const NIST_SIZES = { __proto__: null as never, "P-256": 32, "P-384": 48, "P-521": 66 };
const forSigning = { usages: ["sign", "verify"], publicUsages: ["verify"], privateUsages: ["sign"], use: "sig" } as const;
const forAgreement = { usages: ["deriveKey", "deriveBits"], publicUsages: [], privateUsages: ["deriveKey", "deriveBits"], use: "enc", algs: undefined, exportedAlg: null } as const;

registerCurves(
  { ...forSigning, name: "ECDSA", kty: "EC", sizes: NIST_SIZES, algs: (curve) => [curve === "P-256" ? "ES256" : curve === "P-384" ? "ES384" : "ES512"], exportedAlg: null },
  signing((parameters) => required(parameters, "hash", toHash), none),
);
registerCurves({ ...forAgreement, name: "ECDH", kty: "EC", sizes: NIST_SIZES }, agreement);

function registerEdwards(name: string, size: number, readContext: (parameters: Dictionary) => Bytes | null): void {
  registerCurves({ ...forSigning, name, kty: "OKP", sizes: { __proto__: null as never, [name]: size }, algs: () => [name, "EdDSA"], exportedAlg: name }, signing(none, readContext));
}
registerEdwards("Ed25519", 32, none);
registerEdwards("Ed448", 57, (parameters) => optional(parameters, "context", toBytes));

function registerMontgomery(name: string, size: number): void {
  registerCurves({ ...forAgreement, name, kty: "OKP", sizes: { __proto__: null as never, [name]: size } }, agreement);
}
registerMontgomery("X25519", 32);
registerMontgomery("X448", 56);
