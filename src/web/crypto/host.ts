/** Host side of Web Cryptography: primitives of the host on plain bytes, each bounded and charged by what it costs, the long ones in the thread pool. */
import { timingSafeEqual } from "node:crypto";
import { GuestError } from "../../isolate/guest-error.ts";
import type { OpContext } from "../../isolate/invocation.ts";
import type { Handlers } from "../../isolate/op.ts";
import { createCurveHost } from "./host/curve-host.ts";
import { CALL_FUEL } from "./host/fuel.ts";
import { hashHost } from "./host/hashes.ts";
import { HeavyWork } from "./host/heavy-work.ts";
import { take } from "./host/kept.ts";
import { createKeyDerivationHost } from "./host/key-derivation.ts";
import { createRsaHost } from "./host/rsa.ts";
import { createSymmetricHost } from "./host/symmetric.ts";
import { type cryptoOps, MAX_RANDOM_BYTES } from "./ops.ts";

const RANDOM_FUEL_PER_BYTE = 1;
const EQUAL_FUEL_PER_BYTE = 0.5;
const BASE64_FUEL_PER_BYTE = 1;
const BASE64URL = /^[\w-]*$/;

/** `atOnce` jobs of the thread pool may be cryptography, and `perApp` of them one app's. */
export function createCryptoHost(atOnce: number, perApp: number): Handlers<typeof cryptoOps, OpContext> {
  const work = new HeavyWork(atOnce, perApp);
  return {
    crypto_random(ctx, length) {
      if (length > MAX_RANDOM_BYTES) throw new GuestError("QuotaExceededError", `more than ${MAX_RANDOM_BYTES} random bytes at once`);
      ctx.charge(CALL_FUEL + length * RANDOM_FUEL_PER_BYTE);
      return crypto.getRandomValues(new Uint8Array(length));
    },
    crypto_random_uuid(ctx) {
      ctx.charge(CALL_FUEL);
      return crypto.randomUUID();
    },
    crypto_equal(ctx, a, b) {
      ctx.charge(CALL_FUEL + a.byteLength * EQUAL_FUEL_PER_BYTE);
      return a.byteLength === b.byteLength && timingSafeEqual(a, b);
    },
    crypto_take(ctx, rid) {
      ctx.charge(CALL_FUEL);
      return take(ctx, rid);
    },
    crypto_base64url(ctx, bytes) {
      ctx.charge(CALL_FUEL + bytes.byteLength * BASE64_FUEL_PER_BYTE);
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
    },
    crypto_base64url_bytes(ctx, text) {
      ctx.charge(CALL_FUEL + text.length * BASE64_FUEL_PER_BYTE);
      return BASE64URL.test(text) && text.length % 4 !== 1 ? new Uint8Array(Buffer.from(text, "base64url")) : null;
    },
    ...hashHost,
    ...createSymmetricHost(work),
    ...createKeyDerivationHost(work),
    ...createRsaHost(work),
    ...createCurveHost(work),
  };
}
