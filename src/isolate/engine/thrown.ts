/** What the engine throws, as text, and where errors keep the text of their stack: under a name that only our guest code knows (see `build/engine/stacks`). */
import type { EngineInstance } from "./engine.ts";
import { readString, TAG } from "./values.ts";

const MOST_TEXT = 1 << 16;

/** `named` is an object of one property: from now on errors keep their stack under its name, where the guest function `stackOf` finds it. */
export function keepStacks(engine: EngineInstance, named: number, stackOf: number): void {
  const { view, pointers, layout } = engine;
  pointers.stackAtom = view.getUint32(view.getUint32(view.getUint32(named, true) + layout.objectShape, true) + layout.shapeFirstAtom, true);
  pointers.stackOf = stackOf;
  resumeStacks(engine);
}

/** After a restored snapshot. */
export function resumeStacks({ exports, pointers }: EngineInstance): void {
  if (pointers.stackAtom !== 0) exports.nano_stack_set(pointers.stackAtom);
}

/** Frees `result` and returns null, or the text of the exception it stands for: name, message and stack as the engine made it. */
export function takeException(engine: EngineInstance, result: number): string | null {
  const error = engine.exports.QTS_ResolveException(engine.pointers.context, result);
  engine.free(result);
  if (error === 0) return null;
  const stack = engine.pointers.stackOf === 0 ? textProperty(engine, error, "stack") : stackOf(engine, error);
  const text = [textProperty(engine, error, "name"), textProperty(engine, error, "message"), stack].join("\n");
  engine.free(error);
  return text;
}

/** Code of ours alone, which asks for nothing that an app can change. */
function stackOf(engine: EngineInstance, error: number): string {
  const { exports, pointers } = engine;
  engine.setArgument(0, error);
  const stack = exports.QTS_Call(pointers.context, pointers.stackOf, pointers.undefined, 1, pointers.argv);
  const text = readString(engine, stack, MOST_TEXT) ?? "";
  engine.free(stack);
  return text;
}

/** Reads a string property. An accessor of the app would run without a slice here, so callers use this only for engine-made errors. */
function textProperty(engine: EngineInstance, object: number, name: string): string {
  if (engine.view.getInt32(object + 4, true) !== TAG.object) return "";
  const key = engine.newString(name);
  const value = engine.exports.QTS_GetProp(engine.pointers.context, object, key);
  engine.free(key);
  const text = readString(engine, value, MOST_TEXT) ?? "";
  engine.free(value);
  return text;
}
