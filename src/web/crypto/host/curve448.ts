/** Ed448 and X448 (RFC 8032, RFC 7748), in JavaScript and on this thread: an operation takes 1–3 ms, and what is signed is bounded. */
import { ed448, x448 } from "@noble/curves/ed448.js";

/** The library's own window takes twice the time to fill, and saves little afterwards. */
const WINDOW_BITS = 4;

type Bytes = Uint8Array<ArrayBuffer>;

ed448.Point.BASE.precompute(WINDOW_BITS);

const suiteOf = (keyType: string): typeof ed448 | typeof x448 => (keyType === "ed448" ? ed448 : x448);

export const generateSecret = (keyType: string): Bytes => new Uint8Array(suiteOf(keyType).utils.randomSecretKey());
export const publicKeyOf = (keyType: string, secret: Bytes): Bytes => new Uint8Array(suiteOf(keyType).getPublicKey(secret));

export const signEd448 = (secret: Bytes, context: Bytes, data: Bytes): Bytes => new Uint8Array(ed448.sign(data, secret, { context }));

export function verifyEd448(publicKey: Bytes, context: Bytes, signature: Bytes, data: Bytes): boolean {
  try {
    return ed448.verify(signature, data, publicKey, { context });
  } catch {
    return false;
  }
}

/** Throws when the shared secret is zero. */
export const agreeX448 = (secret: Bytes, publicKey: Bytes): Bytes => new Uint8Array(x448.getSharedSecret(secret, publicKey));
