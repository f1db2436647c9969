/** Ops of node:crypto. Hashes are incremental: a hasher is a resource of the invocation. */
import { bytes, nullable, str, sync, u32 } from "../../isolate/op.ts";

/** Bytes of one call: a millisecond or two of the host's time. */
export const HASH_PIECE = 1 << 20;

export const nodeOps = {
  /** The algorithm and, for an HMAC, its key. The digest of data that is all there. */
  hash_whole: sync([str(32), nullable(bytes(HASH_PIECE)), bytes(HASH_PIECE)], bytes()),
  /** As above, for data that comes in pieces. */
  hash_open: sync([str(32), nullable(bytes(HASH_PIECE))], u32),
  hash_update: sync([u32, bytes(HASH_PIECE)], u32),
  /** Another hasher that has seen the same. Not for an HMAC. */
  hash_copy: sync([u32], u32),
  /** Closes the hasher. */
  hash_digest: sync([u32], bytes()),
  /** 1 when two texts of bytes of equal length are equal, after a time that does not tell where they differ. */
  bytes_equal: sync([bytes(HASH_PIECE), bytes(HASH_PIECE)], u32),
};
