import { expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

const guest = new TestIsolate();

test("two sides agree on an AES key over every curve, and what one encrypts the other decrypts", async () => {
  expect(
    await guest.run(`
      const { subtle } = crypto, told = [];
      for (const algorithm of [{ name: "ECDH", namedCurve: "P-256" }, { name: "ECDH", namedCurve: "P-384" }, { name: "ECDH", namedCurve: "P-521" }, "X25519", "X448"]) {
        const [mine, yours] = await Promise.all([subtle.generateKey(algorithm, true, ["deriveKey"]), subtle.generateKey(algorithm, true, ["deriveKey"])]);
        // The public key travels, in another form for each curve.
        const format = ["raw", "spki", "jwk"][told.length % 3];
        const received = await subtle.importKey(format, await subtle.exportKey(format, yours.publicKey), algorithm, true, []);
        const derive = (own, other) => subtle.deriveKey({ name: algorithm.name ?? algorithm, public: other }, own, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
        const iv = crypto.getRandomValues(new Uint8Array(12)), name = "AES-GCM";
        const sealed = await subtle.encrypt({ name, iv }, await derive(mine.privateKey, received), new TextEncoder().encode("hello"));
        told.push(new TextDecoder().decode(await subtle.decrypt({ name, iv }, await derive(yours.privateKey, mine.publicKey), sealed)));
      }
      return told;`),
  ).toEqual(Array(5).fill("hello"));
});

test("a private key of every kind is wrapped and comes back as the key it was", async () => {
  expect(
    await guest.run(`
      const { subtle } = crypto, data = new Uint8Array(20), told = [];
      const aes = { name: "AES-GCM", iv: new Uint8Array(12) };
      const wrapping = await subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["wrapKey", "unwrapKey"]);
      const rsa = { modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" };
      const kinds = [
        [{ name: "RSASSA-PKCS1-v1_5", ...rsa }, "RSASSA-PKCS1-v1_5"], [{ name: "RSA-PSS", ...rsa }, { name: "RSA-PSS", saltLength: 32 }],
        [{ name: "ECDSA", namedCurve: "P-256" }, { name: "ECDSA", hash: "SHA-256" }], [{ name: "ECDSA", namedCurve: "P-521" }, { name: "ECDSA", hash: "SHA-512" }],
        ["Ed25519", "Ed25519"], ["Ed448", { name: "Ed448", context: new Uint8Array(3) }],
      ];
      for (const [algorithm, use] of kinds)
        for (const format of ["pkcs8", "jwk"]) {
          const pair = await subtle.generateKey(algorithm, true, ["sign", "verify"]);
          const wrapped = await subtle.wrapKey(format, pair.privateKey, wrapping, aes);
          const back = await subtle.unwrapKey(format, wrapped, wrapping, aes, algorithm, false, ["sign"]);
          told.push(back.extractable === false && await subtle.verify(use, pair.publicKey, await subtle.sign(use, back, data), data));
        }
      const kw = await subtle.generateKey({ name: "AES-KW", length: 128 }, false, ["wrapKey", "unwrapKey"]);
      const hmac = await subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
      const again = await subtle.unwrapKey("raw", await subtle.wrapKey("raw", hmac, kw, "AES-KW"), kw, "AES-KW", { name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
      told.push(new Uint8Array(await subtle.sign("HMAC", again, data)).toHex() === new Uint8Array(await subtle.sign("HMAC", hmac, data)).toHex());
      return told;`),
  ).toEqual(Array(13).fill(true));
});

test("a key does only what it was made for, and says with which error it does not", async () => {
  expect(
    await guest.run(`
      const { subtle } = crypto, bytes = new Uint8Array(16), name = (p) => p.then(() => "none", (e) => e.name);
      const aes = await subtle.generateKey({ name: "AES-CBC", length: 128 }, false, ["encrypt"]), iv = bytes;
      const { privateKey, publicKey } = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
      const x = await subtle.generateKey("X25519", false, ["deriveBits"]), ecdh = await subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
      const jwk = await subtle.exportKey("jwk", privateKey);
      return Promise.all([
        name(subtle.decrypt({ name: "AES-CBC", iv }, aes, bytes)), name(subtle.encrypt({ name: "AES-GCM", iv }, aes, bytes)), name(subtle.encrypt("AES-CBC", aes, bytes)), name(subtle.exportKey("raw", aes)),
        name(subtle.sign({ name: "ECDSA", hash: "SHA-256" }, publicKey, bytes)), name(subtle.exportKey("spki", privateKey)), name(subtle.exportKey("raw", privateKey)),
        name(subtle.deriveBits({ name: "X25519", public: ecdh.publicKey }, x.privateKey, 8)), name(subtle.deriveBits({ name: "X25519", public: x.privateKey }, x.privateKey, 8)), name(subtle.deriveBits({ name: "X25519", public: {} }, x.privateKey, 8)),
        name(subtle.importKey("jwk", { ...jwk, y: jwk.x }, { name: "ECDSA", namedCurve: "P-256" }, true, ["sign"])), name(subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-384" }, true, ["sign"])), name(subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, true, [])),
        name(subtle.importKey("jwk", bytes, "AES-CBC", true, ["encrypt"])), name(subtle.importKey("raw", {}, "AES-CBC", true, ["encrypt"])), name(subtle.importKey("raw", bytes, "AES-CBC", true, ["sign"])), name(subtle.importKey("raw", bytes, "AES-CBC", true, ["fly"])), name(subtle.importKey("raw", bytes.slice(1), "AES-CBC", true, ["encrypt"])),
        name(subtle.importKey("raw", bytes, "HKDF", true, ["deriveBits"])), name(subtle.importKey("spki", bytes, "AES-CBC", true, ["encrypt"])), name(subtle.generateKey({ name: "ECDSA", namedCurve: "P-192" }, true, ["sign"])), name(subtle.generateKey("AES-CBC", true, ["encrypt"])), name(subtle.generateKey({ name: "AES-CBC", length: 100 }, true, ["encrypt"])), name(subtle.digest("MD5", bytes)),
      ]);`),
  ).toEqual([
    ...["InvalidAccessError", "InvalidAccessError", "TypeError", "InvalidAccessError"],
    ...["InvalidAccessError", "InvalidAccessError", "InvalidAccessError"],
    ...["InvalidAccessError", "InvalidAccessError", "TypeError"],
    ...["DataError", "DataError", "SyntaxError"],
    ...["TypeError", "TypeError", "SyntaxError", "TypeError", "DataError"],
    ...["SyntaxError", "NotSupportedError", "NotSupportedError", "TypeError", "OperationError", "NotSupportedError"],
  ]);
});
