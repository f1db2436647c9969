/** Host side of Web Cryptography: the host's own implementation, charged by size. */
import { GuestError } from "../../isolate/guest-error.ts";
import type { OpContext } from "../../isolate/invocation.ts";
import type { Handlers } from "../../isolate/op.ts";
import { type cryptoOps, MAX_RANDOM_BYTES } from "./ops.ts";

const CALL_FUEL = 500;
const RANDOM_FUEL_PER_BYTE = 1;
/** SHA-1 and SHA-2 run at about 0.4–1.5 GB/s. */
const DIGEST_FUEL_PER_BYTE = 1;
const DIGESTS = new Set(["SHA-1", "SHA-256", "SHA-384", "SHA-512"]);

export const cryptoHost: Handlers<typeof cryptoOps, OpContext> = {
  crypto_random(ctx, length) {
    if (length > MAX_RANDOM_BYTES) throw new GuestError("QuotaExceededError", `more than ${MAX_RANDOM_BYTES} random bytes at once`);
    ctx.charge(CALL_FUEL + length * RANDOM_FUEL_PER_BYTE);
    return crypto.getRandomValues(new Uint8Array(length));
  },
  crypto_random_uuid(ctx) {
    ctx.charge(CALL_FUEL);
    return crypto.randomUUID();
  },
  async crypto_digest(ctx, algorithm, data) {
    if (!DIGESTS.has(algorithm)) throw new GuestError("NotSupportedError", `${algorithm} is not a digest algorithm`);
    ctx.charge(CALL_FUEL + data.byteLength * DIGEST_FUEL_PER_BYTE);
    return new Uint8Array(await crypto.subtle.digest(algorithm, data));
  },
};
