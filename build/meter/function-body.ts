/** A function body taken apart: its locals and its instructions. */
import { BinaryReader } from "./binary.ts";
import { OP, readInstruction, type Instruction } from "./instructions.ts";
import type { FunctionBody } from "./sections.ts";

export interface Code {
  /** How many groups of locals are declared, and the offset of the first one. */
  readonly localGroups: number;
  readonly localsStart: number;
  /** Offset of the first instruction. */
  readonly codeStart: number;
  /** Index of the first local that is not declared: parameters and locals together. */
  readonly localCount: number;
  readonly instructions: readonly Instruction[];
}

/** Decodes every instruction up to the `end` that closes the body. Throws, naming function and offset, on anything it does not know. */
export function readCode(body: FunctionBody): Code {
  const reader = new BinaryReader(body.bytes);
  try {
    const localGroups = reader.u32();
    const localsStart = reader.at;
    let localCount = body.type.params.length;
    for (let i = 0; i < localGroups; i++) {
      localCount += reader.u32();
      reader.byte();
    }
    const codeStart = reader.at;
    const instructions: Instruction[] = [];
    for (let depth = 1; depth > 0; ) {
      const instruction = readInstruction(reader);
      instructions.push(instruction);
      if (instruction.opcode === OP.block || instruction.opcode === OP.loop || instruction.opcode === OP.if) depth++;
      else if (instruction.opcode === OP.end) depth--;
    }
    if (!reader.done) throw new Error(`code after the final end at offset ${reader.at}`);
    return { localGroups, localsStart, codeStart, localCount, instructions };
  } catch (error) {
    throw new Error(`function ${body.index}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
