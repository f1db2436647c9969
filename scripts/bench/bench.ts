/**
 * `bun scripts/bench/bench.ts [throughput] [startup] [density] [probes] [neighbours] [workers] [spinners] [isolation] [activation] [reload] [dev]`: all of them unless named, about 15 minutes. `--quick` runs
 * each briefly and keeps nothing; `page` only writes docs/benchmarks.md again. Linux only: processes are watched through /proc.
 */
import { activation } from "./activation.ts";
import { isPinned, leaveServerCore } from "./cores.ts";
import { density } from "./density.ts";
import { dev } from "./dev.ts";
import { isolation } from "./isolation.ts";
import { neighbours } from "./neighbours.ts";
import { renderTable, writePage } from "./page.ts";
import { probes } from "./probes.ts";
import { type Report, saveResult } from "./results.ts";
import { reload } from "./reload.ts";
import { spinners } from "./spinners.ts";
import { startup } from "./startup.ts";
import { throughput } from "./throughput.ts";
import { workers } from "./workers.ts";

const BENCHMARKS: Readonly<Record<string, (isQuick: boolean) => Promise<Report | null>>> = {
  throughput: (isQuick) => (isQuick ? throughput(1, 1) : throughput(3, 4)),
  startup: (isQuick) => startup(isQuick ? 1 : 7),
  density: (isQuick) => (isQuick ? density([10, 100], 100, 100) : density([10, 100, 1_000, 10_000], 1_000, 1_000)),
  probes: (isQuick) => probes(isQuick ? 2 : 6),
  neighbours: (isQuick) => neighbours(isQuick ? 2 : 30),
  spinners: (isQuick) => spinners(isQuick ? 2 : 10),
  activation: (isQuick) => (isQuick ? activation(30, 3) : activation(300, 20)),
  reload: (isQuick) => reload(isQuick ? 3 : 20),
  dev: (isQuick) => (isQuick ? dev(1, 5) : dev(7, 30)),
  isolation: (isQuick) => (isQuick ? isolation(1, 2) : isolation(5, 4)),
  workers: (isQuick) => (isQuick ? workers(1, 2) : workers(5, 4)),
};
const EXIT = { ok: 0, failure: 1, usage: 2 } as const;

async function main(args: readonly string[]): Promise<number> {
  const isQuick = args.includes("--quick");
  const wanted = args.filter((argument) => argument !== "--quick");
  const names = Object.keys(BENCHMARKS);
  const unknown = wanted.filter((name) => !names.includes(name) && name !== "page");
  if (unknown.length > 0) {
    console.error(`unknown: ${unknown.join(", ")}; there are ${names.join(", ")}, page, and --quick`);
    return EXIT.usage;
  }
  if (process.platform !== "linux") {
    console.error("the benchmarks need /proc: run them on Linux");
    return EXIT.failure;
  }
  leaveServerCore();
  if (!isPinned) console.log("one core, or no taskset: server and load are not kept apart, figures are rough");
  for (const name of names) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    console.log(`\n── ${name} ──`);
    const report = await BENCHMARKS[name]?.(isQuick);
    if (report == null) continue;
    await saveResult(report, isQuick);
    for (const table of report.tables) console.log(`\n${renderTable(table)}`);
  }
  if (!isQuick) await writePage();
  return EXIT.ok;
}

// Servers end with this process, through its exit handlers, which a signal alone would not run.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(EXIT.failure));
process.exit(await main(process.argv.slice(2)));
