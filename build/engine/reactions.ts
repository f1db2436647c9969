/**
 * Lets the guest keep a context over promises. The engine makes every promise reaction, that of `await` too, in one function, and queues the call of a thenable's
 * `then` in another; both get a stand-in that first has a function of the guest wrap the handlers. Which functions those are follows from how the one calls the
 * other; a release of another form fails the build.
 */
import { readCode } from "../meter/function-body.ts";
import { encodeS32, encodeU32 } from "../meter/binary.ts";
import type { AddedFunction } from "../meter/charges.ts";
import { type Instruction, OP } from "../meter/instructions.ts";
import { type FunctionType, type Module, VALUE_TYPE } from "../meter/sections.ts";

/** (address of the state) → (): from now on handlers are wrapped. */
export const CONTEXT_EXPORT = "nano_context_set";

/** The state: words that the host sets (whether it is in use, the wrapping function, undefined), an argument list of one, and room for three boxed values. */
const STATE = { wrap: 4, undefined: 8, arguments: 12, values: 16 } as const;

export interface ReactionFunctions {
  /** (context, promise, handlers, capability) → 0 or −1. */
  readonly perform: number;
  /** (context, job, argc, argv) → (). */
  readonly enqueue: number;
}

const { i32, i64 } = VALUE_TYPE;
const PERFORM_PARAMS = [i32, i64, i32, i32];
const ENQUEUE_PARAMS = [i32, i32, i32, i32];
/** A reaction job takes five arguments; the job of a thenable three, of which the last is its `then`. */
const REACTION_ARGUMENTS = 5;
const THENABLE_ARGUMENTS = 3;
const TAG_EXCEPTION = 6;
const EMPTY_BLOCK = 0x40;
const ALIGN_4 = 2;
const ALIGN_8 = 3;

const isType = (type: FunctionType, params: readonly number[], results: readonly number[]) => type.params.join() === params.join() && type.results.join() === results.join();

export function findReactionFunctions(module: Module): ReactionFunctions {
  const typeOf = (index: number) => module.functions[index - module.importedFunctions]?.type;
  /** Where `instructions` queue a job of `count` arguments, the functions that do it. */
  const queued = (instructions: readonly Instruction[], count: number): number[] =>
    instructions.flatMap((instruction, i) => {
      const type = instruction.opcode === OP.call ? typeOf(instruction.operand) : undefined;
      const argc = instructions[i - 2];
      return type !== undefined && isType(type, ENQUEUE_PARAMS, []) && argc?.opcode === OP.i32Const && argc.operand === count ? [instruction.operand] : [];
    });
  const found = module.functions.flatMap((body) => (isType(body.type, PERFORM_PARAMS, [i32]) ? queued(readCode(body).instructions, REACTION_ARGUMENTS).map((enqueue) => ({ perform: body.index, enqueue })) : []));
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`${found.length} functions look like the one that makes promise reactions`);
  const thenables = module.functions.filter((body) => queued(readCode(body).instructions, THENABLE_ARGUMENTS).includes(only.enqueue));
  if (thenables.length !== 1) throw new Error(`${thenables.length} functions look like the one that queues the call of a thenable`);
  return only;
}

const get = (local: number) => [OP.localGet, local];
const set = (local: number) => [OP.localSet, local];
const load = (offset: number) => [OP.i32Load, ALIGN_4, offset];
const constant = (value: number) => [OP.i32Const, ...encodeS32(value)];

interface Parts {
  readonly indexOf: (exported: string) => number;
  /** The global that holds the address of the state. */
  readonly global: number;
  readonly original: number;
}

const leaveUnlessOn = ({ global }: Parts, state: number) => [OP.globalGet, ...encodeU32(global), OP.localTee, state, OP.i32Eqz, OP.brIf, 0];

