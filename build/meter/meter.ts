/**
 * The meter: rewrites a WebAssembly module so that no code in it runs for long without paying. Every loop iteration and every
 * bulk instruction takes fuel from a global; when it falls below zero the module calls its interrupt import, which refills it,
 * suspends the caller or throws. Existing functions keep their indices. The output is decoded again and checked before it is returned.
 */
import { BinaryWriter, encodeS32, encodeU32 } from "./binary.ts";
import { bulkCharge, isBulk, loopCharge, type ChargeTargets } from "./charges.ts";
import { readCode } from "./function-body.ts";
import { OP } from "./instructions.ts";
import {
  encodeVector, KIND, readModule, SECTION, VALUE_TYPE, writeModule,
  type Export, type FunctionBody, type Import, type Module,
} from "./sections.ts";
import { findStackPointer } from "./stack-pointer.ts";
import { validate } from "./validate.ts";

export const FUEL_EXPORT = "nano_fuel";
export const STACK_POINTER_EXPORT = "nano_stack_pointer";
const INITIAL_FUEL = 0x7fff_ffff;
const I32_TO_I32 = { params: [VALUE_TYPE.i32], results: [VALUE_TYPE.i32] };

export interface ImportName {
  readonly module: string;
  readonly field: string;
}

export interface MeterOptions {
  /** The function import (i32) → i32, by its name in the input, that is called with 0 when fuel has run out. */
  readonly interrupt: ImportName;
  /** New names of imports; one that is not asked for keeps its name. Returns the new name. */
  readonly renameImport?: (name: ImportName) => ImportName;
  /** Exports to keep, old name → new name. All others go. */
  readonly keepExports: ReadonlyMap<string, string>;
  /** Export the C stack pointer, found by the shape of its use. Throws when it cannot be told. */
  readonly exportStackPointer?: boolean;
}

export interface MeterReport {
  readonly functions: number;
  readonly loops: number;
  readonly bulk: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** SHA-256 of the output, hex. */
  readonly hash: string;
}

export function meter(wasm: Uint8Array, options: MeterOptions): { wasm: Uint8Array<ArrayBuffer>; report: MeterReport } {
  const module = readModule(wasm);
  const targets: ChargeTargets = {
    fuel: module.importedGlobals + module.globals.length,
    interrupt: findInterrupt(module, options.interrupt),
  };
  const rewritten: Partial<Record<number, () => Uint8Array>> = {
    [SECTION.import]: () => encodeVector(module.imports, (writer, entry) => writeImport(writer, entry, options.renameImport)),
    [SECTION.global]: () => encodeGlobals(module),
    [SECTION.export]: () => encodeExports(selectExports(module, options, targets)),
    [SECTION.code]: () => encodeVector(module.functions, (writer, body) => writer.sized(meterFunction(body, targets))),
  };
  for (const id of [SECTION.global, SECTION.export])
    if (!module.sections.some((section) => section.id === id)) throw new Error(`the module has no section ${id}`);
  const output = writeModule(
    module.sections
      .filter((section) => section.id !== SECTION.custom)
      .map((section) => ({ id: section.id, body: rewritten[section.id]?.() ?? section.body })),
  );
  const counts = validate(output, FUEL_EXPORT, targets);
  const hash = new Bun.CryptoHasher("sha256").update(output).digest("hex");
  return { wasm: output, report: { ...counts, bytesBefore: wasm.length, bytesAfter: output.length, hash } };
}

function findInterrupt(module: Module, name: ImportName): number {
  const functions = module.imports.filter((entry) => entry.kind === KIND.function);
  const index = functions.findIndex((entry) => entry.module === name.module && entry.field === name.field);
  if (index < 0) throw new Error(`no function import ${name.module}.${name.field} to interrupt with`);
  const type = module.types[(functions[index] as Import).type];
  if (JSON.stringify(type) !== JSON.stringify(I32_TO_I32)) throw new Error(`import ${name.module}.${name.field} is not (i32) → i32`);
  return index;
}

function writeImport(writer: BinaryWriter, entry: Import, rename: MeterOptions["renameImport"]): void {
  const { module, field } = rename?.(entry) ?? entry;
  writer.name(module).name(field).byte(entry.kind).put(entry.description);
}

function encodeGlobals(module: Module): Uint8Array {
  const fuel = Uint8Array.from([VALUE_TYPE.i32, 1, OP.i32Const, ...encodeS32(INITIAL_FUEL), OP.end]);
  return encodeVector([...module.globals.map((global) => global.encoded), fuel], (writer, encoded) => writer.put(encoded));
}

function selectExports(module: Module, options: MeterOptions, targets: ChargeTargets): Export[] {
  const kept = [...options.keepExports].map(([oldName, name]) => {
    const found = module.exports.find((entry) => entry.name === oldName);
    if (found === undefined) throw new Error(`no export ${oldName} to keep as ${name}`);
    return { ...found, name };
  });
  kept.push({ name: FUEL_EXPORT, kind: KIND.global, index: targets.fuel });
  if (options.exportStackPointer === true) kept.push({ name: STACK_POINTER_EXPORT, kind: KIND.global, index: findStackPointer(module) });
  return kept;
}

function encodeExports(exports: readonly Export[]): Uint8Array {
  return encodeVector(exports, (writer, entry) => writer.name(entry.name).byte(entry.kind).u32(entry.index));
}

function meterFunction(body: FunctionBody, targets: ChargeTargets): Uint8Array {
  const { localGroups, localsStart, codeStart, localCount, instructions } = readCode(body);
  const needsScratch = instructions.some(isBulk);
  const writer = new BinaryWriter();
  writer.u32(localGroups + (needsScratch ? 1 : 0)).put(body.bytes.subarray(localsStart, codeStart));
  if (needsScratch) writer.put([...encodeU32(1), VALUE_TYPE.i32]);
  let copied = codeStart;
  const insert = (at: number, charge: Uint8Array) => {
    writer.put(body.bytes.subarray(copied, at)).put(charge);
    copied = at;
  };
  for (const instruction of instructions) {
    if (instruction.opcode === OP.loop) insert(instruction.end, loopCharge(targets));
    else if (isBulk(instruction)) insert(instruction.start, bulkCharge(targets, instruction, localCount));
  }
  return writer.put(body.bytes.subarray(copied)).finish();
}
