/** How many bytes at the end of a chunk are the start of a character that the next chunk completes. */
import { typedArrayLength } from "../../infra/guest/primordials.ts";

/** https://encoding.spec.whatwg.org/#utf-8-decoder: only what can still become a character waits. */
export function incompleteUtf8(bytes: Uint8Array): number {
  const length = typedArrayLength(bytes);
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = bytes[length - back] as number;
    if (byte >= 0x80 && byte < 0xc0) continue;
    const size = byte >= 0xf0 && byte <= 0xf4 ? 4 : byte >= 0xe0 && byte < 0xf0 ? 3 : byte >= 0xc2 && byte < 0xe0 ? 2 : 0;
    if (size <= back) return 0;
    return back === 1 || maySecond(byte, bytes[length - back + 1] as number) ? back : 0;
  }
  return 0;
}

function maySecond(lead: number, second: number): boolean {
  if (lead === 0xe0) return second >= 0xa0;
  if (lead === 0xed) return second <= 0x9f;
  if (lead === 0xf0) return second >= 0x90;
  if (lead === 0xf4) return second <= 0x8f;
  return true;
}

/** An odd byte, and a high surrogate before it. */
export function incompleteUtf16(bytes: Uint8Array, bigEndian: boolean): number {
  const length = typedArrayLength(bytes);
  const odd = length % 2;
  if (length < odd + 2) return odd;
  const high = bytes[length - odd - (bigEndian ? 2 : 1)] as number;
  return high >= 0xd8 && high <= 0xdb ? odd + 2 : odd;
}
