/**
 * The architecture, as a check. Fails on an import against the direction of the layers, a cycle of value imports, guest code that
 * imports host values or the reverse, a sealed dependency used elsewhere, and a file that outgrew the wall.
 */
import { dirname, join, relative } from "node:path";

const MAX_LINES = 400;

/** Importable from everywhere; they import nothing but each other. */
const LEAVES: readonly string[] = ["errors", "limits", "base"];

/** Each layer may import itself, the leaves and what is listed. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  main: ["cli", "apps", "config", "artifacts"],
  cli: ["testing", "supervisor", "runtime", "ingress", "admin", "apps", "config", "observe", "artifacts", "isolate"],
  testing: ["runtime", "ingress", "apps", "config", "web", "isolate", "observe", "artifacts"],
  supervisor: ["runtime", "ingress", "admin", "apps", "config", "observe", "artifacts"],
  library: ["runtime", "apps", "config", "observe", "artifacts", "ingress", "isolate"],
  runtime: ["ingress", "admin", "apps", "config", "bindings", "web", "isolate", "observe", "artifacts"],
  artifacts: ["isolate"],
  ingress: ["apps", "observe"],
  admin: ["apps", "config", "observe"],
  apps: ["config", "bindings", "web", "isolate", "observe"],
  config: ["bindings", "observe"],
  bindings: ["web", "isolate"],
  web: ["isolate", "observe"],
  isolate: ["observe"],
  observe: [],
};

/** What only the named places may touch. */
const SEALED: readonly (readonly [what: RegExp, where: RegExp])[] = [
  [/from "(quickjs-emscripten|@jitl\/)/, /^isolate\/engine/],
  [/from "@noble\//, /^web\/crypto\/host\/curve448\.ts$/],
  [/\bprocess\.env\b|\bBun\.env\b/, /^config\/environment\.ts$/],
  [/\bprocess\.exit\b/, /^main\.ts$/],
  [/\bBun\.serve\b/, /^(ingress|admin)\/listener\.ts$/],
];

const isGuest = (file: string) => /(^|\/)guest(\.ts$|\/)/.test(file);
const layerOf = (file: string) => (file.split("/")[0] ?? "").replace(/\.ts$/, "");
const withoutComments = (source: string) => source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");

/** Faults of the tree under `root`, one sentence each. */
export async function checkLayers(root: string): Promise<string[]> {
  const faults: string[] = [];
  const values = new Map<string, readonly string[]>();
  const transpiler = new Bun.Transpiler({ loader: "ts" });
  for (const file of [...new Bun.Glob("**/*.ts").scanSync(root)].sort()) {
    const source = await Bun.file(join(root, file)).text();
    const lines = source.split("\n").length - 1;
    if (lines > MAX_LINES) faults.push(`${file}: ${lines} lines (the wall is ${MAX_LINES})`);
    for (const [what, where] of SEALED) if (what.test(withoutComments(source)) && !where.test(file)) faults.push(`${file}: uses ${what.source}, sealed to ${where.source}`);
    const targets = (specifiers: readonly string[]) => specifiers.filter((s) => s.startsWith(".")).map((s) => relative(root, join(root, dirname(file), s)));
    const all = targets([...source.matchAll(/from "(\.[^"]+)"/g)].map((match) => match[1] as string)).filter((target) => target.endsWith(".ts"));
    const byValue = targets(transpiler.scanImports(source).map((found) => found.path)).filter((target) => target.endsWith(".ts"));
    values.set(file, byValue);
    faults.push(...layerFaults(file, all), ...boundaryFaults(file, byValue));
  }
  return [...faults, ...cycles(values)];
}

function layerFaults(file: string, targets: readonly string[]): string[] {
  const from = layerOf(file);
  const allowed = LEAVES.includes(from) ? LEAVES : [from, ...LEAVES, ...(MAY_IMPORT[from] ?? [])];
  if (!LEAVES.includes(from) && MAY_IMPORT[from] === undefined) return [`${file}: ${from} is no layer`];
  return targets.filter((target) => !allowed.includes(layerOf(target))).map((target) => `${file}: ${from} may not import ${layerOf(target)} (${target})`);
}

/** Neutral files (contracts such as `ops.ts`) may be imported by both sides; host files and guest files never by value across. */
function boundaryFaults(file: string, byValue: readonly string[]): string[] {
  const isNeutral = (target: string) => /(^|\/)(ops|core-ops|op|wire|lazy-rooms)\.ts$/.test(target);
  if (isGuest(file)) return byValue.filter((target) => !isGuest(target) && !isNeutral(target)).map((target) => `${file}: guest code imports host value ${target}`);
  return byValue.filter(isGuest).map((target) => `${file}: host code imports guest value ${target}`);
}

function cycles(values: ReadonlyMap<string, readonly string[]>): string[] {
  const faults: string[] = [];
  const state = new Map<string, "open" | "done">();
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open") {
      faults.push(`cycle: ${[...path.slice(path.indexOf(file)), file].join(" -> ")}`);
      return;
    }
    state.set(file, "open");
    for (const next of values.get(file) ?? []) visit(next, [...path, file]);
    state.set(file, "done");
  };
  for (const file of values.keys()) visit(file, []);
  return faults;
}

if (import.meta.main) {
  const faults = await checkLayers(process.argv[2] ?? "src");
  for (const fault of faults) console.error(fault);
  console.log(`${faults.length} faults`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
