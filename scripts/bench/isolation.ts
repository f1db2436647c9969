/** What `isolation: "request"`, a fresh isolate for every request, costs beside the default, in which requests share. */
import { join } from "node:path";
import { MAX_OTHERS, watch } from "./disturbance.ts";
import { type Hosting, hostInNano } from "./hosting.ts";
import { answersOf, failuresOf, runLoad } from "./load/load.ts";
import { ROOT, WORK } from "./peers.ts";
import type { Report } from "./results.ts";
import { median } from "./statistics.ts";

const CONNECTIONS = 32;
const WARM_UP_SECONDS = 2;
const TRIES = 3;
const LEAST_PER_SECOND = 5_000;
const APPS = [
  { app: "hello", about: "a fixed text", file: join(WORK, "isolation-hello.js"), path: "/" },
  { app: "hono", about: "Hono with JSX, 54 KB", file: join(ROOT, "tests/e2e/apps/hono.tsx"), path: "/" },
] as const;
const MODES = ["app", "request"] as const;
const HELLO = 'export default { fetch: () => new Response("Hello") };\n';

interface Round {
  readonly app: string;
  readonly isolation: (typeof MODES)[number];
  readonly perSecond: number;
  readonly cpuMicros: number;
  readonly p50: number;
  readonly p99: number;
  readonly failures: number;
  readonly others: number;
}

/** Null without dist/nano. */
export async function isolation(rounds: number, seconds: number): Promise<Report | null> {
  await Bun.write(APPS[0].file, HELLO);
  const started = await hostInNano({ label: "isolation", apps: APPS.flatMap(({ app, file }) => MODES.map((mode) => ({ name: `${app}-${mode}`, file, settings: { isolation: mode } }))) });
  if (started === null) return null;
  await using hosting = started;
  const measured: Round[] = [];
  for (const { app, path } of APPS)
    for (const mode of MODES) await load(hosting, `${app}-${mode}`, path, WARM_UP_SECONDS);
  for (let round = 0; round < rounds; round++)
    for (const { app, path } of APPS)
      for (const mode of MODES) {
        const result = await undisturbed(hosting, app, mode, path, seconds);
        measured.push(result);
        console.log(`${app.padEnd(6)} ${mode.padEnd(8)} ${Math.round(result.perSecond)} requests/s, ${result.cpuMicros.toFixed(1)} µs of CPU each, p99 ${result.p99.toFixed(2)} ms, ${result.failures} failures`);
      }
  const of = (app: string, mode: string, key: "perSecond" | "cpuMicros" | "p50" | "p99" | "failures") => median(measured.filter((one) => one.app === app && one.isolation === mode).map((one) => one[key]));
  const perSecond = of("hello", "request", "perSecond");
  return {
    name: "isolation",
    tables: [
      {
        title: "A fresh isolate for every request",
        about: `The same app with \`isolation\` "app", the default, and "request", on one core, ${CONNECTIONS} connections; medians of ${rounds} rounds of ${seconds} s.`,
        columns: ["app", "isolation", "requests/s", "CPU µs per request", "p50 ms", "p99 ms", "failures"],
        rows: APPS.flatMap(({ app, about }) => MODES.map((mode) => [`${app} (${about})`, mode, Math.round(of(app, mode, "perSecond")), of(app, mode, "cpuMicros"), of(app, mode, "p50"), of(app, mode, "p99"), of(app, mode, "failures")])),
        aims: [{ aim: `isolation per request: at least ${LEAST_PER_SECOND} requests/s on one core for hello`, measured: `${Math.round(perSecond)} requests/s`, isMet: perSecond >= LEAST_PER_SECOND }],
      },
    ],
    raw: measured,
  };
}

const load = ({ addressOf }: Hosting, name: string, path: string, seconds: number) => runLoad({ ...addressOf(name), requests: [{ path }], connections: CONNECTIONS, seconds });

/** Of several tries the one that others disturbed least. */
async function undisturbed(hosting: Hosting, app: string, mode: Round["isolation"], path: string, seconds: number): Promise<Round> {
  let best: Round | null = null;
  for (let i = 0; i < TRIES && (best === null || best.others > MAX_OTHERS); i++) {
    const { results: [result], cpuSeconds, others } = await watch(hosting.server, async () => [await load(hosting, `${app}-${mode}`, path, seconds)] as const);
    const round: Round = { app, isolation: mode, perSecond: result.perSecond, cpuMicros: (cpuSeconds * 1e6) / Math.max(1, answersOf(result)), p50: result.p50, p99: result.p99, failures: failuresOf(result), others };
    if (best === null || round.others < best.others) best = round;
  }
  return best as Round;
}