/** Has the guest wrap the boxed value at the address that `address` computes; `result` is then the address of a new value. */
const wrap = ({ indexOf }: Parts, state: number, address: readonly number[], result: number) => [
  ...[...get(state), ...address, OP.i32Store, ALIGN_4, STATE.arguments],
  ...[...get(0), ...get(state), ...load(STATE.wrap), ...get(state), ...load(STATE.undefined), ...constant(1), ...get(state), ...constant(STATE.arguments), OP.i32Add],
  ...[OP.call, ...encodeU32(indexOf("QTS_Call")), ...set(result)],
];
const isException = (result: number) => [...get(result), ...load(4), ...constant(TAG_EXCEPTION), OP.i32Eq];
const free = ({ indexOf }: Parts, result: number) => [...get(0), ...get(result), OP.call, ...encodeU32(indexOf("QTS_FreeValuePointer"))];
/** Copies the boxed value at the address in `from` (plus `offset`) to place `index` of the state. */
const copy = (state: number, index: number, from: number, offset = 0) => [...get(state), ...get(from), OP.i64Load, ALIGN_8, offset, OP.i64Store, ALIGN_8, STATE.values + index * 8];
const valuesOf = (state: number) => [...get(state), ...constant(STATE.values), OP.i32Add];

/** Stands in for `perform`. */
export function performWrapped(parts: Parts): AddedFunction {
  const [handlers, capability, state, first, second] = [2, 3, 4, 5, 6];
  const original = [OP.call, ...encodeU32(parts.original)];
  const failed = (result: number, ...others: number[]) => [...isException(result), OP.if, EMPTY_BLOCK, ...[result, ...others].flatMap((made) => free(parts, made)), ...constant(-1), OP.return, OP.end];
  return {
    params: PERFORM_PARAMS,
    results: [i32],
    locals: 3,
    code: [
      ...[OP.block, EMPTY_BLOCK, ...leaveUnlessOn(parts, state)],
      ...[...wrap(parts, state, get(handlers), first), ...failed(first)],
      ...[...wrap(parts, state, [...get(handlers), ...constant(8), OP.i32Add], second), ...failed(second, first)],
      ...[...copy(state, 0, first), ...copy(state, 1, second)],
      ...[...get(0), ...get(1), ...valuesOf(state), ...get(capability), ...original, ...set(handlers)],
      ...[...free(parts, first), ...free(parts, second), ...get(handlers), OP.return],
      OP.end,
      ...[...[0, 1, handlers, capability].flatMap(get), ...original, OP.end],
    ],
  };
}

/** Stands in for `enqueue`. Where the guest cannot wrap, because its stack is used up, the job runs without a context. */
export function enqueueWrapped(parts: Parts): AddedFunction {
  const [argc, argv, state, wrapped] = [2, 3, 4, 5];
  const original = [OP.call, ...encodeU32(parts.original)];
  return {
    params: ENQUEUE_PARAMS,
    results: [],
    locals: 2,
    code: [
      ...[OP.block, EMPTY_BLOCK, ...leaveUnlessOn(parts, state)],
      ...[...get(argc), ...constant(THENABLE_ARGUMENTS), OP.i32Ne, OP.brIf, 0],
      ...wrap(parts, state, [...get(argv), ...constant(16), OP.i32Add], wrapped),
      ...[...isException(wrapped), OP.if, EMPTY_BLOCK],
      ...[...get(0), ...get(0), ...get(wrapped), OP.call, ...encodeU32(parts.indexOf("QTS_ResolveException")), OP.call, ...encodeU32(parts.indexOf("QTS_FreeValuePointer"))],
      ...[...free(parts, wrapped), OP.br, 1, OP.end],
      ...[...copy(state, 0, argv), ...copy(state, 1, argv, 8), ...copy(state, 2, wrapped)],
      ...[...get(0), ...get(1), ...get(argc), ...valuesOf(state), ...original, ...free(parts, wrapped), OP.return],
      OP.end,
      ...[...[0, 1, argc, argv].flatMap(get), ...original, OP.end],
    ],
  };
}
