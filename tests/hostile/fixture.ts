/** One nano with a hostile app and two honest ones, each with a secret of its own, and what is asked of it around every attack. */
import { type LogLine, NanoProcess } from "../harness/nano.ts";

export const LIMITS = { cpu_ms: 50, wall_ms: 2000, stream_ms: 2000, wait_until_ms: 1000, memory_mb: 64, log_kb: 64, quarantine_kills: 0 };

/** On a busy machine a client hears late of an invocation that was ended in time. */
export const PATIENCE_MS = 15_000;

const canary = (app: string) => `CANARY-${app}-${crypto.randomUUID().replaceAll("-", "")}`;
const goodSource = `export default { fetch: (req, env) => new Response("ok " + env.SECRET.length) };`;

export type Hostile = NanoProcess & { readonly secrets: Readonly<Record<"evil" | "good1" | "good2", string>> };

/** `evil` is the hostile app's module. `more` are further apps, by name. */
export async function serveHostile(evil: string, options: { readonly limits?: object; readonly evilLimits?: object; readonly more?: Readonly<Record<string, string>> } = {}): Promise<Hostile> {
  const secrets = { evil: canary("evil"), good1: canary("good1"), good2: canary("good2") };
  const more = Object.entries(options.more ?? {});
  const app = (name: keyof typeof secrets, path: string, limits: object = {}) => ({ hostname: `${name}.test`, path, limits: { ...LIMITS, ...limits }, env: { SECRET: secrets[name] } });
  const nano = await NanoProcess.serve(
    {
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      apps: [app("evil", "evil.js", options.evilLimits), app("good1", "good.js"), app("good2", "good.js"), ...more.map(([name]) => ({ hostname: `${name}.test`, path: `${name}.js`, limits: LIMITS }))],
    },
    { "evil.js": evil, "good.js": goodSource, ...Object.fromEntries(more.map(([name, source]) => [`${name}.js`, source])) },
  );
  return Object.assign(nano, { secrets });
}

/** Asks a neighbour without a pause until stopped. */
export function askNeighbour(nano: NanoProcess): { stop(): Promise<{ readonly answers: number; readonly errors: readonly string[]; readonly slowestMs: number }> } {
  let isStopped = false;
  const run = (async () => {
    const errors: string[] = [];
    let answers = 0;
    let slowestMs = 0;
    while (!isStopped && answers + errors.length < 100_000) {
      const started = performance.now();
      const told = await nano.request("good1.test", "/").then(
        async (response) => `${response.status} ${await response.text()}`,
        (error: Error) => error.message,
      );
      slowestMs = Math.max(slowestMs, performance.now() - started);
      if (told.startsWith("200 ok")) answers++;
      else errors.push(told);
      await Bun.sleep(2);
    }
    return { answers, errors, slowestMs };
  })();
  return {
    stop() {
      isStopped = true;
      return run;
    },
  };
}

/** What a client is told: the status, and the code of an error or the text. */
export async function told(nano: NanoProcess, path: string, init: RequestInit = {}, host = "evil.test"): Promise<string> {
  const response = await nano.request(host, path, { signal: AbortSignal.timeout(PATIENCE_MS), ...init });
  const text = await response.text();
  return `${response.status} ${response.headers.get("x-nano-error") ?? text}`;
}

/** Asks `count` times, `atOnce` at a time, and counts each answer. */
export async function crowd(count: number, atOnce: number, ask: () => Promise<string>): Promise<Readonly<Record<string, number>>> {
  const answers: Record<string, number> = {};
  let started = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (started++ < count) {
        const answer = await ask();
        answers[answer] = (answers[answer] ?? 0) + 1;
      }
    }),
  );
  return answers;
}

export const killsOf = (log: readonly LogLine[], requestId: string) => log.filter((line) => line.event === "kill" && line["req"] === requestId);
export const linesOf = (nano: NanoProcess, event: string) => nano.log.filter((line) => line.event === event);
