/** Puts small WebAssembly modules together by hand, so that tests see exactly which bytes the meter got. */
import { BinaryWriter } from "../../../../build/meter/binary.ts";
import { meter, type MeterReport } from "../../../../build/meter/meter.ts";
import { encodeVector, SECTION, VALUE_TYPE, writeModule } from "../../../../build/meter/sections.ts";

export const { i32, i64 } = VALUE_TYPE;

export interface TestFunction {
  readonly params?: readonly number[];
  readonly results?: readonly number[];
  /** How many i32 locals besides the parameters. */
  readonly locals?: number;
  /** Instructions, the final `end` included. Function 0 is the interrupt import, function 1 the first of these. */
  readonly code: readonly number[];
}

export interface TestModule {
  readonly functions: Readonly<Record<string, TestFunction>>;
  /** More types, after (i32) → (i32) at 0 and one per function. */
  readonly types?: readonly (readonly [params: readonly number[], results: readonly number[]])[];
  /** Names of the functions in table 0. */
  readonly table?: readonly string[];
}

/** Module with import `host.tick` of (i32) → (i32), one page of memory, and every function exported under its name. */
export function assemble({ functions, types = [], table = [] }: TestModule): Uint8Array {
  const list = Object.entries(functions);
  const signatures: (readonly [readonly number[], readonly number[]])[] = [
    [[i32], [i32]],
    ...list.map(([, { params = [], results = [] }]) => [params, results] as const),
    ...types,
  ];
  const indexOf = (name: string) => 1 + list.findIndex(([other]) => other === name);
  const bytes = (...values: number[]) => Uint8Array.from(values);
  const sections: [number, Uint8Array][] = [
    [SECTION.type, encodeVector(signatures, (writer, [params, results]) => writer.byte(0x60).sized(params).sized(results))],
    [SECTION.import, new BinaryWriter().u32(1).name("host").name("tick").put([0, 0]).finish()],
    [SECTION.function, encodeVector(list, (writer, [name]) => writer.u32(indexOf(name)))],
    [4, bytes(1, 0x70, 0, table.length)],
    [5, bytes(1, 0, 1)],
    [SECTION.global, bytes(0)],
    [SECTION.export, encodeVector(list, (writer, [name]) => writer.name(name).byte(0).u32(indexOf(name)))],
    [SECTION.element, table.length === 0 ? bytes(0) : new BinaryWriter().put([1, 0, 0x41, 0, 0x0b]).u32(table.length).put(table.map(indexOf)).finish()],
    [12, bytes(1)],
    [SECTION.code, encodeVector(list, (writer, [, { locals = 0, code }]) => writer.sized([...(locals > 0 ? [1, locals, i32] : [0]), ...code]))],
    [11, new BinaryWriter().put([1, 1]).sized([1, 2, 3, 4]).finish()],
    [SECTION.custom, new BinaryWriter().name("producers").put([1, 2, 3]).finish()],
  ];
  return writeModule(sections.map(([id, body]) => ({ id, body })));
}

export function meterAll(wasm: Uint8Array, module: TestModule): { wasm: Uint8Array<ArrayBuffer>; report: MeterReport } {
  return meter(wasm, { interrupt: { module: "host", field: "tick" }, keepExports: new Map(Object.keys(module.functions).map((name) => [name, name])) });
}

export interface Metered {
  readonly call: (name: string, ...args: number[]) => unknown;
  readonly fuel: { get: () => number; set: (units: number) => void };
  readonly report: MeterReport;
  readonly exports: readonly string[];
}

/** Assembles, meters and instantiates. Without `tick`, running out of fuel fails the test. */
export function metered(module: TestModule, tick?: (argument: number) => number): Metered {
  const { wasm, report } = meterAll(assemble(module), module);
  const unexpected = () => {
    throw new Error("out of fuel");
  };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm), { host: { tick: tick ?? unexpected } });
  const functions = exports as Record<string, (...args: number[]) => unknown>;
  return {
    call: (name, ...args) => functions[name]?.(...args),
    fuel: { get: () => functions.nano_fuel_get?.() as number, set: (units) => functions.nano_fuel_set?.(units) },
    report,
    exports: Object.keys(exports),
  };
}

/** Calls and returns the result with the fuel that the call took. */
export function spend(module: Metered, name: string, ...args: number[]): { result: unknown; fuel: number } {
  module.fuel.set(1_000_000);
  const result = module.call(name, ...args);
  return { result, fuel: 1_000_000 - module.fuel.get() };
}
