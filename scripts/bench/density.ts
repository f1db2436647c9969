/** What apps weigh: 10 to 10,000 in one server, before and after each has answered, at rest, and once their isolates have gone; and what is left of 1,000 that come and go. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type HostedApp, type Hosting, hostInNano, hostInWorkerd } from "./hosting.ts";
import { installPeers, WORK } from "./peers.ts";
import type { Report, Table } from "./results.ts";
import type { Server } from "./server.ts";
import { median, quantile } from "./statistics.ts";

const source = (i: number) => `export default { async fetch(request) { return new Response("app ${i} at " + request.url); } };\n`;
const START_TIMEOUT_MS = 120_000;
const ANSWER_TIMEOUT_MS = 10_000;
/** What a server gets to settle once it listens: nano measures what the machine can do for some seconds. */
const SETTLE_MS = 8_000;
/** nano puts isolates to rest after a second or two, a few at a time. */
const REST_MS = 6_000;
/** Longer than all answers of a thousand apps take. */
const IDLE_MS = 30_000;
/** The engine collects garbage some time after isolates have gone. */
const GONE_MS = 10_000;

type Memory = Server["memory"];
type Stage = "started" | "answered" | "resting" | "gone";

interface Round {
  readonly runtime: string;
  readonly apps: number;
  readonly listeningMs: number;
  readonly memory: Readonly<Partial<Record<Stage, Memory>>>;
  readonly firstP50Ms: number;
  readonly firstP99Ms: number;
  readonly againP50Ms: number;
  readonly againP99Ms: number;
  readonly wrong: number;
}

export async function density(counts: readonly number[], mostInWorkerd: number, cycles: number): Promise<Report> {
  const folder = join(WORK, "density");
  await mkdir(folder, { recursive: true });
  const all = await Promise.all(
    Array.from({ length: Math.max(...counts, cycles) }, async (_, i) => {
      const app = { name: `app-${i}`, file: join(folder, `app-${i}.js`) };
      await Bun.write(app.file, source(i));
      return app;
    }),
  );
  const peers = await installPeers();
  const measured: Round[] = [];
  for (const count of counts) {
    const options = { label: "density", apps: all.slice(0, count), timeoutMs: START_TIMEOUT_MS };
    const nano = await hostInNano({ ...options, serverLimits: { idle_isolate_ms: IDLE_MS } });
    if (nano !== null) measured.push(await measure(nano, options.apps, true));
    const workerd = count <= mostInWorkerd ? await hostInWorkerd(options, peers) : null;
    if (workerd !== null) measured.push(await measure(workerd, options.apps, false));
  }
  const returned = await comeAndGo(all.slice(0, cycles));
  return { name: "density", tables: [weights(measured), ...(returned === null ? [] : [returned.table])], raw: { measured, returned: returned?.raw ?? null } };
}

async function measure(hosting: Hosting, apps: readonly HostedApp[], hasIdle: boolean): Promise<Round> {
  await using server = hosting;
  const { name: runtime, listeningMs } = server.server;
  const memory: Partial<Record<Stage, Memory>> = {};
  const look = async (stage: Stage, afterMs: number) => {
    await Bun.sleep(afterMs);
    memory[stage] = server.server.memory;
  };
  await look("started", SETTLE_MS);
  const first = await askAll(server, apps);
  await look("answered", 0);
  let again = first;
  if (hasIdle) {
    await look("resting", REST_MS);
    await look("gone", IDLE_MS + GONE_MS);
    again = await askAll(server, apps);
  }
  const round: Round = { runtime, apps: apps.length, listeningMs, memory, firstP50Ms: first.p50, firstP99Ms: first.p99, againP50Ms: again.p50, againP99Ms: again.p99, wrong: first.wrong + again.wrong };
  const mb = (stage: Stage) => `${Math.round(memory[stage]?.rssMb ?? 0)} MB (PSS ${Math.round(memory[stage]?.pssMb ?? 0)})`;
  console.log(`${runtime}, ${apps.length} apps: ${mb("started")}, answered ${mb("answered")}, at rest ${mb("resting")}, gone ${mb("gone")}; first answers p50 ${first.p50.toFixed(2)} ms, again ${again.p50.toFixed(2)} ms; ${round.wrong} wrong`);
  return round;
}

async function askAll({ addressOf }: Hosting, apps: readonly HostedApp[]): Promise<{ readonly p50: number; readonly p99: number; readonly wrong: number }> {
  const latencies: number[] = [];
  let wrong = 0;
  for (const [i, { name }] of apps.entries()) {
    const { port, host } = addressOf(name);
    const before = performance.now();
    const text = await fetch(`http://127.0.0.1:${port}/x`, { headers: { host }, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) }).then(
      (response) => response.text(),
      (error: Error) => error.message,
    );
    latencies.push(performance.now() - before);
    if (!text.startsWith(`app ${i} at `)) wrong++;
  }
  latencies.sort((a, b) => a - b);
  return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), wrong };
}

