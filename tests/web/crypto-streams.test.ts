import { createHash } from "node:crypto";
import { expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

const guest = new TestIsolate();

test("crypto.DigestStream hashes what is piped into it, bytes and text", async () => {
  const expected = createHash("sha256").update("a".repeat(3_000_000)).update("grün").digest("hex");
  expect(
    await guest.run(`
      const stream = new crypto.DigestStream("SHA-256"), writer = stream.getWriter(), bytes = new Uint8Array(3_000_000).fill(97);
      await writer.write(bytes.subarray(0, 10)); await writer.write(new DataView(bytes.buffer, 10, 90)); await writer.write(bytes.slice(100).buffer); await writer.write("grün"); await writer.close();
      const piped = new crypto.DigestStream({ name: "sha-1" });
      await new Blob(["abc"]).stream().pipeTo(piped);
      return [new Uint8Array(await stream.digest).toHex(), stream.bytesWritten, stream instanceof WritableStream, (await piped.digest).byteLength];`),
  ).toEqual([expected, 3_000_005, true, 20]);
});

test("a DigestStream that is aborted or given something else rejects its digest", async () => {
  expect(
    await guest.run(`
      const name = (p) => p.then(() => "none", (e) => e.name ?? e);
      const aborted = new crypto.DigestStream("SHA-1"); await aborted.abort("enough");
      const wrong = new crypto.DigestStream("SHA-1"), writer = wrong.getWriter();
      const make = (...args) => { try { new crypto.DigestStream(...args); return "made"; } catch (e) { return e.name; } };
      return [await name(aborted.digest), await name(writer.write(7)), await name(wrong.digest), make("MD5"), make(), typeof globalThis.DigestStream];`),
  ).toEqual(["enough", "TypeError", "TypeError", "NotSupportedError", "TypeError", "undefined"]);
});

test("a request has no more than 16 digests open at once, and those of the request before do not count", async () => {
  const open = `const streams = Array.from({ length: 17 }, () => new crypto.DigestStream("SHA-1")); const names = [];
    for (const stream of streams) await stream.getWriter().write(new Uint8Array(1)).then(() => names.push("ok"), (e) => names.push(e.name));
    return names;`;
  for (let i = 0; i < 2; i++) expect(await guest.run(open)).toEqual([...Array(16).fill("ok"), "RangeError"]);
});

test("crypto.subtle.timingSafeEqual compares buffers of the same length", async () => {
  expect(
    await guest.run(`
      const { subtle } = crypto, name = (f) => { try { return f(); } catch (e) { return e.name; } };
      const a = new Uint8Array([1, 2, 3]);
      const large = new Uint8Array(2_500_000), other = large.slice(); other[1_200_000] = 1;
      return [subtle.timingSafeEqual(large, large.slice()), subtle.timingSafeEqual(large, other), subtle.timingSafeEqual(a, a.slice().buffer), subtle.timingSafeEqual(a, new Uint8Array([1, 2, 4])), subtle.timingSafeEqual(new Uint8Array(), new ArrayBuffer(0)), name(() => subtle.timingSafeEqual(a, new Uint8Array(2))), name(() => subtle.timingSafeEqual(a, "abc")), name(() => subtle.timingSafeEqual(a)), name(() => subtle.timingSafeEqual.call({}, a, a))];`),
  ).toEqual([true, false, true, false, true, "TypeError", "TypeError", "TypeError", "TypeError"]);
});
