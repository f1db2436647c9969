/** Ops of Encoding. Text crosses as text, bytes as bytes; the coding is done by the host. */
import { bool, bytes, nullable, str, sync, u32 } from "../../isolate/op.ts";

/** Bits of `flags`. */
export const FATAL = 1;
export const IGNORE_BOM = 2;

export const encodingOps = {
  /** Lone surrogates become U+FFFD. */
  utf8_encode: sync([str(1 << 28)], bytes()),
  /** The name of the encoding that a label means, or null. */
  text_encoding: sync([str(64)], nullable(str())),
  /** Decodes a whole text: name of the encoding, bytes, flags. */
  text_decode: sync([str(64), bytes(), u32], str()),
  /** A decoder that keeps its state, for the legacy encodings with several bytes a character. */
  text_decoder_open: sync([str(64), u32], u32),
  /** Decoder, bytes, whether they are the last; the last call closes it, and so does a failure. */
  text_decoder_push: sync([u32, bytes(), bool], str()),
  /** Null when the text is not base64 (https://infra.spec.whatwg.org/#forgiving-base64-decode). The result is a byte string. */
  base64_decode: sync([str(1 << 28)], nullable(str())),
  /** The argument is a byte string. */
  base64_encode: sync([str(1 << 28)], str()),
};
