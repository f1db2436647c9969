/** A WebAssembly module as its sections: decodes those that the meter touches and writes a module back. */
import { BinaryReader, BinaryWriter } from "./binary.ts";
import { OP, readInstruction } from "./instructions.ts";

export const SECTION = { custom: 0, type: 1, import: 2, function: 3, global: 6, export: 7, element: 9, code: 10, data: 11 } as const;
export const KIND = { function: 0, table: 1, memory: 2, global: 3 } as const;
export const VALUE_TYPE = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c } as const;

const HEADER = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

export interface Section {
  readonly id: number;
  readonly body: Uint8Array;
}
export interface FunctionType {
  readonly params: readonly number[];
  readonly results: readonly number[];
  readonly encoded: Uint8Array;
}
export interface Import {
  readonly module: string;
  readonly field: string;
  readonly kind: number;
  /** The type index of a function, else -1. */
  readonly type: number;
  /** The encoded description after the kind byte. */
  readonly description: Uint8Array;
}
export interface Export {
  readonly name: string;
  readonly kind: number;
  readonly index: number;
}
export interface GlobalDefinition {
  readonly type: number;
  readonly isMutable: boolean;
  /** Whole encoded entry. */
  readonly encoded: Uint8Array;
}
export interface FunctionBody {
  /** Index in the module's function index space, imports included. */
  readonly index: number;
  readonly type: FunctionType;
  readonly bytes: Uint8Array;
}

export interface Module {
  readonly sections: readonly Section[];
  readonly types: readonly FunctionType[];
  readonly imports: readonly Import[];
  readonly exports: readonly Export[];
  readonly globals: readonly GlobalDefinition[];
  /** Type index of each function of the module's own. */
  readonly signatures: readonly number[];
  readonly functions: readonly FunctionBody[];
  /** Every function that an element segment names: what a call through a table may reach. */
  readonly tableFunctions: ReadonlySet<number>;
  /** How many functions and globals are imported: they come first in their index spaces. */
  readonly importedFunctions: number;
  readonly importedGlobals: number;
}

export function readModule(bytes: Uint8Array): Module {
  const reader = new BinaryReader(bytes);
  if (reader.take(HEADER.length).some((byte, i) => byte !== HEADER[i])) throw new Error("not a WebAssembly module of version 1");
  const sections: Section[] = [];
  while (!reader.done) sections.push({ id: reader.byte(), body: reader.take(reader.u32()) });

  const decode = <T>(id: number, item: (reader: BinaryReader) => T): T[] => {
    const section = sections.find((candidate) => candidate.id === id);
    if (section === undefined) return [];
    const body = new BinaryReader(section.body);
    const items = body.vector(() => item(body));
    if (!body.done) throw new Error(`section ${id} is longer than its contents`);
    return items;
  };
  const types = decode(SECTION.type, readFunctionType);
  const typeAt = (index: number): FunctionType => {
    const type = types[index];
    if (type === undefined) throw new Error(`no type ${index}`);
    return type;
  };
  const imports = decode(SECTION.import, readImport);
  const importedFunctions = imports.filter((entry) => entry.kind === KIND.function).length;
  const signatures = decode(SECTION.function, (body) => body.u32());
  const bodies = decode(SECTION.code, (body) => body.take(body.u32()));
  if (signatures.length !== bodies.length) throw new Error(`${signatures.length} functions declared, ${bodies.length} bodies`);
  return {
    sections,
    types,
    imports,
    importedFunctions,
    importedGlobals: imports.filter((entry) => entry.kind === KIND.global).length,
    exports: decode(SECTION.export, (body) => ({ name: body.name(), kind: body.byte(), index: body.u32() })),
    globals: decode(SECTION.global, readGlobal),
    tableFunctions: new Set(decode(SECTION.element, readElementFunctions).flat()),
    signatures,
    functions: bodies.map((bytes, i) => ({ index: importedFunctions + i, type: typeAt(signatures[i] as number), bytes })),
  };
}

export function writeModule(sections: readonly Section[]): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter().put(HEADER);
  for (const { id, body } of sections) writer.byte(id).sized(body);
  return writer.finish();
}

export function encodeVector<T>(items: readonly T[], write: (writer: BinaryWriter, item: T) => void): Uint8Array {
  const writer = new BinaryWriter().u32(items.length);
  for (const item of items) write(writer, item);
  return writer.finish();
}

function readFunctionType(reader: BinaryReader): FunctionType {
  const from = reader.at;
  const form = reader.byte();
  if (form !== 0x60) throw new Error(`unknown form of type 0x${form.toString(16)}`);
  const params = [...reader.take(reader.u32())];
  const results = [...reader.take(reader.u32())];
  return { params, results, encoded: reader.bytes.subarray(from, reader.at) };
}

function readImport(reader: BinaryReader): Import {
  const module = reader.name();
  const field = reader.name();
  const kind = reader.byte();
  const from = reader.at;
  let type = -1;
  if (kind === KIND.function) type = reader.u32();
  else if (kind === KIND.memory) skipLimits(reader);
  else if (kind === KIND.table) {
    reader.byte();
    skipLimits(reader);
  } else if (kind === KIND.global) reader.take(2);
  else throw new Error(`import ${module}.${field} is of unknown kind ${kind}`);
  return { module, field, kind, type, description: reader.bytes.subarray(from, reader.at) };
}

function skipLimits(reader: BinaryReader): void {
  const flags = reader.byte();
  if (flags > 1) throw new Error(`limits of an unknown form (${flags}) at offset ${reader.at}`);
  reader.u32();
  if (flags === 1) reader.u32();
}

function readGlobal(reader: BinaryReader): GlobalDefinition {
  const from = reader.at;
  const type = reader.byte();
  const isMutable = reader.byte() === 1;
  skipConstant(reader);
  return { type, isMutable, encoded: reader.bytes.subarray(from, reader.at) };
}

function skipConstant(reader: BinaryReader): void {
  while (readInstruction(reader).opcode !== OP.end);
}

/** https://webassembly.github.io/spec/core/binary/modules.html#element-section: bit 0 passive or declarative, bit 1 explicit index, bit 2 expressions. */
function readElementFunctions(reader: BinaryReader): number[] {
  const form = reader.u32();
  if (form > 7) throw new Error(`element segment of an unknown form (${form})`);
  const isActive = (form & 1) === 0;
  if (isActive && (form & 2) !== 0) reader.u32();
  if (isActive) skipConstant(reader);
  if ((form & 3) !== 0) reader.byte();
  if ((form & 4) === 0) return reader.vector(() => reader.u32());
  return reader.vector(() => readFunctionReference(reader)).flat();
}

function readFunctionReference(reader: BinaryReader): number[] {
  const functions: number[] = [];
  for (let instruction = readInstruction(reader); instruction.opcode !== OP.end; instruction = readInstruction(reader))
    if (instruction.opcode === OP.refFunc) functions.push(instruction.operand);
  return functions;
}