function weights(measured: readonly Round[]): Table {
  const mb = (memory: Memory | undefined, pick: (memory: Memory) => number) => (memory === undefined ? "–" : Math.round(pick(memory)));
  const rss = ({ rssMb }: Memory) => rssMb;
  const pss = ({ pssMb }: Memory) => pssMb;
  const perApp = ({ memory, apps }: Round, stage: Stage) => ((memory[stage]?.pssMb ?? Number.NaN) - (memory.started?.pssMb ?? Number.NaN)) * (1024 / apps);
  const nano = (apps: number) => measured.find((round) => round.runtime === "nano" && round.apps === apps);
  const thousand = nano(1_000);
  const wrong = measured.filter(({ runtime }) => runtime === "nano").reduce((sum, round) => sum + round.wrong, 0);
  const slowest = measured.reduce((longest, { runtime, listeningMs }) => (runtime === "nano" ? Math.max(longest, listeningMs) : longest), 0);
  const most = measured.reduce((largest, { apps }) => Math.max(largest, apps), 0);
  return {
    title: "What apps weigh",
    about:
      "Every app is one line in a file of its own, asked once over one connection. RSS counts a page once for each isolate that has it mapped, PSS once; both are sums over all processes, supervisor and workers. " +
      `At rest: ${REST_MS / 1000} s later. Gone: idle isolates have been dropped. Per app: PSS beyond that of the server before the first request. Page tables are the kernel's and in neither. workerd loads all apps before it listens.`,
    columns: ["runtime", "apps", "listening ms", "RSS MB", "PSS MB", "answered: RSS", "PSS", "page tables", "at rest: RSS", "PSS", "KB per app", "gone: RSS", "PSS", "KB per app", "first answer p50 ms", "p99", "without isolate p50 ms", "p99", "wrong"],
    rows: measured.map((round) => {
      const { runtime, apps, listeningMs, memory } = round;
      const hasIdle = memory.gone !== undefined;
      const cells = [mb(memory.started, rss), mb(memory.started, pss), mb(memory.answered, rss), mb(memory.answered, pss), mb(memory.answered, ({ tablesMb }) => tablesMb), mb(memory.resting, rss), mb(memory.resting, pss), hasIdle ? Math.round(perApp(round, "resting")) : "–", mb(memory.gone, rss), mb(memory.gone, pss), hasIdle ? Math.round(perApp(round, "gone")) : "–"];
      return [runtime, apps, Math.round(listeningMs), ...cells, round.firstP50Ms, round.firstP99Ms, hasIdle ? round.againP50Ms : "–", hasIdle ? round.againP99Ms : "–", round.wrong];
    }),
    aims: [
      ...(thousand === undefined
        ? []
        : [
            { aim: "1,000 apps, each answered once: at most 700 MB RSS in all", measured: `${mb(thousand.memory.answered, rss)} MB`, isMet: (thousand.memory.answered?.rssMb ?? Number.POSITIVE_INFINITY) <= 700 },
            { aim: "an idle isolate with its app: at most 150 KB", measured: `${Math.round(perApp(thousand, "resting"))} KB`, isMet: perApp(thousand, "resting") <= 150 },
            { aim: "an app without isolates: at most 350 KB", measured: `${Math.round(perApp(thousand, "gone"))} KB`, isMet: perApp(thousand, "gone") <= 350 },
          ]),
      { aim: "listening in under 300 ms, whatever the number of apps", measured: `${Math.round(slowest)} ms`, isMet: slowest < 300 },
      { aim: `every one of ${most} apps answers`, measured: `${wrong} wrong answers`, isMet: wrong === 0 },
    ],
  };
}

/** Rounds in which the isolates of all apps come, answer and go. */
async function comeAndGo(apps: readonly HostedApp[]): Promise<{ readonly table: Table; readonly raw: unknown } | null> {
  const started = await hostInNano({ label: "come-and-go", apps, serverLimits: { idle_isolate_ms: 1_000 }, timeoutMs: START_TIMEOUT_MS });
  if (started === null) return null;
  await using hosting = started;
  const rounds: Memory[] = [];
  const GONE = 25_000;
  // Loaded, and dropped again: what comes after is the isolates' alone.
  for (let round = 0; round < 3; round++) {
    await askAll(hosting, apps);
    await Bun.sleep(GONE);
    rounds.push(hosting.server.memory);
    console.log(`come and go, round ${round}: ${Math.round(hosting.server.memory.rssMb)} MB`);
  }
  const [before, ...after] = rounds.map(({ rssMb }) => rssMb);
  const grown = median(after) - (before ?? Number.NaN);
  const table: Table = {
    title: "What is left of isolates that are gone",
    about: `${apps.length} apps answer and lose their isolates after a second; ${GONE / 1000} s after each round.`,
    columns: ["round", "RSS MB", "PSS MB", "page tables MB"],
    rows: rounds.map(({ rssMb, pssMb, tablesMb }, i) => [String(i + 1), Number(rssMb.toFixed(1)), Number(pssMb.toFixed(1)), Number(tablesMb.toFixed(1))]),
    aims: [{ aim: `${apps.length} isolates that come and go: RSS returns to within 16 MB`, measured: `${grown.toFixed(1)} MB more`, isMet: grown <= 16 }],
  };
  return { table, raw: rounds };
}
