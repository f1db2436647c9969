/** Requests per second, latency and CPU per request of the same app in every runtime, in rounds that take turns, so that noise hits everyone. */
import { MAX_OTHERS, watch } from "./disturbance.ts";
import { answersOf, failuresOf, type LoadRequest, type LoadResult, runLoad } from "./load/load.ts";
import { installPeers } from "./peers.ts";
import type { Aim, Report, Table } from "./results.ts";
import { BARE, HONO, OWN, OWN_LOGGING, type Running, runtimes, startRuntime, WORKERD } from "./runtimes.ts";
import { median } from "./statistics.ts";

const HEADERS = { "user-agent": "bench/1", accept: "*/*" };

interface Case {
  readonly name: string;
  readonly about: string;
  readonly request: LoadRequest;
  /** What every runtime has to answer before it is measured. */
  isRight(body: string): boolean;
}

/** An order of `length` items, 40 bytes each, that comes back with its sum. */
function jsonCase(name: string, length: number): Case {
  const order = { title: "order", items: Array.from({ length }, (_, i) => ({ id: i, name: `item ${i}`, value: i * 3 })) };
  const answer = JSON.stringify({ ...order, count: length, sum: order.items.reduce((sum, { value }) => sum + value, 0) });
  return {
    name,
    about: "A body parsed, summed and written out again with the sum.",
    request: { path: "/json", method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(order) },
    isRight: (body) => body === answer,
  };
}

const CASES: readonly Case[] = [
  { name: "hello", about: "A fixed text.", request: { path: "/hello" }, isRight: (body) => body === "Hello" },
  jsonCase("JSON 1 KB", 27),
  jsonCase("JSON 10 KB", 270),
  { name: "header+path", about: "One header field and a part of the path, cut out of `request.url`, in the answer.", request: { path: "/head/4711", headers: HEADERS }, isRight: (body) => body === "bench/1 4711" },
  { name: "header+URL", about: "The same, with the path out of `new URL(request.url)`.", request: { path: "/url/4711", headers: HEADERS }, isRight: (body) => body === "bench/1 4711" },
  { name: "1 MB stream", about: "A ReadableStream that is pulled 16 times for 64 KB.", request: { path: "/stream" }, isRight: (body) => body === "x".repeat(2 ** 20) },
];
const CONNECTIONS = 32;
const WARM_UP_SECONDS = 2;
const TRIES = 3;

interface Round extends LoadResult {
  readonly runtime: string;
  readonly test: string;
  readonly failures: number;
  readonly cpuMicros: number;
  readonly rssMb: number;
  /** Cores used by anything but server and generator. */
  readonly others: number;
}

export async function throughput(rounds: number, seconds: number): Promise<Report> {
  const peers = await installPeers();
  const running: Running[] = [];
  const measured: Round[] = [];
  try {
    for (const runtime of runtimes) {
      const started = await startRuntime(runtime, peers);
      if (started !== null) running.push(started);
    }
    for (const test of CASES) {
      // What a line per request costs is the same for every app: the cheapest shows it best.
      const rows = running.filter(({ name }) => name !== OWN_LOGGING || test.name === "hello");
      for (const row of rows) await checkAnswer(row, test);
      for (const row of rows) await runLoad(loadOf(row, test, WARM_UP_SECONDS));
      for (let round = 0; round < rounds; round++)
        for (const row of rows) {
          const result = await undisturbedRound(row, test, seconds);
          measured.push(result);
          console.log(`${test.name.padEnd(12)} ${row.name.padEnd(18)} ${Math.round(result.perSecond)} requests/s, p99 ${result.p99.toFixed(2)} ms, ${result.failures} failures${result.others > MAX_OTHERS ? `, others used ${Math.round(result.others * 100)} % of a core` : ""}`);
        }
    }
  } finally {
    for (const { server } of running) await server.stop();
  }
  return { name: "throughput", tables: CASES.map((test) => tableOf(test, measured, rounds, seconds)), raw: measured };
}

const loadOf = ({ port }: Running, { request }: Case, seconds: number) => ({ port, host: "localhost", requests: [request], connections: CONNECTIONS, seconds });

