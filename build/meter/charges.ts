/**
 * The code that the meter inserts. Every charge is a fixed byte sequence, so that the validation can prove its presence
 * by comparing bytes. All leave the operand stack as they found it.
 *
 * The fuel is a global of the module's own, read and set from outside through two functions: an exported mutable global costs JSC
 * a pointer more on every access (24 % against 15 % on the engine's benchmarks). The call of the interrupt import is out of line,
 * because a call of an import is much machine code and there are a thousand loops.
 */
import { encodeS32, encodeU32 } from "./binary.ts";
import { OP, type Instruction } from "./instructions.ts";
import { VALUE_TYPE } from "./sections.ts";

export interface ChargeTargets {
  /** Index of the mutable i32 global that is charged. */
  readonly fuel: number;
  /** Index of the function () → () that is called when fuel has fallen below 0. It returns once there is fuel again, or throws. */
  readonly spent: number;
}

/** Fuel per loop iteration and per entry of a recursive function: the unit. */
const STEP_FUEL = 1;
const EMPTY_BLOCK_TYPE = 0x40;

/** Fuel of an instruction whose work grows with the i32 on top of the stack: `(operand & mask)` shifted left by `shift`, or right where that is negative. */
interface BulkCost {
  readonly mask: number;
  readonly shift: number;
}

const BULK_COSTS: ReadonlyMap<number, BulkCost> = new Map([
  [OP.memoryInit, { mask: -1, shift: -7 }], // 128 bytes per unit
  [OP.memoryCopy, { mask: -1, shift: -7 }],
  [OP.memoryFill, { mask: -1, shift: -7 }],
  [OP.memoryGrow, { mask: 0xffff, shift: 9 }], // 512 units per page, which the kernel has to clear; more pages than the mask lets through never fit
  [OP.tableInit, { mask: -1, shift: -4 }],
  [OP.tableCopy, { mask: -1, shift: -4 }],
  [OP.tableGrow, { mask: -1, shift: -4 }],
  [OP.tableFill, { mask: -1, shift: -4 }],
]);

export function isBulk(instruction: Instruction): boolean {
  return BULK_COSTS.has(instruction.opcode);
}

/** For a loop head, and for the entry of a function that may recurse. */
export function stepCharge(targets: ChargeTargets): Uint8Array {
  const fuel = encodeU32(targets.fuel);
  return Uint8Array.from([
    ...[OP.globalGet, ...fuel, OP.i32Const, ...encodeS32(STEP_FUEL), OP.i32Sub, OP.globalSet, ...fuel],
    ...callIfSpent(targets),
  ]);
}

/** Charges for `instruction`, whose length is on top of the stack; `scratch` is an i32 local of the function that nothing else uses. */
export function bulkCharge(targets: ChargeTargets, instruction: Instruction, scratch: number): Uint8Array {
  const cost = BULK_COSTS.get(instruction.opcode);
  if (cost === undefined) throw new Error(`no cost for opcode 0x${instruction.opcode.toString(16)}`);
  const fuel = encodeU32(targets.fuel);
  const local = encodeU32(scratch);
  const masked = cost.mask === -1 ? [] : [OP.i32Const, ...encodeS32(cost.mask), OP.i32And];
  const shifted = [OP.i32Const, ...encodeS32(Math.abs(cost.shift)), cost.shift < 0 ? OP.i32ShrU : OP.i32Shl];
  return Uint8Array.from([
    ...[OP.localTee, ...local, OP.globalGet, ...fuel, OP.localGet, ...local],
    ...[...masked, ...shifted, OP.i32Sub, OP.globalSet, ...fuel],
    ...callIfSpent(targets),
  ]);
}

function callIfSpent({ fuel, spent }: ChargeTargets): number[] {
  const isSpent = [OP.globalGet, ...encodeU32(fuel), OP.i32Const, 0, OP.i32LtS];
  return [...isSpent, OP.if, EMPTY_BLOCK_TYPE, OP.call, ...encodeU32(spent), OP.end];
}

/** A function that the meter appends to the module. */
export interface AddedFunction {
  /** Value types. */
  readonly params: readonly number[];
  readonly results: readonly number[];
  /** How many i32 locals there are beyond the parameters. */
  readonly locals?: number;
  readonly code: readonly number[];
}

/** Calls the interrupt import (i32) → i32 with 0. Its result is of no use here: it refills or throws. */
export function spentFunction(interrupt: number): AddedFunction {
  return { params: [], results: [], code: [OP.i32Const, 0, OP.call, ...encodeU32(interrupt), OP.drop, OP.end] };
}
export function getFuelFunction({ fuel }: ChargeTargets): AddedFunction {
  return { params: [], results: [VALUE_TYPE.i32], code: [OP.globalGet, ...encodeU32(fuel), OP.end] };
}
export const setFuelFunction = ({ fuel }: ChargeTargets): AddedFunction => setGlobalFunction(fuel);
export function setGlobalFunction(global: number): AddedFunction {
  return { params: [VALUE_TYPE.i32], results: [], code: [OP.localGet, 0, OP.globalSet, ...encodeU32(global), OP.end] };
}
