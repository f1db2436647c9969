/** The four probes: one spinning, backtracking, queueing or hoarding app, and what its neighbour in the same server notices, in nano and in self-hosted workerd. */
import { join } from "node:path";
import { watch } from "./disturbance.ts";
import { type Hosting, type HostOptions, hostInNano, hostInWorkerd } from "./hosting.ts";
import { failuresOf, type LoadResult, runLoad } from "./load/load.ts";
import { installPeers, ROOT } from "./peers.ts";
import type { Report } from "./results.ts";

const PROBES = [
  { path: "/spin", what: "for (;;)" },
  { path: "/redos", what: "ReDoS" },
  { path: "/microtasks", what: "microtask loop" },
  { path: "/memory", what: "memory bomb" },
] as const;
const APPS = join(ROOT, "scripts/bench/apps/probes");
const LIMITS = { cpu_ms: 50, wall_ms: 2000, memory_mb: 64 };
const GOOD_RATE = 200;
const EVIL_RATE = 20;
/** Nobody's machine has to be filled to learn that nothing stops an app. */
const MAX_RSS_MB = 3072;
const GUARD_MS = 50;

interface Outcome {
  readonly probe: string;
  readonly runtime: string;
  readonly quiet: LoadResult;
  readonly attacked: LoadResult;
  readonly evil: LoadResult;
  readonly peakRssMb: number;
  /** Cores used by somebody else during the attack. */
  readonly others: number;
  /** Whether the process lives, and if not why. */
  readonly end: "lives" | "ended" | "stopped at 3 GB";
  /** What evil's and good's next requests are told. */
  readonly after: { readonly evil: string; readonly good: string };
}

export async function probes(seconds: number): Promise<Report> {
  const peers = await installPeers();
  const options: HostOptions = { label: "probes", apps: ["good", "evil"].map((name) => ({ name, file: join(APPS, `${name}.js`) })), limits: LIMITS };
  const outcomes: Outcome[] = [];
  for (const { path, what } of PROBES)
    for (const start of [() => hostInNano(options), () => hostInWorkerd(options, peers)]) {
      const hosting = await start();
      if (hosting === null) continue;
      await using _ends = hosting;
      const outcome = await probe(hosting, path, what, seconds);
      outcomes.push(outcome);
      console.log(`${what.padEnd(15)} ${outcome.runtime.padEnd(8)} evil is told ${told(outcome.evil)}; neighbour: ${failuresOf(outcome.attacked)} failures, p99 ${ms(outcome.attacked.p99)}`);
    }
  const lost = outcomes.filter(({ runtime }) => runtime === "nano").reduce((sum, { attacked }) => sum + failuresOf(attacked), 0);
  const table = {
    title: "Four probes, two runtimes",
    about: `${EVIL_RATE} hostile requests/s to one app and ${GOOD_RATE} requests/s to its neighbour in the same process, one core for both, for ${seconds} s (quiet before that: ${seconds / 2} s). nano with cpu_ms ${LIMITS.cpu_ms}, memory_mb ${LIMITS.memory_mb}; self-hosted workerd has no such limits. A failure is an error or an answer that never came. A stall is a time in which the neighbour was answered nothing at all. A process that passes 3 GB is ended.`,
    columns: ["probe", "", "nano", "workerd"],
    rows: PROBES.flatMap(({ what }) => rowsOf(what, outcomes)),
    aims: outcomes.some(({ runtime }) => runtime === "nano") ? [{ aim: "probes: nano loses no request of the neighbour", measured: `${lost} failures`, isMet: lost === 0 }] : [],
  };
  return { name: "probes", tables: [table], raw: outcomes };
}

async function probe({ server, addressOf }: Hosting, path: string, what: string, seconds: number): Promise<Outcome> {
  const good = { ...addressOf("good"), requests: [{ path: "/" }], connections: 16 };
  const evil = { ...addressOf("evil"), requests: [{ path }], connections: 64, rate: EVIL_RATE };
  await runLoad({ ...good, seconds: 1 });
  const quiet = await runLoad({ ...good, seconds: seconds / 2, rate: GOOD_RATE });
  let peakRssMb = 0;
  let isStopped = false;
  const guard = setInterval(() => {
    peakRssMb = Math.max(peakRssMb, server.rssMb);
    if (peakRssMb < MAX_RSS_MB || isStopped) return;
    isStopped = true;
    void server.stop();
  }, GUARD_MS);
  const { results: [attacked, attack], others } = await watch(server, () => Promise.all([runLoad({ ...good, seconds, rate: GOOD_RATE }), runLoad({ ...evil, seconds })]));
  clearInterval(guard);
  const after = { evil: await askOnce(evil), good: await askOnce(good) };
  return { probe: what, runtime: server.name, quiet, attacked, evil: attack, others, peakRssMb, end: isStopped ? "stopped at 3 GB" : server.isAlive ? "lives" : "ended", after };
}

async function askOnce({ port, host }: { readonly port: number; readonly host: string }): Promise<string> {
  const { answers } = await runLoad({ port, host, requests: [{ path: "/ok" }], connections: 1, seconds: 0.5, rate: 2 });
  return Object.keys(answers)[0] ?? "nothing";
}

const ms = (value: number) => (Number.isFinite(value) ? `${value.toFixed(value < 100 ? 1 : 0)} ms` : "never");
const told = ({ answers, missing }: LoadResult): string => [...Object.entries(answers).map(([answer, count]) => `${answer} (${count})`), ...(missing > 0 ? [`nothing (${missing})`] : [])].join(", ");

function rowsOf(what: string, outcomes: readonly Outcome[]): readonly (readonly string[])[] {
  const row = (label: string, cell: (outcome: Outcome) => string) => [
    what,
    label,
    ...["nano", "workerd"].map((name) => {
      const outcome = outcomes.find(({ probe: probed, runtime }) => probed === what && runtime === name);
      return outcome === undefined ? "–" : cell(outcome);
    }),
  ];
  return [
    row("evil is told", ({ evil }) => told(evil)),
    row("neighbour: failures", ({ attacked }) => `${failuresOf(attacked)} of ${(attacked.answers["200"] ?? 0) + failuresOf(attacked)}`),
    row("neighbour: p50, quiet → attacked", ({ quiet, attacked }) => `${ms(quiet.p50)} → ${ms(attacked.p50)}`),
    row("neighbour: p99, quiet → attacked", ({ quiet, attacked }) => `${ms(quiet.p99)} → ${ms(attacked.p99)}`),
    row("neighbour: longest stall", ({ attacked }) => ms(attacked.longestGapMs)),
    row("others on the cores", ({ others }) => (Number.isNaN(others) ? "–" : `${Math.round(others * 100)} %`)),
    row("process, peak RSS", ({ end, peakRssMb }) => `${end}, ${Math.round(peakRssMb)} MB`),
    row("afterwards evil / good are told", ({ after }) => `${after.evil} / ${after.good}`),
  ];
}
