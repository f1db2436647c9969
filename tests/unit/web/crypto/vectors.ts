/** The host's primitives on the vectors of the RFCs and on what is damaged, as data: run in Bun and in Node, and compared. */
import { createCryptoHost } from "../../../../src/web/crypto/host.ts";
import { failure, Guest, hex, text } from "./fixture.ts";

const host = createCryptoHost(2, 1);
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const ED25519_PKCS8 = "302e020100300506032b6570042204209d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";

export async function vectors(): Promise<Record<string, unknown>> {
  const guest = new Guest();
  const ctx = guest.context;
  const take = async (kept: Promise<number>): Promise<Uint8Array<ArrayBuffer>> => host.crypto_take(ctx, await kept);
  const taken = async (kept: Promise<number>): Promise<string> => toHex(await take(kept));
  const importKey = async (curve: string, form: string, key: Uint8Array<ArrayBuffer>) => host.crypto_curve_import(ctx, curve, form, key) ?? (await take(host.crypto_curve_import_later(ctx, curve, form, key)));
  const pkcs8 = (curve: string, seed: string) => importKey(curve, "pkcs8", host.crypto_curve_der(ctx, curve, "pkcs8", hex(seed + "00".repeat(seed.length / 2))));

  const ed25519 = await importKey("Ed25519", "pkcs8", hex(ED25519_PKCS8.replace("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")));
  const ed448 = await pkcs8("Ed448", "c4eab05d357007c632f3dbb48489924d552b08fe0c353a0d4a1f00acda2c463afbea67c5e8d2877c5e3bc397a659949ef8021e954e0a12274e");
  const x25519 = await pkcs8("X25519", "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
  const x448 = await pkcs8("X448", "9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28dd9c9baf574a9419744897391006382a6f127ab1d9ac2d8c0a598726b");
  const signature = await host.crypto_curve_sign(ctx, "Ed25519", null, ed25519, null, hex("af82"));
  const ec = await Promise.all(
    ["P-256", "P-384", "P-521"].map(async (curve) => {
      const key = await take(host.crypto_curve_generate(ctx, curve));
      const size = { "P-256": 32, "P-384": 48, "P-521": 66 }[curve] as number;
      const point = key.slice(size);
      const compressed = Uint8Array.of(2 + ((point.at(-1) ?? 0) & 1), ...point.subarray(1, 1 + size));
      const signed = await host.crypto_curve_sign(ctx, curve, "SHA-256", key, null, text("data"));
      const mine = await take(host.crypto_curve_generate(ctx, curve));
      return [
        key.byteLength,
        signed.byteLength,
        await host.crypto_curve_verify(ctx, curve, "SHA-256", point, null, signed, text("data")),
        await host.crypto_curve_verify(ctx, curve, "SHA-256", point, null, signed.subarray(1), text("data")),
        await host.crypto_curve_verify(ctx, curve, "SHA-256", point, null, new Uint8Array(2 * size), text("data")),
        toHex(await importKey(curve, "raw", compressed)) === toHex(point),
        toHex(await importKey(curve, "spki", host.crypto_curve_der(ctx, curve, "spki", point))) === toHex(point),
        toHex(await importKey(curve, "pkcs8", host.crypto_curve_der(ctx, curve, "pkcs8", key))) === toHex(key),
        (await taken(host.crypto_curve_derive(ctx, curve, key, mine.slice(size), null))) === (await taken(host.crypto_curve_derive(ctx, curve, mine, point, null))),
        await failure(importKey(curve, "private", Uint8Array.of(...key.subarray(0, size), ...mine.subarray(size)))),
        await failure(importKey(curve, "raw", Uint8Array.of(4, ...new Uint8Array(2 * size).fill(7)))),
        await failure(importKey(curve, "raw", Uint8Array.of(0))),
        await failure(importKey(curve, "private", Uint8Array.of(...new Uint8Array(size), ...point))),
        await failure(importKey(curve, "private", Uint8Array.of(...new Uint8Array(size).fill(255), ...point))),
        // What the host made of bad keys must not stick to the next one.
        toHex(await importKey(curve, "private", key)) === toHex(key),
      ];
    }),
  );

  return {
    // RFC 4231, cases 2 and 6
    hmac: [toHex(await host.crypto_hmac(ctx, "SHA-256", text("Jefe"), text("what do ya want for nothing?"))), toHex(await host.crypto_hmac(ctx, "SHA-512", hex("aa".repeat(131)), text("Test Using Larger Than Block-Size Key - Hash Key First")))],
    hmacOfMuch: await host.crypto_hmac_verify(ctx, "SHA-1", text("k"), await host.crypto_hmac(ctx, "SHA-1", text("k"), new Uint8Array(100_000)), new Uint8Array(100_000)),
    // RFC 3174; the second is longer than what is done at once
    digest: [toHex(await host.crypto_digest(ctx, "SHA-1", text("abc"))), toHex(await host.crypto_digest(ctx, "SHA-1", text("a".repeat(1_000_000))))],
    // RFC 5869, cases 1 and 3
    hkdf: [
      await taken(host.crypto_hkdf(ctx, "SHA-256", hex("0b".repeat(22)), hex("000102030405060708090a0b0c"), hex("f0f1f2f3f4f5f6f7f8f9"), 42)),
      await taken(host.crypto_hkdf(ctx, "SHA-256", hex("0b".repeat(22)), hex(""), hex(""), 42)),
    ],
    // RFC 6070 and RFC 7914
    pbkdf2: [await taken(host.crypto_pbkdf2(ctx, "SHA-1", text("password"), text("salt"), 4096, 20)), await taken(host.crypto_pbkdf2(ctx, "SHA-256", text("passwd"), text("salt"), 1, 64))],
    // RFC 3394, 4.1 and 4.6
    keyWrap: [
      await taken(host.crypto_aes_kw(ctx, true, hex("000102030405060708090a0b0c0d0e0f"), hex("00112233445566778899aabbccddeeff"))),
      await taken(host.crypto_aes_kw(ctx, true, hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"), hex("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f"))),
      await taken(host.crypto_aes_kw(ctx, false, hex("000102030405060708090a0b0c0d0e0f"), hex("1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"))),
      await failure(host.crypto_aes_kw(ctx, false, hex("000102030405060708090a0b0c0d0e0f"), hex("1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe6"))),
    ],
    // NIST SP 800-38D, case 4
    gcm: [
      await taken(host.crypto_aes_gcm(ctx, true, hex("feffe9928665731c6d6a8f9467308308"), hex("cafebabefacedbaddecaf888"), hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"), 128, hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"))),
      await failure(host.crypto_aes_gcm(ctx, false, hex("00".repeat(16)), hex("00".repeat(12)), null, 128, hex("00".repeat(20)))),
    ],
    // NIST SP 800-38A, F.5.1, and a counter of one bit that comes around
    ctr: [
      await taken(host.crypto_aes_ctr(ctx, hex("2b7e151628aed2a6abf7158809cf4f3c"), hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"), 128, hex("6bc1bee22e409f96e93d7e117393172a"))),
      await taken(host.crypto_aes_ctr(ctx, hex("2b7e151628aed2a6abf7158809cf4f3c"), hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"), 1, hex("00".repeat(32)))),
    ],
    // NIST SP 800-38A, F.2.1, and padding that is none
    cbc: [
      (await taken(host.crypto_aes_cbc(ctx, true, hex("2b7e151628aed2a6abf7158809cf4f3c"), hex("000102030405060708090a0b0c0d0e0f"), hex("6bc1bee22e409f96e93d7e117393172a")))).slice(0, 32),
      await failure(host.crypto_aes_cbc(ctx, false, hex("2b7e151628aed2a6abf7158809cf4f3c"), hex("000102030405060708090a0b0c0d0e0f"), hex("00".repeat(16)))),
    ],
    // RFC 8032, 7.1 TEST 3 and 7.4 "1 octet"
    ed25519: [toHex(ed25519.slice(32)), toHex(signature), await host.crypto_curve_verify(ctx, "Ed25519", null, ed25519.slice(32), null, signature, hex("af82")), await host.crypto_curve_verify(ctx, "Ed25519", null, ed25519.slice(32), null, signature, hex("af83"))],
    ed448: [
      toHex(ed448.slice(57)),
      toHex(await host.crypto_curve_sign(ctx, "Ed448", null, ed448, null, hex("03"))),
      toHex(await host.crypto_curve_sign(ctx, "Ed448", null, ed448, text("foo"), hex("03"))),
      await host.crypto_curve_verify(ctx, "Ed448", null, ed448.slice(57), text("foo"), await host.crypto_curve_sign(ctx, "Ed448", null, ed448, text("foo"), hex("03")), hex("03")),
      await host.crypto_curve_verify(ctx, "Ed448", null, ed448.slice(57), null, await host.crypto_curve_sign(ctx, "Ed448", null, ed448, text("foo"), hex("03")), hex("03")),
      await failure(host.crypto_curve_sign(ctx, "Ed448", null, ed448, null, new Uint8Array(65_537))),
    ],
    // RFC 7748, 5.2 and 6.2
    x25519: [
      await taken(host.crypto_curve_derive(ctx, "X25519", x25519, hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"), null)),
      await taken(host.crypto_curve_derive(ctx, "X25519", x25519, hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"), 9)),
      await failure(host.crypto_curve_derive(ctx, "X25519", x25519, new Uint8Array(32), null)),
      await failure(host.crypto_curve_derive(ctx, "X25519", x25519, hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"), 257)),
    ],
    x448: [
      toHex(x448.slice(56)),
      await taken(host.crypto_curve_derive(ctx, "X448", x448, hex("3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b43027d8b972fc3e34fb4232a13ca706dcb57aec3dae07bdc1c67bf33609"), null)),
      await failure(host.crypto_curve_derive(ctx, "X448", x448, new Uint8Array(56), null)),
    ],
    ec,
    damaged: [
      await failure(importKey("Ed25519", "pkcs8", hex(`${ED25519_PKCS8}00`))),
      await failure(importKey("Ed25519", "pkcs8", hex(ED25519_PKCS8.slice(0, -2)))),
      await failure(importKey("X25519", "pkcs8", hex(ED25519_PKCS8))),
      await failure(importKey("P-256", "pkcs8", hex(ED25519_PKCS8))),
      await failure(importKey("P-256", "spki", hex("3082ffff"))),
      await failure(importKey("Ed448", "raw", new Uint8Array(56))),
      await failure(importKey("P-192", "raw", new Uint8Array(49))),
      await failure(importKey("P-256", "jwk", new Uint8Array(65))),
      await failure(() => host.crypto_rsa_import(ctx, true, hex(ED25519_PKCS8))),
      await failure(() => host.crypto_rsa_import(ctx, false, hex("3003020100"))),
      await failure(() => host.crypto_rsa_import_jwk(ctx, "AQAB,AQAB")),
      await failure(() => host.crypto_rsa_import_jwk(ctx, "AQAB")),
      await failure(() => host.crypto_rsa_import_jwk(ctx, "A=AB,AQAB")),
      await failure(host.crypto_digest(ctx, "MD5", hex(""))),
      await failure(host.crypto_rsa_generate(ctx, 8192, 3)),
      await failure(host.crypto_rsa_generate(ctx, 1024, 5)),
      await failure(() => host.crypto_take(ctx, 12_345)),
    ],
    rsa: await rsa(),
  };

  async function rsa(): Promise<unknown> {
    const generated = await take(host.crypto_rsa_generate(ctx, 1024, 65_537));
    const end = 4 + new DataView(generated.buffer).getUint32(0);
    const publicKey = generated.slice(4, end);
    const privateKey = generated.slice(end);
    const described = host.crypto_rsa_import(ctx, true, privateKey);
    const again = host.crypto_rsa_import_jwk(ctx, host.crypto_rsa_jwk(ctx, true, privateKey));
    const sealed = await take(host.crypto_rsa_oaep(ctx, true, "SHA-256", publicKey, text("label"), text("secret")));
    const signatures = await Promise.all(["RSASSA-PKCS1-v1_5", "RSA-PSS"].map(async (scheme) => {
      const signed = await host.crypto_rsa_sign(ctx, scheme, "SHA-256", privateKey, 20, text("data"));
      return [
        await host.crypto_rsa_verify(ctx, scheme, "SHA-256", publicKey, 20, signed, text("data")),
        await host.crypto_rsa_verify(ctx, scheme, "SHA-256", publicKey, 20, signed, text("date")),
        await host.crypto_rsa_verify(ctx, scheme, "SHA-256", publicKey, 20, signed.slice(1), text("data")),
        await host.crypto_rsa_verify(ctx, scheme, "SHA-256", publicKey, 4_000_000, signed, text("data")),
      ];
    }));
    return [
      toHex(described.subarray(0, 11)),
      toHex(described) === toHex(again),
      host.crypto_rsa_jwk(ctx, false, publicKey).split(",")[1],
      toHex(await take(host.crypto_rsa_oaep(ctx, false, "SHA-256", privateKey, text("label"), sealed))),
      await failure(host.crypto_rsa_oaep(ctx, false, "SHA-256", privateKey, null, sealed)),
      await failure(host.crypto_rsa_oaep(ctx, true, "SHA-512", publicKey, null, text("too long for this key"))),
      await failure(host.crypto_rsa_sign(ctx, "RSA-PSS", "SHA-256", privateKey, 4_000_000, text("data"))),
      await failure(host.crypto_rsa_sign(ctx, "RSA-PSS", "SHA-256", publicKey, 20, text("data"))),
      signatures,
    ];
  }
}
