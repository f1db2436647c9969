/**
 * Finds by experiment where the engine keeps strings, arrays and its random state: known values are created and their bytes searched.
 * Throws unless exactly one place fits every value of a probe.
 */
import type { BuiltEngine } from "./build-engine.ts";
import { TAG } from "../../src/isolate/engine/values.ts";
import type { EngineLayout } from "../../src/isolate/engine/layout.ts";
import { eachChunk } from "../../src/isolate/memory/free-memory.ts";
import { BinaryReader } from "../meter/binary.ts";
import { OP } from "../meter/instructions.ts";
import { KIND, readModule } from "../meter/sections.ts";
import { ProbeEngine } from "./probe-engine.ts";
import { probeStack } from "./stack-layout.ts";

export function probeLayout({ wasm, rejectionTracker }: Pick<BuiltEngine, "wasm" | "rejectionTracker">): EngineLayout {
  const initialPages = readInitialPages(wasm);
  const engine = new ProbeEngine(new WebAssembly.Module(wasm), { initialPages });
  checkTags(engine);
  checkAllocator(engine);
  const strings = probeStrings(engine);
  const classes = probeClasses(engine);
  return {
    initialPages,
    stackTop: readStackTop(wasm, initialPages),
    rejectionTracker,
    float64Addend: probeFloat64Addend(engine),
    ...strings,
    ...probeRopes(engine, strings),
    ...classes,
    ...probeTypedArrays(engine),
    ...probeArrayBuffers(engine),
    ...probeShapes(engine),
    randomState: probeRandomState(engine),
    stripFlags: probeStripFlags(engine),
    stack: probeStack(wasm, initialPages, { ...strings, ...classes }),
  };
}

function readInitialPages(wasm: Uint8Array): number {
  const memory = readModule(wasm).imports.find((entry) => entry.kind === KIND.memory);
  if (memory === undefined) throw new Error("the engine imports no memory");
  const limits = new BinaryReader(memory.description);
  limits.byte();
  return limits.u32();
}

/** The first global is where the stack begins, so the linker says (https://github.com/WebAssembly/tool-conventions/blob/main/DynamicLinking.md); it is held against what instantiation leaves empty. */
function readStackTop(wasm: Uint8Array, initialPages: number): number {
  const [pointer] = readModule(wasm).globals;
  if (pointer === undefined || !pointer.isMutable) throw new Error("the engine has no stack pointer");
  const initial = new BinaryReader(pointer.encoded);
  initial.take(2);
  if (initial.byte() !== OP.i32Const) throw new Error("the stack pointer is no constant");
  const top = initial.s32();
  if (top % 16 !== 0 || top < 1 << 20 || top > initialPages * 65_536) throw new Error(`the stack cannot begin at ${top}`);
  return top;
}

/** The one offset below `end` that fits every sample. Throws when there is none or more than one. */
export function findOffset(what: string, end: number, step: number, fits: (offset: number) => boolean): number {
  const found: number[] = [];
  for (let offset = 0; offset < end; offset += step) if (fits(offset)) found.push(offset);
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`${what}: ${found.length === 0 ? "not found" : `ambiguous, fits at ${found.join(", ")}`}`);
  return only;
}

/** The tags are the engine's ABI and constants in our code; here they are held against the engine. */
function checkTags(engine: ProbeEngine): void {
  const samples: readonly (readonly [string, number, number?])[] = [
    ["42", TAG.int, 42],
    ["-1", TAG.int, 0xffff_ffff],
    ["true", TAG.bool, 1],
    ["false", TAG.bool, 0],
    ["null", TAG.null],
    ["undefined", TAG.undefined],
    ["7n", TAG.shortBigInt, 7],
    ["'flat'", TAG.string],
    ["'l'.repeat(5000) + 'r'.repeat(5000)", TAG.rope],
    ["({})", TAG.object],
    ["() => {}", TAG.object],
  ];
  for (const [source, tag, payload] of samples) {
    const boxed = engine.boxed(engine.evaluate(source));
    if (boxed.tag !== tag || (payload !== undefined && boxed.payload !== payload))
      throw new Error(`${source} is boxed as tag ${boxed.tag}, payload ${boxed.payload}; expected tag ${tag}`);
  }
}

