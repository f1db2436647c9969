import { expect, test } from "bun:test";
import { meter } from "../../../../build/meter/meter.ts";
import { readModule } from "../../../../build/meter/sections.ts";
import { validate } from "../../../../build/meter/validate.ts";
import { assemble, i32, i64, metered, meterAll, spend, type TestModule } from "./assembler.ts";

/** Counts `local 0` down to 0; returns how often the body ran, in local 1. */
const countdown: TestModule = {
  functions: {
    run: { params: [i32], results: [i32], locals: 1, code: [0x03, 0x40, 0x20, 1, 0x41, 1, 0x6a, 0x21, 1, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x20, 1, 0x0b] },
  },
};

test("every iteration of a loop costs one unit, and the result stays", () => {
  const module = metered(countdown);
  expect(spend(module, "run", 1)).toEqual({ result: 1, fuel: 1 });
  expect(spend(module, "run", 1000)).toEqual({ result: 1000, fuel: 1000 });
  expect(module.report).toMatchObject({ loops: 1, bulk: 0, entries: 0 });
});

test("nested loops pay for the inner and the outer one", () => {
  // for (a = p; a; a--) for (b = 3; b; b--) n++
  const inner = [0x41, 3, 0x21, 1, 0x03, 0x40, 0x20, 2, 0x41, 1, 0x6a, 0x21, 2, 0x20, 1, 0x41, 1, 0x6b, 0x22, 1, 0x0d, 0, 0x0b];
  const module = metered({
    functions: { run: { params: [i32], results: [i32], locals: 2, code: [0x03, 0x40, ...inner, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x20, 2, 0x0b] } },
  });
  expect(spend(module, "run", 10)).toEqual({ result: 30, fuel: 10 + 30 });
  expect(module.report.loops).toBe(2);
});

test("loops that take and give several values are charged without touching them", () => {
  // (n) → loop (n, acc) → (n, acc): acc += n; n -= 1; br_if while n
  const multiValue = 2; // type index after (i32) → (i32) and run's own
  const module = metered({
    types: [[[i32, i32], [i32, i32]]],
    functions: {
      run: {
        params: [i32], results: [i32], locals: 2,
        code: [0x20, 0, 0x41, 0, 0x03, multiValue, 0x21, 1, 0x22, 0, 0x20, 1, 0x6a, 0x21, 1, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x20, 1, 0x20, 0, 0x0d, 0, 0x0b, 0x21, 1, 0x1a, 0x20, 1, 0x0b],
      },
    },
  });
  expect(spend(module, "run", 4)).toEqual({ result: 10, fuel: 4 });
});

test("a branch table back to a loop head pays like any other way there", () => {
  // loop { n += 1; p -= 1; br_table [exit] loop (p == 0 ? 0 : 1) }
  const module = metered({
    functions: {
      run: {
        params: [i32], results: [i32], locals: 1,
        code: [0x02, 0x40, 0x03, 0x40, 0x20, 1, 0x41, 1, 0x6a, 0x21, 1, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x41, 0, 0x47, 0x0e, 1, 1, 0, 0x0b, 0x0b, 0x20, 1, 0x0b],
      },
    },
  });
  expect(spend(module, "run", 7)).toEqual({ result: 7, fuel: 7 });
});

test("copying and filling memory costs a unit per 128 bytes, and works as before", () => {
  const module = metered({
    functions: {
      fill: { params: [i32, i32], code: [0x41, 0, 0x20, 0, 0x20, 1, 0xfc, 11, 0, 0x0b] },
      copy: { params: [i32], code: [0x41, 0x80, 0x80, 2, 0x41, 0, 0x20, 0, 0xfc, 10, 0, 0, 0x0b] },
      init: { params: [i32], code: [0x41, 0, 0x41, 0, 0x20, 0, 0xfc, 8, 0, 0, 0x0b] },
      load: { params: [i32], results: [i32], code: [0x20, 0, 0x2d, 0, 0, 0x0b] },
    },
  });
  expect(spend(module, "fill", 7, 12_800).fuel).toBe(100);
  expect(spend(module, "copy", 12_800).fuel).toBe(100);
  expect(module.call("load", 32_768 + 12_799)).toBe(7);
  expect(module.call("load", 32_768 + 12_800)).toBe(0);
  expect(spend(module, "init", 4).fuel).toBe(0);
  expect(module.call("load", 3)).toBe(4);
  expect(module.report.bulk).toBe(3);
});

test("a huge length is charged before the instruction traps, and no length makes fuel", () => {
  let ticks = 0;
  const module = metered({ functions: { fill: { params: [i32], code: [0x41, 0, 0x41, 0, 0x20, 0, 0xfc, 11, 0, 0x0b] } } }, () => ++ticks);
  module.fuel.set(1000);
  expect(() => module.call("fill", -1)).toThrow();
  expect(ticks).toBe(1);
  expect(module.fuel.get()).toBe(1000 - (2 ** 25 - 1));
});

