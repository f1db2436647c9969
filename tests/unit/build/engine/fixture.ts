/** The real engine, built once per test file, beside the same engine unmetered. */
import { buildEngineFrom, IMPORT_MODULE, type BuiltEngine } from "../../../../build/engine/build-engine.ts";
import { deriveExportNames, ENGINE_EXPORTS } from "../../../../build/engine/export-names.ts";
import { deriveImportRoles } from "../../../../build/engine/import-roles.ts";
import { leanMemory } from "../../../../build/engine/lean-memory.ts";
import { readEnginePackage, type EnginePackage } from "../../../../build/engine/package.ts";
import { ProbeEngine, type ProbeOptions } from "../../../../build/engine/probe-engine.ts";
import { encodeVector, readModule, SECTION, writeModule } from "../../../../build/meter/sections.ts";

export const PAGES = 256;
export const enginePackage: EnginePackage = await readEnginePackage();
export const engine: BuiltEngine = buildEngineFrom(enginePackage);
const meteredModule = new WebAssembly.Module(engine.wasm);
const plainModule = new WebAssembly.Module(renamedOnly(enginePackage));

export function meteredEngine(options: Partial<ProbeOptions> = {}): ProbeEngine {
  return new ProbeEngine(meteredModule, { initialPages: PAGES, ...options });
}
export function plainEngine(): ProbeEngine {
  return new ProbeEngine(plainModule, { initialPages: PAGES });
}

/** The package's wasm with readable names and every instruction as it was. */
function renamedOnly({ wasm, glue }: EnginePackage): Uint8Array<ArrayBuffer> {
  const module = readModule(leanMemory(wasm));
  const roles = deriveImportRoles(glue, module.imports, module.types);
  const names = deriveExportNames(glue, Object.keys(ENGINE_EXPORTS));
  const imports = encodeVector(module.imports, (writer, { field, kind, description }) =>
    writer.name(IMPORT_MODULE).name(roles.get(field)?.role ?? field).byte(kind).put(description),
  );
  const exports = encodeVector(
    module.exports.filter(({ name }) => names.has(name)),
    (writer, { name, kind, index }) => writer.name(names.get(name) as string).byte(kind).u32(index),
  );
  const rewritten = new Map([[SECTION.import as number, imports], [SECTION.export, exports]]);
  return writeModule(module.sections.map(({ id, body }) => ({ id, body: rewritten.get(id) ?? body })));
}
