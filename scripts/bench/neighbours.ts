/** Every attack of a category of the hostile suite in turn, 20 a second against one app, while two neighbours are asked 200 times a second each: invariants I1, I3, I4 and I5. */
import { join } from "node:path";
import { type Attack, attacks } from "../../tests/hostile/attacks.ts";
import { watch } from "./disturbance.ts";
import { type Hosting, hostInNano } from "./hosting.ts";
import { answersOf, failuresOf, type LoadResult, runLoad } from "./load/load.ts";
import { ROOT, WORK } from "./peers.ts";
import type { Report } from "./results.ts";

/** What an attack has to be, for this benchmark: `source` is the body of `async fetch(req, env, ctx)`, `id` an identifier. */
type Source = Pick<Attack, "id" | "category" | "source">;

const CATEGORIES = { C: "CPU in JavaScript", N: "CPU in native code", G: "regular expressions", S: "stack", M: "memory", P: "promises", T: "timers", Y: "cryptography" } as const;
const LIMITS = { cpu_ms: 50, wall_ms: 2000, stream_ms: 2000, wait_until_ms: 1000, memory_mb: 64, log_kb: 64 };
const GOOD_RATE = 200;
const EVIL_RATE = 20;
const NEIGHBOURS = ["good1", "good2"] as const;
/** Longer than the wall limit, so that whoever waits for it is told. */
const EVIL_GRACE_MS = 2_500;
const MAX_STALL_MS = 250;
const MAX_GROWTH_MB = 16;
const SETTLE_MS = 2_000;

interface Outcome {
  readonly category: keyof typeof CATEGORIES;
  readonly quiet: readonly LoadResult[];
  readonly attacked: readonly LoadResult[];
  readonly evil: LoadResult;
  /** Cores used by somebody else during the attack. */
  readonly others: number;
  readonly evilAfter: string;
  readonly isAlive: boolean;
  readonly rssBeforeMb: number;
  readonly rssAfterMb: number;
}

/** Null without dist/nano. */
export async function neighbours(seconds: number): Promise<Report | null> {
  const outcomes: Outcome[] = [];
  for (const category of Object.keys(CATEGORIES) as (keyof typeof CATEGORIES)[]) {
    const outcome = await strike(category, attacks.filter((one) => one.category === category), seconds);
    if (outcome === null) return null;
    outcomes.push(outcome);
    console.log(`${category}: ${failuresOfAll(outcome.attacked)} failures, p99 ${worst(outcome.quiet, "p99").toFixed(2)} → ${worst(outcome.attacked, "p99").toFixed(2)} ms, longest ${worst(outcome.attacked, "max").toFixed(0)} ms; evil ${JSON.stringify(outcome.evil.answers)}, then ${outcome.evilAfter}`);
  }
  const count = (isBroken: (outcome: Outcome) => boolean) => outcomes.filter(isBroken).map(({ category }) => category);
  const aim = (text: string, broken: readonly string[]) => ({ aim: `neighbours: ${text}`, measured: broken.length === 0 ? "in all categories" : `not in ${broken.join(", ")}`, isMet: broken.length === 0 });
  const table = {
    title: "Neighbours under attack",
    about: `nano, one core: all attacks of a category of the hostile suite in turn at ${EVIL_RATE}/s against one app for ${seconds} s, ${GOOD_RATE} requests/s to each of two neighbours; quiet: ${seconds / 2} s before. The worse of the two neighbours is shown. Limits: ${Object.entries(LIMITS).map(([key, value]) => `${key} ${value}`).join(", ")}. RSS is read ${SETTLE_MS / 1000} s after the attack, without the forced collection that invariant I5 allows.`,
    columns: ["category", "attacks", "answered", "neighbours' failures", "p50 ms quiet", "p50 ms attacked", "p99 ms quiet", "p99 ms attacked", "longest ms", "evil afterwards", "RSS MB before", "RSS MB after", "others on the cores"],
    rows: outcomes.map((o) => [
      `${o.category}: ${CATEGORIES[o.category]}`,
      answersOf(o.evil) + o.evil.missing,
      answersOf(o.evil),
      failuresOfAll(o.attacked),
      worst(o.quiet, "p50"),
      worst(o.attacked, "p50"),
      worst(o.quiet, "p99"),
      worst(o.attacked, "p99"),
      worst(o.attacked, "max"),
      o.evilAfter,
      o.rssBeforeMb,
      o.rssAfterMb,
      Number.isNaN(o.others) ? "–" : `${Math.round(o.others * 100)} %`,
    ]),
    aims: [
      aim("no failure", count(({ attacked }) => failuresOfAll(attacked) > 0)),
      aim("p99 at most twice the quiet one, or 25 ms above it", count(({ quiet, attacked }) => worst(attacked, "p99") > Math.max(2 * worst(quiet, "p99"), worst(quiet, "p99") + 25))),
      aim(`nobody waits longer than ${MAX_STALL_MS} ms`, count(({ attacked }) => worst(attacked, "max") > MAX_STALL_MS)),
      aim("the process lives and evil is served again", count(({ isAlive, evilAfter }) => !isAlive || evilAfter !== "200")),
      aim(`RSS at most ${MAX_GROWTH_MB} MB above the one before`, count(({ rssBeforeMb, rssAfterMb }) => rssAfterMb > rssBeforeMb + MAX_GROWTH_MB)),
    ],
  };
  return { name: "neighbours", tables: [table], raw: outcomes };
}