test("growing memory costs 512 units per page", () => {
  const module = metered({ functions: { grow: { params: [i32], results: [i32], code: [0x20, 0, 0x40, 0, 0x0b] } } });
  expect(spend(module, "grow", 3)).toEqual({ result: 1, fuel: 3 * 512 });
});

test("functions that call each other without a loop pay, directly and through a table", () => {
  // even(n) = n ? odd(n - 1) : 1; odd(n) = n ? even(n - 1) by table : 0
  const step = (otherwise: number, call: readonly number[]) => [0x20, 0, 0x04, 0x7f, 0x20, 0, 0x41, 1, 0x6b, ...call, 0x05, 0x41, otherwise, 0x0b, 0x0b];
  const module = metered({
    functions: {
      even: { params: [i32], results: [i32], code: step(1, [0x10, 2]) },
      odd: { params: [i32], results: [i32], code: step(0, [0x41, 0, 0x11, 1, 0]) },
      leaf: { params: [i32], results: [i32], code: [0x20, 0, 0x10, 1, 0x0b] },
    },
    table: ["even"],
  });
  expect(spend(module, "even", 100)).toMatchObject({ result: 1 });
  expect(spend(module, "even", 100).fuel).toBeGreaterThanOrEqual(50);
  expect(module.report.entries).toBe(1);
});

test("running out calls the import with 0, and what it throws ends the loop", () => {
  const seen: number[] = [];
  const module = metered(countdown, (argument) => {
    if (seen.push(argument) === 3) throw new Error("exceededCpu");
    module.fuel.set(99);
    return 0;
  });
  module.fuel.set(99);
  expect(() => module.call("run", 1_000_000)).toThrow("exceededCpu");
  expect(seen).toEqual([0, 0, 0]);
});

test("only the wanted exports are left, under their new names, and no custom section", () => {
  const wasm = assemble({ functions: { ...countdown.functions, other: { code: [0x0b] } } });
  const output = meterOnly(wasm);
  expect(WebAssembly.Module.exports(new WebAssembly.Module(output)).map(({ name }) => name)).toEqual(["count", "nano_fuel_get", "nano_fuel_set"]);
  expect(readModule(output).sections.every(({ id }) => id !== 0)).toBe(true);
});

test("an instruction that the meter does not know is refused by function and offset", () => {
  const simd = { functions: { ok: { code: [0x0b] }, bad: { code: [0x41, 0, 0xfd, 0x0f, 0x1a, 0x0b] } } };
  expect(() => meterAll(assemble(simd), simd)).toThrow("function 2: unknown opcode 0xfd at offset 3");
  const tailCall = { functions: { bad: { code: [0x12, 0, 0x0b] } } };
  expect(() => meterAll(assemble(tailCall), tailCall)).toThrow("function 1: unknown opcode 0x12");
});

test("an interrupt import that is missing or of another type is refused", () => {
  const wasm = assemble(countdown);
  const keepExports = new Map<string, string>();
  expect(() => meterOnly(wasm, "tock", keepExports)).toThrow("no function import host.tock");
  expect(() => meterOnly(wasm, "tick", new Map([["gone", "gone"]]))).toThrow("no export gone");
  const other = wasm.slice();
  other[other.indexOf(0x60) + 2] = i64;
  expect(() => meterOnly(other)).toThrow("is not (i32) → i32");
});

test("the validation finds every charge that is taken away", () => {
  const { wasm } = meterAll(assemble(countdown), countdown);
  const module = readModule(wasm);
  const targets = { fuel: module.globals.length - 1, spent: module.importedFunctions + 1 };
  expect(validate(wasm, targets, 0)).toMatchObject({ loops: 1 });

  const [run] = module.functions;
  if (run === undefined) throw new Error("no function");
  // A nop in place of the charge's `i32.sub` and its operand keeps the module valid but charges nothing.
  const sub = run.bytes.byteOffset + run.bytes.indexOf(0x6b);
  const doctored = wasm.slice();
  doctored.set([0x01, 0x01, 0x01], sub - 2);
  expect(WebAssembly.validate(doctored)).toBe(true);
  expect(() => validate(doctored, targets, 0)).toThrow("function 1: loop head without a charge");
});

test("the validation finds recursion that nobody pays for", () => {
  const forever: TestModule = { functions: { run: { code: [0x10, 1, 0x0b] } } };
  const { wasm, report } = meterAll(assemble(forever), forever);
  expect(report.entries).toBe(1);
  const module = readModule(wasm);
  const targets = { fuel: module.globals.length - 1, spent: module.importedFunctions + 1 };
  const body = module.functions[0]?.bytes;
  if (body === undefined) throw new Error("no function");
  const doctored = wasm.slice();
  doctored.set([0x01, 0x01, 0x01], body.byteOffset + body.indexOf(0x6b) - 2);
  expect(() => validate(doctored, targets, 0)).toThrow("functions 1 may call each other for ever");
});

function meterOnly(wasm: Uint8Array, field = "tick", keepExports: ReadonlyMap<string, string> = new Map([["run", "count"]])): Uint8Array<ArrayBuffer> {
  return meter(wasm, { interrupt: { module: "host", field }, keepExports }).wasm;
}
