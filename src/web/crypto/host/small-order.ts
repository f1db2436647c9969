/** Points of edwards25519 whose order divides 8. A signature by such a key, or with one as its R, says nothing about its message. */

/** Their y, little-endian, in every encoding of 255 bits: 0, 1, −1, the two of order 8, and 0 and 1 with p added. */
const SMALL_ORDER_Y = new Set([
  `00${"00".repeat(31)}`,
  `01${"00".repeat(31)}`,
  `ec${"ff".repeat(30)}7f`,
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  `ed${"ff".repeat(30)}7f`,
  `ee${"ff".repeat(30)}7f`,
]);

/** https://wicg.github.io/webcrypto-secure-curves/#ed25519-operations: verify. `point` has 32 bytes; the sign of x, in its last bit, does not matter. */
export function isSmallOrder(point: Uint8Array): boolean {
  const y = Buffer.from(point);
  y[31] = (y[31] ?? 0) & 0x7f;
  return SMALL_ORDER_Y.has(y.toString("hex"));
}
