/**
 * The meter: rewrites a WebAssembly module so that no code in it runs for long without paying. Every loop iteration, every bulk
 * instruction and every recursion takes fuel from a global; when it falls below zero the module calls its interrupt import, which
 * refills it, suspends the caller or throws. Existing functions keep their indices. The output is decoded again and checked.
 */
import { BinaryWriter, encodeS32, encodeU32 } from "./binary.ts";
import { breakCycles, readCallGraph } from "./call-graph.ts";
import { bulkCharge, getFuelFunction, isBulk, setFuelFunction, setGlobalFunction, spentFunction, stepCharge, type AddedFunction, type ChargeTargets } from "./charges.ts";
import { readCode } from "./function-body.ts";
import { OP } from "./instructions.ts";
import { encodeVector, KIND, readModule, SECTION, VALUE_TYPE, writeModule, type Export, type FunctionBody, type Module } from "./sections.ts";
import { validate, type Counts } from "./validate.ts";

/** () → i32 and (i32) → (): the fuel that is left. Below 0 the interrupt is due. */
export const GET_FUEL_EXPORT = "nano_fuel_get";
export const SET_FUEL_EXPORT = "nano_fuel_set";
const INITIAL_FUEL = 0x7fff_ffff;
const MUTABLE = 1;

export interface ImportName {
  readonly module: string;
  readonly field: string;
}

export interface MeterOptions {
  /** The function import (i32) → i32, by its name in the input, that is called with 0 when fuel has run out. */
  readonly interrupt: ImportName;
  /** The new name of an import. Without it names stay. */
  readonly renameImport?: (name: ImportName) => ImportName;
  /** Exports to keep, old name → new name. All others go: instantiation time grows with them. */
  readonly keepExports: ReadonlyMap<string, string>;
  /** Functions made of kept exports, by the name they are exported under. Their loops must charge like all others: `charge` is what goes behind a loop head. */
  readonly compose?: ReadonlyMap<string, (indexOf: (exported: string) => number, charge: readonly number[]) => AddedFunction>;
  /** Stand-ins, by the index of the function whose calls they take. `global` is a mutable i32 of theirs, 0 at first, which the function exported as `setter` sets. */
  readonly divert?: {
    readonly setter: string;
    readonly functions: ReadonlyMap<number, (parts: { readonly indexOf: (exported: string) => number; readonly global: number; readonly original: number }) => AddedFunction>;
  };
  /** A constant that becomes a global, `initial` at first, which the function exported as `setter` sets: by function, the instructions that have it. */
  readonly constant?: { readonly setter: string; readonly initial: number; readonly uses: ReadonlyMap<number, readonly ConstantUse[]> };
  /** Takes the calls through a table of functions of the type of that index: it gets their arguments and the table's index. */
  readonly indirect?: { readonly type: number; readonly make: (indexOf: (exported: string) => number) => AddedFunction };
}

/** The instruction at that offset of the function's body gives way to `code`. */
export interface ConstantUse {
  readonly at: number;
  readonly code: (global: number) => readonly number[];
}

export interface MeterReport extends Counts {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** SHA-256 of the output, hex. */
  readonly hash: string;
}

export function meter(wasm: Uint8Array, options: MeterOptions): { wasm: Uint8Array<ArrayBuffer>; report: MeterReport } {
  const module = readModule(wasm);
  const interrupt = findInterrupt(module, options.interrupt);
  const firstAdded = module.importedFunctions + module.functions.length;
  const targets: ChargeTargets = { fuel: module.importedGlobals + module.globals.length, spent: firstAdded };
  const kept = keptExports(module, options.keepExports);
  const indexOf = (exported: string): number => {
    const found = kept.find((entry) => entry.name === exported);
    if (found === undefined) throw new Error(`no kept export ${exported} to compose with`);
    return found.index;
  };
  const composed = [...(options.compose ?? [])].map(([name, make]) => ({ name, made: make(indexOf, [...stepCharge(targets)]) }));
  const global = targets.fuel + 1;
  const diverted = [...(options.divert?.functions ?? [])].map(([original, make]) => ({ original, made: make({ indexOf, global, original }) }));
  const globals = [...(options.divert === undefined ? [] : [{ setter: options.divert.setter, initial: 0 }]), ...(options.constant === undefined ? [] : [options.constant])];
  const setters = globals.map(({ setter }, i) => ({ name: setter, made: setGlobalFunction(global + i) }));
  const constantGlobal = global + globals.length - 1;
  const exported = [...composed, ...setters];
  const tracked = options.indirect === undefined ? [] : [{ type: options.indirect.type, made: options.indirect.make(indexOf) }];
  const added = [spentFunction(interrupt), getFuelFunction(targets), setFuelFunction(targets), ...[...exported, ...diverted, ...tracked].map(({ made }) => made)];
  const standIns = new Map(diverted.map(({ original }, i) => [original, firstAdded + 3 + exported.length + i]));
  const indirect = new Map(tracked.map(({ type }, i) => [type, firstAdded + 3 + exported.length + diverted.length + i]));
  for (const original of standIns.keys()) if (module.tableFunctions.has(original)) throw new Error(`function ${original} is also called through a table, where no stand-in is`);
  const recursive = breakCycles(readCallGraph(module), largestFunction(module));
  const mutable = (value: number) => Uint8Array.from([VALUE_TYPE.i32, MUTABLE, OP.i32Const, ...encodeS32(value), OP.end]);
  const exports: Export[] = [
    ...kept,
    { name: GET_FUEL_EXPORT, kind: KIND.function, index: firstAdded + 1 },
    { name: SET_FUEL_EXPORT, kind: KIND.function, index: firstAdded + 2 },
    ...exported.map(({ name }, i) => ({ name, kind: KIND.function, index: firstAdded + 3 + i })),
  ];
  const bodies = [
    ...module.functions.map((body) => meterFunction(body, targets, recursive.has(body.index), { standIns, indirect, constants: constantsOf(options.constant?.uses.get(body.index), constantGlobal) })),
    ...added.map(({ locals, code }) => Uint8Array.from(locals === undefined ? [0, ...code] : [1, locals, VALUE_TYPE.i32, ...code])),
  ];

  const rewritten = new Map<number, Uint8Array>([
    [SECTION.type, encodeVector([...module.types.map((type) => type.encoded), ...added.map(encodeType)], (writer, type) => writer.put(type))],
    [SECTION.import, encodeVector(module.imports, (writer, entry) => {
      const { module: name, field } = options.renameImport?.(entry) ?? entry;
      writer.name(name).name(field).byte(entry.kind).put(entry.description);
    })],
    [SECTION.function, encodeVector([...module.signatures, ...added.map((_, i) => module.types.length + i)], (writer, type) => writer.u32(type))],
    [SECTION.global, encodeVector([...module.globals.map(({ encoded }) => encoded), mutable(INITIAL_FUEL), ...globals.map(({ initial }) => mutable(initial))], (writer, encoded) => writer.put(encoded))],
    [SECTION.export, encodeVector(exports, (writer, { name, kind, index }) => writer.name(name).byte(kind).u32(index))],
    [SECTION.code, encodeVector(bodies, (writer, body) => writer.sized(body))],
  ]);
  for (const id of rewritten.keys())
    if (!module.sections.some((section) => section.id === id)) throw new Error(`the module has no section ${id}`);
  // Custom sections (names, producers) go: they hold indices and offsets that are no longer right, and cost space in every process.
  const sections = module.sections.filter(({ id }) => id !== SECTION.custom);
  const output = writeModule(sections.map(({ id, body }) => ({ id, body: rewritten.get(id) ?? body })));

  const counts = validate(output, targets, interrupt);
  const hash = new Bun.CryptoHasher("sha256").update(output).digest("hex");
  return { wasm: output, report: { ...counts, bytesBefore: wasm.length, bytesAfter: output.length, hash } };
}

