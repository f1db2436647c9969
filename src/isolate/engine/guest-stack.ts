/**
 * Who is being called in an isolate, read from linear memory while it stands still anywhere at all: nothing is called and nothing changed there. What is read may be
 * half-made, so every pointer is checked and whatever makes no sense ends the stack.
 */
import type { EngineInstance } from "./engine.ts";
import { readString, TAG } from "./values.ts";

export interface GuestFrame {
  /** Empty for a function without one. */
  readonly name: string;
  /** Where the function begins in its file, from 1 and in code points; 0 for functions of the engine and of nano. */
  readonly line: number;
  readonly column: number;
}

/** Deeper frames are left out: those nearest to the root. */
const MOST_FRAMES = 200;
const MOST_NAME_UNITS = 200;
const NAME_OFFSET = 8;

export class GuestStack {
  readonly #engine: EngineInstance;
  /** Of the app. */
  readonly #file: string;
  #fileAtom = 0;

  constructor(engine: EngineInstance, file: string) {
    this.#engine = engine;
    this.#file = file;
  }

  /** The innermost first. */
  read(): GuestFrame[] {
    const { layout, pointers } = this.#engine;
    const { frame, framePrevious, frameFunction } = layout.stack;
    const frames: GuestFrame[] = [];
    for (let at = this.#word(pointers.runtime + frame); at !== 0 && frames.length < MOST_FRAMES; at = this.#word(at + framePrevious)) {
      if ((this.#word(at + frameFunction + 4) | 0) !== TAG.object) continue;
      frames.push(this.#frame(this.#word(at + frameFunction)));
    }
    return frames;
  }

  #frame(fn: number): GuestFrame {
    const { layout, view } = this.#engine;
    const { objectProperties, functionClasses, functionCode, codePlaces } = layout.stack;
    const values = this.#word(fn + objectProperties);
    const isNamed = values !== 0 && this.#word(values + NAME_OFFSET + 4) !== 0;
    const name = isNamed ? (readString(this.#engine, values + NAME_OFFSET, MOST_NAME_UNITS) ?? "") : "";
    const isScript = fn + layout.objectClass + 2 <= view.byteLength && functionClasses.includes(view.getUint16(fn + layout.objectClass, true));
    const code = isScript ? this.#word(fn + functionCode) : 0;
    if (code === 0 || !this.#isOfApp(code)) return { name, line: 0, column: 0 };
    const [line, next] = this.#leb(this.#word(code + codePlaces));
    const [column] = this.#leb(next);
    return { name, line: line + 1, column: column + 1 };
  }

  /** Functions without positions have something else where others have their file. */
  #isOfApp(code: number): boolean {
    const { layout, pointers } = this.#engine;
    const atom = this.#word(code + layout.stack.codeFile);
    if (atom !== 0 && atom === this.#fileAtom) return true;
    const string = atom === 0 || atom > 1 << 24 ? 0 : this.#word(this.#word(pointers.runtime + layout.stack.atoms) + atom * 4);
    if (string === 0 || !this.#isFile(string)) return false;
    this.#fileAtom = atom;
    return true;
  }

  #isFile(string: number): boolean {
    const { bytes, layout } = this.#engine;
    if (this.#word(string + layout.stringLength) !== this.#file.length) return false;
    for (let i = 0; i < this.#file.length; i++) if (bytes[string + layout.stringData + i] !== this.#file.charCodeAt(i)) return false;
    return true;
  }

  #leb(at: number): readonly [value: number, next: number] {
    const { bytes } = this.#engine;
    let value = 0;
    let next = at;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = bytes[next++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return [value, next];
  }

  /** 0 outside of linear memory. */
  #word(at: number): number {
    const { view } = this.#engine;
    return at > 0 && at + 4 <= view.byteLength ? view.getUint32(at, true) : 0;
  }
}
