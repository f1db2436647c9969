/** node:buffer (https://nodejs.org/api/buffer.html). */
import { Buffer, constants, INSPECT_MAX_BYTES, isAscii, isUtf8, kMaxLength, kStringMaxLength, transcode } from "../support/buffer.ts";
import { web } from "../support/globals.ts";

export const { atob, btoa, Blob, File } = web;
export { Buffer, constants, INSPECT_MAX_BYTES, isAscii, isUtf8, kMaxLength, kStringMaxLength, transcode };
export default { Buffer, constants, INSPECT_MAX_BYTES, isAscii, isUtf8, kMaxLength, kStringMaxLength, transcode, atob, btoa, Blob, File };
