/** What the supervisor costs a request, and what a second worker brings: the same app in one process, behind a supervisor with one worker, and with two. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { MAX_OTHERS, watch } from "./disturbance.ts";
import { answersOf, failuresOf, runLoad } from "./load/load.ts";
import { NANO, WORK } from "./peers.ts";
import type { Report } from "./results.ts";
import { freePort, Server } from "./server.ts";
import { median } from "./statistics.ts";

/** `/spin` takes about a millisecond: then it is the server that is measured, and not the load generator on the same cores. */
const APP = `export default { fetch(request) {
  if (request.url.endsWith("/spin")) for (let i = 0; i < 50_000; i++);
  return new Response("Hello");
} };
`;
const HOST = "bench.test";
const CONNECTIONS = 32;
const WARM_UP_SECONDS = 2;
const TRIES = 3;

interface Setup {
  readonly name: string;
  readonly workers: number;
  readonly path: string;
  readonly logLevel: "error" | "info";
  readonly hasAllCores: boolean;
}

const COST: readonly Setup[] = (["error", "info"] as const).flatMap((logLevel) =>
  [0, 1].map((workers) => ({ name: `${workers === 0 ? "one process" : "supervisor, one worker"}${logLevel === "info" ? ", request log" : ""}`, workers, path: "/", logLevel, hasAllCores: false })),
);
const SCALE: readonly Setup[] = [1, 2].map((workers) => ({ name: `${workers} worker${workers > 1 ? "s" : ""}`, workers, path: "/spin", logLevel: "error", hasAllCores: true }));

interface Round {
  readonly setup: string;
  readonly perSecond: number;
  readonly cpuMicros: number;
  readonly p99: number;
  readonly failures: number;
  readonly others: number;
}

export async function workers(rounds: number, seconds: number): Promise<Report> {
  await mkdir(WORK, { recursive: true });
  const file = join(WORK, "workers.js");
  await Bun.write(file, APP);
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round++)
    for (const setup of [...COST, ...SCALE]) {
      const result = await undisturbed(setup, file, seconds);
      measured.push(result);
      console.log(`${setup.name.padEnd(38)} ${Math.round(result.perSecond)} requests/s, ${result.cpuMicros.toFixed(1)} µs of CPU each, ${result.failures} failures${result.others > MAX_OTHERS ? `, others used ${Math.round(result.others * 100)} % of a core` : ""}`);
    }
  const of = (name: string, pick: (round: Round) => number) => median(measured.filter(({ setup }) => setup === name).map(pick));
  const row = ({ name }: Setup) => [name, Math.round(of(name, ({ perSecond }) => perSecond)), Number(of(name, ({ cpuMicros }) => cpuMicros).toFixed(1)), Number(of(name, ({ p99 }) => p99).toFixed(2)), measured.filter(({ setup }) => setup === name).reduce((sum, { failures }) => sum + failures, 0)] as const;
  const columns = ["setup", "requests/s", "CPU µs per request", "p99 ms", "failures"];
  const [alone, supervised] = COST.map(({ name }) => of(name, ({ cpuMicros }) => cpuMicros)) as [number, number];
  const [one, two] = SCALE.map(({ name }) => of(name, ({ perSecond }) => perSecond)) as [number, number];
  return {
    name: "workers",
    tables: [
      {
        title: "What the supervisor costs",
        about: "A fixed text, everything of nano on one core; CPU is that of supervisor and worker together.",
        columns,
        rows: COST.map(row),
        aims: [{ aim: "a request costs no more with the supervisor than without (within 5 %)", measured: `${alone.toFixed(1)} µs without, ${supervised.toFixed(1)} µs with`, isMet: supervised <= alone * 1.05 }],
      },
      {
        title: "A second worker",
        about: "A handler that computes for about a millisecond, on two cores, which the load generator shares.",
        columns,
        rows: SCALE.map(row),
        aims: [{ aim: "two workers serve at least 1.8 times as much as one", measured: `${(two / one).toFixed(2)} times`, isMet: two >= one * 1.8 }],
      },
    ],
    raw: measured,
  };
}

/** Of several tries the one that others disturbed least. */
async function undisturbed(setup: Setup, file: string, seconds: number): Promise<Round> {
  let best: Round | null = null;
  for (let i = 0; i < TRIES && (best === null || best.others > MAX_OTHERS); i++) {
    const result = await measure(setup, file, seconds);
    if (best === null || result.others < best.others) best = result;
  }
  return best as Round;
}

async function measure({ name, workers, path, logLevel, hasAllCores }: Setup, file: string, seconds: number): Promise<Round> {
  const port = await freePort();
  await using server = await Server.start({ name: "workers", command: [NANO, "serve", file, "--port", String(port), "--workers", String(workers), "--log-level", logLevel], port, hasAllCores });
  const load = (s: number) => runLoad({ port, host: HOST, requests: [{ path }], connections: CONNECTIONS, seconds: s });
  await load(WARM_UP_SECONDS);
  const { results: [result], cpuSeconds, others } = await watch(server, async () => [await load(seconds)] as const);
  return { setup: name, perSecond: result.perSecond, cpuMicros: (cpuSeconds * 1e6) / Math.max(1, answersOf(result)), p99: result.p99, failures: failuresOf(result), others };
}
