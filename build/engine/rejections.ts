/**
 * Tells the guest of promises that are rejected with nobody there, and of those that get a handler later. The engine has a hook for that which no export sets: it is called through a
 * table, and its type is like no other. Both calls become calls of a function of ours, and the words of the hook in the runtime say where its state is; a release
 * of another form fails the build.
 */
import { encodeS32, encodeU32 } from "../meter/binary.ts";
import type { AddedFunction } from "../meter/charges.ts";
import { readCode } from "../meter/function-body.ts";
import { type Instruction, OP } from "../meter/instructions.ts";
import { type Module, VALUE_TYPE } from "../meter/sections.ts";

const { i32, i64 } = VALUE_TYPE;
/** (context, promise, reason, is it handled, opaque) → (). */
const TRACKER_PARAMS = [i32, i64, i64, i32, i32];
/** The calls: a promise is rejected without handlers, and a rejected one gets its first. */
const CALLS = 2;
const ALIGN_4 = 2;
const ALIGN_8 = 3;
const TAG_EXCEPTION = 6;
const EMPTY_BLOCK = 0x40;

/** The state: what the host sets (a guest function, undefined, three pointers to the values), the values, and a word that is 1 once something has been told. */
const STATE = { fn: 0, undefined: 4, arguments: 8, promise: 24, reason: 32, isHandled: 40, told: 48 } as const;

/** Index of the hook's type. */
export function findTrackerType(module: Module): number {
  const types = module.types.flatMap(({ params, results }, index) => (params.join() === TRACKER_PARAMS.join() && results.length === 0 ? [index] : []));
  const [type] = types;
  if (type === undefined || types.length > 1) throw new Error(`${types.length} types look like that of the rejection tracker`);
  const calls = module.functions.flatMap((body) => readCode(body).instructions.filter((instruction: Instruction) => instruction.opcode === OP.callIndirect && instruction.operand === type));
  if (calls.length !== CALLS) throw new Error(`the rejection tracker is called in ${calls.length} places, expected ${CALLS}`);
  return type;
}

/** Takes the arguments of the hook, and the table index of the hook itself, which says nothing here. `opaque` is the state. */
export function trackFunction(indexOf: (exported: string) => number): AddedFunction {
  const [context, promise, reason, isHandled, state, result] = [0, 1, 2, 3, 4, 6];
  const get = (local: number) => [OP.localGet, local];
  const constant = (value: number) => [OP.i32Const, ...encodeS32(value)];
  const load = (offset: number) => [...get(state), OP.i32Load, ALIGN_4, offset];
  const call = (name: string) => [OP.call, ...encodeU32(indexOf(name))];
  return {
    params: [...TRACKER_PARAMS, i32],
    results: [],
    locals: 1,
    code: [
      ...[...get(state), ...get(promise), OP.i64Store, ALIGN_8, STATE.promise],
      ...[...get(state), ...get(reason), OP.i64Store, ALIGN_8, STATE.reason],
      ...[...get(state), ...get(isHandled), OP.i32Store, ALIGN_4, STATE.isHandled],
      ...[...get(state), ...constant(1), OP.i32Store, ALIGN_4, STATE.told],
      ...[...get(context), ...load(STATE.fn), ...load(STATE.undefined), ...constant(3), ...get(state), ...constant(STATE.arguments), OP.i32Add, ...call("QTS_Call"), OP.localTee, result],
      // A stack that is used up: the promise is forgotten, and the exception with it.
      ...[OP.i32Load, ALIGN_4, 4, ...constant(TAG_EXCEPTION), OP.i32Eq, OP.if, EMPTY_BLOCK],
      ...[...get(context), ...get(context), ...get(result), ...call("QTS_ResolveException"), ...call("QTS_FreeValuePointer"), OP.end],
      ...[...get(context), ...get(result), ...call("QTS_FreeValuePointer"), OP.end],
    ],
  };
}

/** Where in the runtime the hook is, and its `opaque` behind it: the last word that is read before it is asked whether there is one. */
export function findTrackerOffset(module: Module, type: number): number {
  const offsets = new Set<number>();
  for (const body of module.functions) {
    const { instructions } = readCode(body);
    for (const [i, { opcode, operand }] of instructions.entries()) {
      if (opcode !== OP.callIndirect || operand !== type) continue;
      const test = instructions.slice(0, i).findLastIndex((instruction) => instruction.opcode === OP.i32Eqz);
      const read = instructions[test - 2];
      if (read?.opcode !== OP.i32Load || instructions[test - 1]?.opcode !== OP.localTee) throw new Error("the rejection tracker is not read as expected");
      offsets.add(offsetOf(body.bytes, read));
    }
  }
  const [offset] = offsets;
  if (offset === undefined || offsets.size > 1) throw new Error("the rejection tracker is read at different offsets");
  return offset;
}

/** Of a load: behind the opcode and the alignment. */
function offsetOf(bytes: Uint8Array, { start, end }: Instruction): number {
  let offset = 0;
  for (let at = start + 2, shift = 0; at < end; at++, shift += 7) offset |= ((bytes[at] as number) & 0x7f) << shift;
  return offset;
}
