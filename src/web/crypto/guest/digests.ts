/** SHA-1 and SHA-2 (https://w3c.github.io/webcrypto/#sha). */
import { hostOps } from "../../infra/guest/host-ops.ts";
import { cryptoOps } from "../ops.ts";
import type { Bytes } from "./crypto-key.ts";
import { register } from "./algorithm.ts";

const { crypto_digest } = hostOps(cryptoOps);

const DIGESTS = ["SHA-1", "SHA-256", "SHA-384", "SHA-512"];
for (let i = 0; i < DIGESTS.length; i++) {
  const name = DIGESTS[i] as string;
  register({ __proto__: null, name, digest: () => (data: Bytes) => crypto_digest(name, data) } as never);
}
