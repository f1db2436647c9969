/** Requests per second, latency and CPU per request, for the same app in every runtime: one core for the server, another for the load, rounds in turn. */
import { join } from "node:path";
import type { LoadOptions, LoadResult } from "./load.ts";
import { installPeers, ROOT } from "./peers.ts";
import { saveResult, type Table } from "./results.ts";
import { commandOf, freePort, LOAD_CORE, pinned, type Server, startServer } from "./servers.ts";
import { writeWorkerdConfig } from "./workerd-config.ts";

const RUNTIMES = ["bun", "nano", "workerd", "deno", "node-hono"] as const;
type RuntimeName = (typeof RUNTIMES)[number];

const item = (i: number) => ({ id: i, name: `item ${i}`, value: i * 3 });
const JSON_BODY = JSON.stringify({ title: "order", items: Array.from({ length: 24 }, (_, i) => item(i)) });

const CASES: readonly { readonly name: string; readonly request: Pick<LoadOptions, "path" | "method" | "headers" | "body"> }[] = [
  { name: "hello", request: { path: "/hello" } },
  { name: "json", request: { path: "/json", method: "POST", headers: { "content-type": "application/json" }, body: JSON_BODY } },
  { name: "header+path", request: { path: "/head/4711", headers: { "user-agent": "bench/1", accept: "*/*" } } },
  { name: "stream 1 MB", request: { path: "/stream" } },
];

interface Round extends LoadResult {
  readonly runtime: RuntimeName;
  readonly test: string;
  readonly cpuMicros: number;
  readonly rssMb: number;
}

export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const child = Bun.spawn(pinned(LOAD_CORE, [process.execPath, join(ROOT, "scripts", "bench", "load.ts"), JSON.stringify(options)]), { stdout: "pipe", stderr: "inherit" });
  const text = await new Response(child.stdout).text();
  await child.exited;
  return JSON.parse(text) as LoadResult;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

export async function throughput(rounds: number, seconds: number): Promise<void> {
  const peers = await installPeers();
  const servers: Server[] = [];
  const measured: Round[] = [];
  try {
    for (const name of RUNTIMES) {
      const port = await freePort();
      const config = name === "workerd" ? await writeWorkerdConfig("throughput", [{ name: "main", file: join(ROOT, "scripts/bench/apps/worker.js"), port }]) : undefined;
      const command = commandOf(name, peers, port, config);
      if (command === null) console.log(`${name} is not available here`);
      else servers.push(await startServer(name, command, port, { host: "localhost", path: "/hello" }));
    }
    for (const { name: test, request } of CASES) {
      for (const server of servers) await runLoad({ port: server.port, host: "localhost", connections: 32, seconds: 2, ...request });
      for (let round = 0; round < rounds; round++)
        for (const server of servers) {
          const cpuBefore = server.cpuSeconds();
          const result = await runLoad({ port: server.port, host: "localhost", connections: 32, seconds, ...request });
          const cpuMicros = ((server.cpuSeconds() - cpuBefore) * 1e6) / Math.max(1, result.requests);
          measured.push({ runtime: server.name as RuntimeName, test, ...result, cpuMicros, rssMb: server.rssBytes() / 2 ** 20 });
          console.log(`${test.padEnd(12)} ${server.name.padEnd(10)} ${Math.round(result.perSecond)} requests/s, p99 ${result.p99.toFixed(2)} ms, ${result.errors} errors`);
        }
    }
  } finally {
    for (const server of servers) await server.stop();
  }
  await saveResult("throughput", CASES.map(({ name }) => tableOf(name, measured)), measured);
}

function tableOf(test: string, measured: readonly Round[]): Table {
  const of = (runtime: RuntimeName, key: "perSecond" | "p50" | "p99" | "cpuMicros" | "rssMb" | "errors") => median(measured.filter((r) => r.runtime === runtime && r.test === test).map((r) => r[key]));
  const runtimes = RUNTIMES.filter((runtime) => measured.some((r) => r.runtime === runtime));
  const ratio = (other: RuntimeName) => of("nano", "perSecond") / of(other, "perSecond");
  const aim = (text: string, other: RuntimeName, least: number) => ({ aim: text, measured: `${(ratio(other) * 100).toFixed(0)} %`, isMet: ratio(other) >= least });
  return {
    title: test,
    about: "Median of the rounds: 32 connections, one core for the server, another for the load.",
    columns: ["runtime", "requests/s", "p50 ms", "p99 ms", "CPU µs/request", "RSS MB", "errors"],
    rows: runtimes.map((runtime) => [runtime, of(runtime, "perSecond"), of(runtime, "p50"), of(runtime, "p99"), of(runtime, "cpuMicros"), of(runtime, "rssMb"), of(runtime, "errors")]),
    aims:
      test === "hello"
        ? [aim("at least 250 % of workerd", "workerd", 2.5), aim("at least 30 % of bare Bun.serve", "bun", 0.3)]
        : test === "header+path"
          ? [aim("at least 20 % of bare Bun.serve", "bun", 0.2)]
          : [],
  };
}
