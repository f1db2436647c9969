/**
 * Looks up positions in the mappings of a source map (https://tc39.es/ecma426/#sec-mappings) without decoding all of them: notes of the decoder's state, one every few
 * segments, say where to go on. A decoded map takes fifteen times the room, and any guest that throws would make the host hold one.
 */

/** Segments between two notes: what a look-up decodes. */
const STRIDE = 64;
/** Units of text between two steps of the making: below a millisecond. */
const STEP = 1 << 16;

/** Words of a note: offset in the text, and the segment before it: generated line and column, original source, line and column, and whether it has an original. */
const NOTE = 7;

const SEMICOLON = 59;
const COMMA = 44;
const DIGIT = new Uint8Array(128);
for (const [i, char] of [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].entries()) DIGIT[char.charCodeAt(0)] = i;

export interface Original {
  readonly source: number;
  readonly line: number;
  readonly column: number;
}

export class MapIndex {
  readonly #mappings: string;
  #notes = new Int32Array(NOTE * 64);
  #count = 0;
  readonly #cursor: Cursor;

  constructor(mappings: string) {
    this.#mappings = mappings;
    this.#cursor = new Cursor(mappings);
  }

  /** Makes the notes, and comes back for air. */
  *make(): Generator<void> {
    const cursor = this.#cursor;
    for (let due = STEP; ; ) {
      this.#note();
      for (let i = 0; i < STRIDE; i++) if (!cursor.next()) return;
      if (cursor.at < due) continue;
      due = cursor.at + STEP;
      yield;
    }
  }

  /** Of the last segment that starts at or before that place of the line; null when there is none, or it comes from nowhere. */
  find(line: number, column: number): Original | null {
    let low = 0;
    let high = this.#count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const at = middle * NOTE;
      const noteLine = this.#notes[at + 1] as number;
      if (noteLine < line || (noteLine === line && (this.#notes[at + 2] as number) <= column)) low = middle;
      else high = middle - 1;
    }
    if (this.#count === 0) return null;
    const cursor = new Cursor(this.#mappings);
    cursor.resume(this.#notes.subarray(low * NOTE, (low + 1) * NOTE));
    let found: Original | null = null;
    do {
      if (cursor.line > line || (cursor.line === line && cursor.column > column)) break;
      if (cursor.line === line) found = cursor.hasSource ? { source: cursor.source, line: cursor.originalLine, column: cursor.originalColumn } : null;
    } while (cursor.next());
    return found;
  }

  #note(): void {
    const at = this.#count++ * NOTE;
    if (at + NOTE > this.#notes.length) {
      const longer = new Int32Array(this.#notes.length * 2);
      longer.set(this.#notes);
      this.#notes = longer;
    }
    const { at: offset, line, column, source, originalLine, originalColumn, hasSource } = this.#cursor;
    this.#notes.set([offset, line, column, source, originalLine, originalColumn, hasSource ? 1 : 0], at);
  }
}

/** Reads one segment after the other. */
class Cursor {
  readonly #text: string;
  at = 0;
  line = 0;
  column = 0;
  source = 0;
  originalLine = 0;
  originalColumn = 0;
  hasSource = false;

  constructor(text: string) {
    this.#text = text;
  }

  resume(note: Int32Array): void {
    [this.at, this.line, this.column, this.source, this.originalLine, this.originalColumn] = note as unknown as [number, number, number, number, number, number];
    this.hasSource = note[6] === 1;
  }

  /** False at the end. */
  next(): boolean {
    const text = this.#text;
    for (; this.at < text.length; this.at++) {
      const unit = text.charCodeAt(this.at);
      if (unit === SEMICOLON) {
        this.line++;
        this.column = 0;
      } else if (unit !== COMMA) break;
    }
    if (this.at >= text.length) return false;
    this.column += this.#number();
    this.hasSource = !this.#isAtEnd();
    if (!this.hasSource) return true;
    this.source += this.#number();
    this.originalLine += this.#number();
    this.originalColumn += this.#number();
    // The index of a name, which no stack needs.
    if (!this.#isAtEnd()) this.#number();
    return true;
  }

  #isAtEnd(): boolean {
    const unit = this.#text.charCodeAt(this.at);
    return !(unit !== SEMICOLON && unit !== COMMA && this.at < this.#text.length);
  }

  #number(): number {
    let value = 0;
    for (let shift = 0; shift < 32 && this.at < this.#text.length; shift += 5) {
      const digit = DIGIT[this.#text.charCodeAt(this.at++) & 127] as number;
      value |= (digit & 31) << shift;
      if (digit < 32) break;
    }
    return value & 1 ? -(value >>> 1) : value >>> 1;
  }
}
