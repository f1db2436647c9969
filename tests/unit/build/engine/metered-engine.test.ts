import { expect, test } from "bun:test";
import fc from "fast-check";
import { buildEngine } from "../../../../build/engine/build-engine.ts";
import { readCode } from "../../../../build/meter/function-body.ts";
import { OP } from "../../../../build/meter/instructions.ts";
import { readModule } from "../../../../build/meter/sections.ts";
import { engine, enginePackage, meteredEngine, plainEngine } from "./fixture.ts";
import { program } from "./programs.ts";

const PROGRAMS = 3000;
/** A seed for the whole run keeps a failure repeatable. */
const SEED = 20_250_913;

test("thousands of programs give the same results in the metered engine as in the unmetered one", () => {
  let [plain, metered, runs, ended] = [plainEngine(), meteredEngine(), 0, 0];
  fc.assert(
    fc.property(program, (source) => {
      if (++runs % 250 === 0) [plain, metered] = [plainEngine(), meteredEngine()];
      const expected = plain.evaluateJson(source);
      if (expected.includes("ended by ")) ended++;
      expect(metered.evaluateJson(source)).toBe(expected);
    }),
    { numRuns: PROGRAMS, seed: SEED },
  );
  expect(ended).toBeGreaterThan(PROGRAMS / 20);
  expect(ended).toBeLessThan(PROGRAMS * 0.8);
}, 60_000);

test("equal runs burn equal fuel, to the unit", () => {
  const burn = () => {
    const guest = meteredEngine();
    guest.fuel = 1_000_000_000;
    for (const source of fc.sample(program, { numRuns: 100, seed: SEED })) guest.evaluate(source);
    return 1_000_000_000 - guest.fuel;
  };
  const first = burn();
  expect(first).toBeGreaterThan(100_000);
  expect(burn()).toBe(first);
});

const ENDLESS: Readonly<Record<string, string>> = {
  "a loop": "for (;;) {}",
  "a loop with a long straight body": `let x = 0; for (;;) { ${"x = x + 1;".repeat(5000)} }`,
  "catch and finally": "for (;;) { try { for (;;) {} } catch {} finally {} }",
  "a regular expression": "/(a+)+$/.test('a'.repeat(40) + 'b')",
  "a sparse reverse": "const a = []; a.length = 4294967295; a.reverse()",
  "BigInt arithmetic": "let x = 3n; for (;;) x = x ** 3n % (2n ** 9000n)",
  "a search in a long string": "('a'.repeat(1 << 24)).indexOf('a'.repeat(1 << 22) + 'b')",
  "filling memory": "const a = new Uint8Array(1 << 20); for (;;) a.fill(1)",
  "branching recursion": "const f = (n) => n && f(n - 1) + f(n - 1); f(64)",
  "a getter that recurses": "const o = { get x() { return n-- > 0 ? o.x + o.x : 1 } }; let n = Infinity; for (;;) try { o.x } catch {}",
  "JSON of a shared graph": "let o = []; for (let i = 0; i < 40; i++) o = [o, o]; JSON.stringify(o)",
};
for (const [what, source] of Object.entries(ENDLESS))
  test(`${what} ends when the import throws, and no guest code sees it`, () => {
    let slices = 0;
    const guest = meteredEngine({
      interrupt: (self) => {
        if (++slices === 20) throw new Error("exceededCpu");
        self.fuel = 100_000;
        return 0;
      },
    });
    guest.fuel = 100_000;
    expect(() => guest.evaluate(source)).toThrow("exceededCpu");
    expect(slices).toBe(20);
  });

test("a straight line of code is charged, not only what repeats", () => {
  const guest = meteredEngine();
  const burn = (source: string) => {
    const before = guest.fuel;
    guest.evaluate(source);
    return before - guest.fuel;
  };
  const source = `globalThis.x = 0; globalThis.run = () => { ${"x++;".repeat(10_000)} }`;
  burn(source);
  expect(burn("run()")).toBeGreaterThan(10_000);
});

test("the validation counts every loop and bulk instruction that the package's wasm has", () => {
  const original = readModule(enginePackage.wasm);
  const instructions = original.functions.flatMap((body) => readCode(body).instructions);
  const count = (...opcodes: readonly number[]) => instructions.filter(({ opcode }) => opcodes.includes(opcode)).length;
  // One more in `nano_enter`, which is ours.
  expect(engine.report.loops).toBe(count(OP.loop) + 1);
  expect(engine.report.loops).toBeGreaterThan(1000);
  expect(engine.report.bulk).toBe(count(OP.memoryCopy, OP.memoryFill, OP.memoryInit, OP.memoryGrow, OP.tableInit, OP.tableCopy, OP.tableGrow, OP.tableFill));
  expect(engine.report.bulk).toBeGreaterThan(50);
  expect(engine.report.functions).toBe(original.functions.length + 9);
  expect(engine.report.bytesAfter).toBe(engine.wasm.length);
});

test("every build gives the same bytes", async () => {
  const again = await buildEngine();
  expect(again.hash).toBe(engine.hash);
  expect(Buffer.compare(again.wasm, engine.wasm)).toBe(0);
});

test("only what the driver needs is imported and exported, under readable names", () => {
  const module = new WebAssembly.Module(engine.wasm);
  const imports = WebAssembly.Module.imports(module);
  expect(imports.map(({ name }) => name).sort()).toEqual(Object.keys(engine.imports).sort());
  expect(new Set(imports.map((entry) => entry.module))).toEqual(new Set(["env"]));
  expect(WebAssembly.Module.exports(module).map(({ name }) => name).sort()).toEqual([...engine.exports, "nano_fuel_get", "nano_fuel_set"].sort());
});
