/**
 * What an app's memory holds that the image under it does not: single words, for an app's top level changes a few of many pages. A page of the image that it
 * does not touch costs nothing, one that it counted a reference in costs some bytes.
 */
// As a namespace: where zstd is missing the module still loads, and the patch stays as it is.
import * as zlib from "node:zlib";
import { isEqualPage, type MemoryImage, OS_PAGE, pageOf } from "./image.ts";

const WORD = 4;
const WORDS_PER_PAGE = OS_PAGE / WORD;
/** So many equal words between two that differ are kept with them: less than the numbers of another run. Measured for an app of one line: 4.7 KB in 61 runs, against 4.9 KB in 179. */
const GAP_WORDS = 4;
/** From here on the platform's own copy is faster than a loop. */
const LONG_RUN = 64;
/** Smaller ones are not worth the time, larger ones take longer to unpack than a request may wait: about 0.6 ms a megabyte. */
const LEAST_PACKED = 64 << 10;
const MOST_PACKED = 4 << 20;
const FAST = { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } };

/** Pairs of a word's index in linear memory and a number of words, and then all the words. */
type Words = Int32Array<ArrayBuffer>;

export class Patch {
  #words: Words | null;
  #packed: Uint8Array | null = null;
  readonly #runs: number;
  readonly #size: number;
  #uses = 0;

  /** `words` begins with `runs` pairs. */
  constructor(runs: number, words: Words) {
    this.#runs = runs;
    this.#words = words;
    this.#size = words.byteLength;
  }

  /** Bytes that it holds. */
  get bytes(): number {
    return this.#packed?.byteLength ?? this.#size;
  }

  get runs(): number {
    return this.#runs;
  }

  /** Pairs, then words. */
  get words(): Words {
    if (this.#words === null) {
      const unpacked = zlib.zstdDecompressSync(this.#packed as Uint8Array);
      const words = new Int32Array(this.#size / WORD);
      new Uint8Array(words.buffer).set(unpacked);
      this.#words = words;
      this.#packed = null;
    }
    return this.#words;
  }

  applyTo(bytes: Uint8Array): void {
    const { words } = this;
    this.#uses++;
    const target = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / WORD);
    let from = this.#runs * 2;
    for (let run = 0; run < this.#runs; run++) {
      const at = words[run * 2] as number;
      const end = from + (words[run * 2 + 1] as number);
      if (end - from >= LONG_RUN) {
        target.set(words.subarray(from, end), at);
        from = end;
      } else for (let to = at; from < end; ) target[to++] = words[from++] as number;
    }
  }

  /** Nobody is expected to need it soon; it stays as it is if somebody does meanwhile. */
  async pack(): Promise<void> {
    const words = this.#words;
    const uses = this.#uses;
    if (words === null || this.#size < LEAST_PACKED || this.#size > MOST_PACKED || !("zstdCompress" in zlib)) return;
    const packed = await new Promise<Uint8Array | null>((resolve) => zlib.zstdCompress(new Uint8Array(words.buffer), FAST, (error, data) => resolve(error === null ? new Uint8Array(data) : null)));
    if (packed === null || packed.byteLength >= this.#size || this.#uses !== uses) return;
    this.#packed = packed;
    this.#words = null;
  }
}

/** `bytes` against the image, everywhere or on some pages, in order. Null when they are the same. */
export function takePatch(bytes: Uint8Array, image: MemoryImage, pages: Iterable<number> = upTo(bytes.byteLength / OS_PAGE)): Patch | null {
  const now = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / WORD);
  const runs: number[] = [];
  let count = 0;
  for (const page of pages) {
    const expected = pageOf(image, page);
    if (isEqualPage(bytes, page, expected)) continue;
    const was = new Int32Array(expected.buffer, expected.byteOffset, WORDS_PER_PAGE);
    const first = page * WORDS_PER_PAGE;
    for (let word = 0; word < WORDS_PER_PAGE; word++) {
      if (now[first + word] === was[word]) continue;
      const at = first + word;
      const last = runs.length - 2;
      const end = last < 0 ? Number.NEGATIVE_INFINITY : (runs[last] as number) + (runs[last + 1] as number);
      if (at - end <= GAP_WORDS) {
        runs[last + 1] = at + 1 - (runs[last] as number);
        count += at + 1 - end;
      } else {
        runs.push(at, 1);
        count++;
      }
    }
  }
  if (runs.length === 0) return null;
  const words = new Int32Array(runs.length + count);
  words.set(runs);
  let to = runs.length;
  for (let run = 0; run < runs.length; run += 2) {
    const at = runs[run] as number;
    const length = runs[run + 1] as number;
    words.set(now.subarray(at, at + length), to);
    to += length;
  }
  return new Patch(runs.length / 2, words);
}

function* upTo(end: number): Iterable<number> {
  for (let i = 0; i < end; i++) yield i;
}
