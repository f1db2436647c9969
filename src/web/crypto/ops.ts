/**
 * Ops of Web Cryptography: primitives on plain bytes. What an algorithm's parameters mean, which key may do what and which error tells so is settled by
 * the guest side; the host checks again only what could harm it. Keys cross as their material, in one form per kind:
 * a secret key is its bytes; an RSA key is SubjectPublicKeyInfo or PKCS #8; a curve's public key is the uncompressed point (P-*) or its encoding (Ed*, X*),
 * and its private key is the scalar or seed, followed by the public key.
 */
import { async, bool, bytes, nothing, nullable, str, sync, u32 } from "../../isolate/op.ts";

export const MAX_RANDOM_BYTES = 65_536;
/** Longest input of one `crypto_hash_update` and one `crypto_equal`. */
export const MAX_CHUNK_BYTES = 1 << 20;

export const MIN_RSA_BITS = 512;
export const MAX_RSA_BITS = 4096;
export const RSA_EXPONENTS: readonly number[] = [3, 65_537];

const name = str(32);
/**
 * Bytes that the app may not be allowed to see: the number by which `crypto_take` gives them. A promise that settles with an object asks it for `then`, and so
 * would show it to an app that has put a getter of that name on a prototype.
 */
const kept = u32;

export const cryptoOps = {
  /** Up to `MAX_RANDOM_BYTES` random bytes. */
  crypto_random: sync([u32], bytes()),
  crypto_random_uuid: sync([], str()),
  /** Whether two byte sequences of equal length are equal, in time that does not depend on where they differ. */
  crypto_equal: sync([bytes(MAX_CHUNK_BYTES), bytes(MAX_CHUNK_BYTES)], bool),
  /** Gives what was kept, once. */
  crypto_take: sync([u32], bytes()),
  crypto_base64url: sync([bytes()], str()),
  /** The bytes behind unpadded base64url, or null when it is none. */
  crypto_base64url_bytes: sync([str()], nullable(bytes())),

  /** Hash, data. */
  crypto_digest: async([name, bytes()], bytes()),
  /** Opens a digest to be fed piece by piece. */
  crypto_hash_open: sync([name], u32),
  crypto_hash_update: sync([u32, bytes(MAX_CHUNK_BYTES)], nothing),
  /** The digest. Closes the rid. */
  crypto_hash_finish: sync([u32], bytes()),
  crypto_hash_close: sync([u32], nothing),

  /** Hash, key, data. */
  crypto_hmac: async([name, bytes(), bytes()], bytes()),
  /** Hash, key, signature, data. */
  crypto_hmac_verify: async([name, bytes(), bytes(), bytes()], bool),

  /** Whether to encrypt, key, IV, data. */
  crypto_aes_cbc: async([bool, bytes(), bytes(), bytes()], kept),
  /** Key, counter block, bits of it that count, data. Encrypting and decrypting are the same. */
  crypto_aes_ctr: async([bytes(), bytes(), u32, bytes()], kept),
  /** Whether to encrypt, key, IV, additional data, bits of the tag, data. */
  crypto_aes_gcm: async([bool, bytes(), bytes(), nullable(bytes()), u32, bytes()], kept),
  /** Whether to wrap, key, data. */
  crypto_aes_kw: async([bool, bytes(), bytes()], kept),

  /** Bits of the modulus, public exponent. Four bytes that give the length of the public key, the public key, the private key. */
  crypto_rsa_generate: async([u32, u32], kept),
  /** Whether the key is private, its DER. Four bytes that give the bits of the modulus, four that give the length of the exponent, the exponent, the key. */
  crypto_rsa_import: sync([bool, bytes(65_536)], bytes()),
  /** `n,e` or `n,e,d,p,q,dp,dq,qi` in base64url. As `crypto_rsa_import`. */
  crypto_rsa_import_jwk: sync([str(65_536)], bytes()),
  /** Whether the key is private, the key. As `crypto_rsa_import_jwk` takes it. */
  crypto_rsa_jwk: sync([bool, bytes(65_536)], str()),
  /** "RSASSA-PKCS1-v1_5" or "RSA-PSS", hash, private key, length of the salt, data. */
  crypto_rsa_sign: async([name, name, bytes(65_536), u32, bytes()], bytes()),
  /** As `crypto_rsa_sign` with a public key, then the signature, then the data. */
  crypto_rsa_verify: async([name, name, bytes(65_536), u32, bytes(), bytes()], bool),
  /** Whether to encrypt, hash, key, label, data. */
  crypto_rsa_oaep: async([bool, name, bytes(65_536), nullable(bytes()), bytes()], kept),

  /** Curve. A private key. */
  crypto_curve_generate: async([name], kept),
  /**
   * Curve, form ("raw", "spki", "pkcs8", or "private" for a private key as it crosses here), key. Null for a key that only `crypto_curve_import_later` takes.
   * At once where it can be: a promise that an app leaves unawaited at its top level is settled before the app's snapshot is taken.
   */
  crypto_curve_import: sync([name, name, bytes(4096)], nullable(bytes())),
  crypto_curve_import_later: async([name, name, bytes(4096)], kept),
  /** Curve, "spki" or "pkcs8", key. */
  crypto_curve_der: sync([name, name, bytes(4096)], bytes()),
  /** Curve, hash (P-* only), private key, context (Ed448 only), data. */
  crypto_curve_sign: async([name, nullable(name), bytes(4096), nullable(bytes(255)), bytes()], bytes()),
  /** As `crypto_curve_sign` with a public key, then the signature, then the data. */
  crypto_curve_verify: async([name, nullable(name), bytes(4096), nullable(bytes(255)), bytes(), bytes()], bool),
  /** Curve, private key, public key, bits wanted or null for all. */
  crypto_curve_derive: async([name, bytes(4096), bytes(4096), nullable(u32)], kept),

  /** Hash, key, salt, info, bytes wanted. */
  crypto_hkdf: async([name, bytes(), bytes(), bytes(), u32], kept),
  /** Hash, password, salt, iterations, bytes wanted. */
  crypto_pbkdf2: async([name, bytes(), bytes(), u32, u32], kept),
};
