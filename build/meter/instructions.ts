/**
 * What follows each opcode: all of WebAssembly 1.0, sign extension, saturating conversions, bulk memory, reference types and
 * multi-value. Anything else (SIMD, threads, tail calls, GC, exceptions) is unknown here and throws, so that nothing is skipped unseen.
 * https://webassembly.github.io/spec/core/binary/instructions.html
 */
import type { BinaryReader } from "./binary.ts";

type Immediate = "blockType" | "index" | "indices" | "types" | "refType" | "memArg" | "memory" | "s32" | "s64" | "f32" | "f64";

export const OP = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  drop: 0x1a,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Load: 0x28,
  i64Load: 0x29,
  i32Store: 0x36,
  i64Store: 0x37,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i32Eqz: 0x45,
  i32Eq: 0x46,
  i32Ne: 0x47,
  i32LtS: 0x48,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32And: 0x71,
  i32Shl: 0x74,
  i32ShrU: 0x76,
  refFunc: 0xd2,
  memoryInit: 0xfc08,
  memoryCopy: 0xfc0a,
  memoryFill: 0xfc0b,
  tableInit: 0xfc0c,
  tableCopy: 0xfc0e,
  tableGrow: 0xfc0f,
  tableFill: 0xfc11,
} as const;

const PREFIX = 0xfc;

/** First opcode, last opcode, immediates. A sub-opcode of the 0xFC prefix is written 0xfcNN. */
const RANGES: readonly (readonly [number, number, ...Immediate[]])[] = [
  [0x00, 0x01], // unreachable, nop
  [0x02, 0x04, "blockType"], // block, loop, if
  [0x05, 0x05], // else
  [0x0b, 0x0b], // end
  [0x0c, 0x0d, "index"], // br, br_if
  [0x0e, 0x0e, "indices", "index"], // br_table
  [0x0f, 0x0f], // return
  [0x10, 0x10, "index"], // call
  [0x11, 0x11, "index", "index"], // call_indirect: type, table
  [0x1a, 0x1b], // drop, select
  [0x1c, 0x1c, "types"], // select with types
  [0x20, 0x26, "index"], // local.*, global.*, table.get, table.set
  [0x28, 0x3e, "memArg"], // loads and stores
  [0x3f, 0x40, "memory"], // memory.size, memory.grow
  [0x41, 0x41, "s32"],
  [0x42, 0x42, "s64"],
  [0x43, 0x43, "f32"],
  [0x44, 0x44, "f64"],
  [0x45, 0xc4], // comparisons, arithmetic, conversions, sign extension
  [0xd0, 0xd0, "refType"], // ref.null
  [0xd1, 0xd1], // ref.is_null
  [0xd2, 0xd2, "index"], // ref.func
  [0xfc00, 0xfc07], // saturating conversions
  [0xfc08, 0xfc08, "index", "memory"], // memory.init
  [0xfc09, 0xfc09, "index"], // data.drop
  [0xfc0a, 0xfc0a, "memory", "memory"], // memory.copy
  [0xfc0b, 0xfc0b, "memory"], // memory.fill
  [0xfc0c, 0xfc0c, "index", "index"], // table.init
  [0xfc0d, 0xfc0d, "index"], // elem.drop
  [0xfc0e, 0xfc0e, "index", "index"], // table.copy
  [0xfc0f, 0xfc11, "index"], // table.grow, table.size, table.fill
];

const IMMEDIATES = new Map<number, readonly Immediate[]>(
  RANGES.flatMap(([first, last, ...immediates]) => Array.from({ length: last - first + 1 }, (_, i) => [first + i, immediates] as const)),
);

export interface Instruction {
  /** 0xfcNN for a prefixed one. */
  readonly opcode: number;
  /** Offset of the opcode, and of the byte after the last immediate. */
  readonly start: number;
  readonly end: number;
  /** The first index or integer immediate; 0 when there is none. */
  readonly operand: number;
}

export function readInstruction(reader: BinaryReader): Instruction {
  const start = reader.at;
  let opcode = reader.byte();
  if (opcode === PREFIX) opcode = (PREFIX << 8) | reader.u32();
  const immediates = IMMEDIATES.get(opcode);
  if (immediates === undefined) throw new Error(`unknown opcode 0x${opcode.toString(16)} at offset ${start}`);
  let operand = 0;
  for (const [i, immediate] of immediates.entries()) {
    const value = readImmediate(reader, immediate);
    if (i === 0) operand = value;
  }
  return { opcode, start, end: reader.at, operand };
}

function readImmediate(reader: BinaryReader, immediate: Immediate): number {
  switch (immediate) {
    case "index":
      return reader.u32();
    case "s32":
      return reader.s32();
    case "s64":
      reader.signed(64);
      return 0;
    case "blockType":
      return Number(reader.signed(33));
    case "indices":
      reader.vector(() => reader.u32());
      return 0;
    case "types":
      reader.take(reader.u32());
      return 0;
    case "memArg":
      readAlignment(reader);
      reader.u32();
      return 0;
    case "memory":
    case "refType":
      if (immediate === "memory" && reader.bytes[reader.at] !== 0) throw new Error(`memory other than 0 at offset ${reader.at}`);
      return reader.byte();
    case "f32":
      reader.take(4);
      return 0;
    case "f64":
      reader.take(8);
      return 0;
  }
}

/** Bit 6 of the alignment announces a memory index (multi-memory), which the memory forms above do not know either. */
function readAlignment(reader: BinaryReader): void {
  const at = reader.at;
  if (reader.u32() > 4) throw new Error(`memory argument of an unknown form at offset ${at}`);
}
