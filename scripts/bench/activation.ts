/** What the first request to an app without an isolate takes longer than the next one: one that has been there before, one that nobody has asked for yet, and one of 200 KB. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type HostedApp, type Hosting, hostInNano, hostInWorkerd } from "./hosting.ts";
import { installPeers, WORK } from "./peers.ts";
import type { Report } from "./results.ts";
import { quantile } from "./statistics.ts";

const IDLE_MS = 200;
/** Isolates are looked for every quarter of the idle time, 50 ms at least. */
const EVICTED_AFTER_MS = 1_000;
const ROUNDS = 3;
const LARGE_BYTES = 200 << 10;
/** The engine's compiler has done most by then. */
const SETTLE_MS = 4_000;
const AIMS = { coldP50Ms: 0.6, coldP99Ms: 3, largeMs: 50 } as const;
const TIMEOUT_MS = 60_000;

const source = (i: number) => `export default { fetch: (request) => new Response("app ${i} at " + request.url) };\n`;
/** Functions as bundles have them: compiled when the module is, called by nobody. */
const largeSource = (i: number) => {
  let text = source(i);
  for (let n = 0; text.length < LARGE_BYTES; n++) text += `export function part${n}(value, options = {}) {\n  const { depth = ${n}, name = "part ${n}" } = options;\n  if (Array.isArray(value)) return value.map((item) => part${n}(item, { depth: depth + 1, name }));\n  return typeof value === "object" && value !== null ? Object.entries(value).filter(([key]) => key !== name).length + depth : String(value).padStart(${n % 9});\n}\n`;
  return text;
};

interface Sample {
  readonly firstMs: number;
  readonly addedMs: number;
}

interface Row {
  readonly runtime: string;
  readonly what: string;
  readonly samples: readonly Sample[];
}

export async function activation(count: number, largeCount: number): Promise<Report | null> {
  const small = await write("small", count, source);
  const large = await write("large", largeCount, largeSource);
  const peers = await installPeers();
  const rows: Row[] = [];
  const nano = await hostInNano({ label: "activation", apps: [...small, ...large], serverLimits: { idle_isolate_ms: IDLE_MS }, config: { workers: 1, server: { disk_cache: false } } });
  if (nano === null) return null;
  await using hosting = nano;
  await Bun.sleep(SETTLE_MS);
  await ask(hosting, small[0] as HostedApp);
  rows.push({ runtime: "nano", what: "never seen", samples: await sampleAll(hosting, small.slice(1)) });
  const cold: Sample[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await Bun.sleep(EVICTED_AFTER_MS);
    cold.push(...(await sampleAll(hosting, small)));
  }
  rows.push({ runtime: "nano", what: "no isolate", samples: cold });
  rows.push({ runtime: "nano", what: "never seen, 200 KB", samples: await sampleAll(hosting, large) });
  await hosting.server.stop();
  const workerd = await hostInWorkerd({ label: "activation", apps: [...small, ...large], timeoutMs: TIMEOUT_MS }, peers);
  if (workerd !== null) {
    await using peer = workerd;
    await Bun.sleep(SETTLE_MS);
    await ask(peer, small[0] as HostedApp);
    rows.push({ runtime: "workerd", what: "never seen; all loaded at start", samples: await sampleAll(peer, small.slice(1)) });
    rows.push({ runtime: "workerd", what: "never seen, 200 KB; all loaded at start", samples: await sampleAll(peer, large) });
  }
  for (const { runtime, what, samples } of rows) console.log(`${runtime}, ${what}: p50 ${figure(samples, "addedMs", 0.5).toFixed(2)} ms, p99 ${figure(samples, "addedMs", 0.99).toFixed(2)} ms over the next request`);
  const of = (what: string) => rows.find((row) => row.runtime === "nano" && row.what === what)?.samples ?? [];
  const [p50, p99, largeP99] = [figure(of("no isolate"), "addedMs", 0.5), figure(of("no isolate"), "addedMs", 0.99), figure(of("never seen, 200 KB"), "firstMs", 0.99)];
  return {
    name: "activation",
    tables: [
      {
        title: "The first request",
        about: `${count} apps of one line and ${largeCount} of 200 KB, each asked twice in a row, one after the other, on one core with one worker: what the first request takes longer than the second, and how long it takes in all. No isolate: they had one, and it was dropped for being idle; ${ROUNDS} rounds. Never seen: bundled, evaluated and snapshot for that request, with no disk cache.`,
        columns: ["runtime", "app", "requests", "p50 ms more", "p99 ms more", "p50 ms in all", "p99 ms in all"],
        rows: rows.map(({ runtime, what, samples }) => [runtime, what, samples.length, figure(samples, "addedMs", 0.5), figure(samples, "addedMs", 0.99), figure(samples, "firstMs", 0.5), figure(samples, "firstMs", 0.99)]),
        aims: [
          { aim: `activation of an app without an isolate: p50 at most ${AIMS.coldP50Ms} ms`, measured: `${p50.toFixed(2)} ms`, isMet: p50 <= AIMS.coldP50Ms },
          { aim: `activation of an app without an isolate: p99 at most ${AIMS.coldP99Ms} ms`, measured: `${p99.toFixed(2)} ms`, isMet: p99 <= AIMS.coldP99Ms },
          { aim: `first request to a never-seen app of 200 KB in less than ${AIMS.largeMs} ms`, measured: `p99 ${largeP99.toFixed(1)} ms`, isMet: largeP99 < AIMS.largeMs },
        ],
      },
    ],
    raw: rows,
  };
}

async function write(kind: string, count: number, text: (i: number) => string): Promise<readonly HostedApp[]> {
  const folder = join(WORK, "activation");
  await mkdir(folder, { recursive: true });
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const file = join(folder, `${kind}-${i}.js`);
      await Bun.write(file, text(i));
      return { name: `${kind}-${i}`, file };
    }),
  );
}

async function sampleAll(hosting: Hosting, apps: readonly HostedApp[]): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  for (const app of apps) {
    const firstMs = await ask(hosting, app);
    samples.push({ firstMs, addedMs: firstMs - (await ask(hosting, app)) });
  }
  return samples;
}

async function ask({ addressOf }: Hosting, { name }: HostedApp): Promise<number> {
  const { port, host } = addressOf(name);
  const before = performance.now();
  const response = await fetch(`http://127.0.0.1:${port}/x`, { headers: { host }, signal: AbortSignal.timeout(TIMEOUT_MS) });
  const text = await response.text();
  const ms = performance.now() - before;
  if (!text.startsWith(`app ${name.split("-")[1]} at `)) throw new Error(`${name} answers wrongly: ${response.status} ${text.slice(0, 200)}`);
  return ms;
}

function figure(samples: readonly Sample[], key: keyof Sample, share: number): number {
  return quantile(samples.map((sample) => sample[key]).sort((a, b) => a - b), share);
}
