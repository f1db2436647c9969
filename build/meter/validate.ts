/**
 * Proves on the meter's output, decoded afresh, that nothing runs unpaid: every loop head is followed by a charge, every bulk
 * instruction preceded by one, and no cycle of calls avoids functions that are charged on entry. Throws, naming function and
 * offset, where that is not so.
 */
import { findKnots, readCallGraph } from "./call-graph.ts";
import { bulkCharge, isBulk, spentFunction, stepCharge, type ChargeTargets } from "./charges.ts";
import { readCode } from "./function-body.ts";
import { OP } from "./instructions.ts";
import { KIND, readModule, VALUE_TYPE, type FunctionBody } from "./sections.ts";

export interface Counts {
  readonly functions: number;
  readonly loops: number;
  readonly bulk: number;
  /** Functions that are charged on entry. */
  readonly entries: number;
}

/** `interrupt` is the index of the import that must be called when fuel is spent. */
export function validate(wasm: Uint8Array<ArrayBuffer>, targets: ChargeTargets, interrupt: number): Counts {
  if (!WebAssembly.validate(wasm)) throw new Error("the metered module is not valid WebAssembly");
  const module = readModule(wasm);
  const fuel = module.globals[targets.fuel - module.importedGlobals];
  if (fuel?.type !== VALUE_TYPE.i32 || !fuel.isMutable) throw new Error(`the fuel, global ${targets.fuel}, is no mutable i32`);
  if (module.exports.some(({ kind, index }) => kind === KIND.global && index === targets.fuel)) throw new Error("the fuel is exported as a global");
  const spent = module.functions[targets.spent - module.importedFunctions];
  if (spent === undefined) throw new Error(`no function ${targets.spent} to call when fuel is spent`);
  expectBytes(spent, 0, Uint8Array.from([0, ...spentFunction(interrupt).code]), "function for spent fuel");

  const charge = stepCharge(targets);
  const uncharged = new Set<number>();
  let loops = 0;
  let bulk = 0;
  for (const body of module.functions) {
    const code = readCode(body);
    if (!hasBytes(body, code.codeStart, charge)) uncharged.add(body.index);
    for (const instruction of code.instructions) {
      if (instruction.opcode === OP.loop) {
        expectBytes(body, instruction.end, charge, "loop head");
        loops++;
      } else if (isBulk(instruction)) {
        const expected = bulkCharge(targets, instruction, code.localCount - 1);
        expectBytes(body, instruction.start - expected.length, expected, "bulk instruction");
        bulk++;
      }
    }
  }
  const [knot] = findKnots(readCallGraph(module), uncharged);
  if (knot !== undefined) throw new Error(`functions ${[...knot].slice(0, 8).join(", ")} may call each other for ever without a charge`);
  return { functions: module.functions.length, loops, bulk, entries: module.functions.length - uncharged.size };
}

function hasBytes(body: FunctionBody, at: number, expected: Uint8Array): boolean {
  return at >= 0 && expected.every((byte, i) => body.bytes[at + i] === byte);
}

function expectBytes(body: FunctionBody, at: number, expected: Uint8Array, what: string): void {
  if (!hasBytes(body, at, expected)) throw new Error(`function ${body.index}: ${what} without a charge at offset ${at}`);
}
