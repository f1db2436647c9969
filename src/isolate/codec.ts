/** Decodes op arguments and encodes op results at the boundary, as the declarations say. Nothing of the guest is held after it returns: strings and bytes are copies. */
import { type EngineInstance, OutOfMemory } from "./engine/engine.ts";
import { readBytes, readNumber, readString, TAG, tagOf } from "./engine/values.ts";
import { GuestError } from "./guest-error.ts";
import type { Wire } from "./op.ts";

type AnyWire = Wire<unknown>;

/** Reads argument `index` of op `name` from the boxed value at `at`. Throws a guest TypeError when it does not fit the declaration. */
export function decode(engine: EngineInstance, name: string, index: number, wire: AnyWire, at: number): unknown {
  const tag = tagOf(engine, at);
  if (wire.nullable && (tag === TAG.null || tag === TAG.undefined)) return null;
  switch (wire.kind) {
    case "str":
    case "json": {
      const text = readString(engine, at, wire.max ?? 0);
      if (text === undefined) throw tooLong(name, index, wire);
      if (text === null) break;
      return wire.kind === "str" ? text : JSON.parse(text);
    }
    case "u32": {
      const value = readNumber(engine, at);
      if (value === undefined || value >>> 0 !== value) break;
      return value;
    }
    case "f64": {
      const value = readNumber(engine, at);
      if (value === undefined) break;
      return value;
    }
    case "bool":
      if (tag !== TAG.bool) break;
      return engine.view.getInt32(at, true) !== 0;
    case "bytes": {
      const data = readBytes(engine, at);
      if (data === null) break;
      if (data.byteLength > (wire.max ?? 0)) throw tooLong(name, index, wire);
      return data.slice();
    }
    case "body": {
      const data = readBytes(engine, at);
      if (data !== null) {
        if (data.byteLength > (wire.max ?? 0)) throw tooLong(name, index, wire);
        return data.slice();
      }
      const text = readString(engine, at, wire.max ?? 0);
      if (text === undefined) throw tooLong(name, index, wire);
      if (text === null) break;
      return text;
    }
    case "nothing":
      return undefined;
  }
  throw new GuestError("TypeError", `${name}: argument ${index + 1} is not a ${wire.kind}`);
}

function tooLong(name: string, index: number, wire: AnyWire): GuestError {
  return new GuestError("TypeError", `${name}: argument ${index + 1} is longer than ${wire.max}`);
}

/** A malloc'd boxed value for `value`, or 0 for undefined. The caller hands it to the guest or frees it. */
export function encode(engine: EngineInstance, wire: AnyWire, value: unknown): number {
  if (value === null) return engine.newWord(TAG.null, 0);
  switch (wire.kind) {
    case "nothing":
      return 0;
    case "u32":
    case "f64":
      return engine.newNumber(value as number);
    case "bool":
      return engine.newWord(TAG.bool, value ? 1 : 0);
    case "str":
      return engine.newString(value as string);
    case "json":
      return engine.newString(JSON.stringify(value));
    case "bytes":
      return engine.newBytes(value as Uint8Array);
    case "body":
      throw new Error("a body is no result");
  }
}

/** The text of an error for the guest: `Name LF message` (see the guest's stub). */
export function errorText(error: unknown, report: (error: unknown) => string): string {
  if (error instanceof OutOfMemory) return "RangeError\nout of memory";
  if (error instanceof GuestError) return `${error.guestName}\n${error.message}`;
  return `Error\ninternal error ${report(error)}`;
}