function probeFloat64Addend(engine: ProbeEngine): number {
  const bits = new DataView(new ArrayBuffer(8));
  const addends = [1.5, -1.5, Math.PI, 1e300, -5e-324, 2 ** 31, Number.NEGATIVE_INFINITY, -0].map((value) => {
    const { payload, tag } = engine.boxed(engine.evaluate(Object.is(value, -0) ? "-0" : String(value)));
    bits.setFloat64(0, value);
    if (payload !== bits.getUint32(4)) throw new Error(`the low word of ${value} is not kept`);
    return (bits.getUint32(0) - tag) >>> 0;
  });
  const [addend] = addends;
  if (addend === undefined || addends.some((other) => other !== addend)) throw new Error(`doubles are boxed in no known way: ${addends.join(", ")}`);
  return addend;
}

interface StringLayout {
  readonly stringLength: number;
  readonly stringData: number;
}

function probeStrings(engine: ProbeEngine): StringLayout {
  const texts = ["n", "narrow text", "x".repeat(77), "ÿ".repeat(9), "wide ✓", "✗".repeat(33)];
  const samples = texts.map((text) => ({ text, wide: /[^\0-ÿ]/.test(text), at: engine.boxed(engine.evaluate(JSON.stringify(text))).payload }));
  const { view } = engine;
  return {
    stringLength: findOffset("string length", 32, 4, (offset) =>
      samples.every(({ text, wide, at }) => view.getUint32(at + offset, true) === text.length + (wide ? 2 ** 31 : 0)),
    ),
    stringData: findOffset("string data", 32, 2, (offset) => samples.every(({ text, wide, at }) => readUnits(view, at + offset, text.length, wide) === text)),
  };
}

function readUnits(view: DataView, at: number, length: number, wide: boolean): string {
  return Array.from({ length }, (_, i) => String.fromCharCode(wide ? view.getUint16(at + i * 2, true) : view.getUint8(at + i))).join("");
}

function probeRopes(engine: ProbeEngine, { stringLength, stringData }: StringLayout): Pick<EngineLayout, "ropeLength" | "ropeLeft" | "ropeRight"> {
  const samples = [5000, 7001].map((units, i) => {
    const left = `l${i}`.repeat(units);
    const right = `✓${i}`.repeat(units + 3);
    const at = engine.boxed(engine.evaluate(`${JSON.stringify(left)} + ${JSON.stringify(right)}`)).payload;
    return { left, right, at };
  });
  const { view } = engine;
  const isText = (at: number, text: string): boolean => {
    if (view.getInt32(at + 4, true) !== TAG.string) return false;
    const string = view.getUint32(at, true);
    const word = view.getUint32(string + stringLength, true);
    return (word & 0x7fff_ffff) === text.length && readUnits(view, string + stringData, text.length, word >>> 31 === 1) === text;
  };
  return {
    ropeLength: findOffset("rope length", 40, 4, (offset) =>
      samples.every(({ left, right, at }) => view.getUint32(at + offset, true) === left.length + right.length),
    ),
    ropeLeft: findOffset("left of a rope", 40, 8, (offset) => samples.every(({ left, at }) => isText(at + offset, left))),
    ropeRight: findOffset("right of a rope", 40, 8, (offset) => samples.every(({ right, at }) => isText(at + offset, right))),
  };
}

function probeClasses(engine: ProbeEngine): Pick<EngineLayout, "objectClass" | "uint8ArrayClass" | "arrayBufferClass"> {
  const classes = ["Uint8Array", "Uint8ClampedArray", "Int8Array", "Uint16Array", "Float64Array", "ArrayBuffer", "Map", "Set"];
  const pairs = classes.map((name) => [1, 20].map((length) => engine.boxed(engine.evaluate(`new ${name}(${name.endsWith("t") || name === "Map" ? "" : length})`)).payload));
  const { view } = engine;
  const objectClass = findOffset("class of an object", 16, 2, (offset) => {
    const ids = pairs.map((instances) => instances.map((at) => view.getUint16(at + offset, true)));
    return ids.every((same) => new Set(same).size === 1) && new Set(ids.flat()).size === classes.length;
  });
  const classOf = (name: string) => view.getUint16((pairs[classes.indexOf(name)] as number[])[0] as number + objectClass, true);
  return { objectClass, uint8ArrayClass: classOf("Uint8Array"), arrayBufferClass: classOf("ArrayBuffer") };
}

