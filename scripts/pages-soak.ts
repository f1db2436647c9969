/**
 * Isolates that share pages, made, asked, killed, grown to their limit, put to rest, snapshot and dropped at random, with garbage collections in between and a system that
 * refuses now and then. Every answer has to be what the same code computes outside, and the image has to stay as it was.
 * `bun scripts/pages-soak.ts [--seconds 60] [--processes 2] [--refusals 0.02] [--seed 1]` prints what it saw; the exit code is 1 if anything was wrong.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { ENGINE_OPTIONS } from "../src/config/environment.ts";
import { EngineInstance } from "../src/isolate/engine/engine.ts";
import { GuestPages, type SharedPages } from "../src/isolate/memory/guest-pages.ts";
import { restoreSnapshot } from "../src/isolate/memory/snapshot.ts";
import { openSystemMemory, type SystemMemory } from "../src/isolate/memory/system-memory.ts";
import { artifacts, TestIsolate } from "../tests/harness/isolate.ts";

export interface PagesSoak {
  readonly seconds: number;
  readonly seed: number;
  /** How often the system refuses what it is asked. */
  readonly refusals: number;
}

export interface PagesSoakResult {
  readonly done: Readonly<Record<string, number>>;
  readonly refused: number;
  readonly failures: readonly string[];
  readonly rssMb: { readonly before: number; readonly after: number };
  readonly mappings: { readonly before: number; readonly after: number };
  /** Isolates that shared pages when all were gone. */
  readonly sharing: number;
}

const MOST_LIVE = 60;
/** How often each is done, in proportion. */
const OFTEN = { ask: 60, rest: 40, clone: 6, drop: 8, spin: 1, hoard: 2, deep: 2, collect: 1, image: 2 } as const;
const WARM_TURNS = 500;
const MB = 2 ** 20;

/** The same inside and outside: keeps and drops objects of all sizes, and answers with a sum over what it has. */
const KEEPER = `
  let round = 0;
  const kept = new Map();
  const step = (amount) => {
    round++;
    for (let i = 0; i < amount; i++) {
      const key = "key " + ((i * 7919 + round * 31) % 700);
      if ((i + round) % 3 === 0) kept.delete(key);
      else kept.set(key, { id: i, secret: SECRET + i, text: SECRET.repeat(1 + ((i * 37) % 40)), bytes: new Uint8Array((i * 101) % 6000).fill(i), list: Array.from({ length: i % 20 }, (_, n) => ({ n })) });
    }
    let sum = 0;
    for (const { id, secret, text, bytes, list } of kept.values()) sum = (sum * 31 + id + secret.length + text.length + text.charCodeAt(3) + (bytes[bytes.length - 1] ?? 0) + list.reduce((all, { n }) => all + n, 0)) % 1_000_000_007;
    return [SECRET, round, kept.size, sum].join(" ");
  };`;

const appOf = (secret: string) => `
const SECRET = ${JSON.stringify(secret)};
${KEEPER}
export default { async fetch(request) {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname === "/spin") for (;;);
  if (pathname === "/hoard") for (const all = []; ; ) all.push(new Uint8Array(1 << 20).fill(1));
  if (pathname === "/deep") { let deep = []; for (let i = 0; i < 200_000; i++) deep = [deep]; return new Response(JSON.stringify(deep)); }
  return new Response(step(Number(searchParams.get("amount"))));
} };`;

const modelOf = (secret: string) => new Function("SECRET", `${KEEPER}; return step;`)(secret) as (amount: number) => string;

interface Live {
  readonly isolate: TestIsolate;
  readonly step: (amount: number) => string;
}

