import { expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

const guest = new TestIsolate();
/** For use inside guests: the name an operation rejects with. */
const NAME = `const name = (p) => p.then(() => "none", (e) => e.name);`;

test("PBKDF2 of more than 600,000 iterations is an OperationError, also when it is the length that asks for them", async () => {
  expect(
    await guest.run(`${NAME}
      const key = await crypto.subtle.importKey("raw", new Uint8Array(8), "PBKDF2", false, ["deriveBits"]);
      const derive = (iterations, bits) => name(crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt: new Uint8Array(8), iterations }, key, bits));
      return [await derive(600_001, 160), await derive(1e9, 160), await derive(0, 160), await derive(100_000, 2 ** 31), await derive(600_000, 160 * 5), await derive(1, 12), await derive(2 ** 33, 160), await derive(1000, 160), await derive(1, 0)];`),
  ).toEqual(["OperationError", "OperationError", "OperationError", "OperationError", "OperationError", "OperationError", "TypeError", "none", "none"]);
});

test("an operator's kdf_iterations holds for the app", async () => {
  using app = new TestIsolate({ limits: { kdfIterations: 1_000 } });
  expect(
    await app.run(`${NAME}
      const key = await crypto.subtle.importKey("raw", new Uint8Array(8), "PBKDF2", false, ["deriveBits"]);
      const derive = (iterations) => crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: new Uint8Array(8), iterations }, key, 256);
      return [await name(derive(1_000)), await derive(1_001).catch((e) => e.message)];`),
  ).toEqual(["none", expect.stringContaining("kdf_iterations")]);
});

test("RSA keys that are too large, or have another exponent than 3 and 65537, are an OperationError", async () => {
  expect(
    await guest.run(`${NAME}
      const make = (modulusLength, ...publicExponent) => name(crypto.subtle.generateKey({ name: "RSA-PSS", modulusLength, publicExponent: new Uint8Array(publicExponent), hash: "SHA-1" }, false, ["sign"]));
      return Promise.all([make(16384, 1, 0, 1), make(4097, 3), make(0, 3), make(256, 3), make(1024, 1), make(1024, 4), make(1024), make(1024, ...Array(64).fill(255)), make(1024, 0, 0, 0, 0, 0, 3), make(1024, 1, 0, 1)]);`),
  ).toEqual([...Array(8).fill("OperationError"), "none", "none"]);
});

test("HKDF, AES-GCM, AES-CTR, AES-CBC and AES-KW refuse the sizes that they cannot take with an OperationError", async () => {
  expect(
    await guest.run(`${NAME}
      const { subtle } = crypto, bytes = (n) => new Uint8Array(n);
      const base = await subtle.importKey("raw", bytes(8), "HKDF", false, ["deriveBits"]);
      const hkdf = (bits) => name(subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt: bytes(1), info: bytes(1) }, base, bits));
      const aes = async (algorithm, size) => name(subtle.encrypt(algorithm, await subtle.importKey("raw", bytes(16), algorithm.name, false, ["encrypt", "decrypt"]), bytes(size)));
      const kw = await subtle.importKey("raw", bytes(16), "AES-KW", false, ["wrapKey"]);
      const wrap = async (size) => name(subtle.wrapKey("raw", await subtle.importKey("raw", bytes(size), { name: "HMAC", hash: "SHA-1" }, true, ["sign"]), kw, "AES-KW"));
      return [
        await hkdf(2 ** 31), await hkdf(255 * 256 + 8), await hkdf(7), await hkdf(255 * 256),
        await aes({ name: "AES-GCM", iv: bytes(0) }, 1), await aes({ name: "AES-GCM", iv: bytes(2 ** 20) }, 1), await aes({ name: "AES-GCM", iv: bytes(12), tagLength: 1 }, 1), await aes({ name: "AES-GCM", iv: bytes(12), tagLength: 32 }, 1),
        await aes({ name: "AES-CTR", counter: bytes(15), length: 64 }, 1), await aes({ name: "AES-CTR", counter: bytes(16), length: 0 }, 1), await aes({ name: "AES-CTR", counter: bytes(16), length: 129 }, 1), await aes({ name: "AES-CTR", counter: bytes(16).fill(255), length: 1 }, 64),
        await aes({ name: "AES-CBC", iv: bytes(12) }, 1), await wrap(12), await wrap(100_000), await wrap(16),
      ];`),
  ).toEqual([
    ...["OperationError", "OperationError", "OperationError", "none"],
    ...["OperationError", "OperationError", "OperationError", "none"],
    ...["OperationError", "OperationError", "OperationError", "OperationError"],
    ...["OperationError", "OperationError", "OperationError", "none"],
  ]);
});

test("host work is charged by what it costs", async () => {
  const fuelOf = async (body: string) => {
    const before = guest.fuel;
    await guest.run(body);
    return guest.fuel - before;
  };
  const digest = (size: number) => fuelOf(`await crypto.subtle.digest("SHA-512", new Uint8Array(${size}));`);
  expect((await digest(4_000_000)) - (await digest(1))).toBeGreaterThan(4_000_000);
  const derive = (iterations: number) =>
    fuelOf(`const key = await crypto.subtle.importKey("raw", new Uint8Array(8), "PBKDF2", false, ["deriveBits"]);
      await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: new Uint8Array(8), iterations: ${iterations} }, key, 256);`);
  expect((await derive(50_000)) - (await derive(1))).toBeGreaterThan(5_000_000);
  const generate = (bits: number) => fuelOf(`await crypto.subtle.generateKey({ name: "RSA-PSS", modulusLength: ${bits}, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-1" }, false, ["sign"]);`);
  expect((await generate(2048)) / (await generate(1024))).toBeGreaterThan(6);
});

test("an app that starts more derivations than its CPU limit pays for is ended", async () => {
  using app = new TestIsolate({ limits: { cpuMs: 200 } });
  const run = app.run(`
    const key = await crypto.subtle.importKey("raw", new Uint8Array(8), "PBKDF2", false, ["deriveBits"]);
    for (;;) await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-512", salt: new Uint8Array(8), iterations: 50_000 }, key, 256);`);
  expect(await run.catch((error) => error.outcome)).toBe("exceededCpu");
  expect(app.kill?.limitKey).toBe("cpu_ms");
});

test("an app that fills its queue is told, and the next request is served", async () => {
  using app = await TestIsolate.load(`
    const key = await crypto.subtle.generateKey("Ed25519", false, ["sign"]);
    export default { async fetch(request) {
      const count = request.url.endsWith("/many") ? 1_500 : 1;
      const results = await Promise.allSettled(Array.from({ length: count }, () => crypto.subtle.sign("Ed25519", key.privateKey, new Uint8Array(8))));
      return new Response(results.filter((one) => one.status === "fulfilled").length + " " + [...new Set(results.filter((one) => one.status === "rejected").map((one) => one.reason.name))]);
    } };`);
  const [done, names] = (await app.request({ url: "http://app.test/many" })).text.split(" ");
  expect(Number(done)).toBeGreaterThanOrEqual(1_000);
  expect(Number(done)).toBeLessThan(1_500);
  expect(names).toBe("OperationError");
  expect((await app.request()).text).toBe("1 ");
});

test("what a request left undone is dropped with it, and does not hold up the next one", async () => {
  using app = await TestIsolate.load(`
    const algorithm = { name: "RSA-PSS", modulusLength: 4096, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-1" };
    export default { async fetch(request) {
      if (request.url.endsWith("/leave")) for (let i = 0; i < 9; i++) crypto.subtle.generateKey(algorithm, false, ["sign"]);
      else await crypto.subtle.generateKey({ name: "AES-GCM", length: 128 }, false, ["encrypt"]).then((key) => crypto.subtle.encrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, key, new Uint8Array(1)));
      return new Response("ok");
    } };`, { limits: { cpuMs: 60_000, waitUntilMs: 0 } });
  const left = app.send({ url: "http://app.test/leave" });
  expect((await left.answer).status).toBe(200);
  expect((await left.over).outcome).toBe("ok");
  expect((await app.request()).text).toBe("ok");
  expect(app.faults).toEqual([]);
});
