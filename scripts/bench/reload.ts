/** From the save of a served app's file to the first answer made of it: `nano serve` with `watch`, which loses no request over it, and `workerd serve --watch`. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeWorkerdConfig } from "./hosting.ts";
import { existsSync } from "node:fs";
import { installPeers, NANO, WORK } from "./peers.ts";
import type { Report } from "./results.ts";
import { freePort, Server } from "./server.ts";
import { median, quantile } from "./statistics.ts";
import { Trickle } from "./trickle.ts";

const REQUESTS_PER_SECOND = 50;
/** Between two saves, so that everybody is quiet. Not a multiple of anybody's poll. */
const SAVE_EVERY_MS = 1_730;
const SETTLE_MS = 2_000;
const MOST_WAIT_MS = 20_000;

interface Row {
  readonly runtime: string;
  readonly reloadMs: readonly number[];
  readonly requests: number;
  readonly failed: number;
}

const textOf = (version: number): string => `export default { fetch: () => new Response("version ${version}") };\n`;

export async function reload(saves: number): Promise<Report> {
  const folder = join(WORK, "reload");
  await mkdir(folder, { recursive: true });
  const { workerd } = await installPeers();
  const rows: Row[] = [];
  if (existsSync(NANO)) {
    const file = join(folder, "app.js");
    const config = join(folder, "nano.json");
    const port = await freePort();
    await Bun.write(config, JSON.stringify({ port, log: { level: "error" }, apps: [{ path: file, default: true, watch: true }] }));
    rows.push(await measure("nano serve, watch", [NANO, "serve", "--config", config], port, file, saves));
  }
  if (workerd !== null) {
    const port = await freePort();
    await Bun.write(join(folder, "main.js"), textOf(0));
    const config = await writeWorkerdConfig("reload", [{ name: "main", file: join(folder, "main.js"), port }]);
    rows.push(await measure("workerd serve --watch", [workerd, "serve", "--watch", config], port, join(WORK, "workerd", "reload", "main.js"), saves));
  }
  const [own, peer] = rows;
  return {
    name: "reload",
    tables: [
      {
        title: "Save to new answer, while it serves",
        about: `One module, ${saves} saves; ${REQUESTS_PER_SECOND} requests/s come meanwhile, each on a connection of its own. Failed: refused, cut or answered with an error. All cores.`,
        columns: ["runtime", "median ms", "p99 ms", "requests", "failed"],
        rows: rows.map(({ runtime, reloadMs, requests, failed }) => [runtime, median(reloadMs), quantile([...reloadMs].sort((a, b) => a - b), 0.99), requests, failed]),
        aims: own === undefined || peer === undefined ? [] : [
          { aim: "reload: nano serve sooner than workerd --watch", measured: `${median(own.reloadMs).toFixed(0)} and ${median(peer.reloadMs).toFixed(0)} ms`, isMet: median(own.reloadMs) < median(peer.reloadMs) },
          { aim: "reload: nano serve loses no request", measured: `${own.failed} of ${own.requests}`, isMet: own.failed === 0 },
        ],
      },
    ],
    raw: rows,
  };
}

async function measure(runtime: string, command: readonly string[], port: number, file: string, saves: number): Promise<Row> {
  await Bun.write(file, textOf(0));
  await using _server = await Server.start({ name: runtime.replace(/\W+/g, "-"), command, port, hasAllCores: true });
  await untilAnswer(port, 0);
  await Bun.sleep(SETTLE_MS);
  const trickle = Trickle.start(`http://127.0.0.1:${port}/steady`, REQUESTS_PER_SECOND);
  const reloadMs: number[] = [];
  for (let version = 1; version <= saves; version++) {
    const saved = performance.now();
    await Bun.write(file, textOf(version));
    await untilAnswer(port, version);
    reloadMs.push(performance.now() - saved);
    await Bun.sleep(Math.max(0, SAVE_EVERY_MS - (performance.now() - saved)));
  }
  const { requests, failures } = await trickle.stop();
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  console.log(`${runtime}: ${median(reloadMs).toFixed(0)} ms, ${failed} of ${requests} requests failed`);
  return { runtime, reloadMs, requests, failed };
}

async function untilAnswer(port: number, version: number): Promise<void> {
  const wanted = `version ${version}`;
  const until = performance.now() + MOST_WAIT_MS;
  for (let last = ""; last !== wanted; ) {
    if (performance.now() > until) throw new Error(`${wanted} did not come; the last answer was: ${last.slice(0, 500)}`);
    last = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" }, signal: AbortSignal.timeout(MOST_WAIT_MS) }).then((response) => response.text(), (error) => String(error));
    if (last !== wanted) await Bun.sleep(1);
  }
}