async function strike(category: keyof typeof CATEGORIES, sources: readonly Source[], seconds: number): Promise<Outcome | null> {
  const file = join(WORK, "evil", `${category}.js`);
  await Bun.write(file, evilApp(sources));
  const good = join(ROOT, "scripts/bench/apps/probes/good.js");
  const started = await hostInNano({ label: "neighbours", apps: [{ name: "evil", file }, ...NEIGHBOURS.map((name) => ({ name, file: good }))], limits: LIMITS });
  if (started === null) return null;
  await using hosting: Hosting = started;
  const { server, addressOf } = hosting;
  const goods = NEIGHBOURS.map((name) => ({ ...addressOf(name), requests: [{ path: "/" }], connections: 16 }));
  const evil = addressOf("evil");
  const askEvil = () => runLoad({ ...evil, requests: [{ path: "/ok" }], connections: 1, seconds: 0.5, rate: 2 });
  await Promise.all([...goods.map((one) => runLoad({ ...one, seconds: 1 })), askEvil()]);
  const ask = (duration: number) => Promise.all(goods.map((one) => runLoad({ ...one, seconds: duration, rate: GOOD_RATE })));
  const quiet = await ask(seconds / 2);
  const rssBeforeMb = server.rssMb;
  const requests = sources.map(({ id }) => ({ path: `/${id}` }));
  const attacking = { ...evil, requests, connections: 64, seconds, rate: EVIL_RATE, graceMs: EVIL_GRACE_MS };
  const { results: [attack, ...attacked], others } = await watch(server, async () => {
    const [told, answers] = await Promise.all([runLoad(attacking), ask(seconds)]);
    return [told, ...answers] as const;
  });
  const evilAfter = Object.keys((await askEvil()).answers)[0] ?? "nothing";
  await Bun.sleep(SETTLE_MS);
  return { category, quiet, attacked, evil: attack, others, evilAfter, isAlive: server.isAlive, rssBeforeMb, rssAfterMb: server.rssMb };
}

const evilApp = (sources: readonly Source[]): string => `const attacks = {
${sources.map(({ id, source }) => `  async ${id}(req, env, ctx) {\n${source}\n  },`).join("\n")}
};
export default {
  fetch(req, env, ctx) {
    const attack = attacks[req.url.slice(req.url.lastIndexOf("/") + 1)];
    return attack === undefined ? new Response("ok") : attack(req, env, ctx);
  },
};
`;

const failuresOfAll = (results: readonly LoadResult[]): number => results.reduce((sum, result) => sum + failuresOf(result), 0);
const worst = (results: readonly LoadResult[], key: "p50" | "p99" | "max"): number => Math.max(...results.map((result) => result[key]));
