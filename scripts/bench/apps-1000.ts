/** Many apps in one server: how long until it listens, until every host has answered once, and what it weighs. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type HostedApp, type Hosting, hostInNano, hostInWorkerd } from "./hosting.ts";
import { installPeers, WORK } from "./peers.ts";
import type { Report } from "./results.ts";
import { median, quantile } from "./statistics.ts";

const source = (i: number) => `export default { async fetch(request) { return new Response("app ${i} at " + request.url); } };\n`;
const START_TIMEOUT_MS = 60_000;
const ANSWER_TIMEOUT_MS = 10_000;

interface Round {
  readonly runtime: string;
  readonly listeningMs: number;
  readonly listeningRssMb: number;
  /** Of the first app that was asked, from the start of the process. */
  readonly firstAnswerMs: number;
  readonly allAnsweredMs: number;
  readonly answeredRssMb: number;
  readonly firstP50Ms: number;
  readonly firstP99Ms: number;
  readonly wrong: number;
}

export async function apps1000(count: number, rounds: number): Promise<Report> {
  const folder = join(WORK, "apps");
  await mkdir(folder, { recursive: true });
  const apps = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const app = { name: `app-${i}`, file: join(folder, `app-${i}.js`) };
      await Bun.write(app.file, source(i));
      return app;
    }),
  );
  const peers = await installPeers();
  const options = { label: "apps", apps, timeoutMs: START_TIMEOUT_MS };
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round++)
    for (const start of [() => hostInNano(options), () => hostInWorkerd(options, peers)]) {
      const hosting = await start();
      if (hosting === null) continue;
      await using _ends = hosting;
      const result = await askAll(hosting, apps);
      measured.push(result);
      console.log(`${result.runtime}: ${count} apps, listening after ${Math.round(result.listeningMs)} ms, first answer after ${Math.round(result.firstAnswerMs)} ms, all after ${Math.round(result.allAnsweredMs)} ms, ${Math.round(result.answeredRssMb)} MB, ${result.wrong} wrong`);
    }
  const roundsOf = (name: string) => measured.filter(({ runtime }) => runtime === name);
  const middle = (name: string, key: Exclude<keyof Round, "runtime">) => median(roundsOf(name).map((one) => one[key]));
  const wrong = roundsOf("nano").reduce((sum, round) => sum + round.wrong, 0);
  const table = {
    title: `${count} apps in one process`,
    about: `Every app is a file of its own; medians of ${rounds} rounds. nano loads an app at its first request; workerd opens a port for each and loads all of them before it answers anybody. Per app: how long its own first answer takes.`,
    columns: ["runtime", "listening ms", "RSS MB then", "first answer ms", "all answered ms", "RSS MB then", "per app p50 ms", "per app p99 ms", "wrong answers"],
    rows: ["nano", "workerd"]
      .filter((name) => roundsOf(name).length > 0)
      .map((name) => [name, middle(name, "listeningMs"), middle(name, "listeningRssMb"), middle(name, "firstAnswerMs"), middle(name, "allAnsweredMs"), middle(name, "answeredRssMb"), middle(name, "firstP50Ms"), middle(name, "firstP99Ms"), middle(name, "wrong")]),
    aims:
      roundsOf("nano").length === 0
        ? []
        : [
            { aim: `${count} apps: listening in under 1 s`, measured: `${Math.round(middle("nano", "listeningMs"))} ms`, isMet: middle("nano", "listeningMs") < 1000 },
            { aim: `${count} apps: every host answers`, measured: `${wrong} wrong answers`, isMet: wrong === 0 },
          ],
  };
  return { name: "apps-1000", tables: [table], raw: measured };
}

async function askAll({ server, addressOf }: Hosting, apps: readonly HostedApp[]): Promise<Round> {
  const { name: runtime, listeningMs, rssMb: listeningRssMb } = server;
  const latencies: number[] = [];
  let wrong = 0;
  const started = performance.now();
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
  const allAnsweredMs = listeningMs + performance.now() - started;
  const firstAnswerMs = listeningMs + (latencies[0] ?? Number.NaN);
  latencies.sort((a, b) => a - b);
  return { runtime, listeningMs, listeningRssMb, firstAnswerMs, allAnsweredMs, answeredRssMb: server.rssMb, firstP50Ms: quantile(latencies, 0.5), firstP99Ms: quantile(latencies, 0.99), wrong };
}
