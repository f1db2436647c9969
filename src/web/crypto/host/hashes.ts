/** The hash functions, by the names of Web Cryptography, and digests that are fed piece by piece. */
import { createHash, type Hash } from "node:crypto";
import { GuestError } from "../../../isolate/guest-error.ts";
import type { OpContext } from "../../../isolate/invocation.ts";
import type { Handlers } from "../../../isolate/op.ts";
import type { cryptoOps } from "../ops.ts";
import { CALL_FUEL } from "./fuel.ts";

export interface HashFunction {
  /** The host's name of it. */
  readonly id: string;
  readonly bytes: number;
  /** 0.4–2 GB/s. */
  readonly fuelPerByte: number;
  /** One HMAC of a short message, as PBKDF2 iterates it. */
  readonly fuelPerIteration: number;
}

const HASHES = new Map<string, HashFunction>([
  ["SHA-1", { id: "sha1", bytes: 20, fuelPerByte: 0.5, fuelPerIteration: 120 }],
  ["SHA-256", { id: "sha256", bytes: 32, fuelPerByte: 0.5, fuelPerIteration: 120 }],
  ["SHA-384", { id: "sha384", bytes: 48, fuelPerByte: 1, fuelPerIteration: 250 }],
  ["SHA-512", { id: "sha512", bytes: 64, fuelPerByte: 1, fuelPerIteration: 250 }],
]);

export function hashOf(name: string): HashFunction {
  const hash = HASHES.get(name);
  if (hash === undefined) throw new GuestError("NotSupportedError", `${name} is not a digest algorithm`);
  return hash;
}

const HASHING = "hash";
const MAX_HASHINGS = 16;

interface Hashing {
  readonly hash: Hash;
  readonly fuelPerByte: number;
}

type Ops = "crypto_hash_open" | "crypto_hash_update" | "crypto_hash_finish" | "crypto_hash_close";

export const hashHost: Pick<Handlers<typeof cryptoOps, OpContext>, Ops> = {
  crypto_hash_open(ctx, name) {
    const { id, fuelPerByte } = hashOf(name);
    const { resources } = ctx.invocation;
    if (resources.count(HASHING) >= MAX_HASHINGS) throw new GuestError("RangeError", `more than ${MAX_HASHINGS} digest streams at once`);
    ctx.charge(CALL_FUEL);
    return resources.add(HASHING, { hash: createHash(id), fuelPerByte } satisfies Hashing);
  },
  crypto_hash_update(ctx, rid, chunk) {
    const { hash, fuelPerByte } = ctx.invocation.resources.get<Hashing>(rid, HASHING);
    ctx.charge(CALL_FUEL + chunk.byteLength * fuelPerByte);
    hash.update(chunk);
  },
  crypto_hash_finish(ctx, rid) {
    const { resources } = ctx.invocation;
    const { hash } = resources.get<Hashing>(rid, HASHING);
    ctx.charge(CALL_FUEL);
    resources.close(rid);
    return new Uint8Array(hash.digest());
  },
  crypto_hash_close: (ctx, rid) => ctx.invocation.resources.close(rid),
};
