/** The curves, and their keys as DER: SubjectPublicKeyInfo (RFC 5280, RFC 5480, RFC 8410) and PKCS #8 (RFC 5208, RFC 5915). */
import { GuestError } from "../../../isolate/guest-error.ts";
import { dataError } from "./failure.ts";

type Bytes = Uint8Array<ArrayBuffer>;

export interface Curve {
  readonly name: string;
  /** `ec`: a short Weierstrass curve of the host. `okp`: an RFC 8032 or RFC 7748 curve of the host. `448`: one of those that the host may lack. */
  readonly kind: "ec" | "okp" | "448";
  /** The host's name of its keys. */
  readonly keyType: "ec" | "ed25519" | "x25519" | "ed448" | "x448";
  readonly privateBytes: number;
  readonly publicBytes: number;
  /** AlgorithmIdentifier. */
  readonly algorithm: Bytes;
  readonly makeFuel: number;
  readonly signFuel: number;
  readonly verifyFuel: number;
  readonly deriveFuel: number;
}

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const PARAMETERS_OF_EC = 0xa0;
const PUBLIC_KEY_OF_EC = 0xa1;
const ATTRIBUTES_OF_PKCS8 = 0xa0;
const PUBLIC_KEY_OF_PKCS8 = 0x81;
const UNCOMPRESSED = 4;
const COMPRESSED = [2, 3];

function der(tag: number, ...parts: readonly Uint8Array[]): Bytes {
  const length = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const head = length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return new Uint8Array(Buffer.concat([Uint8Array.from(head), ...parts]));
}

const oid = (hex: string): Bytes => der(OBJECT_IDENTIFIER, Buffer.from(hex, "hex"));
const EC_PUBLIC_KEY = oid("2a8648ce3d0201");

/** `microseconds`: of making or checking a key, signing, verifying and agreeing on a secret. */
const curve = (name: string, kind: Curve["kind"], keyType: Curve["keyType"], oidHex: string, size: number, ...microseconds: readonly [number, number, number, number]): Curve => ({
  name,
  kind,
  keyType,
  privateBytes: size,
  publicBytes: kind === "ec" ? 1 + 2 * size : size,
  algorithm: kind === "ec" ? der(SEQUENCE, EC_PUBLIC_KEY, oid(oidHex)) : der(SEQUENCE, oid(oidHex)),
  makeFuel: microseconds[0] * 500,
  signFuel: microseconds[1] * 500,
  verifyFuel: microseconds[2] * 500,
  deriveFuel: microseconds[3] * 500,
});

const CURVES = new Map(
  [
    curve("P-256", "ec", "ec", "2a8648ce3d030107", 32, 60, 60, 120, 120),
    curve("P-384", "ec", "ec", "2b81040022", 48, 800, 400, 600, 500),
    curve("P-521", "ec", "ec", "2b81040023", 66, 1_700, 900, 1_300, 900),
    curve("Ed25519", "okp", "ed25519", "2b6570", 32, 60, 80, 120, 0),
    curve("X25519", "okp", "x25519", "2b656e", 32, 60, 0, 0, 100),
    curve("Ed448", "448", "ed448", "2b6571", 57, 1_000, 1_500, 2_500, 0),
    curve("X448", "448", "x448", "2b656f", 56, 1_000, 0, 0, 2_000),
  ].map((each) => [each.name, each]),
);

export function curveOf(name: string): Curve {
  const found = CURVES.get(name);
  if (found === undefined) throw new GuestError("NotSupportedError", `${name} is not a supported curve`);
  return found;
}

export const spkiOf = ({ algorithm }: Curve, publicKey: Uint8Array): Bytes => der(SEQUENCE, algorithm, der(BIT_STRING, Uint8Array.of(0), publicKey));

/** `publicKey` stands beside the scalar of an `ec` key when it is known. */
export function pkcs8Of({ kind, algorithm }: Curve, scalarOrSeed: Uint8Array, publicKey: Uint8Array | null): Bytes {
  const secret = der(OCTET_STRING, scalarOrSeed);
  const version = der(INTEGER, Uint8Array.of(0));
  if (kind !== "ec") return der(SEQUENCE, version, algorithm, der(OCTET_STRING, secret));
  const beside = publicKey === null ? [] : [der(PUBLIC_KEY_OF_EC, der(BIT_STRING, Uint8Array.of(0), publicKey))];
  return der(SEQUENCE, version, algorithm, der(OCTET_STRING, der(SEQUENCE, der(INTEGER, Uint8Array.of(1)), secret, ...beside)));
}

/** A private key as it crosses the boundary, taken apart. */
export const privateParts = ({ privateBytes }: Curve, key: Bytes): { readonly secret: Bytes; readonly publicKey: Bytes } => ({
  secret: key.slice(0, privateBytes),
  publicKey: key.slice(privateBytes),
});

