import { expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

const guest = new TestIsolate();
/** For use inside guests: the name an operation rejects with. */
const NAME = `const name = (p) => p.then(() => "none", (e) => e.name);`;

test("what one request encrypts with AES-GCM another one decrypts, and neither takes what was tampered with", async () => {
  using app = await TestIsolate.load(`
    const iv = new Uint8Array(12), additionalData = new TextEncoder().encode("header");
    const key = await crypto.subtle.importKey("raw", new Uint8Array(32).fill(7), "AES-GCM", false, ["encrypt", "decrypt"]);
    export default { async fetch(request) {
      const data = await request.arrayBuffer();
      if (request.url.endsWith("/seal")) return new Response(await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, key, data));
      return crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData }, key, data).then((plain) => new Response(plain), (error) => new Response(error.name));
    } };`);
  const sealed = await (await app.send({ method: "POST", url: "http://app.test/seal", body: "attack at dawn" }).answer).bytes();
  expect(sealed.byteLength).toBe(14 + 16);
  const open = async (body: Uint8Array) => (await app.request({ method: "POST", url: "http://app.test/open", body })).text;
  expect(await open(sealed)).toBe("attack at dawn");
  app.restart();
  expect(await open(sealed)).toBe("attack at dawn");
  expect(await open(sealed.map((byte, i) => (i === 3 ? byte ^ 1 : byte)))).toBe("OperationError");
});

test("an ECDSA P-256 key signs and verifies within one request", async () => {
  expect(
    await guest.run(`
      const { privateKey, publicKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
      const algorithm = { name: "ECDSA", hash: "SHA-256" }, data = new TextEncoder().encode("hello");
      const signature = await crypto.subtle.sign(algorithm, privateKey, data);
      return [signature.byteLength, await crypto.subtle.verify(algorithm, publicKey, signature, data), await crypto.subtle.verify(algorithm, publicKey, signature, new Uint8Array(5)), privateKey.extractable, publicKey.extractable, privateKey.usages, publicKey.usages];`),
  ).toEqual([64, true, false, false, true, ["sign"], ["verify"]]);
});

test("a raw AES key goes to JWK and back", async () => {
  expect(
    await guest.run(`
      const raw = crypto.getRandomValues(new Uint8Array(16));
      const key = await crypto.subtle.importKey("raw", raw, "AES-CBC", true, ["encrypt", "decrypt"]);
      const jwk = await crypto.subtle.exportKey("jwk", key);
      const again = await crypto.subtle.importKey("jwk", jwk, "aes-cbc", true, ["decrypt"]);
      const { k, ...rest } = jwk;
      return [rest, new Uint8Array(await crypto.subtle.exportKey("raw", again)).join() === raw.join(), again.algorithm, again.usages];`),
  ).toEqual([{ kty: "oct", key_ops: ["encrypt", "decrypt"], ext: true, alg: "A128CBC" }, true, { name: "AES-CBC", length: 128 }, ["decrypt"]]);
});

test("keys that an app makes at its top level work in every later request and in every isolate of the app", async () => {
  using app = await TestIsolate.load(`
    const { subtle } = crypto, data = new TextEncoder().encode("data");
    const hmac = await subtle.importKey("raw", new Uint8Array(32).fill(1), { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
    const ecdsa = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-384" }, false, ["sign", "verify"]);
    const rsa = await subtle.generateKey({ name: "RSA-PSS", modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" }, false, ["sign", "verify"]);
    const ed = await subtle.generateKey("Ed25519", false, ["sign", "verify"]);
    const later = subtle.importKey("jwk", { kty: "EC", crv: "P-256", x: "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", y: "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM" }, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
    const promised = subtle.importKey("raw", new Uint8Array(16), "AES-CTR", false, ["encrypt"]);
    const ec = { name: "ECDSA", hash: "SHA-512" }, pss = { name: "RSA-PSS", saltLength: 32 };
    const signatures = [await subtle.sign("HMAC", hmac, data), await subtle.sign(ec, ecdsa.privateKey, data), await subtle.sign(pss, rsa.privateKey, data), await subtle.sign("Ed25519", ed.privateKey, data)];
    export default { async fetch() {
      const known = [await subtle.verify("HMAC", hmac, signatures[0], data), await subtle.verify(ec, ecdsa.publicKey, signatures[1], data), await subtle.verify(pss, rsa.publicKey, signatures[2], data), await subtle.verify("Ed25519", ed.publicKey, signatures[3], data)];
      const fresh = await subtle.verify(ec, ecdsa.publicKey, await subtle.sign(ec, ecdsa.privateKey, data), data);
      const sealed = await subtle.encrypt({ name: "AES-CTR", counter: new Uint8Array(16), length: 64 }, await promised, data);
      return new Response([...known, fresh, (await later).type, sealed.byteLength].join());
    } };`);
  for (let i = 0; i < 2; i++) expect((await app.request()).text).toBe("true,true,true,true,true,public,4");
  app.restart();
  expect((await app.request()).text).toBe("true,true,true,true,true,public,4");
});

test("a key is cloned as a key, with its own attributes, and nothing else passes for one", async () => {
  expect(
    await guest.run(`${NAME}
      const key = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-1", length: 100 }, true, ["verify", "sign"]);
      const { clone } = structuredClone({ clone: key });
      const same = (await crypto.subtle.exportKey("jwk", clone)).k === (await crypto.subtle.exportKey("jwk", key)).k;
      key.algorithm.name = "changed"; key.usages.push("encrypt");
      return [
        clone instanceof CryptoKey, clone !== key, same, clone.type, clone.algorithm, clone.usages, key.algorithm === key.algorithm,
        await name(crypto.subtle.sign("HMAC", key, new Uint8Array())), await name(crypto.subtle.sign("HMAC", Object.create(CryptoKey.prototype), new Uint8Array())),
        await name(crypto.subtle.sign("HMAC", { ...clone }, new Uint8Array())), (() => { try { new CryptoKey(); } catch (e) { return e.name; } })(),
        Object.prototype.toString.call(key),
      ];`),
  ).toEqual([true, true, true, "secret", { name: "HMAC", hash: { name: "SHA-1" }, length: 100 }, ["sign", "verify"], true, "none", "TypeError", "TypeError", "TypeError", "[object CryptoKey]"]);
});

test("console.log shows what a key is for, and nothing of the key", async () => {
  await guest.run(`console.log(await crypto.subtle.importKey("raw", new Uint8Array(16).fill(65), "AES-GCM", false, ["encrypt"]));`);
  const { text } = guest.logs.at(-1) as { text: string };
  expect(text).toContain("CryptoKey");
  expect(text).toContain("AES-GCM");
  expect(text).not.toMatch(/65|AAAA|QUFB/);
});

test("an app that listens at every prototype does not see a key that is not extractable", async () => {
  using app = new TestIsolate();
  const seen = await app.run(`
    const { subtle } = crypto, enc = new TextEncoder(), find = [], out = [];
    const secret = Array.from({ length: 32 }, (_, i) => 100 + i), text = btoa(String.fromCharCode(...secret)).replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_");
    const wrapping = await subtle.importKey("raw", new Uint8Array(32).fill(3), "AES-GCM", false, ["encrypt", "unwrapKey"]);
    const kw = await subtle.importKey("raw", new Uint8Array(32).fill(3), "AES-KW", false, ["wrapKey", "unwrapKey"]);
    const gcm = { name: "AES-GCM", iv: new Uint8Array(12) };
    const rawWrapped = await subtle.encrypt(gcm, wrapping, new Uint8Array(secret));
    const jwkWrapped = await subtle.encrypt(gcm, wrapping, enc.encode(JSON.stringify({ kty: "oct", k: text })));
    const base = await subtle.importKey("raw", new Uint8Array(secret), "HKDF", false, ["deriveKey", "deriveBits"]);
    const hkdf = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: new Uint8Array() };
    const derived = [...new Uint8Array(await subtle.deriveBits(hkdf, base, 256))];
    const real = { from: Array.from, ownKeys: Reflect.ownKeys, U8: Uint8Array, isView: ArrayBuffer.isView, isBuffer: (v) => Object.prototype.toString.call(v) === "[object ArrayBuffer]", then: Promise.prototype.then, index: Array.prototype.indexOf };
    const search = (haystack, needle) => haystack.some((_, i) => needle.every((byte, j) => haystack[i + j] === byte));
    let quiet = false;
    const look = (value) => {
      if (quiet) return;
      quiet = true;
      try {
        if (typeof value === "string" && value.includes(text.slice(2, 30))) out.push("text");
        if (typeof value === "object" && value !== null) {
          const bytes = real.isView(value) ? real.from(new real.U8(value.buffer)) : real.isBuffer(value) ? real.from(new real.U8(value)) : null;
          if (bytes !== null && (search(bytes, secret) || search(bytes, derived))) out.push("bytes");
          if (bytes === null) for (const key of real.ownKeys(value)) { const d = Object.getOwnPropertyDescriptor(value, key)?.value; if (typeof d === "string" && d.includes(text.slice(2, 30))) out.push("member " + String(key)); }
        }
      } catch {} finally { quiet = false; }
    };
    const spy = (object, key) => {
      const descriptor = Object.getOwnPropertyDescriptor(object, key);
      if (descriptor?.configurable !== true) return;
      const wrap = (f) => typeof f !== "function" ? f : function (...args) { look(this); args.forEach(look); const result = Reflect.apply(f, this, args); look(result); return result; };
      Object.defineProperty(object, key, "value" in descriptor ? { ...descriptor, value: key === "constructor" ? descriptor.value : wrap(descriptor.value) } : { ...descriptor, get: descriptor.get && wrap(descriptor.get), set: descriptor.set && wrap(descriptor.set) });
    };
    const TypedArray = Object.getPrototypeOf(Uint8Array);
    const targets = [TypedArray.prototype, Uint8Array.prototype, ArrayBuffer.prototype, DataView.prototype, Promise.prototype, Map.prototype, WeakMap.prototype, String.prototype, JSON, CryptoKey.prototype, Promise, Uint8Array, TypedArray];
    const members = targets.map((target) => Reflect.ownKeys(target));
    targets.forEach((target, i) => members[i].forEach((key) => key === "prototype" || spy(target, key)));
    for (const key of ["then", "toJSON", "oth", "key_ops", "alg", "use", "hash", "length", "namedCurve", "d", "x", "k2", "material", "type"])
      Object.defineProperty(Object.prototype, key, { configurable: true, get() { look(this); return undefined; }, set(value) { look(this); look(value); Object.defineProperty(this, key, { __proto__: null, value, writable: true, enumerable: true, configurable: true }); } });
    const species = Promise;
    Object.defineProperty(Promise.prototype, "constructor", { configurable: true, get() { return function (executor) { return new species((yes, no) => executor((v) => { look(v); yes(v); }, no)); }; } });
    const keys = [
      await subtle.unwrapKey("raw", rawWrapped, wrapping, gcm, "AES-GCM", false, ["encrypt"]),
      await subtle.unwrapKey("jwk", jwkWrapped, wrapping, gcm, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]),
      await subtle.deriveKey(hkdf, base, { name: "AES-CTR", length: 256 }, false, ["encrypt"]),
      await subtle.generateKey("Ed25519", false, ["sign"]),
      await subtle.generateKey({ name: "RSA-OAEP", modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-1" }, false, ["decrypt"]),
    ];
    await subtle.sign("HMAC", keys[1], new Uint8Array(3));
    structuredClone(keys[0]);
    const positive = out.length;
    look(new Uint8Array(secret));
    return { seen: out.slice(0, positive), canSee: out.length > positive, kinds: keys.slice(0, 3).map((key) => key.type) };`);
  expect(seen).toEqual({ seen: [], canSee: true, kinds: ["secret", "secret", "secret"] });
});
