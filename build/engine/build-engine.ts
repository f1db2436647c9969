/** The engine build step: QuickJS from its npm package, metered, with readable names. Same package, same bytes. */
import { KIND, readModule, type Module } from "../meter/sections.ts";
import { meter, type MeterReport } from "../meter/meter.ts";
import { ENTER_EXPORT, enterFunction } from "./enter.ts";
import { deriveExportNames, ENGINE_EXPORTS } from "./export-names.ts";
import { deriveImportRoles, type ImportRole } from "./import-roles.ts";
import { CONTEXT_EXPORT, enqueueWrapped, findReactionFunctions, performWrapped } from "./reactions.ts";
import { findTrackerOffset, findTrackerType, trackFunction } from "./rejections.ts";
import { findStackAtom, STACK_EXPORT } from "./stacks.ts";
import { leanMemory } from "./lean-memory.ts";
import { readEnginePackage, type EnginePackage } from "./package.ts";

/** All imports of the built engine are in this module, under the names of their roles. */
export const IMPORT_MODULE = "env";

export interface BuiltEngine {
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** Role → signature (`params:results`, i = i32, I = i64, d = f64), or "memory". */
  readonly imports: Readonly<Record<ImportRole, string>>;
  readonly exports: readonly string[];
  /** Offset of the rejection tracker in the runtime, see `EngineLayout`. */
  readonly rejectionTracker: number;
  readonly report: MeterReport;
  /** SHA-256 of the wasm, hex. */
  readonly hash: string;
}

export async function buildEngine(): Promise<BuiltEngine> {
  return buildEngineFrom(await readEnginePackage());
}

export function buildEngineFrom({ wasm: linked, glue }: EnginePackage): BuiltEngine {
  const wasm = leanMemory(linked);
  const module = readModule(wasm);
  const roles = deriveImportRoles(glue, module.imports, module.types);
  const exportNames = deriveExportNames(glue, Object.keys(ENGINE_EXPORTS));
  for (const [minified, name] of exportNames) checkExport(module, minified, name);

  const tracker = findTrackerType(module);
  const { perform, enqueue } = findReactionFunctions(module);
  const stack = findStackAtom(module);
  const minifiedOf = (wanted: ImportRole) => [...roles.keys()].find((minified) => roles.get(minified)?.role === wanted) as string;
  const importModule = [...new Set(module.imports.map((entry) => entry.module))];
  if (importModule.length !== 1) throw new Error(`imports come from ${importModule.join(", ")}, expected one module`);
  const output = meter(wasm, {
    interrupt: { module: importModule[0] as string, field: minifiedOf("interrupt") },
    renameImport: ({ field }) => ({ module: IMPORT_MODULE, field: (roles.get(field) as { role: string }).role }),
    keepExports: exportNames,
    indirect: { type: tracker, make: trackFunction },
    compose: new Map([[ENTER_EXPORT, enterFunction]]),
    constant: { setter: STACK_EXPORT, initial: stack.atom, uses: stack.uses },
    divert: {
      setter: CONTEXT_EXPORT,
      functions: new Map([
        [perform, performWrapped],
        [enqueue, enqueueWrapped],
      ]),
    },
  });
  return {
    wasm: output.wasm,
    imports: Object.fromEntries([...roles.values()].map(({ role, type }) => [role, type])) as Record<ImportRole, string>,
    exports: [...exportNames.values(), ENTER_EXPORT, CONTEXT_EXPORT, STACK_EXPORT],
    rejectionTracker: findTrackerOffset(module, tracker),
    report: output.report,
    hash: output.report.hash,
  };
}

function checkExport(module: Module, minified: string, name: string): void {
  const found = module.exports.find((entry) => entry.name === minified);
  if (found?.kind !== KIND.function) throw new Error(`the wasm exports no function ${minified} (${name})`);
  const params = module.functions[found.index - module.importedFunctions]?.type.params.length;
  if (params !== ENGINE_EXPORTS[name]) throw new Error(`export ${name} takes ${params} parameters, expected ${ENGINE_EXPORTS[name]}`);
}
