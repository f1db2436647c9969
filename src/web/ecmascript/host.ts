/** Host side of the fills: the host's own coders, charged by size. */
import type { OpContext } from "../../isolate/invocation.ts";
import type { Handlers } from "../../isolate/op.ts";
import { type ecmascriptOps, LAST_CHUNKS, TRAILER_BYTES } from "./ops.ts";

const CALL_FUEL = 200;
const FUEL_PER_BYTE = 1 / 2;

interface Decoded {
  readonly read: number;
  readonly written: number;
}
type Decode = (target: Uint8Array) => Decoded;

/** The types of this release know the methods, those of the language do not yet. */
type Coding = Uint8Array & {
  setFromBase64(text: string, options: { alphabet: string; lastChunkHandling: string }): Decoded;
  setFromHex(text: string): Decoded;
  toBase64(options: { alphabet: string; omitPadding: boolean }): string;
  toHex(): string;
};

const alphabetOf = (isUrl: boolean) => (isUrl ? "base64url" : "base64");

/** Decodes into at most `room` bytes. Where the text is wrong, what stands before it counts. */
function decoded(room: number, decode: Decode): Uint8Array<ArrayBuffer> {
  const target = new Uint8Array(room + TRAILER_BYTES);
  const data = target.subarray(0, room);
  try {
    const { read, written } = decode(data);
    return finish(target, written, read, 0);
  } catch {
    // The error does not say how far it came: bytes that come out alike over zeros and ones were written.
    const other = new Uint8Array(room).fill(0xff);
    try {
      decode(other);
    } catch {}
    let written = 0;
    while (written < room && data[written] === other[written]) written++;
    return finish(target, written, 0, 1);
  }
}

function finish(target: Uint8Array<ArrayBuffer>, written: number, read: number, failed: number): Uint8Array<ArrayBuffer> {
  new DataView(target.buffer).setUint32(written, read, true);
  target[written + TRAILER_BYTES - 1] = failed;
  return target.subarray(0, written + TRAILER_BYTES);
}

export const ecmascriptHost: Handlers<typeof ecmascriptOps, OpContext> = {
  bytes_to_base64(ctx, data, isUrl, omitsPadding) {
    ctx.charge(CALL_FUEL + data.byteLength * FUEL_PER_BYTE);
    return (data as unknown as Coding).toBase64({ alphabet: alphabetOf(isUrl), omitPadding: omitsPadding });
  },
  bytes_to_hex(ctx, data) {
    ctx.charge(CALL_FUEL + data.byteLength * FUEL_PER_BYTE);
    return (data as unknown as Coding).toHex();
  },
  bytes_from_base64(ctx, text, isUrl, lastChunk, room) {
    ctx.charge(CALL_FUEL + text.length * FUEL_PER_BYTE);
    const options = { alphabet: alphabetOf(isUrl), lastChunkHandling: LAST_CHUNKS[lastChunk] ?? "loose" };
    return decoded(Math.min(room, Math.ceil(text.length / 4) * 3), (target) => (target as unknown as Coding).setFromBase64(text, options));
  },
  bytes_from_hex(ctx, text, room) {
    ctx.charge(CALL_FUEL + text.length * FUEL_PER_BYTE);
    return decoded(Math.min(room, text.length >> 1), (target) => (target as unknown as Coding).setFromHex(text));
  },
};
