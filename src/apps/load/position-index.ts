/**
 * Finds places in a text by line and column without a walk through all of it: an app may print as many frames as it likes, with any position, and each
 * is looked up on the thread that serves everybody.
 */

/** UTF-16 units between two notes. A look-up walks about as many. */
const BLOCK = 512;
/** UTF-16 units of one step of the walk: below a millisecond. */
const STEP = 1 << 17;

export class PositionIndex {
  readonly #text: string;
  /** By block: the line in which it starts, counted from 1, and how many code points start before it. */
  readonly #lines: Uint32Array;
  readonly #points: Uint32Array;

  constructor(text: string) {
    const blocks = Math.floor(text.length / BLOCK) + 1;
    this.#text = text;
    this.#lines = new Uint32Array(blocks);
    this.#points = new Uint32Array(blocks);
  }

  /** Walks through the text, and comes back for air. */
  *make(): Generator<void> {
    const text = this.#text;
    let line = 1;
    let points = 0;
    for (let at = 0; at <= text.length; at++) {
      if (at % BLOCK === 0) {
        this.#lines[at / BLOCK] = line;
        this.#points[at / BLOCK] = points;
        if (at % STEP === 0 && at > 0) yield;
      }
      if (at === text.length) break;
      if (text.charCodeAt(at) === LF) line++;
      if (this.#startsPoint(at)) points++;
    }
  }

  /** The column in UTF-16 units for one in code points, both from 1. Null when there is no such line. */
  unitColumn(line: number, column: number): number | null {
    const start = this.#startOfLine(line);
    return start === null ? null : this.#offsetOfPoint(this.#pointAt(start) + column - 1) - start + 1;
  }

  #startOfLine(line: number): number | null {
    if (line <= 1) return line === 1 ? 0 : null;
    const block = lastBelow(this.#lines, line);
    let at = block * BLOCK;
    for (let number = this.#lines[block] as number; number < line; number++) {
      const end = this.#text.indexOf("\n", at);
      if (end === -1) return null;
      at = end + 1;
    }
    return at;
  }

  #pointAt(offset: number): number {
    const block = Math.floor(offset / BLOCK);
    let point = this.#points[block] as number;
    for (let at = block * BLOCK; at < offset; at++) if (this.#startsPoint(at)) point++;
    return point;
  }

  #offsetOfPoint(point: number): number {
    const block = lastBelow(this.#points, point + 1);
    let count = this.#points[block] as number;
    let at = block * BLOCK;
    for (; at < this.#text.length; at++) {
      if (!this.#startsPoint(at)) continue;
      if (count === point) break;
      count++;
    }
    return at;
  }

  #startsPoint(at: number): boolean {
    return (this.#text.charCodeAt(at) & 0xfc00) !== 0xdc00 || at === 0 || (this.#text.charCodeAt(at - 1) & 0xfc00) !== 0xd800;
  }
}

const LF = 10;

/** Index of the last number below `limit` in an ascending list whose first one is. */
function lastBelow(list: Uint32Array, limit: number): number {
  let low = 0;
  let high = list.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((list[middle] as number) < limit) low = middle;
    else high = middle - 1;
  }
  return low;
}
