/** Host side of node:crypto: the host's own hashes, charged by size. */
import { createHash, createHmac, type Hash, type Hmac, timingSafeEqual } from "node:crypto";
import { GuestError } from "../../isolate/guest-error.ts";
import type { OpContext } from "../../isolate/invocation.ts";
import type { Handlers } from "../../isolate/op.ts";
import type { nodeOps } from "./ops.ts";

const HASHER = "hasher";
const MAX_HASHERS = 64;
const CALL_FUEL = 1_500;
/** The slowest of them hashes about 0.3 GB/s. */
const FUEL_PER_BYTE = 1.5;
const COMPARE_FUEL_PER_BYTE = 1 / 8;
const ALGORITHMS = new Set(["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha512-224", "sha512-256"]);

type Hasher = { readonly isHmac: false; readonly hash: Hash } | { readonly isHmac: true; readonly hash: Hmac };

function open(algorithm: string, key: Uint8Array | null): Hasher {
  if (!ALGORITHMS.has(algorithm)) throw new GuestError("Error", "Digest method not supported");
  return key === null ? { isHmac: false, hash: createHash(algorithm) } : { isHmac: true, hash: createHmac(algorithm, key) };
}

/** A view of its own bytes alone: what is handed over must not be part of a pool. */
const bytesOf = (digest: Uint8Array): Uint8Array<ArrayBuffer> => Uint8Array.from(digest);

function keep(ctx: OpContext, hasher: Hasher): number {
  const { resources } = ctx.invocation;
  if (resources.count(HASHER) >= MAX_HASHERS) throw new GuestError("RangeError", `more than ${MAX_HASHERS} hashes of long data at once`);
  return resources.add(HASHER, hasher);
}

export const nodeHost: Handlers<typeof nodeOps, OpContext> = {
  hash_whole(ctx, algorithm, key, data) {
    ctx.charge(CALL_FUEL + (data.byteLength + (key?.byteLength ?? 0)) * FUEL_PER_BYTE);
    return bytesOf(open(algorithm, key).hash.update(data).digest());
  },
  hash_open(ctx, algorithm, key) {
    ctx.charge(CALL_FUEL + (key?.byteLength ?? 0) * FUEL_PER_BYTE);
    return keep(ctx, open(algorithm, key));
  },
  hash_update(ctx, rid, data) {
    ctx.charge(CALL_FUEL + data.byteLength * FUEL_PER_BYTE);
    ctx.invocation.resources.get<Hasher>(rid, HASHER).hash.update(data);
    return rid;
  },
  hash_copy(ctx, rid) {
    ctx.charge(CALL_FUEL);
    const hasher = ctx.invocation.resources.get<Hasher>(rid, HASHER);
    if (hasher.isHmac) throw new GuestError("TypeError", "an HMAC cannot be copied");
    return keep(ctx, { isHmac: false, hash: hasher.hash.copy() });
  },
  hash_digest(ctx, rid) {
    ctx.charge(CALL_FUEL);
    const { resources } = ctx.invocation;
    const { hash } = resources.get<Hasher>(rid, HASHER);
    resources.close(rid);
    return bytesOf(hash.digest());
  },
  bytes_equal(ctx, a, b) {
    ctx.charge(CALL_FUEL + a.byteLength * COMPARE_FUEL_PER_BYTE);
    return a.byteLength === b.byteLength && timingSafeEqual(a, b) ? 1 : 0;
  },
};
