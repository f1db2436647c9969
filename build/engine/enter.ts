/**
 * `nano_enter`: calls a guest function and then runs the promise jobs that it left, in one entry. Entering costs a promise and a stack of its own each time, and
 * nearly every event leaves jobs.
 */
import type { AddedFunction } from "../meter/charges.ts";
import { encodeS32, encodeU32 } from "../meter/binary.ts";
import { OP } from "../meter/instructions.ts";
import { VALUE_TYPE } from "../meter/sections.ts";

export const ENTER_EXPORT = "nano_enter";

const EMPTY_BLOCK = 0x40;
/** `JS_TAG_EXCEPTION`, in the high word of a boxed value. */
const TAG_EXCEPTION = 6;
const ALIGN_4 = 2;
const ALL_JOBS = -1;

/**
 * (context, function, self, argc, argv, runtime) → the call's result. After an exception the jobs are left for the host, which has to take the exception first. `argv` doubles as the
 * place for the context that the engine reports; the arguments have been copied by then.
 */
export function enterFunction(indexOf: (exported: string) => number, charge: readonly number[]): AddedFunction {
  const [context, argc, argv, runtime] = [0, 3, 4, 5];
  const result = argc;
  const get = (local: number) => [OP.localGet, local];
  const call = (name: string) => [OP.call, ...encodeU32(indexOf(name))];
  return {
    params: Array<number>(6).fill(VALUE_TYPE.i32),
    results: [VALUE_TYPE.i32],
    code: [
      ...[0, 1, 2, 3, 4].flatMap(get),
      ...[...call("QTS_Call"), OP.localTee, result],
      ...[OP.i32Load, ALIGN_4, 4, OP.i32Const, TAG_EXCEPTION, OP.i32Ne, OP.if, EMPTY_BLOCK],
      ...[OP.loop, EMPTY_BLOCK, ...charge],
      ...[...get(runtime), ...call("QTS_IsJobPending"), OP.if, EMPTY_BLOCK],
      ...[...get(context), ...get(runtime), OP.i32Const, ...encodeS32(ALL_JOBS), ...get(argv), ...call("QTS_ExecutePendingJob"), ...call("QTS_FreeValuePointer")],
      ...[OP.br, 1],
      ...[OP.end, OP.end, OP.end],
      ...[...get(result), OP.end],
    ],
  };
}
