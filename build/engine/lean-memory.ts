/**
 * Gives the engine a smaller stack and less memory to begin with. It is linked with 5 MB for the stack, of which the limit that it sets itself leaves 192 KB, and with 16 MB of memory.
 * What a process may have of WebAssembly memories is three times the machine's memory, by their size and not by what is used of them: with 16 MB each that is 770 isolates on a machine of 4 GB.
 */
import { Buffer } from "node:buffer";
import { OP } from "../meter/instructions.ts";
import { BinaryReader, BinaryWriter, encodeS32 } from "../meter/binary.ts";
import { encodeVector, KIND, readModule, SECTION, writeModule } from "../meter/sections.ts";

const LINKED_STACK_BYTES = 5 << 20;
const STACK_BYTES = 1 << 20;
/** Pages of 64 KB: the engine's data and stack, the platform's heap, and 1.5 MB for an app. */
const INITIAL_PAGES = 64;

/** Throws unless the stack's ends are where they are expected, and nowhere else. */
export function leanMemory(wasm: Uint8Array): Uint8Array<ArrayBuffer> {
  const module = readModule(wasm);
  const [pointer, ...globals] = module.globals;
  if (pointer === undefined || !pointer.isMutable) throw new Error("the engine has no stack pointer");
  const initial = new BinaryReader(pointer.encoded);
  initial.take(2);
  if (initial.byte() !== OP.i32Const) throw new Error("the stack pointer is no constant");
  const top = initial.s32();
  const moved = top - LINKED_STACK_BYTES + STACK_BYTES;
  const rewritten = new Map<number, Uint8Array>([
    [SECTION.import, encodeVector(module.imports, (writer, { module: from, field, kind, description }) => {
      writer.name(from).name(field).byte(kind).put(kind === KIND.memory ? withLeast(description) : description);
    })],
    [SECTION.global, encodeVector([new BinaryWriter().put(pointer.encoded.subarray(0, 2)).put(constant(moved)).byte(OP.end).finish(), ...globals.map(({ encoded }) => encoded)], (writer, encoded) => writer.put(encoded))],
  ]);
  const sections = module.sections.map(({ id, body }) => ({ id, body: rewritten.get(id) ?? body }));
  const sectionOf = (id: number) => {
    const found = sections.find((section) => section.id === id);
    if (found === undefined) throw new Error(`the engine has no section ${id}`);
    return found;
  };
  const code = sectionOf(SECTION.code);
  // The C library notes where the stack is and how large: the one place that tells that it is as large as we think.
  code.body = replaced(code.body, constant(LINKED_STACK_BYTES), constant(STACK_BYTES), "the size of the stack");
  code.body = replaced(code.body, constant(top), constant(moved), "the top of the stack");
  // Where the heap begins, which is what the stack's top is followed by.
  const data = sectionOf(SECTION.data);
  data.body = replaced(data.body, word(top), word(moved), "the start of the heap");
  return writeModule(sections);
}

/** Limits of a memory with fewer pages to begin with. */
function withLeast(description: Uint8Array): Uint8Array {
  const reader = new BinaryReader(description);
  const writer = new BinaryWriter().byte(reader.byte());
  const linked = reader.u32();
  if (linked < INITIAL_PAGES) throw new Error(`the engine begins with ${linked} pages`);
  writer.u32(INITIAL_PAGES);
  if (!reader.done) writer.u32(reader.u32());
  return writer.finish();
}

function replaced(bytes: Uint8Array, from: Uint8Array, to: Uint8Array, what: string): Uint8Array {
  // In as many bytes, so that nothing moves.
  if (from.length !== to.length) throw new Error(`${what} cannot be replaced in place`);
  const at = onlyPlace(bytes, from, what);
  const changed = bytes.slice();
  changed.set(to, at);
  return changed;
}

function onlyPlace(bytes: Uint8Array, wanted: Uint8Array, what: string): number {
  const found: number[] = [];
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = buffer.indexOf(wanted); at !== -1; at = buffer.indexOf(wanted, at + 1)) found.push(at);
  if (found.length !== 1) throw new Error(`${what} is in ${found.length} places, expected one`);
  return found[0] as number;
}

function constant(value: number): Uint8Array {
  return new BinaryWriter().byte(OP.i32Const).put(encodeS32(value)).finish();
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
}
