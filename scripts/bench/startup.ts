/** From the start of the process to the first answer of one app, and what the process weighs then. */
import { installPeers } from "./peers.ts";
import type { Report } from "./results.ts";
import { OWN_LOGGING, runtimes, startRuntime } from "./runtimes.ts";
import { median } from "./statistics.ts";

interface Round {
  readonly runtime: string;
  readonly listeningMs: number;
  readonly firstAnswerMs: number;
  readonly cpuMs: number;
  readonly rssMb: number;
}

export async function startup(rounds: number): Promise<Report> {
  const peers = await installPeers();
  const measured: Round[] = [];
  const started = runtimes.filter(({ name }) => name !== OWN_LOGGING);
  for (let round = 0; round < rounds; round++)
    for (const runtime of started) {
      const running = await startRuntime(runtime, peers);
      if (running === null) continue;
      await using server = running.server;
      const before = performance.now();
      const response = await fetch(`http://localhost:${running.port}/hello`, { signal: AbortSignal.timeout(10_000) });
      if ((await response.text()) !== "Hello") throw new Error(`${runtime.name} answers wrongly`);
      measured.push({ runtime: runtime.name, listeningMs: server.listeningMs, firstAnswerMs: server.listeningMs + performance.now() - before, cpuMs: server.cpuSeconds * 1000, rssMb: server.rssMb });
    }
  const middle = (name: string, key: Exclude<keyof Round, "runtime">) => median(measured.filter(({ runtime }) => runtime === name).map((one) => one[key]));
  const table = {
    title: "One app, from start to first answer",
    about: `Medians of ${rounds} starts in turn, with warm disk caches. CPU and RSS at the first answer. nano warms and calibrates its engine before it listens.`,
    columns: ["runtime", "listening ms", "first answer ms", "CPU ms", "RSS MB"],
    rows: started
      .filter(({ name }) => measured.some(({ runtime }) => runtime === name))
      .map(({ name }) => [name, middle(name, "listeningMs"), middle(name, "firstAnswerMs"), middle(name, "cpuMs"), middle(name, "rssMb")]),
    aims: [],
  };
  return { name: "startup", tables: [table], raw: measured };
}
