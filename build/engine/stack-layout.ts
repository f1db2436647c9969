/** Finds by experiment where the engine keeps who is being called: functions of known names and places call each other, and are looked for while they run. */
import type { EngineLayout } from "../../src/isolate/engine/layout.ts";
import { TAG } from "../../src/isolate/engine/values.ts";
import { findOffset } from "./layout.ts";
import { ProbeEngine } from "./probe-engine.ts";

type StackLayout = EngineLayout["stack"];

/** Where "function" stands in the second line: line and column, from 0. */
const SOURCE = `globalThis.outer = function outerName() { inner(); };
    globalThis.inner = function innerName() { for (let i = 0; i < 100000; i++); };
globalThis.later = async function laterName() {}; globalThis.many = function* manyName() {}; globalThis.laterMany = async function* laterManyName() {};
globalThis.object = { method() {}, get member() { return 1; } };`;
const PLACES: readonly (readonly [source: string, line: number, column: number])[] = [["outer", 0, 19], ["inner", 1, 23], ["later", 2, 19], ["many", 2, 68], ["laterMany", 2, 116], ["object.method", 3, 22]];
const NAMES: readonly (readonly [source: string, name: string])[] = [
  ["outer", "outerName"], ["inner", "innerName"], ["object.method", "method"], ["Object.getOwnPropertyDescriptor(object, 'member').get", "get member"],
  ["Array.prototype.forEach", "forEach"], ["JSON.parse", "parse"], ["RegExp.prototype[Symbol.replace]", "[Symbol.replace]"],
];
const ENOUGH_FUEL = 100_000;

export function probeStack(wasm: Uint8Array, initialPages: number, { stringLength, stringData, objectClass }: Pick<EngineLayout, "stringLength" | "stringData" | "objectClass">): StackLayout {
  let onInterrupt: (() => void) | null = null;
  const engine = new ProbeEngine(new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>), {
    initialPages,
    interrupt: (running) => {
      onInterrupt?.();
      onInterrupt = null;
      running.fuel = 0x7fff_ffff;
      return 0;
    },
  });
  engine.evaluate(SOURCE);
  const word = (at: number) => (at >= 0 && at + 4 <= engine.view.byteLength ? engine.view.getUint32(at, true) : 0);
  const objectOf = (source: string) => engine.boxed(engine.evaluate(source)).payload;
  const isText = (string: number, text: string) => word(string + stringLength) === text.length && Array.from(text, (unit, i) => engine.bytes[string + stringData + i] === unit.charCodeAt(0)).every(Boolean);

  const [inner, outer, forEach] = [objectOf("inner"), objectOf("outer"), objectOf("Array.prototype.forEach")];
  const isOf = (frame: number, offset: number, fn: number) => word(frame + offset) === fn && (word(frame + offset + 4) | 0) === TAG.object;
  const offsets = Array.from({ length: 12 }, (_, i) => i * 4);
  const chain = { frame: -1, frameFunction: -1, framePrevious: -1 };
  onInterrupt = () => {
    chain.frame = findOffset("the current frame", 512, 4, (at) => offsets.some((offset) => isOf(word(engine.runtime + at), offset, inner)));
    const first = word(engine.runtime + chain.frame);
    chain.frameFunction = findOffset("function of a frame", 48, 4, (offset) => isOf(first, offset, inner));
    chain.framePrevious = findOffset("the frame before", 48, 4, (offset) => isOf(word(first + offset), chain.frameFunction, outer) && isOf(word(word(first + offset) + offset), chain.frameFunction, forEach));
  };
  engine.fuel = ENOUGH_FUEL;
  engine.evaluate("[0].forEach(outer)");
  if (chain.framePrevious < 0) throw new Error("nobody was interrupted");

  const named = NAMES.map(([source, name]) => ({ name, at: objectOf(source) }));
  // The name is the second property that a function gets.
  const objectProperties = findOffset("properties of a function", 48, 4, (offset) => named.every(({ name, at }) => (word(word(at + offset) + 12) | 0) === TAG.string && isText(word(word(at + offset) + 8), name)));

  const placed = PLACES.map(([source, line, column]) => ({ line, column, at: objectOf(source) }));
  const hasPlace = (at: number, line: number, column: number) => at > 0 && engine.bytes[at] === line && engine.bytes[at + 1] === column;
  const functionCode = findOffset("code of a function", 48, 4, (offset) => placedAt(offset).length > 0);
  function placedAt(code: number): readonly number[] {
    return Array.from({ length: 32 }, (_, i) => i * 4).filter((offset) => placed.every(({ at, line, column }) => hasPlace(word(word(at + code) + offset), line, column)));
  }
  const [codePlaces, ...others] = placedAt(functionCode);
  if (codePlaces === undefined || others.length > 0) throw new Error("places of a function: not found, or ambiguous");
  const codes = placed.map(({ at }) => word(at + functionCode));
  const atoms = findOffset("names of files", 512, 4, (offset) => fileAt(offset).length > 0);
  function fileAt(list: number): readonly number[] {
    return Array.from({ length: 32 }, (_, i) => i * 4).filter((offset) => codes.every((code) => word(code + offset) < 1 << 20 && isText(word(word(engine.runtime + list) + word(code + offset) * 4), "probe.js")));
  }
  const [codeFile, ...otherFiles] = fileAt(atoms);
  if (codeFile === undefined || otherFiles.length > 0) throw new Error("file of a function: not found, or ambiguous");
  const classes = ["outer", "later", "many", "laterMany"].map((source) => engine.view.getUint16(objectOf(source) + objectClass, true));
  if (classes.includes(engine.view.getUint16(forEach + objectClass, true))) throw new Error("functions in JavaScript are of no class of their own");
  return { ...chain, objectProperties, functionCode, functionClasses: classes, codePlaces, codeFile, atoms };
}
