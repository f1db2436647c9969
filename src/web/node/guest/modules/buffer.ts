/** node:buffer (https://nodejs.org/api/buffer.html). */
import { Buffer, constants, INSPECT_MAX_BYTES, isAscii, isUtf8, kMaxLength, kStringMaxLength, transcode } from "../support/buffer.ts";
import { web } from "../support/globals.ts";

export const { atob, btoa } = web;
/** Read when they are wanted: most who import Buffer never do. */
export const Blob = /* @__PURE__ */ (() => web.Blob)();
export const File = /* @__PURE__ */ (() => web.File)();
export { Buffer, constants, INSPECT_MAX_BYTES, isAscii, isUtf8, kMaxLength, kStringMaxLength, transcode };
export default { Buffer, constants, INSPECT_MAX_BYTES, isAscii, isUtf8, kMaxLength, kStringMaxLength, transcode, atob, btoa,
  get Blob() {
    return web.Blob;
  },
  get File() {
    return web.File;
  },
};