async function checkAnswer({ name, port }: Running, { name: test, request, isRight }: Case): Promise<void> {
  const { path, method = "GET", headers = {}, body } = request;
  const response = await fetch(`http://localhost:${port}${path}`, { method, headers, ...(body === undefined ? {} : { body }), signal: AbortSignal.timeout(10_000) });
  const text = await response.text();
  if (!isRight(text)) throw new Error(`${name} answers ${test} wrongly: ${response.status} ${text.slice(0, 200)}`);
}

/** The least disturbed of at most TRIES rounds. */
async function undisturbedRound(row: Running, test: Case, seconds: number): Promise<Round> {
  let best: Round | undefined;
  for (let tries = 0; tries < TRIES && (best === undefined || best.others > MAX_OTHERS); tries++) {
    const result = await measureRound(row, test, seconds);
    if (best === undefined || result.others < best.others) best = result;
  }
  return best as Round;
}

async function measureRound(row: Running, test: Case, seconds: number): Promise<Round> {
  const { server, name: runtime } = row;
  const { results: [result], cpuSeconds, others } = await watch(server, async () => [await runLoad(loadOf(row, test, seconds))] as const);
  return { runtime, test: test.name, ...result, failures: failuresOf(result), cpuMicros: (cpuSeconds * 1e6) / answersOf(result), rssMb: server.rssMb, others };
}

function tableOf({ name: test, about }: Case, measured: readonly Round[], rounds: number, seconds: number): Table {
  const roundsOf = (runtime: string) => measured.filter((round) => round.runtime === runtime && round.test === test);
  const middle = (runtime: string, key: "perSecond" | "p50" | "p99" | "cpuMicros" | "rssMb" | "failures" | "others") => median(roundsOf(runtime).map((round) => round[key]));
  const share = (runtime: string, other: string) => middle(runtime, "perSecond") / middle(other, "perSecond");
  const percent = (value: number) => (Number.isNaN(value) ? "–" : `${Math.round(value * 100)} %`);
  const byCpu = (other: string) => middle(other, "cpuMicros") / middle(OWN, "cpuMicros");
  const isDisturbed = (other: string) => Math.max(middle(OWN, "others"), middle(other, "others")) > MAX_OTHERS;
  const aim = (text: string, other: string, least: number): Aim => ({
    aim: text,
    measured: `${percent(share(OWN, other))}; by CPU per request ${percent(byCpu(other))}${isDisturbed(other) ? "; others were using the cores: measure again" : ""}`,
    // Noise may flatter as well as harm: a disturbed run shows nothing.
    isMet: share(OWN, other) >= least && !isDisturbed(other),
  });
  const aims: Readonly<Record<string, readonly Aim[]>> = {
    hello: [aim(`${test}: nano at least 300 % of workerd`, WORKERD, 3), aim(`${test}: nano at least 30 % of bare Bun.serve`, BARE, 0.3)],
    "header+path": [aim(`${test}: nano at least 20 % of bare Bun.serve`, BARE, 0.2)],
    "JSON 10 KB": [aim(`${test}: nano at least as ${HONO}`, HONO, 1)],
    "1 MB stream": [aim(`${test}: nano at least as workerd`, WORKERD, 1)],
  };
  return {
    title: test,
    about: `${about} ${CONNECTIONS} connections; medians of ${rounds} rounds of ${seconds} s.`,
    columns: ["runtime", "requests/s", "of bare Bun.serve", "p50 ms", "p99 ms", "CPU µs/request", "RSS MB", "failures", "others on the cores"],
    rows: runtimes
      .map(({ name }) => name)
      .filter((name) => roundsOf(name).length > 0)
      .map((name) => [name, middle(name, "perSecond"), percent(share(name, BARE)), middle(name, "p50"), middle(name, "p99"), middle(name, "cpuMicros"), middle(name, "rssMb"), middle(name, "failures"), percent(middle(name, "others"))]),
    aims: roundsOf(OWN).length > 0 ? (aims[test] ?? []) : [],
  };
}
