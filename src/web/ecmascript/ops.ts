/** Ops for what ECMA-262 has and the engine lacks. Text and bytes cross in pieces, see `PIECE`. */
import { bool, bytes, str, sync, u32 } from "../../isolate/op.ts";

/** Bytes or characters of one call: a millisecond or so of the host's time. */
export const PIECE = 3 << 19;

/** How base64 may end (https://tc39.es/ecma262/#sec-frombase64). */
export const LAST_CHUNKS = ["loose", "strict", "stop-before-partial"] as const;

/** What follows the decoded bytes: how many characters were read (u32, little-endian), and 1 if the next one is wrong. */
export const TRAILER_BYTES = 5;

export const ecmascriptOps = {
  /** Bytes, whether the alphabet is base64url, whether padding is left out. */
  bytes_to_base64: sync([bytes(PIECE), bool, bool], str()),
  bytes_to_hex: sync([bytes(PIECE)], str()),
  /** Text, whether the alphabet is base64url, index in `LAST_CHUNKS`, room in bytes. Bytes and a trailer. */
  bytes_from_base64: sync([str(1 << 29), bool, u32, u32], bytes()),
  /** Text of even length, room in bytes. Bytes and a trailer. */
  bytes_from_hex: sync([str(PIECE), u32], bytes()),
};