export async function soak({ seconds, seed, refusals }: PagesSoak): Promise<PagesSoakResult> {
  const random = randomOf(seed);
  const upTo = (end: number) => Math.floor(random() * end);
  let refused = 0;
  const real = openSystemMemory();
  const pages = new GuestPages({
    system: real === null ? null : refusing(real, () => {
      const refuses = random() < refusals;
      if (refuses) refused++;
      return refuses;
    }),
    isShared: true,
  });
  const done: Record<string, number> = {};
  const failures: string[] = [];
  const live: Live[] = [];
  const expectSame = (what: string, found: string, expected: string) => {
    if (found !== expected) failures.push(`${what}: ${found.slice(0, 200)} in place of ${expected}`);
  };
  const remove = (one: Live) => {
    one.isolate[Symbol.dispose]();
    live.splice(live.indexOf(one), 1);
  };
  const end = async (path: string, one: Live, outcomes: readonly string[]) => {
    const outcome = await one.isolate.request({ url: `http://app.test/${path}` }).then(
      ({ answer }) => `answered ${answer.status}`,
      (error: { readonly outcome?: string }) => error.outcome ?? String(error),
    );
    if (!outcomes.includes(outcome)) failures.push(`/${path}: ${outcome}`);
    remove(one);
  };
  const actions: Readonly<Record<keyof typeof OFTEN, (one: Live) => Promise<void> | void>> = {
    async ask({ isolate, step }) {
      const amount = 1 + upTo(random() < 0.1 ? 600 : 40);
      const { text } = await isolate.request({ url: `http://app.test/?amount=${amount}` });
      expectSame("answer", text, step(amount));
    },
    rest: ({ isolate }) => isolate.rest(),
    clone: ({ isolate }) => isolate.restart(),
    drop: remove,
    spin: (one) => end("spin", one, ["exceededCpu"]),
    hoard: (one) => end("hoard", one, ["exceededMemory"]),
    deep: (one) => end("deep", one, ["exception", "internalError", "exceededCpu", "exceededWallTime"]),
    collect: () => Bun.gc(true),
    image: () => {
      const instance = freshInstance();
      let shared: SharedPages | null = null;
      restoreSnapshot(instance, artifacts.base.snapshot, (engine, image) => {
        shared = pages.fill(engine, image);
      });
      for (const { at, data } of artifacts.base.snapshot.image.segments) expectSame("image", String(Buffer.compare(instance.bytes.subarray(at, at + data.byteLength), data)), "0");
      // Whoever writes all over its own reaches nobody else.
      instance.bytes.fill(0xff);
      pages.release(instance.memory.buffer as ArrayBuffer, shared);
    },
  };
  const names = Object.entries(OFTEN).flatMap(([name, times]) => Array<string>(times).fill(name));
  const measured = { rss: 0, mappings: 0 };
  const until = Date.now() + seconds * 1000;
  for (let turn = 0; Date.now() < until && failures.length < 20; turn++) {
    if (live.length < 2 || (live.length < MOST_LIVE && random() < 0.3)) {
      const secret = `secret-${seed}-${turn}-${upTo(1e9)}`;
      live.push({ isolate: await TestIsolate.load(appOf(secret), { pages, memoryBytes: 40 * MB, limits: { cpuMs: 100 } }), step: modelOf(secret) });
      done["load"] = (done["load"] ?? 0) + 1;
      continue;
    }
    const name = names[upTo(names.length)] as keyof typeof OFTEN;
    await actions[name](live[upTo(live.length)] as Live);
    done[name] = (done[name] ?? 0) + 1;
    if (turn === WARM_TURNS) Object.assign(measured, await measure([]));
  }
  for (const one of live) {
    const found = await one.isolate.request({ url: "http://app.test/?amount=1" });
    expectSame("last answer", found.text, one.step(1));
  }
  const after = await measure(live);
  return { done, refused, failures, rssMb: { before: measured.rss, after: after.rss }, mappings: { before: measured.mappings, after: after.mappings }, sharing: pages.sharing };
}

const refuse = () => {
  throw new Error("nothing runs here");
};
const freshInstance = () => new EngineInstance(artifacts.engine, { callFunction: refuse, interrupt: refuse, grow: refuse, now: refuse }, 64 * MB);

/** Drops `live`, collects garbage and looks at the process. */
async function measure(live: Live[]): Promise<{ readonly rss: number; readonly mappings: number }> {
  for (const { isolate } of live.splice(0)) isolate[Symbol.dispose]();
  for (let i = 0; i < 10; i++) {
    Bun.gc(true);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { rss: Math.round(process.memoryUsage.rss() / MB), mappings: readFileSync("/proc/self/maps", "utf8").split("\n").length };
}

function refusing(real: SystemMemory, refuses: () => boolean): SystemMemory {
  return {
    ...real,
    mapFile: (view, file, offset) => !refuses() && real.mapFile(view, file, offset),
    mapEmpty: (view) => !refuses() && real.mapEmpty(view),
    writtenPages: (view) => (refuses() ? null : real.writtenPages(view)),
    discard: (view) => !refuses() && real.discard(view),
  };
}

/** mulberry32: the same seed, the same soak. */
function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { seconds: { type: "string", default: "60" }, processes: { type: "string", default: "2" }, refusals: { type: "string", default: "0.02" }, seed: { type: "string", default: "1" } } });
  const [seconds, processes, refusals, seed] = [values.seconds, values.processes, values.refusals, values.seed].map(Number) as [number, number, number, number];
  const others = Array.from({ length: processes - 1 }, (_, i) =>
    Bun.spawn([process.execPath, import.meta.path, "--seconds", values.seconds, "--processes", "1", "--refusals", values.refusals, "--seed", String(seed + i + 1)], { env: { ...process.env, ...ENGINE_OPTIONS }, stdout: "inherit", stderr: "inherit" }),
  );
  const result = await soak({ seconds, seed, refusals });
  console.log(JSON.stringify({ seed, ...result }, null, 1));
  const codes = await Promise.all(others.map(({ exited }) => exited));
  process.exit(result.failures.length > 0 || codes.some((code) => code !== 0) ? 1 : 0);
}
