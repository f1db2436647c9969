/** Results as JSON, with the machine, the versions and every single round: what docs/benchmarks.md is made of. */
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { isPinned } from "./cores.ts";
import { installPeers, ROOT, versionsOf, WORK } from "./peers.ts";

export interface Aim {
  readonly aim: string;
  readonly measured: string;
  readonly isMet: boolean;
}

export interface Table {
  readonly title: string;
  /** What is measured, and how. */
  readonly about: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  readonly aims: readonly Aim[];
}

/** What a benchmark returns. */
export interface Report {
  readonly name: string;
  readonly tables: readonly Table[];
  /** Every single round, for whoever wants to judge the noise. */
  readonly raw: unknown;
}

export interface Result extends Report {
  readonly date: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGb: number; readonly kernel: string; readonly isPinned: boolean };
  readonly versions: Readonly<Record<string, string>>;
}

/** Short runs show that a benchmark works; only full ones are kept. */
export const KEPT = join(ROOT, "docs/benchmarks");
const SHORT = join(WORK, "results");

export async function saveResult(report: Report, isShort: boolean): Promise<void> {
  const [cpu] = cpus();
  const result: Result = {
    name: report.name,
    date: new Date().toISOString().slice(0, 10),
    machine: { cpu: cpu?.model ?? "unknown", cores: cpus().length, memoryGb: Math.round(totalmem() / 2 ** 30), kernel: release(), isPinned },
    versions: await versionsOf(await installPeers()),
    tables: report.tables,
    raw: report.raw,
  };
  // Infinity becomes null: what never came. Three digits after the point are more than the clock is worth.
  const round = (_key: string, value: unknown) => (typeof value === "number" ? Math.round(value * 1000) / 1000 : value);
  await Bun.write(join(isShort ? SHORT : KEPT, `${report.name}.json`), `${JSON.stringify(result, round, 1)}\n`);
}
