/**
 * Where errors keep the text of their stack. The engine makes it a property `stack` of every error; here the property's atom becomes a global of the module, which the host
 * sets to a private name of our guest code. An app sees the accessor that the guest has on `Error.prototype`, which is asked before anybody pays for positions in source.
 * The three places that name the atom follow from each other; a release of another form fails the build.
 */
import { encodeU32, encodeS32 } from "../meter/binary.ts";
import { readCode } from "../meter/function-body.ts";
import { type Instruction, OP } from "../meter/instructions.ts";
import type { ConstantUse } from "../meter/meter.ts";
import { type Module, VALUE_TYPE } from "../meter/sections.ts";

/** (atom) → (): errors made from now on keep their stack under that name. */
export const STACK_EXPORT = "nano_stack_set";

export interface StackAtom {
  /** That of "stack". */
  readonly atom: number;
  /** By function: the instructions that name it. */
  readonly uses: ReadonlyMap<number, readonly ConstantUse[]>;
}

const { i32, i64 } = VALUE_TYPE;
/** (context, error, file, line, column, flags) → (). */
const BACKTRACE_PARAMS = [i32, i64, i32, i32, i32, i32];
/** (context, object, atom, value, flags) → i32. */
const DEFINE_PARAMS = [i32, i64, i32, i64, i32];
const WRITABLE_CONFIGURABLE = 3;
const I32_OR = 0x72;
const I32_XOR = 0x73;
/** The look-up in the error's shape stands right before the call. */
const LOOK_UP_INSTRUCTIONS = 60;

const named = (global: number) => [OP.globalGet, ...encodeU32(global)];

export function findStackAtom(module: Module): StackAtom {
  const found = makersOf(module).flatMap(({ index, name }) => {
    const atom = name.operand;
    const lookUps = module.functions.flatMap((body) => {
      const { instructions } = readCode(body);
      const used = instructions.flatMap(({ opcode, operand }, i) => (opcode === OP.call && operand === index ? lookUpIn(instructions.slice(Math.max(0, i - LOOK_UP_INSTRUCTIONS), i), atom) : []));
      return used.length === 0 ? [] : [[body.index, used] as const];
    });
    return lookUps.length === 1 && lookUps[0]?.[1].length === 2 ? [{ atom, uses: new Map([[index, [{ at: name.start, code: named }]], ...lookUps]) }] : [];
  });
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`${found.length} functions look like the one that makes stacks`);
  return only;
}

/** Functions that define a property on the error that they are given, and the instruction that names it. */
function makersOf(module: Module): readonly { readonly index: number; readonly name: Instruction }[] {
  const isDefine = ({ opcode, operand }: Instruction) => opcode === OP.call && module.functions[operand - module.importedFunctions]?.type.params.join() === DEFINE_PARAMS.join();
  return module.functions.flatMap((body) => {
    if (body.type.params.join() !== BACKTRACE_PARAMS.join() || body.type.results.length > 0) return [];
    const { instructions } = readCode(body);
    return instructions.flatMap((instruction, i) => {
      const [context, error, name, , flags] = instructions.slice(Math.max(0, i - 5), i);
      const isOnError = isDefine(instruction) && context?.opcode === OP.localGet && context.operand === 0 && error?.opcode === OP.localGet && error.operand === 1;
      return isOnError && name?.opcode === OP.i32Const && flags?.opcode === OP.i32Const && flags.operand === WRITABLE_CONFIGURABLE ? [{ index: body.index, name }] : [];
    });
  });
}

/** An error gets a stack unless its shape has one: the index of the hash bucket, ~atom times four with the rest or-ed in, and the comparison. */
function lookUpIn(instructions: readonly Instruction[], atom: number): readonly ConstantUse[] {
  return instructions.flatMap(({ opcode, operand, start }, i) => {
    const next = instructions[i + 1]?.opcode;
    if (opcode !== OP.i32Const) return [];
    if (operand === ~atom << 2 && next === I32_OR) return [{ at: start, code: (global: number) => [...named(global), OP.i32Const, ...encodeS32(-1), I32_XOR, OP.i32Const, 2, OP.i32Shl] }];
    return operand === atom && next === OP.i32Ne ? [{ at: start, code: named }] : [];
  });
}