function probeTypedArrays(engine: ProbeEngine): Pick<EngineLayout, "arrayData" | "arrayCount"> {
  // Name of a global, what it holds, and its bytes, or none when it is detached or out of bounds.
  const sources: readonly (readonly [string, readonly number[]])[] = [
    ["new Uint8Array([3, 1, 4, 1, 5])", [3, 1, 4, 1, 5]],
    ["new Uint8Array([9, 8, 7, 6, 5, 4, 3, 2]).subarray(2, 5)", [7, 6, 5]],
    ["new Uint8Array(new Uint8Array([2, 7, 1, 8, 2, 8, 1]).buffer, 3)", [8, 2, 8, 1]],
    ["(() => { const b = new ArrayBuffer(4, { maxByteLength: 64 }), v = new Uint8Array(b); b.resize(6); v.set([6, 5, 4, 3, 2, 1]); return v })()", [6, 5, 4, 3, 2, 1]],
    ["(() => { const b = new ArrayBuffer(9, { maxByteLength: 64 }), v = new Uint8Array(b, 2); v.set([1, 2, 3, 4, 5, 6, 7]); b.resize(4); return v })()", [1, 2]],
    ["(() => { const b = new ArrayBuffer(9, { maxByteLength: 64 }), v = new Uint8Array(b, 2, 5); b.resize(4); return v })()", []],
    ["(() => { const v = new Uint8Array(12); v.buffer.transfer(); return v })()", []],
  ];
  const samples = sources.map(([source, bytes]) => ({ bytes, at: engine.boxed(engine.evaluate(source)).payload }));
  const { view, bytes: memory } = engine;
  return {
    arrayCount: findOffset("count of a typed array", 48, 4, (offset) => samples.every(({ bytes, at }) => view.getUint32(at + offset, true) === bytes.length)),
    arrayData: findOffset("data of a typed array", 48, 4, (offset) =>
      samples.every(({ bytes, at }) => {
        const data = view.getUint32(at + offset, true);
        return bytes.every((byte, i) => memory[data + i] === byte);
      }),
    ),
  };
}

function probeArrayBuffers(engine: ProbeEngine): Pick<EngineLayout, "objectArrayBuffer" | "arrayBufferLength" | "arrayBufferData"> {
  const lists = [[3, 1, 4, 1, 5, 9, 2], Array.from({ length: 41 }, (_, i) => i * 5)];
  const samples = lists.map((bytes) => ({ bytes, at: engine.boxed(engine.evaluate(`new Uint8Array(${JSON.stringify(bytes)}).buffer`)).payload }));
  const { view, bytes: memory } = engine;
  const word = (at: number) => (at + 4 <= view.byteLength ? view.getUint32(at, true) : 0);
  const hasLength = (struct: number, offset: number, bytes: readonly number[]) => word(struct + offset) === bytes.length;
  const hasData = (struct: number, offset: number, bytes: readonly number[]) => bytes.every((byte, i) => memory[word(struct + offset) + i] === byte);
  const offsets = [0, 4, 8, 12, 16, 20, 24, 28];
  const objectArrayBuffer = findOffset("struct of an ArrayBuffer", 48, 4, (offset) => {
    const inAll = (has: typeof hasData) => offsets.some((inner) => samples.every(({ bytes, at }) => has(word(at + offset), inner, bytes)));
    return inAll(hasLength) && inAll(hasData);
  });
  const structs = samples.map(({ bytes, at }) => ({ bytes, struct: word(at + objectArrayBuffer) }));
  return {
    objectArrayBuffer,
    arrayBufferLength: findOffset("length of an ArrayBuffer", 32, 4, (offset) => structs.every(({ bytes, struct }) => hasLength(struct, offset, bytes))),
    arrayBufferData: findOffset("data of an ArrayBuffer", 32, 4, (offset) => structs.every(({ bytes, struct }) => hasData(struct, offset, bytes))),
  };
}

