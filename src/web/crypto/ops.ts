/** Ops of Web Cryptography. */
import { async, bytes, str, sync, u32 } from "../../isolate/op.ts";

export const MAX_RANDOM_BYTES = 65_536;

export const cryptoOps = {
  /** Up to `MAX_RANDOM_BYTES` random bytes. */
  crypto_random: sync([u32], bytes()),
  crypto_random_uuid: sync([], str()),
  /** Name of the algorithm, data. */
  crypto_digest: async([str(16), bytes()], bytes()),
};
