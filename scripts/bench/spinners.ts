/** One app that never stops, in three ways, on the thread that serves a neighbour: how long the neighbour's requests take, and how many it gets answered, beside one such app and beside ten. */
import { join } from "node:path";
import { type Hosting, hostInNano } from "./hosting.ts";
import { failuresOf, type LoadResult, runLoad } from "./load/load.ts";
import { ROOT, WORK } from "./peers.ts";
import type { Report } from "./results.ts";

const WAYS = { loop: "for (;;)", regexp: "a regular expression that backtracks", sort: "a sort of a sparse array" } as const;
type Way = keyof typeof WAYS;
const SPINNER = `export default { fetch(request) {
  const { pathname } = new URL(request.url);
  if (pathname === "/loop") for (;;);
  if (pathname === "/regexp") return new Response(String(/^(a+)+$/.test("a".repeat(64) + "!")));
  if (pathname === "/sort") { const list = []; list.length = 2 ** 32 - 1; for (;;) list.sort(); }
  return new Response("ok");
} };
`;
const TEN = 10;
/** Longer than the whole benchmark: what is measured is sharing, not the end of a limit. */
const LIMITS = { cpu_ms: 300_000, wall_ms: 900_000 };
const RATE = 200;
const CONNECTIONS = 16;
const WARM_UP_SECONDS = 2;
/** Until all spinners are on the thread. */
const SPIN_UP_MS = 500;
const MOST_ADDED_MS = 2;
const LEAST_SHARE = 0.75;

interface Outcome {
  readonly way: Way;
  readonly quiet: LoadResult;
  readonly besideOne: LoadResult;
  readonly quietFull: LoadResult;
  readonly besideOneFull: LoadResult;
  readonly besideTenFull: LoadResult;
}

/** Null without dist/nano. */
export async function spinners(seconds: number): Promise<Report | null> {
  const file = join(WORK, "spinner.js");
  await Bun.write(file, SPINNER);
  const outcomes: Outcome[] = [];
  for (const way of Object.keys(WAYS) as Way[]) {
    const apps = [{ name: "good", file: join(ROOT, "scripts/bench/apps/probes/good.js") }, ...Array.from({ length: TEN }, (_, i) => ({ name: `spinner-${i}`, file }))];
    const started = await hostInNano({ label: "spinners", apps, limits: LIMITS });
    if (started === null) return null;
    await using hosting = started;
    const outcome = await measure(hosting, way, seconds);
    outcomes.push(outcome);
    console.log(`${way}: p99 ${outcome.quiet.p99.toFixed(2)} → ${outcome.besideOne.p99.toFixed(2)} ms; ${Math.round(outcome.quietFull.perSecond)} → ${Math.round(outcome.besideOneFull.perSecond)} requests/s beside one, ${Math.round(outcome.besideTenFull.perSecond)} beside ten`);
  }
  const share = (part: LoadResult, whole: LoadResult) => part.perSecond / whole.perSecond;
  const percent = (value: number) => `${Math.round(value * 100)} %`;
  const worst = (of: (outcome: Outcome) => number, isHigh: boolean) => outcomes.map(of).reduce((a, b) => (isHigh ? Math.max(a, b) : Math.min(a, b)));
  const added = worst(({ quiet, besideOne }) => besideOne.p99 - quiet.p99, true);
  const one = worst(({ besideOneFull, quietFull }) => share(besideOneFull, quietFull), false);
  const ten = worst(({ besideTenFull, quietFull }) => share(besideTenFull, quietFull), false);
  const failures = outcomes.reduce((sum, outcome) => sum + failuresOf(outcome.besideOne) + failuresOf(outcome.besideOneFull) + failuresOf(outcome.besideTenFull), 0);
  return {
    name: "spinners",
    tables: [
      {
        title: "A neighbour that never stops",
        about: `nano, one core, one worker: latencies at ${RATE} requests/s to an app of one line, and what ${CONNECTIONS} connections get answered by it, ${seconds} s each, alone and while one or ${TEN} other apps burn whatever CPU they get.`,
        columns: ["beside", "p50 ms alone", "p50 ms", "p99 ms alone", "p99 ms", "longest ms", "requests/s alone", "beside one", "of alone", "beside ten", "of alone"],
        rows: outcomes.map(({ way, quiet, besideOne, quietFull, besideOneFull, besideTenFull }) => [
          WAYS[way], quiet.p50, besideOne.p50, quiet.p99, besideOne.p99, besideOne.max, Math.round(quietFull.perSecond), Math.round(besideOneFull.perSecond), percent(share(besideOneFull, quietFull)), Math.round(besideTenFull.perSecond), percent(share(besideTenFull, quietFull)),
        ]),
        aims: [
          { aim: `beside an app that never stops: p99 at most ${MOST_ADDED_MS} ms above the quiet one`, measured: `${added.toFixed(2)} ms above`, isMet: added <= MOST_ADDED_MS },
          { aim: `beside an app that never stops: at least ${percent(LEAST_SHARE)} of the quiet throughput`, measured: percent(one), isMet: one >= LEAST_SHARE },
          { aim: `beside ${TEN} apps that never stop: at least its share, ${percent(1 / (TEN + 1))}`, measured: percent(ten), isMet: ten >= 1 / (TEN + 1) },
          { aim: "beside apps that never stop: no failure", measured: String(failures), isMet: failures === 0 },
        ],
      },
    ],
    raw: outcomes,
  };
}

async function measure({ addressOf }: Hosting, way: Way, seconds: number): Promise<Outcome> {
  const good = { ...addressOf("good"), requests: [{ path: "/" }], connections: CONNECTIONS };
  const spin = async (from: number, to: number): Promise<void> => {
    for (let i = from; i < to; i++) {
      const { port, host } = addressOf(`spinner-${i}`);
      // Nobody waits for it: it has no end.
      void fetch(`http://127.0.0.1:${port}/${way}`, { headers: { host } }).catch(() => {});
    }
    await Bun.sleep(SPIN_UP_MS);
  };
  const atRate = () => runLoad({ ...good, seconds, rate: RATE });
  const full = () => runLoad({ ...good, seconds });
  await runLoad({ ...good, seconds: WARM_UP_SECONDS });
  const quiet = await atRate();
  const quietFull = await full();
  await spin(0, 1);
  const besideOne = await atRate();
  const besideOneFull = await full();
  await spin(1, TEN);
  return { way, quiet, besideOne, quietFull, besideOneFull, besideTenFull: await full() };
}
