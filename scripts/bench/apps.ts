/** Many apps in one server: how long until it listens, until every host has answered once, and what it weighs. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { installPeers, ROOT } from "./peers.ts";
import { saveResult } from "./results.ts";
import { freePort, startServer } from "./servers.ts";
import { writeWorkerdConfig } from "./workerd-config.ts";

const source = (i: number) => `export default { async fetch(request) { return new Response("app ${i} at " + request.url); } };\n`;

interface Figures {
  readonly runtime: string;
  readonly startMs: number;
  readonly startRssMb: number;
  readonly allAnsweredMs: number;
  readonly answeredRssMb: number;
  readonly firstP50Ms: number;
  readonly firstP99Ms: number;
  readonly wrong: number;
}

export async function apps(count: number): Promise<void> {
  const folder = join(ROOT, "dist", "bench", "apps");
  await mkdir(folder, { recursive: true });
  const files = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const file = join(folder, `app-${i}.js`);
      await Bun.write(file, source(i));
      return file;
    }),
  );
  const rows: Figures[] = [await nano(files)];
  const { workerd } = await installPeers();
  if (workerd !== null) rows.push(await measureWorkerd(workerd, files));
  for (const row of rows) console.log(JSON.stringify(row));
  const [own] = rows as [Figures];
  await saveResult(
    "apps",
    [
      {
        title: `${count} apps in one process`,
        about: "Each app is a file of its own. nano loads an app at its first request; workerd loads all at start, on a port each.",
        columns: ["runtime", "start ms", "RSS MB then", "all answered ms", "RSS MB then", "first answer p50 ms", "p99 ms", "wrong answers"],
        rows: rows.map((r) => [r.runtime, r.startMs, r.startRssMb, r.allAnsweredMs, r.answeredRssMb, r.firstP50Ms, r.firstP99Ms, r.wrong]),
        aims: [
          { aim: "listening in under 1 s", measured: `${Math.round(own.startMs)} ms`, isMet: own.startMs < 1000 },
          { aim: "every host answers", measured: `${own.wrong} wrong`, isMet: own.wrong === 0 },
        ],
      },
    ],
    rows,
  );
}

async function nano(files: readonly string[]): Promise<Figures> {
  const port = await freePort();
  const config = join(ROOT, "dist", "bench", "apps.json");
  await Bun.write(config, JSON.stringify({ port, log: { level: "error" }, apps: files.map((path, i) => ({ hostname: `app-${i}.test`, path })) }));
  const started = performance.now();
  const server = await startServer("nano", [join(ROOT, "dist", "nano"), "serve", "--config", config], port, { host: "nobody.test", path: "/" });
  try {
    return await ask("nano", server, performance.now() - started, files.length, (i) => ({ port, host: `app-${i}.test` }));
  } finally {
    await server.stop();
  }
}

async function measureWorkerd(workerd: string, files: readonly string[]): Promise<Figures> {
  const base = 20_000;
  const config = await writeWorkerdConfig("apps", files.map((file, i) => ({ name: `app-${i}`, file, port: base + i })));
  const started = performance.now();
  const server = await startServer("workerd", [workerd, "serve", config], base + files.length - 1, { host: "localhost", path: "/" });
  try {
    return await ask("workerd", server, performance.now() - started, files.length, (i) => ({ port: base + i, host: "localhost" }));
  } finally {
    await server.stop();
  }
}

async function ask(runtime: string, server: Awaited<ReturnType<typeof startServer>>, startMs: number, count: number, at: (i: number) => { port: number; host: string }): Promise<Figures> {
  const startRssMb = server.rssBytes() / 2 ** 20;
  const latencies: number[] = [];
  let wrong = 0;
  const started = performance.now();
  for (let i = 0; i < count; i++) {
    const { port, host } = at(i);
    const before = performance.now();
    const text = await fetch(`http://127.0.0.1:${port}/x`, { headers: { host } }).then((response) => response.text());
    latencies.push(performance.now() - before);
    if (!text.startsWith(`app ${i} at `)) wrong++;
  }
  const allAnsweredMs = performance.now() - started;
  latencies.sort((a, b) => a - b);
  const quantile = (q: number) => latencies[Math.floor(count * q)] ?? Number.NaN;
  return { runtime, startMs, startRssMb, allAnsweredMs, answeredRssMb: server.rssBytes() / 2 ** 20, firstP50Ms: quantile(0.5), firstP99Ms: quantile(0.99), wrong };
}
