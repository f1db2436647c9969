/** Ops of Compression Streams. A codec takes one piece of input, gives the output of it piece by piece, and only then takes the next. */
import { async, bool, bytes, nothing, nullable, str, sync, u32 } from "../../isolate/op.ts";

/** Longest input of one `codec_write`. */
export const MAX_INPUT_BYTES = 65_536;

export const compressionOps = {
  /** Opens a codec: "brotli", "deflate", "deflate-raw" or "gzip", and whether it decompresses. */
  codec_open: sync([str(16), bool], u32),
  /** Gives the codec input; null ends it. */
  codec_write: sync([u32, nullable(bytes(MAX_INPUT_BYTES))], nothing),
  /** The next piece of output, or null when the codec wants more input or has ended. Rejects with TypeError when the input is damaged. */
  codec_read: async([u32], nullable(bytes())),
  codec_close: sync([u32], nothing),
};
