/** The developer's loop: start to first answer, save to new answer under a steady trickle of requests, what fails meanwhile, and what it all weighs. */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { installPeers, NANO, type Peers, WORK } from "./peers.ts";
import { hasRealTimePriority } from "./proc.ts";
import type { Aim, Report, Table } from "./results.ts";
import { freePort, Server } from "./server.ts";
import { median, quantile } from "./statistics.ts";
import { Trickle } from "./trickle.ts";

interface Tool {
  readonly name: string;
  /** Null where it is missing here. */
  command(peers: Peers, folder: string, port: number): readonly string[] | null;
  readonly env?: Readonly<Record<string, string>>;
}

const OWN = "nano dev";
const TOOLS: readonly Tool[] = [
  { name: OWN, command: (_peers, folder, port) => (existsSync(NANO) ? [NANO, "dev", join(folder, "app.ts"), "--port", String(port)] : null) },
  {
    name: "wrangler dev",
    command: ({ node, wrangler }, folder, port) => (node === null || wrangler === null ? null : [node, wrangler, "dev", "--config", join(folder, "wrangler.json"), "--ip", "127.0.0.1", "--port", String(port), "--show-interactive-dev-session=false"]),
    // Neither its news nor Cloudflare's place on the map, both of which it would wait for.
    env: { CI: "1", WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false", NO_UPDATE_NOTIFIER: "1" },
  },
  {
    name: "deno serve --watch",
    command: ({ deno }, folder, port) => (deno === null ? null : [deno, "serve", "--watch", "--no-config", "--no-lock", "--cached-only", "--port", String(port), "--host", "127.0.0.1", join(folder, "app.ts")]),
    env: { DENO_NO_UPDATE_CHECK: "1", DENO_DIR: join(WORK, "deno") },
  },
];

const REQUESTS_PER_SECOND = 50;
/** From one save to the next, so that every tool has long been quiet. Not a multiple of anybody's poll. */
const SAVE_EVERY_MS = 1_730;
const SETTLE_MS = 2_000;
const MOST_WAIT_MS = 20_000;
const AIMS = { startMs: 150, medianMs: 20, p99Ms: 60 } as const;

interface Loop {
  readonly tool: string;
  readonly startMs: readonly number[];
  readonly reloadMs: readonly number[];
  readonly requests: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly failed: number;
  readonly slowestMs: number;
  readonly processes: number;
  readonly pssMb: number;
}

export async function dev(starts: number, saves: number): Promise<Report> {
  const peers = await installPeers();
  const startMs = new Map<string, number[]>();
  // In turn, so that noise hits everyone.
  for (let i = 0; i < starts; i++)
    for (const tool of TOOLS) {
      const started = await start(tool, peers);
      if (started === null) continue;
      await started.server.stop();
      startMs.set(tool.name, [...(startMs.get(tool.name) ?? []), started.firstAnswerMs]);
    }
  const loops: Loop[] = [];
  for (const tool of TOOLS) {
    const started = await start(tool, peers);
    if (started === null) continue;
    await using _server = started.server;
    const loop = { tool: tool.name, startMs: startMs.get(tool.name) ?? [], ...(await saveAgainAndAgain(started, saves)) };
    console.log(`${tool.name.padEnd(20)} start ${median(loop.startMs).toFixed(0)} ms, reload ${median(loop.reloadMs).toFixed(1)} ms, ${loop.failed} of ${loop.requests} requests failed`);
    loops.push(loop);
  }
  // Its tools are quiet most of the time: what is told of the machine is what others did.
  const others = { loadAverage: loadavg()[1] as number, goesFirst: hasRealTimePriority(process.pid) };
  return { name: "dev", tables: [tableOf(loops, starts, saves, others)], raw: { ...others, loops } };
}

interface Started {
  readonly server: Server;
  readonly folder: string;
  readonly port: number;
  readonly firstAnswerMs: number;
}

const textOf = (version: number): string => `export const version: string = "version ${version}";\n`;

async function start({ name, command, env = {} }: Tool, peers: Peers): Promise<Started | null> {
  const folder = join(WORK, "dev", name.replace(/\W+/g, "-"));
  await mkdir(folder, { recursive: true });
  await Bun.write(join(folder, "app.ts"), 'import { version } from "./version.ts";\n\nexport default {\n  fetch(request: Request): Response {\n    return new Response(`${version} of ${new URL(request.url).pathname}`);\n  },\n};\n');
  await Bun.write(join(folder, "version.ts"), textOf(0));
  await Bun.write(join(folder, "wrangler.json"), JSON.stringify({ name: "bench", main: "app.ts", compatibility_date: "2026-11-01" }));
  const port = await freePort();
  const line = command(peers, folder, port);
  if (line === null) {
    console.log(`${name} is not here: left out`);
    return null;
  }
  const server = await Server.start({ name: name.replace(/\W+/g, "-"), command: line, env, port, hasAllCores: true });
  const listened = performance.now();
  await untilAnswer(port, 0);
  return { server, folder, port, firstAnswerMs: server.listeningMs + performance.now() - listened };
}

async function saveAgainAndAgain({ server, folder, port }: Started, saves: number): Promise<Omit<Loop, "tool" | "startMs">> {
  await Bun.sleep(SETTLE_MS);
  const trickle = Trickle.start(`http://127.0.0.1:${port}/steady`, REQUESTS_PER_SECOND);
  const reloadMs: number[] = [];
  for (let version = 1; version <= saves; version++) {
    const saved = performance.now();
    await Bun.write(join(folder, "version.ts"), textOf(version));
    await untilAnswer(port, version);
    const tookMs = performance.now() - saved;
    reloadMs.push(tookMs);
    await Bun.sleep(Math.max(0, SAVE_EVERY_MS - tookMs));
  }
  const { requests, failures, slowestMs } = await trickle.stop();
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  return { reloadMs, requests, failures, failed, slowestMs, processes: server.processes, pssMb: server.pssMb };
}

/** Asks one time after the other, each on a connection of its own. Throws when the answer of that version does not come. */
async function untilAnswer(port: number, version: number): Promise<void> {
  const wanted = `version ${version} of /asked`;
  const until = performance.now() + MOST_WAIT_MS;
  for (let last = ""; last !== wanted; ) {
    if (performance.now() > until) throw new Error(`${wanted} did not come; the last answer was: ${last.slice(0, 500)}`);
    last = await fetch(`http://127.0.0.1:${port}/asked`, { headers: { connection: "close" }, signal: AbortSignal.timeout(MOST_WAIT_MS) }).then((response) => response.text(), (error) => String(error));
    if (last !== wanted) await Bun.sleep(1);
  }
}

function tableOf(loops: readonly Loop[], starts: number, saves: number, { loadAverage, goesFirst }: { readonly loadAverage: number; readonly goesFirst: boolean }): Table {
  const p99 = (values: readonly number[]) => quantile([...values].sort((a, b) => a - b), 0.99);
  const figures = loops.map((loop) => ({ ...loop, start: median(loop.startMs), reload: median(loop.reloadMs), reloadP99: p99(loop.reloadMs) }));
  const own = figures.find(({ tool }) => tool === OWN);
  const aims: Aim[] = [];
  if (own !== undefined) {
    const ms = (value: number) => `${value.toFixed(value < 100 ? 1 : 0)} ms`;
    aims.push({ aim: `dev: first answer in less than ${AIMS.startMs} ms`, measured: ms(own.start), isMet: own.start < AIMS.startMs });
    aims.push({ aim: `dev: save to new answer in at most ${AIMS.medianMs} ms at the median and ${AIMS.p99Ms} ms at p99`, measured: `${ms(own.reload)} and ${ms(own.reloadP99)}`, isMet: own.reload <= AIMS.medianMs && own.reloadP99 <= AIMS.p99Ms });
    aims.push({ aim: "dev: no request fails during a reload", measured: `${own.failed} of ${own.requests}`, isMet: own.failed === 0 });
    for (const peer of figures.filter(({ tool }) => tool !== OWN)) {
      const behind = (["start", "reload", "reloadP99", "failed", "processes", "pssMb"] as const).filter((key) => own[key] > peer[key]);
      aims.push({ aim: `dev: nano ahead of ${peer.tool} in everything`, measured: behind.length === 0 ? "it is, or level" : `behind in ${behind.join(", ")}`, isMet: behind.length === 0 });
    }
  }
  return {
    title: "The developer's loop",
    about: `A TypeScript app of two modules. Start: from the process to the first right answer, medians of ${starts} starts in turn. Reload: from the save of the imported module to the first answer made of it, ${saves} saves, while ${REQUESTS_PER_SECOND} requests/s come, each on a connection of its own; failed are those refused, cut or answered with an error. Processes and their memory (PSS, all together) after the last save. All cores, of which others used some: the load average of the last five minutes was ${loadAverage.toFixed(1)}${goesFirst ? "; all tools ran before them, with real-time priority" : ""}.`,
    columns: ["tool", "start ms", "reload ms, median", "reload ms, p99", "requests", "failed", "slowest request ms", "processes", "PSS MB"],
    rows: figures.map(({ tool, start: first, reload, reloadP99, requests, failed, slowestMs, processes, pssMb }) => [tool, first, reload, reloadP99, requests, failed, slowestMs, processes, pssMb]),
    aims,
  };
}
