/** Host side of Encoding: the host's own coders, charged by size. */
import { GuestError } from "../../isolate/guest-error.ts";
import type { OpContext } from "../../isolate/invocation.ts";
import type { Handlers } from "../../isolate/op.ts";
import { type encodingOps, FATAL, IGNORE_BOM } from "./ops.ts";

/** The labels that the host's types know; any text may come from a guest. */
type Encoding = ConstructorParameters<typeof TextDecoder>[0];

const DECODER = "text decoder";
const MAX_DECODERS = 64;
const FUEL_PER_BYTE = 1 / 4;
const encoder = new TextEncoder();

function createDecoder(encoding: string, flags: number): TextDecoder {
  try {
    return new TextDecoder(encoding as Encoding, { fatal: (flags & FATAL) !== 0, ignoreBOM: (flags & IGNORE_BOM) !== 0 });
  } catch {
    throw new GuestError("RangeError", `${encoding} is not an encoding`);
  }
}

function decode(decoder: TextDecoder, data: Uint8Array, stream: boolean): string {
  try {
    return decoder.decode(data, { stream });
  } catch {
    throw new GuestError("TypeError", `the bytes are not valid ${decoder.encoding}`);
  }
}

export const encodingHost: Handlers<typeof encodingOps, OpContext> = {
  utf8_encode(ctx, text) {
    ctx.charge(text.length * FUEL_PER_BYTE);
    return encoder.encode(text);
  },
  text_encoding(_ctx, label) {
    try {
      return new TextDecoder(label as Encoding).encoding;
    } catch {
      return null;
    }
  },
  text_decode(ctx, encoding, data, flags) {
    ctx.charge(data.byteLength * FUEL_PER_BYTE);
    return decode(createDecoder(encoding, flags), data, false);
  },
  text_decoder_open(ctx, encoding, flags) {
    const { resources } = ctx.invocation;
    if (resources.count(DECODER) >= MAX_DECODERS) throw new GuestError("RangeError", `more than ${MAX_DECODERS} text decoders that wait for the rest of their input`);
    return resources.add(DECODER, createDecoder(encoding, flags));
  },
  text_decoder_push(ctx, rid, data, last) {
    const { resources } = ctx.invocation;
    const decoder = resources.get<TextDecoder>(rid, DECODER);
    ctx.charge(data.byteLength * FUEL_PER_BYTE);
    let failed = true;
    try {
      const text = decode(decoder, data, !last);
      failed = false;
      return text;
    } finally {
      if (last || failed) resources.close(rid);
    }
  },
  base64_decode(ctx, text) {
    ctx.charge(text.length * FUEL_PER_BYTE);
    try {
      return atob(text);
    } catch {
      return null;
    }
  },
  base64_encode(ctx, text) {
    ctx.charge(text.length * FUEL_PER_BYTE);
    try {
      return btoa(text);
    } catch {
      throw new GuestError("InvalidCharacterError", "btoa: the text has characters above U+00FF");
    }
  },
};
