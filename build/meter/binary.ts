/** Reading and writing the WebAssembly binary format: bytes, names and LEB128 integers. Malformed input throws with its offset. */

const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

export class BinaryReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    const byte = this.at < this.end ? this.bytes[this.at] : undefined;
    if (byte === undefined) throw new Error(`unexpected end of input at offset ${this.at}`);
    this.at++;
    return byte;
  }

  u32(): number {
    const start = this.at;
    let result = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      result += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (result > 0xffff_ffff) break;
        return result;
      }
    }
    throw new Error(`malformed u32 at offset ${start}`);
  }

  /** A signed integer of at most `bits` bits (33 for block types). */
  signed(bits: 32 | 33 | 64): bigint {
    const start = this.at;
    let result = 0n;
    for (let shift = 0n; shift < bits; shift += 7n) {
      const byte = this.byte();
      result |= BigInt(byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      const value = BigInt.asIntN(Number(shift) + 7, result);
      if (BigInt.asIntN(bits, value) !== value) break;
      return value;
    }
    throw new Error(`malformed s${bits} at offset ${start}`);
  }

  s32(): number {
    return Number(this.signed(32));
  }

  take(length: number): Uint8Array {
    if (length > this.end - this.at) throw new Error(`unexpected end of input at offset ${this.at}`);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  name(): string {
    return decoder.decode(this.take(this.u32()));
  }

  vector<T>(item: (index: number) => T): T[] {
    const items: T[] = [];
    for (let i = 0, count = this.u32(); i < count; i++) items.push(item(i));
    return items;
  }
}

export class BinaryWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;

  #reserve(length: number): void {
    const needed = this.#length + length;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }

  byte(byte: number): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = byte;
    return this;
  }

  put(bytes: ArrayLike<number>): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  u32(value: number): this {
    return this.put(encodeU32(value));
  }

  /** Bytes preceded by their length. */
  sized(bytes: ArrayLike<number>): this {
    return this.u32(bytes.length).put(bytes);
  }

  name(name: string): this {
    return this.sized(encoder.encode(name));
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }
}

export function encodeU32(value: number): number[] {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) throw new RangeError(`not a u32: ${value}`);
  const out: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    out.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  out.push(rest);
  return out;
}

export function encodeS32(value: number): number[] {
  if ((value | 0) !== value) throw new RangeError(`not an s32: ${value}`);
  const out: number[] = [];
  let rest = value;
  while (rest < -0x40 || rest > 0x3f) {
    out.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  out.push(rest & 0x7f);
  return out;
}
