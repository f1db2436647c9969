/** One attack of each category of the hostile suite at 20 requests/s, while a neighbour is asked 200 times a second: what the neighbour notices. */
import { join } from "node:path";
import { attacks } from "../../tests/hostile/attacks.ts";
import { startNanoPair } from "./pair.ts";
import { ROOT } from "./peers.ts";
import { saveResult } from "./results.ts";
import { runLoad } from "./throughput.ts";

const CATEGORIES = ["C", "N", "G", "S", "M", "P", "T"] as const;
const GOOD_RATE = 200;
const EVIL_RATE = 20;

export async function neighbours(seconds: number): Promise<void> {
  const rows: (string | number)[][] = [];
  const raw: unknown[] = [];
  let errors = 0;
  let isWithin = true;
  for (const category of CATEGORIES) {
    const attack = attacks.find((one) => one.category === category);
    if (attack === undefined) continue;
    const evil = join(ROOT, "dist", "bench", `evil-${category}.js`);
    await Bun.write(evil, `export default { async fetch(req, env, ctx) {\n${attack.source}\n} };\n`);
    const { server, good, evil: target } = await startNanoPair(evil, join(ROOT, "scripts/bench/apps/probes/good.js"), "neighbours");
    try {
      await runLoad({ ...good, path: "/", connections: 8, seconds: 1 });
      const quiet = await runLoad({ ...good, path: "/", connections: 8, seconds: Math.max(2, seconds / 2), rate: GOOD_RATE });
      const [attacked] = await Promise.all([
        runLoad({ ...good, path: "/", connections: 8, seconds, rate: GOOD_RATE }),
        runLoad({ ...target, path: "/", connections: 4, seconds, rate: EVIL_RATE }),
      ]);
      const bound = Math.max(2 * quiet.p99, quiet.p99 + 25);
      errors += attacked.errors;
      isWithin &&= attacked.p99 <= bound;
      rows.push([`${attack.id} ${category}`, quiet.p50, quiet.p99, attacked.p50, attacked.p99, attacked.max, attacked.errors, attacked.p99 <= bound ? "yes" : "no"]);
      raw.push({ id: attack.id, category, quiet, attacked });
      console.log(`${attack.id}: quiet p99 ${quiet.p99.toFixed(2)} ms, attacked p99 ${attacked.p99.toFixed(2)} ms, ${attacked.errors} errors`);
    } finally {
      await server.stop();
    }
  }
  await saveResult(
    "neighbours",
    [
      {
        title: "Neighbours under attack",
        about: `${EVIL_RATE} hostile requests/s to one app for ${seconds} s, ${GOOD_RATE} requests/s to its neighbour, one core for both.`,
        columns: ["attack", "quiet p50 ms", "quiet p99 ms", "attacked p50 ms", "attacked p99 ms", "longest ms", "errors", "within the bound"],
        rows,
        aims: [
          { aim: "no error to the neighbour", measured: `${errors} errors`, isMet: errors === 0 },
          { aim: "p99 at most 2 × quiet, or quiet + 25 ms", measured: isWithin ? "all within" : "see the table", isMet: isWithin },
        ],
      },
    ],
    raw,
  );
}
