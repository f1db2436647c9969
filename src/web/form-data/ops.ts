/** Ops of FormData. */
import { bytes, nullable, str, sync, u32 } from "../../isolate/op.ts";

export const formDataOps = {
  /** One code unit per octet. */
  byte_string: sync([bytes()], str()),
  /** Where the second, a byte string, first is in the first, or null. */
  bytes_find: sync([bytes(), str(256)], nullable(u32)),
};
