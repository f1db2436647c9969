/** TextEncoder (https://encoding.spec.whatwg.org/#interface-textencoder). */
import { SafeTypeError, SafeUint8Array, stringCharCodeAt, stringSlice, typedArrayBuffer, typedArrayLength, typedArrayName, typedArraySet } from "../../infra/guest/primordials.ts";
import { defineInterface, requireArguments } from "../../infra/guest/webidl.ts";
import { toUSVString } from "../../infra/guest/webidl-convert.ts";
import { utf8Encode } from "./utf8.ts";

export class TextEncoder {
  #encoding = "utf-8";

  get encoding(): string {
    return this.#encoding;
  }
  encode(input?: unknown): Uint8Array<ArrayBuffer> {
    this.#encoding;
    return input === undefined || input === "" ? new SafeUint8Array(0) : utf8Encode(toUSVString(input));
  }
  encodeInto(source: unknown, destination: unknown): { read: number; written: number } {
    this.#encoding;
    requireArguments(arguments.length, 2, "TextEncoder.encodeInto");
    const text = toUSVString(source);
    if (typedArrayName(destination) !== "Uint8Array") throw new SafeTypeError("TextEncoder.encodeInto: the destination is not a Uint8Array");
    const target = destination as Uint8Array;
    const room = typedArrayLength(target);
    if (room === 0) return { read: 0, written: 0 };
    // Every unit takes at least one byte, so no more of the text can fit.
    const bytes = utf8Encode(toUSVString(text.length > room ? stringSlice(text, 0, wholeCharacters(text, room)) : text));
    const length = typedArrayLength(bytes);
    const written = length <= room ? length : startOfCharacter(bytes, room);
    typedArraySet(target, written === length ? bytes : new SafeUint8Array(typedArrayBuffer(bytes), 0, written));
    return { read: unitsOf(bytes, written), written };
  }
}
defineInterface(TextEncoder, "TextEncoder", { lengths: { encode: 0 }, inspected: ["encoding"] });

/** `end`, or one less when it would cut a surrogate pair. */
function wholeCharacters(text: string, end: number): number {
  const last = end === 0 ? 0 : stringCharCodeAt(text, end - 1);
  return last >= 0xd800 && last <= 0xdbff ? end - 1 : end;
}

function startOfCharacter(bytes: Uint8Array, at: number): number {
  let start = at;
  while (start > 0 && ((bytes[start] as number) & 0xc0) === 0x80) start--;
  return start;
}

/** UTF-16 units that the first `length` bytes stand for. */
function unitsOf(bytes: Uint8Array, length: number): number {
  let units = 0;
  for (let i = 0; i < length; i++) {
    const byte = bytes[i] as number;
    if ((byte & 0xc0) !== 0x80) units += byte >= 0xf0 ? 2 : 1;
  }
  return units;
}
