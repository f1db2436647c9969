/**
 * The code that the meter inserts. Every charge is a fixed byte sequence, so that the validation can prove its presence
 * by comparing bytes. All leave the operand stack as they found it.
 */
import { encodeS32, encodeU32 } from "./binary.ts";
import { OP, type Instruction } from "./instructions.ts";

export interface ChargeTargets {
  /** Index of the mutable i32 global that is charged. */
  readonly fuel: number;
  /** Index of the function (i32) → i32 that is called with 0 when fuel has fallen below 0. Its result is ignored: it refills or throws. */
  readonly interrupt: number;
}

/** Fuel per loop iteration: the unit. */
const LOOP_FUEL = 1;
const EMPTY_BLOCK_TYPE = 0x40;

/** Fuel of an instruction whose work grows with the i32 on top of the stack: `(operand & mask) shifted by shift`, negative to the right. */
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

function interruptIfSpent({ fuel, interrupt }: ChargeTargets): number[] {
  return [
    OP.globalGet, ...encodeU32(fuel), OP.i32Const, 0, OP.i32LtS,
    OP.if, EMPTY_BLOCK_TYPE,
    OP.i32Const, 0, OP.call, ...encodeU32(interrupt), OP.drop,
    OP.end,
  ];
}

export function loopCharge(targets: ChargeTargets): Uint8Array {
  const fuel = encodeU32(targets.fuel);
  return Uint8Array.from([
    OP.globalGet, ...fuel, OP.i32Const, ...encodeS32(LOOP_FUEL), OP.i32Sub, OP.globalSet, ...fuel,
    ...interruptIfSpent(targets),
  ]);
}

/** Charges for `instruction`, whose length is on top of the stack; `scratch` is an i32 local of the function that nothing else uses. */
export function bulkCharge(targets: ChargeTargets, instruction: Instruction, scratch: number): Uint8Array {
  const cost = BULK_COSTS.get(instruction.opcode);
  if (cost === undefined) throw new Error(`no cost for opcode 0x${instruction.opcode.toString(16)}`);
  const fuel = encodeU32(targets.fuel);
  return Uint8Array.from([
    OP.localTee, ...encodeU32(scratch),
    OP.globalGet, ...fuel,
    OP.localGet, ...encodeU32(scratch),
    ...(cost.mask === -1 ? [] : [OP.i32Const, ...encodeS32(cost.mask), OP.i32And]),
    OP.i32Const, ...encodeS32(Math.abs(cost.shift)), cost.shift < 0 ? OP.i32ShrU : OP.i32Shl,
    OP.i32Sub, OP.globalSet, ...fuel,
    ...interruptIfSpent(targets),
  ]);
}
