/** Tells which global is the C stack pointer: the one that functions lower by a constant on entry. */
import { readCode } from "./function-body.ts";
import { OP } from "./instructions.ts";
import { VALUE_TYPE, type Module } from "./sections.ts";

/** Index of the first mutable i32 global, after checking that it, and no other global, is lowered by functions. */
export function findStackPointer(module: Module): number {
  const first = module.globals.findIndex((global) => global.type === VALUE_TYPE.i32 && global.isMutable);
  const lowered = new Map<number, number>();
  for (const body of module.functions) {
    const [get, constant, sub] = readCode(body).instructions;
    if (get?.opcode === OP.globalGet && constant?.opcode === OP.i32Const && sub?.opcode === OP.i32Sub)
      lowered.set(get.operand, (lowered.get(get.operand) ?? 0) + 1);
  }
  const index = module.importedGlobals + first;
  if (first < 0 || lowered.size !== 1 || !lowered.has(index)) {
    const seen = [...lowered].map(([global, count]) => `${global} (${count} functions)`).join(", ") || "none";
    throw new Error(`the stack pointer is ambiguous: first mutable i32 global ${index}, globals lowered by functions: ${seen}`);
  }
  return index;
}
