/** One spinning, backtracking, queueing or hoarding app: what its neighbour in the same server notices, in nano and in self-hosted workerd. */
import { join } from "node:path";
import { type Pair, startNanoPair, startWorkerdPair } from "./pair.ts";
import { ROOT } from "./peers.ts";
import { saveResult, type Table } from "./results.ts";
import { runLoad } from "./throughput.ts";

const PROBES = [
  { path: "/spin", what: "for(;;)" },
  { path: "/redos", what: "regular expression" },
  { path: "/microtasks", what: "microtask loop" },
  { path: "/memory", what: "memory bomb" },
] as const;
const APPS = join(ROOT, "scripts", "bench", "apps", "probes");
/** Nobody's machine has to be filled to learn that nothing stops it. */
const MAX_RSS_BYTES = 3 * 2 ** 30;
const RATE = 200;

interface Outcome {
  readonly probe: string;
  readonly runtime: string;
  readonly answered: number;
  readonly errors: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly answerToEvil: string;
  readonly isAlive: boolean;
  readonly peakRssMb: number;
}

async function probe(pair: Pair, path: string, what: string, seconds: number): Promise<Outcome> {
  const { server, good, evil } = pair;
  let peak = 0;
  const guard = setInterval(() => {
    const rss = server.rssBytes();
    peak = Math.max(peak, rss);
    if (rss > MAX_RSS_BYTES) void server.stop();
  }, 50);
  const attack = fetch(`http://127.0.0.1:${evil.port}${path}`, { headers: { host: evil.host }, signal: AbortSignal.timeout(seconds * 1000) }).then(
    (response) => `${response.status} ${response.headers.get("x-nano-error") ?? ""}`.trim(),
    () => "no answer",
  );
  const { requests, errors, p50, p99, max } = await runLoad({ ...good, path: "/", connections: 8, seconds, rate: RATE });
  const answerToEvil = await attack;
  clearInterval(guard);
  return { probe: what, runtime: server.name, answered: requests, errors: errors + Math.max(0, Math.round(RATE * seconds * 0.9) - requests), p50, p99, max, answerToEvil, isAlive: server.isAlive(), peakRssMb: peak / 2 ** 20 };
}

export async function probes(seconds: number): Promise<void> {
  const outcomes: Outcome[] = [];
  for (const { path, what } of PROBES)
    for (const start of [startNanoPair, startWorkerdPair]) {
      const pair = await start(join(APPS, "evil.js"), join(APPS, "good.js"), "probes");
      if (pair === null) continue;
      await runLoad({ ...pair.good, path: "/", connections: 8, seconds: 1 });
      const outcome = await probe(pair, path, what, seconds);
      await pair.server.stop();
      outcomes.push(outcome);
      console.log(`${what.padEnd(20)} ${outcome.runtime.padEnd(8)} evil: ${outcome.answerToEvil}; neighbour: ${outcome.answered} answers, ${outcome.errors} missing, p99 ${outcome.p99.toFixed(2)} ms`);
    }
  await saveResult("probes", [tableOf(outcomes, seconds)], outcomes);
}

function tableOf(outcomes: readonly Outcome[], seconds: number): Table {
  const nano = outcomes.filter(({ runtime }) => runtime === "nano");
  const missing = nano.reduce((sum, { errors }) => sum + errors, 0);
  return {
    title: "Four probes",
    about: `One request to the evil app, then ${RATE} requests/s to its neighbour in the same process for ${seconds} s. "missing" counts errors and answers that did not come in time.`,
    columns: ["probe", "runtime", "evil is told", "neighbour answers", "missing", "p50 ms", "p99 ms", "longest ms", "process", "peak RSS MB"],
    rows: outcomes.map((o) => [o.probe, o.runtime, o.answerToEvil, o.answered, o.errors, o.p50, o.p99, o.max, o.isAlive ? "lives" : "ended", o.peakRssMb]),
    aims: [{ aim: "no answer to the neighbour is lost in nano", measured: `${missing} missing`, isMet: missing === 0 }],
  };
}
