import { expect, test } from "bun:test";
import { brotliDecompressSync } from "node:zlib";
import { TestIsolate } from "../harness/isolate.ts";

const guest = new TestIsolate();
const FORMATS = ["brotli", "deflate", "deflate-raw", "gzip"];
const TOOLS = `
  const through = async (bytes, stream) => new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
  const compress = (bytes, format) => through(bytes, new CompressionStream(format)), decompress = (bytes, format) => through(bytes, new DecompressionStream(format));
  const text = new TextEncoder().encode("nano ".repeat(60_000));`;

test.each(FORMATS)("what is compressed as %s comes back", async (format) => {
  expect(await guest.run(`${TOOLS} const small = await compress(text, "${format}"); return [small.length < 3_000, new TextDecoder().decode(await decompress(small, "${format}")) === "nano ".repeat(60_000)];`)).toEqual([true, true]);
});

test.each(FORMATS)("%s that is cut off, damaged or followed by something else is a TypeError", async (format) => {
  expect(
    await guest.run(`${TOOLS}
      const whole = await compress(text, "${format}"), damaged = whole.slice(); damaged.fill(255, 0, 8);
      const seen = [];
      for (const bytes of [whole.slice(0, -1), new Uint8Array(0), damaged, new Uint8Array([...whole, 0])]) seen.push(await decompress(bytes, "${format}").then((all) => all.length, (error) => error.name));
      return seen;`),
  ).toEqual(["TypeError", "TypeError", "TypeError", "TypeError"]);
});

test("brotli is the brotli that others read", async () => {
  const bytes = await guest.run(`${TOOLS} return [...await compress(text, "brotli")];`);
  expect(brotliDecompressSync(Uint8Array.from(bytes)).toString()).toBe("nano ".repeat(60_000));
});

test("a format that does not exist is a TypeError", async () => {
  expect(await guest.run(`return ["zstd", "GZIP", ""].map((format) => { try { new CompressionStream(format) } catch (error) { return error.name } });`)).toEqual(["TypeError", "TypeError", "TypeError"]);
});