/** What stands in an element of DER. */
interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** The elements of `bytes`, of at most 64 KB each. Throws a DataError when they are not DER. */
function elements(bytes: Uint8Array): readonly Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const tag = bytes[at++] ?? 0;
    let length = bytes[at++] ?? Number.NaN;
    if (length === 0x81) length = bytes[at++] ?? Number.NaN;
    else if (length === 0x82) length = (bytes[at++] ?? Number.NaN) * 0x100 + (bytes[at++] ?? Number.NaN);
    else if (length >= 0x80) length = Number.NaN;
    if (!(at + length <= bytes.byteLength)) throw damaged();
    found.push({ tag, content: bytes.subarray(at, at + length) });
    at += length;
  }
  return found;
}

const damaged = () => dataError("the key is damaged, or one of another algorithm");

/** The content of `bytes`, which are one element with `tag`. */
function contentOf(bytes: Uint8Array, tag: number): Uint8Array {
  const [only, ...rest] = elements(bytes);
  if (only?.tag !== tag || rest.length > 0) throw damaged();
  return only.content;
}

/** The public key in a SubjectPublicKeyInfo of this curve, in whatever encoding of a point. */
export function publicKeyInSpki({ algorithm }: Curve, spki: Uint8Array): Bytes {
  const [identifier, key, ...rest] = elements(contentOf(spki, SEQUENCE));
  if (identifier === undefined || !isAlgorithm(identifier, algorithm)) throw damaged();
  // The bits of a key fill its bytes.
  if (key?.tag !== BIT_STRING || key.content[0] !== 0 || rest.length > 0) throw damaged();
  return new Uint8Array(key.content.subarray(1));
}

/** The scalar or seed in a PKCS #8 PrivateKeyInfo of this curve, and the public key beside it when there is one, in whatever encoding of a point. */
export function privateKeyInPkcs8(curve: Curve, pkcs8: Uint8Array): { readonly secret: Bytes; readonly publicKey: Bytes | null } {
  const [version, identifier, key, ...rest] = elements(contentOf(pkcs8, SEQUENCE));
  if (version?.tag !== INTEGER || version.content.byteLength !== 1 || (version.content[0] ?? 2) > 1) throw damaged();
  if (identifier === undefined || !isAlgorithm(identifier, curve.algorithm)) throw damaged();
  if (key?.tag !== OCTET_STRING || !rest.every(({ tag }) => tag === ATTRIBUTES_OF_PKCS8 || tag === PUBLIC_KEY_OF_PKCS8)) throw damaged();
  if (curve.kind !== "ec") return { secret: secretIn(curve, contentOf(key.content, OCTET_STRING)), publicKey: null };
  const [ecVersion, secret, ...optional] = elements(contentOf(key.content, SEQUENCE));
  if (ecVersion?.tag !== INTEGER || ecVersion.content[0] !== 1 || secret?.tag !== OCTET_STRING) throw damaged();
  const parameters = optional.find(({ tag }) => tag === PARAMETERS_OF_EC);
  if (parameters !== undefined && !endsWith(curve.algorithm, parameters.content)) throw damaged();
  const point = optional.find(({ tag }) => tag === PUBLIC_KEY_OF_EC);
  return { secret: secretIn(curve, secret.content), publicKey: point === undefined ? null : new Uint8Array(contentOf(point.content, BIT_STRING).subarray(1)) };
}

function secretIn({ privateBytes }: Curve, content: Uint8Array): Bytes {
  if (content.byteLength !== privateBytes) throw damaged();
  return new Uint8Array(content);
}

const isAlgorithm = ({ tag, content }: Element, algorithm: Uint8Array): boolean => tag === SEQUENCE && Buffer.compare(content, algorithm.subarray(2)) === 0;
const endsWith = (bytes: Uint8Array, end: Uint8Array): boolean => Buffer.compare(bytes.subarray(bytes.byteLength - end.byteLength), end) === 0;

/** Whether `bytes` have the form of a point, other than the one at infinity. */
export function isEncodedPoint({ privateBytes }: Curve, bytes: Uint8Array): boolean {
  const first = bytes[0] ?? 0;
  return first === UNCOMPRESSED ? bytes.byteLength === 1 + 2 * privateBytes : COMPRESSED.includes(first) && bytes.byteLength === 1 + privateBytes;
}

/** An uncompressed point of its coordinates in base64url, as JWK has them. */
export function pointOf({ privateBytes }: Curve, x: string, y: string): Bytes {
  const point = new Uint8Array(1 + 2 * privateBytes);
  point[0] = UNCOMPRESSED;
  const coordinates = [Buffer.from(x, "base64url"), Buffer.from(y, "base64url")];
  coordinates.forEach((coordinate, i) => point.set(coordinate, 1 + (i + 1) * privateBytes - coordinate.byteLength));
  return point;
}
