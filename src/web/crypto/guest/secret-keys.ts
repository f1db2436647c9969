/** Keys that are bytes: how AES and HMAC generate, import and export them. */
import { hostOps } from "../../infra/guest/host-ops.ts";
import { cryptoOps, MAX_RANDOM_BYTES } from "../ops.ts";
import { type KeyFormat, unsupportedFormat } from "./algorithm.ts";
import { copyOf } from "./bytes.ts";
import type { Bytes, KeySlots } from "./crypto-key.ts";
import { fail } from "./errors.ts";
import { base64url, describedJwk, type JsonWebKey } from "./json-web-key.ts";

const { crypto_random } = hostOps(cryptoOps);

export function randomKey(bits: number): Bytes {
  const bytes = (bits + 7) >>> 3;
  if (bytes > MAX_RANDOM_BYTES) fail("OperationError", "The key is too long");
  return crypto_random(bytes);
}

export function exportSecretKey(format: KeyFormat, key: KeySlots, alg: string): Bytes | JsonWebKey {
  if (format === "raw") return copyOf(key.material);
  if (format !== "jwk") unsupportedFormat(format);
  const jwk = describedJwk(key, "oct", alg);
  jwk.k = base64url(key.material);
  return jwk;
}
