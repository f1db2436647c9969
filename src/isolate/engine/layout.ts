/**
 * Where the engine keeps what the host reads and writes in linear memory: plain numbers, found by experiment when the engine is built
 * (`build/engine/layout.ts`). Offsets are in bytes from the start of the named struct; words are 32-bit little-endian.
 */
export interface EngineLayout {
  /** Pages of linear memory that a fresh instance imports. */
  readonly initialPages: number;

  /** The guest's C stack grows down from here. */
  readonly stackTop: number;

  /** A boxed double is its IEEE bits with this subtracted (mod 2³²) from the high word. */
  readonly float64Addend: number;

  /** JSString: word with the length in UTF-16 units in bits 0–30, and bit 31 set when units take two bytes. */
  readonly stringLength: number;
  /** JSString: first unit. */
  readonly stringData: number;

  /** JSStringRope: word with the length in UTF-16 units; two boxed values, each a string or a rope. */
  readonly ropeLength: number;
  readonly ropeLeft: number;
  readonly ropeRight: number;

  /** JSObject: 16-bit class id. */
  readonly objectClass: number;
  readonly uint8ArrayClass: number;
  readonly arrayBufferClass: number;

  /** JSObject: pointer to its shape, and in that the name of its first property. */
  readonly objectShape: number;
  readonly shapeFirstAtom: number;

  /** JSObject of a typed array: pointer to its first element (byte offset included), and element count. The count is 0 once detached or out of bounds. */
  readonly arrayData: number;
  readonly arrayCount: number;

  /** JSObject of an ArrayBuffer: pointer to its JSArrayBuffer, and in that its byte length and pointer to its bytes. */
  readonly objectArrayBuffer: number;
  readonly arrayBufferLength: number;
  readonly arrayBufferData: number;

  /** JSRuntime: byte that says what the parser leaves out of the functions it makes from then on: 1 their source text, 2 names of variables and positions. */
  readonly stripFlags: number;

  /** JSRuntime: word that is not 0 where rejections are tracked, and behind it the pointer that the tracker gets. */
  readonly rejectionTracker: number;

  /** JSContext: 64-bit xorshift state of Math.random. Never 0. Clones repeat each other's numbers unless it is set anew. */
  readonly randomState: number;

  /** Who is being called, for profiles: see `guest-stack.ts`. */
  readonly stack: {
    /** JSRuntime: pointer to the innermost JSStackFrame; in that the frame before it, or 0, and the boxed function. */
    readonly frame: number;
    readonly framePrevious: number;
    readonly frameFunction: number;
    /** JSObject: pointer to the values of its properties, eight bytes each. The second of a function is its name. */
    readonly objectProperties: number;
    /** Classes of functions that are written in JavaScript. */
    readonly functionClasses: readonly number[];
    /** JSObject of such a function: pointer to its JSFunctionBytecode; in that the atom of its file, and a pointer to its places: line and column, LEB128, from 0. */
    readonly functionCode: number;
    readonly codeFile: number;
    readonly codePlaces: number;
    /** JSRuntime: pointer to the strings of atoms. */
    readonly atoms: number;
  };
}
