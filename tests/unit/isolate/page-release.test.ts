import { expect, test } from "bun:test";
import { PageReleaser } from "../../../src/isolate/page-release.ts";

const MB = 2 ** 20;

test.skipIf(process.platform !== "linux")("the memory of dead isolates goes back to the system, all of it, in the background", async () => {
  const pages = new PageReleaser();
  // The C library is looked up in the background, too.
  await Bun.sleep(50);
  const buffers = Array.from({ length: 10 }, () => new WebAssembly.Memory({ initial: 160, maximum: 160 }).buffer as ArrayBuffer);
  for (const buffer of buffers) new Uint8Array(buffer).fill(7);
  for (const buffer of buffers) pages.release(buffer);
  expect(new Uint8Array(buffers[0] as ArrayBuffer)[0]).toBe(7);
  const isGone = () => buffers.every((buffer) => [0, 1, 5 * MB, buffer.byteLength - 1].every((at) => new Uint8Array(buffer)[at] === 0));
  for (let turn = 0; !isGone(); turn++) {
    if (turn > 2_000) throw new Error("the pages are still there");
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const buffer of buffers) expect(new Uint8Array(buffer).every((byte) => byte === 0)).toBe(true);
});
