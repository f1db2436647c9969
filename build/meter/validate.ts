/**
 * Proves on the meter's output, decoded afresh, that nothing runs unpaid: every loop head is followed by a charge and every
 * bulk instruction preceded by one. Throws, naming function and offset, where that is not so.
 */
import { bulkCharge, isBulk, loopCharge, type ChargeTargets } from "./charges.ts";
import { readCode } from "./function-body.ts";
import { OP } from "./instructions.ts";
import { KIND, readModule, VALUE_TYPE, type FunctionBody } from "./sections.ts";

export interface Counts {
  readonly functions: number;
  readonly loops: number;
  readonly bulk: number;
}

export function validate(wasm: Uint8Array<ArrayBuffer>, fuelExport: string, targets: ChargeTargets): Counts {
  if (!WebAssembly.validate(wasm)) throw new Error("the metered module is not valid WebAssembly");
  const module = readModule(wasm);
  const fuel = module.exports.find((entry) => entry.name === fuelExport);
  const global = module.globals[targets.fuel - module.importedGlobals];
  if (fuel?.kind !== KIND.global || fuel.index !== targets.fuel || global?.type !== VALUE_TYPE.i32 || !global.isMutable)
    throw new Error(`${fuelExport} is not the exported mutable i32 global ${targets.fuel}`);

  let loops = 0;
  let bulk = 0;
  for (const body of module.functions) {
    const code = readCode(body);
    for (const instruction of code.instructions) {
      if (instruction.opcode === OP.loop) {
        expectBytes(body, instruction.end, loopCharge(targets), "loop head");
        loops++;
      } else if (isBulk(instruction)) {
        const charge = bulkCharge(targets, instruction, code.localCount - 1);
        expectBytes(body, instruction.start - charge.length, charge, "bulk instruction");
        bulk++;
      }
    }
  }
  return { functions: module.functions.length, loops, bulk };
}

function expectBytes(body: FunctionBody, at: number, expected: Uint8Array, what: string): void {
  if (at < 0 || expected.some((byte, i) => body.bytes[at + i] !== byte))
    throw new Error(`function ${body.index}: ${what} without a charge at offset ${at}`);
}