/** A property with an integer name has that integer for an atom, with the highest bit set. Objects with like properties share their shape. */
function probeShapes(engine: ProbeEngine): Pick<EngineLayout, "objectShape" | "shapeFirstAtom"> {
  const objectOf = (key: number) => engine.boxed(engine.evaluate(`({ ${key}: 1 })`)).payload;
  const samples = [5, 77, 123_456].map((key) => ({ atom: (key | 0x8000_0000) >>> 0, at: objectOf(key), like: objectOf(key) }));
  const { view } = engine;
  const word = (at: number) => (at + 4 <= view.byteLength ? view.getUint32(at, true) : 0);
  const offsets = Array.from({ length: 24 }, (_, i) => i * 4);
  const objectShape = findOffset(
    "shape of an object",
    48,
    4,
    (offset) => samples.every(({ at, like }) => word(at + offset) === word(like + offset)) && offsets.some((inner) => samples.every(({ atom, at }) => word(word(at + offset) + inner) === atom)),
  );
  return { objectShape, shapeFirstAtom: findOffset("first atom of a shape", 96, 4, (offset) => samples.every(({ atom, at }) => word(word(at + objectShape) + offset) === atom)) };
}

/** Looks for a word in the context that steps as xorshift64* does when Math.random is called, then sets it and checks what comes out. */
function probeRandomState(engine: ProbeEngine): number {
  const stateAt = (offset: number) => engine.view.getBigUint64(engine.context + offset, true);
  const before = Array.from({ length: 128 }, (_, i) => stateAt(i * 8));
  engine.evaluate("Math.random(); Math.random()");
  const offset = findOffset("state of Math.random", 1024, 8, (at) => {
    const state = before[at / 8] as bigint;
    return state !== 0n && stateAt(at) === nextRandomState(nextRandomState(state));
  });
  for (const seed of [1n, 0x0123_4567_89ab_cdefn, 2n ** 64n - 1n]) {
    engine.view.setBigUint64(engine.context + offset, seed, true);
    const [drawn, expected] = [Number(engine.evaluateJson("Math.random()")), randomNumber(nextRandomState(seed))];
    if (drawn !== expected) throw new Error(`Math.random gives ${drawn} for seed ${seed}, expected ${expected}`);
  }
  return offset;
}

const RUNTIME_BYTES = 512;

/** Sets one byte of the runtime after the other until a function has no text of its own. Any other byte may break the engine, so each try starts from the same memory. */
function probeStripFlags(engine: ProbeEngine): number {
  const { runtime } = engine;
  const saved = engine.bytes.slice(0, engine.bytes.findLastIndex((byte) => byte !== 0) + 1);
  return findOffset("strip flags", RUNTIME_BYTES, 1, (offset) => {
    if (saved[runtime + offset] !== 0) return false;
    engine.bytes.fill(0, saved.length);
    engine.bytes.set(saved);
    engine.bytes[runtime + offset] = 1;
    try {
      return engine.evaluateJson("(function probe() { return 42 }).toString().includes('42')") === "false";
    } catch {
      return false;
    }
  });
}

/** Blocks of many sizes are met by a walk over chunks, and those freed again are no block in use. */
function checkAllocator(engine: ProbeEngine): void {
  const blocks = [16, 40, 100, 500, 4000, 70_000].flatMap((size) => [true, false].map((isFree) => ({ isFree, at: engine.invoke("malloc", size) })));
  for (const { at, isFree } of blocks) if (isFree) engine.invoke("free", at);
  const inUse = new Set<number>();
  eachChunk(engine, engine.runtime, (at, _size, isFree) => isFree || inUse.add(at + 8));
  if (!blocks.every(({ at, isFree }) => inUse.has(at) !== isFree)) throw new Error("the engine's memory is not laid out as dlmalloc does");
}

function nextRandomState(state: bigint): bigint {
  let x = state;
  x ^= x >> 12n;
  x = BigInt.asUintN(64, x ^ (x << 25n));
  return x ^ (x >> 27n);
}

function randomNumber(state: bigint): number {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setBigUint64(0, (BigInt.asUintN(64, state * 0x2545_f491_4f6c_dd1dn) >> 12n) | (0x3ffn << 52n));
  return bits.getFloat64(0) - 1;
}
