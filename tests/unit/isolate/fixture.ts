/** A bare engine without ops, driven from the host, and linear memory that a test lays out itself. */
import { takeException } from "../../../src/isolate/engine/thrown.ts";
import { EngineInstance } from "../../../src/isolate/engine/engine.ts";
import type { EngineLayout } from "../../../src/isolate/engine/layout.ts";
import type { LinearMemory } from "../../../src/isolate/engine/values.ts";
import { testArtifacts } from "../../harness/artifacts.ts";

export const { engine } = await testArtifacts();
export const layout: EngineLayout = engine.layout;

export class BareEngine {
  readonly instance: EngineInstance;

  constructor() {
    const refuse = () => {
      throw new Error("there are no ops here");
    };
    this.instance = new EngineInstance(engine, { callFunction: refuse, interrupt: () => 0, grow: (bytes) => this.instance.grow(bytes), now: () => 0 }, 256 << 20);
    this.instance.boot();
  }

  /** Evaluates a script and returns the pointer to its boxed value, which stays alive. */
  evaluate(code: string): number {
    const { instance } = this;
    const source = instance.newCString(code);
    const file = instance.newCString("test.js");
    const value = instance.exports.QTS_Eval(instance.pointers.context, source.at, source.length, file.at, 0, 0);
    if (instance.isException(value)) throw new Error(takeException(instance, value) ?? "");
    return value;
  }

  /** Hands `value` to a guest function and returns what that returns, as a pointer. */
  apply(fn: string, value: number): number {
    const { instance } = this;
    instance.setArgument(0, value);
    const { context, undefined: self, argv } = instance.pointers;
    return instance.exports.QTS_Call(context, this.evaluate(fn), self, 1, argv);
  }
}

/** Memory of a fixed size with nothing behind it: whoever reads outside gets a RangeError, or a view that is too long. */
export class LaidOutMemory implements LinearMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly layout = layout;

  constructor(size: number) {
    // The array is a part of a larger buffer in no case: `bytes.buffer` is what the host reads strings from.
    const buffer = new ArrayBuffer(size);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
  }

  box(at: number, tag: number, payload: number): number {
    this.view.setUint32(at, payload >>> 0, true);
    this.view.setInt32(at + 4, tag, true);
    return at;
  }

  string(at: number, text: string, isWide: boolean): number {
    this.view.setUint32(at + layout.stringLength, (text.length | (isWide ? 0x8000_0000 : 0)) >>> 0, true);
    for (let i = 0; i < text.length; i++)
      if (isWide) this.view.setUint16(at + layout.stringData + i * 2, text.charCodeAt(i), true);
      else this.bytes[at + layout.stringData + i] = text.charCodeAt(i);
    return at;
  }

  uint8Array(at: number, data: number, length: number): number {
    this.view.setUint16(at + layout.objectClass, layout.uint8ArrayClass, true);
    this.view.setUint32(at + layout.arrayData, data >>> 0, true);
    this.view.setUint32(at + layout.arrayCount, length >>> 0, true);
    return at;
  }
}
