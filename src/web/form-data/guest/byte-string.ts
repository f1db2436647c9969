/** Bytes as a string with one code unit per octet. */
import { hostOps } from "../../infra/guest/host-ops.ts";
import { formDataOps } from "../ops.ts";

const { byte_string } = hostOps(formDataOps);

export const byteString: (bytes: Uint8Array<ArrayBuffer>) => string = byte_string;