function findInterrupt(module: Module, name: ImportName): number {
  const functions = module.imports.filter((entry) => entry.kind === KIND.function);
  const index = functions.findIndex((entry) => entry.module === name.module && entry.field === name.field);
  const found = functions[index];
  if (found === undefined) throw new Error(`no function import ${name.module}.${name.field} to interrupt with`);
  const type = module.types[found.type];
  if (type?.params.join() !== `${VALUE_TYPE.i32}` || type.results.join() !== `${VALUE_TYPE.i32}`)
    throw new Error(`import ${name.module}.${name.field} is not (i32) → i32`);
  return index;
}

/** In an interpreter this is its dispatch loop. A charge on its entry too made tight guest loops 15 % slower, by what it does to register allocation. */
function largestFunction(module: Module): number {
  return module.functions.reduce((largest, body) => (body.bytes.length > largest.bytes.length ? body : largest)).index;
}

function keptExports(module: Module, names: ReadonlyMap<string, string>): Export[] {
  return [...names].map(([oldName, name]) => {
    const found = module.exports.find((entry) => entry.name === oldName);
    if (found === undefined) throw new Error(`no export ${oldName} to keep as ${name}`);
    return { ...found, name };
  });
}

function encodeType({ params, results }: AddedFunction): Uint8Array {
  return Uint8Array.from([0x60, params.length, ...params, results.length, ...results]);
}

/** What replaces an instruction: by the offset where it starts. */
function constantsOf(uses: readonly ConstantUse[] = [], global: number): ReadonlyMap<number, Uint8Array> {
  return new Map(uses.map(({ at, code }) => [at, Uint8Array.from(code(global))]));
}

interface Replacements {
  readonly standIns: ReadonlyMap<number, number>;
  readonly indirect: ReadonlyMap<number, number>;
  readonly constants: ReadonlyMap<number, Uint8Array>;
}

function meterFunction(body: FunctionBody, targets: ChargeTargets, mayRecurse: boolean, { standIns, indirect, constants }: Replacements): Uint8Array {
  const { localGroups, localsStart, codeStart, localCount, instructions } = readCode(body);
  const needsScratch = instructions.some(isBulk);
  const writer = new BinaryWriter();
  writer.u32(localGroups + (needsScratch ? 1 : 0)).put(body.bytes.subarray(localsStart, codeStart));
  if (needsScratch) writer.u32(1).byte(VALUE_TYPE.i32);
  if (mayRecurse) writer.put(stepCharge(targets));
  let copied = codeStart;
  const insert = (at: number, charge: Uint8Array) => {
    writer.put(body.bytes.subarray(copied, at)).put(charge);
    copied = at;
  };
  for (const instruction of instructions) {
    if (instruction.opcode === OP.loop) insert(instruction.end, stepCharge(targets));
    else if (isBulk(instruction)) insert(instruction.start, bulkCharge(targets, instruction, localCount));
    else {
      const constant = constants.get(instruction.start);
      const callee = instruction.opcode === OP.call ? standIns.get(instruction.operand) : instruction.opcode === OP.callIndirect ? indirect.get(instruction.operand) : undefined;
      const instead = constant ?? (callee === undefined ? undefined : Uint8Array.from([OP.call, ...encodeU32(callee)]));
      if (instead === undefined) continue;
      insert(instruction.start, instead);
      copied = instruction.end;
    }
  }
  return writer.put(body.bytes.subarray(copied)).finish();
}
