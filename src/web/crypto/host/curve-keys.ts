/** Keys of curves: made, read in any form, checked, and opened for the host's primitives. */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { type Curve, isEncodedPoint, pkcs8Of, pointOf, privateKeyInPkcs8, privateParts, publicKeyInSpki, spkiOf } from "./curves.ts";
import { dataError, orDataError } from "./failure.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const generateAsync = promisify(generateKeyPair) as (type: string, options: object) => Promise<{ readonly privateKey: KeyObject }>;

/** Curve448 in JavaScript, loaded when the first app asks for it: Bun's own cryptography has none. */
export const loadCurve448 = () => import("./curve448.ts");
export type Curve448 = Awaited<ReturnType<typeof loadCurve448>>;

const openPrivate = (curve: Curve, secret: Bytes, publicKey: Bytes | null): KeyObject => createPrivateKey({ key: Buffer.from(pkcs8Of(curve, secret, publicKey)), format: "der", type: "pkcs8" });

/** Throws a DataError. */
export function openPrivateKey(curve: Curve, key: Bytes): KeyObject {
  const { secret, publicKey } = privateParts(curve, key);
  return orDataError("the private key is damaged", () => openPrivate(curve, secret, publicKey));
}

/** Throws a DataError. */
export const openPublicKey = (curve: Curve, key: Bytes): KeyObject =>
  orDataError("the public key is damaged", () => createPublicKey({ key: Buffer.from(spkiOf(curve, key)), format: "der", type: "spki" }));

/** A new private key, its public key behind it. */
export async function generateCurveKey(curve: Curve): Promise<Bytes> {
  if (curve.kind === "448") {
    const { generateSecret, publicKeyOf } = await loadCurve448();
    const secret = generateSecret(curve.keyType);
    return joined(secret, publicKeyOf(curve.keyType, secret));
  }
  const { privateKey } = await generateAsync(curve.keyType, curve.kind === "ec" ? { namedCurve: curve.name } : {});
  const secret = new Uint8Array(curve.privateBytes);
  const scalar = Buffer.from(privateKey.export({ format: "jwk" }).d as string, "base64url");
  secret.set(scalar, curve.privateBytes - scalar.byteLength);
  return joined(secret, publicPart(curve, privateKey));
}

/** A public key in the form it has here. Throws a DataError when it is none of this curve. */
export function readPublicKey(curve: Curve, form: "raw" | "spki", key: Bytes): Bytes {
  const given = form === "raw" ? key : publicKeyInSpki(curve, key);
  if (curve.kind === "ec") {
    if (!isEncodedPoint(curve, given)) throw dataError("not a point of the curve");
    return orDataError("not a point of the curve", () => publicPart(curve, openPublicKey(curve, given)));
  }
  if (given.byteLength !== curve.publicBytes) throw dataError(`a public key of ${curve.name} has ${curve.publicBytes} bytes`);
  return given;
}

export type PrivateForm = "pkcs8" | "private";

/** A private key in the form it has here. Throws a DataError when it is none of this curve, or when the public key that came with it is another's. */
export const readPrivateKey = (curve: Curve, form: PrivateForm, key: Bytes): Bytes => withPublicKey(curve, form, key, (secret) => publicKeyFor(curve, secret));

/** As `readPrivateKey`, of Curve448. */
export const readPrivateKey448 = (curve: Curve, form: PrivateForm, key: Bytes, { publicKeyOf }: Curve448): Bytes => withPublicKey(curve, form, key, (secret) => publicKeyOf(curve.keyType, secret));

function withPublicKey(curve: Curve, form: PrivateForm, key: Bytes, publicKeyOf: (secret: Bytes) => Bytes): Bytes {
  const { secret, publicKey } = form === "pkcs8" ? privateKeyInPkcs8(curve, key) : privateParts(curve, key);
  if (secret.byteLength !== curve.privateBytes) throw dataError(`a private key of ${curve.name} has ${curve.privateBytes} bytes`);
  const actual = publicKeyOf(secret);
  if (publicKey !== null && Buffer.compare(readPublicKey(curve, "raw", publicKey), actual) !== 0) throw dataError("the public and the private key do not belong together");
  return joined(secret, actual);
}

/** The public key that belongs to a scalar or seed. */
function publicKeyFor(curve: Curve, secret: Bytes): Bytes {
  if (curve.kind === "ec" && secret.every((byte) => byte === 0)) throw dataError("not a private key of the curve");
  return orDataError("not a private key of the curve", () => publicPart(curve, openPrivate(curve, secret, null)));
}

function publicPart(curve: Curve, key: KeyObject): Bytes {
  const { x, y } = key.export({ format: "jwk" });
  return curve.kind === "ec" ? pointOf(curve, x as string, y as string) : new Uint8Array(Buffer.from(x as string, "base64url"));
}

const joined = (secret: Uint8Array, publicKey: Uint8Array): Bytes => new Uint8Array(Buffer.concat([secret, publicKey]));
