/** Ops of FormData. */
import { bytes, str, sync } from "../../isolate/op.ts";

export const formDataOps = {
  /** One code unit per octet. */
  byte_string: sync([bytes()], str()),
};
