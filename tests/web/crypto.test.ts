import { expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

const guest = new TestIsolate();

test("digests are those of the host, whatever the case of the name and the kind of buffer", async () => {
  const bytes = new TextEncoder().encode("abc");
  const expected = await Promise.all(["SHA-1", "SHA-256", "SHA-384", "SHA-512"].map(async (name) => [...new Uint8Array(await crypto.subtle.digest(name, bytes))]));
  expect(
    await guest.run(`
      const data = new Uint8Array([0, 97, 98, 99, 0]), digest = async (name, input) => [...new Uint8Array(await crypto.subtle.digest(name, input))];
      return [await digest("SHA-1", data.subarray(1, 4)), await digest({ name: "sha-256" }, new DataView(data.buffer, 1, 3)), await digest("Sha-384", data.slice(1, 4).buffer), await digest("SHA-512", new Uint16Array(data.slice(1, 5).buffer).buffer.slice(0, 3))];`),
  ).toEqual(expected);
});

test("a digest that cannot be made rejects with the class the standard names", async () => {
  expect(await guest.run(`const name = (p) => p.then(() => "none", (e) => e.name); return Promise.all([name(crypto.subtle.digest("MD5", new Uint8Array())), name(crypto.subtle.digest("SHA-1", "text")), name(crypto.subtle.digest("SHA-1")), name(crypto.subtle.digest.call({}, "SHA-1", new Uint8Array()))]);`)).toEqual(["NotSupportedError", "TypeError", "TypeError", "TypeError"]);
});

test("random values fill integer arrays in place, up to 65,536 bytes, and cost fuel by their number", async () => {
  const before = guest.fuel;
  expect(
    await guest.run(`
      const name = (f) => { try { f(); return "none" } catch (e) { return e.name + " " + e.code } };
      const array = new Uint32Array(16384), part = new Uint8Array(8);
      const same = crypto.getRandomValues(array) === array; crypto.getRandomValues(part.subarray(2, 4));
      return [same, array.some((v) => v > 0xffff), [...part.slice(0, 2), ...part.slice(4)].every((v) => v === 0), name(() => crypto.getRandomValues(new Uint8Array(65537))), name(() => crypto.getRandomValues(new Float64Array(1))), name(() => crypto.getRandomValues(new DataView(new ArrayBuffer(1)))), name(() => crypto.getRandomValues([])), crypto.getRandomValues(new BigInt64Array(0)).length];`),
  ).toEqual([true, true, true, "QuotaExceededError 22", "TypeMismatchError 17", "TypeMismatchError 17", "TypeError undefined", 0]);
  expect(guest.fuel - before).toBeGreaterThan(65_536);
});

test("randomUUID gives distinct version 4 UUIDs", async () => {
  const [a, b] = await guest.run(`return [crypto.randomUUID(), crypto.randomUUID()];`);
  expect(a).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(a).not.toBe(b);
});
