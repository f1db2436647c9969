/** TextDecoderStream and TextEncoderStream (https://encoding.spec.whatwg.org/#interface-textdecoderstream). */
import { SafeUint8Array, stringCharCodeAt, stringSlice } from "../../infra/guest/primordials.ts";
import { defineInterface } from "../../infra/guest/webidl.ts";
import { toBufferSource, toDOMString, toUSVString } from "../../infra/guest/webidl-convert.ts";
import type { ByteStream } from "../../streams/guest/door.ts";
import { createTransformPair, type TransformPair } from "../../streams/guest/transform-pair.ts";
import { decodeWith, TextDecoder } from "./text-decoder.ts";
import { utf8Encode } from "./utf8.ts";

const STREAM = { __proto__: null, stream: true };

export class TextDecoderStream {
  #encoding: string;
  #fatal: boolean;
  #ignoreBOM: boolean;
  #pair: TransformPair;

  constructor(label?: unknown, options?: unknown) {
    const decoder = new TextDecoder(label, options);
    this.#encoding = decoder.encoding;
    this.#fatal = decoder.fatal;
    this.#ignoreBOM = decoder.ignoreBOM;
    this.#pair = createTransformPair({
      transform(chunk, enqueue) {
        const text = decodeWith(decoder, toBufferSource(chunk, "TextDecoderStream: chunk"), STREAM);
        if (text !== "") enqueue(text);
      },
      flush(enqueue) {
        const text = decodeWith(decoder);
        if (text !== "") enqueue(text);
      },
    });
  }

  get encoding(): string {
    return this.#encoding;
  }
  get fatal(): boolean {
    return this.#fatal;
  }
  get ignoreBOM(): boolean {
    return this.#ignoreBOM;
  }
  get readable(): ByteStream {
    return this.#pair.readable;
  }
  get writable(): object {
    return this.#pair.writable;
  }
}
defineInterface(TextDecoderStream, "TextDecoderStream", { inspected: ["encoding", "fatal", "ignoreBOM"] });

export class TextEncoderStream {
  #pair: TransformPair;

  constructor() {
    /** The first half of a character whose second half may come. */
    let lead = "";
    this.#pair = createTransformPair({
      transform(chunk, enqueue) {
        const text = lead + toDOMString(chunk, "TextEncoderStream: chunk");
        const last = text.length === 0 ? 0 : stringCharCodeAt(text, text.length - 1);
        const isCut = last >= 0xd800 && last <= 0xdbff;
        lead = isCut ? stringSlice(text, text.length - 1) : "";
        const whole = isCut ? stringSlice(text, 0, text.length - 1) : text;
        if (whole !== "") enqueue(utf8Encode(toUSVString(whole)));
      },
      flush(enqueue) {
        if (lead === "") return;
        const replacement = new SafeUint8Array(3);
        replacement[0] = 0xef;
        replacement[1] = 0xbf;
        replacement[2] = 0xbd;
        enqueue(replacement);
      },
    });
  }

  get encoding(): string {
    this.#pair;
    return "utf-8";
  }
  get readable(): ByteStream {
    return this.#pair.readable;
  }
  get writable(): object {
    return this.#pair.writable;
  }
}
defineInterface(TextEncoderStream, "TextEncoderStream", { inspected: ["encoding"] });
