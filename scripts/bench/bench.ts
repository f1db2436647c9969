/** `bun scripts/bench/bench.ts [throughput] [probes] [neighbours] [apps]`: all of them unless named. `--quick` for shorter rounds. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { apps } from "./apps.ts";
import { neighbours } from "./neighbours.ts";
import { ROOT } from "./peers.ts";
import { probes } from "./probes.ts";
import { throughput } from "./throughput.ts";

const isQuick = process.argv.includes("--quick");
const BENCHMARKS: Readonly<Record<string, () => Promise<void>>> = {
  throughput: () => throughput(isQuick ? 1 : 3, isQuick ? 2 : 4),
  probes: () => probes(isQuick ? 3 : 6),
  neighbours: () => neighbours(isQuick ? 4 : 30),
  apps: () => apps(isQuick ? 100 : 1000),
};

const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const unknown = wanted.filter((name) => BENCHMARKS[name] === undefined);
if (unknown.length > 0) {
  console.error(`unknown benchmark ${unknown.join(", ")}; there are: ${Object.keys(BENCHMARKS).join(", ")}`);
  process.exit(2);
}
if (!existsSync(join(ROOT, "dist", "nano"))) {
  console.error("dist/nano is not there: build it first with npm run build");
  process.exit(1);
}
for (const [name, run] of Object.entries(BENCHMARKS)) if (wanted.length === 0 || wanted.includes(name)) await run();
process.exit(0);
