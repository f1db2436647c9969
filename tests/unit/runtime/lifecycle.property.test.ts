import { expect, test } from "bun:test";
import fc from "fast-check";
import type { App } from "../../../src/apps/app.ts";
import { type TestApp, TestRuntime, until } from "../../harness/runtime.ts";

const LIMITS = { cpu_ms: 5, wall_ms: 3_000, memory_mb: 16, concurrency: 4, queue: 4, queue_ms: 2_000, isolates: 2, wait_until_ms: 50 };
/** Always there, so that no app is ever alone and serves every host. */
const BYSTANDERS = ["left", "right"] as const;
const NAMES = ["a", "b"] as const;
type Name = (typeof NAMES)[number];

const sourceOf = (version: number) => `export default { async fetch(request, env, ctx) {
  const path = new URL(request.url).pathname;
  if (path === "/spin") for (;;) {}
  if (path === "/throw") throw new Error("thrown");
  if (path === "/wait") await new Promise((resolve) => setTimeout(resolve, 5));
  if (path === "/later") ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 10)));
  return new Response("version ${version}");
} };`;

/** What a client of each path may be told besides the answer, and on what condition. */
type Path = "/" | "/wait" | "/later" | "/throw" | "/spin";
type Step =
  | { readonly kind: "request"; readonly name: Name; readonly path: Path }
  | { readonly kind: "add" | "remove" | "replace" | "replace badly"; readonly name: Name; readonly graceMs: number }
  | { readonly kind: "pause"; readonly turns: number };

const name = fc.constantFrom(...NAMES);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("request" as const), name, path: fc.constantFrom<Path>("/", "/wait", "/later", "/throw") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("request" as const), name, path: fc.constant<Path>("/spin") }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("add" as const, "remove" as const, "replace" as const, "replace badly" as const), name, graceMs: fc.constantFrom(0, 1_000) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("pause" as const), turns: fc.integer({ min: 1, max: 12 }) }) },
);

/** What the test knows of one app. */
interface Known {
  isThere: boolean;
  /** Increases with every removal that allows no grace, so that a request can tell whether it was cut off. */
  cuts: number;
  removals: number;
  spins: number;
  served: number;
}

class Run {
  readonly nano: TestRuntime;
  readonly known: Record<Name, Known>;
  readonly requests: Promise<void>[] = [];
  readonly changes: Promise<unknown>[] = [];
  readonly apps = new Set<App>();
  /** Replacements of one app run one after the other, as they do behind a config. */
  readonly chains: Record<Name, Promise<unknown>> = { a: Promise.resolve(), b: Promise.resolve() };
  version = 1;
  asked = 0;

  constructor(nano: TestRuntime) {
    this.nano = nano;
    const fresh = (): Known => ({ isThere: true, cuts: 0, removals: 0, spins: 0, served: 0 });
    this.known = { a: fresh(), b: fresh() };
    for (const app of nano.runtime.registry.apps) this.apps.add(app);
  }

  async take(step: Step): Promise<void> {
    if (step.kind === "pause") {
      for (let i = 0; i < step.turns; i++) await new Promise((resolve) => setImmediate(resolve));
      return;
    }
    const known = this.known[step.name];
    if (step.kind === "request") this.#request(step.name, step.path);
    else if (step.kind === "add") {
      if (known.isThere) return;
      this.apps.add(this.nano.add(appOf(step.name, sourceOf(++this.version))));
      known.isThere = true;
    } else if (step.kind === "remove") {
      if (!known.isThere) return;
      known.isThere = false;
      known.removals++;
      if (step.graceMs === 0) known.cuts++;
      this.changes.push(this.nano.runtime.registry.remove(step.name, step.graceMs));
    } else if (known.isThere) this.changes.push(this.nano.replace(appOf(step.name, step.kind === "replace" ? sourceOf(++this.version) : "throw new Error('no');")).catch((error) => expect(String(error)).toContain("no app")));
  }

  #request(name: Name, path: Path): void {
    const known = this.known[name];
    const before = { ...known };
    this.asked++;
    if (path === "/spin") known.spins++;
    this.requests.push(
      this.nano.get(name, path).then(async (response) => {
        const text = await response.text();
        const code = response.status === 200 ? "ok" : (JSON.parse(text).error as string);
        const told = `${path} ${response.status} ${code}`;
        if (code === "ok") {
          expect(text).toMatch(/^version \d+$/);
          expect(path).not.toBe("/spin");
          expect(path).not.toBe("/throw");
          expect(before.isThere).toBe(true);
          return;
        }
        const isAllowed =
          code === "unknown_host" ? !before.isThere
          : code === "app_exception" ? path === "/throw"
          : code === "cpu_limit" ? path === "/spin"
          : code === "overloaded" ? this.asked > LIMITS.concurrency + LIMITS.queue
          : code === "draining" ? known.removals > 0
          : code === "isolate_lost" ? known.spins > 0 || known.cuts > before.cuts
          // Its path holds what a bad replacement wrote there, and it was never loaded before.
          : code === "app_failed" ? this.nano.told.failedLoads.some(({ app }) => app === name)
          : false;
        expect(isAllowed ? "allowed" : told).toBe("allowed");
      }),
    );
  }
}

function appOf(name: string, source: string): TestApp {
  return { name, source, limits: LIMITS };
}

test("whatever is added, removed, replaced, asked and killed meanwhile: every request is answered with a reason, and nothing is left over", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      using nano = await TestRuntime.start([...NAMES, ...BYSTANDERS].map((name) => appOf(name, sourceOf(1))));
      const run = new Run(nano);
      for (const one of steps) await run.take(one);
      for (const { reason } of (await Promise.allSettled([...run.requests, ...run.changes])) as { readonly reason?: unknown }[]) if (reason !== undefined) throw reason;
      await until(() => [...run.apps].every((app) => app.inFlight === 0) && nano.runtime.pipeline.inFlight === 0, "the end of all requests");

      expect(nano.told.faults).toEqual([]);
      expect(nano.told.requests.length).toBe(run.asked);
      for (const app of run.apps) {
        expect([app.gate.running, app.gate.queued, app.serving.pool.invocations, app.streamBudget.usedBytes]).toEqual([0, 0, 0, 0]);
        const isServing = nano.runtime.registry.apps.includes(app);
        expect(app.serving.pool.size).toBeLessThanOrEqual(isServing ? LIMITS.isolates : 0);
        await until(() => {
          app.evict(Number.POSITIVE_INFINITY);
          return app.serving.pool.size === 0;
        }, "the end of all isolates");
      }
      for (const name of [...NAMES.filter((name) => run.known[name].isThere), ...BYSTANDERS]) {
        const response = await nano.get(name);
        if (response.status !== 200) expect(nano.told.failedLoads.some(({ app }) => app === name)).toBe(true);
      }
    }),
    { numRuns: 40, endOnFailure: true },
  );
}, 60_000);

test("a drain of the whole process lets everything finish that had begun, and takes nothing more", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ name, path: fc.constantFrom("/", "/wait", "/later") }), { minLength: 1, maxLength: 6 }), fc.integer({ min: 0, max: 6 }), async (asked, turns) => {
      using nano = await TestRuntime.start([...NAMES, ...BYSTANDERS].map((name) => appOf(name, sourceOf(1))));
      const answers = asked.map(({ name, path }) => nano.text(name, path));
      for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
      const running = NAMES.map((name) => nano.app(name).gate.running);
      const unfinished = await nano.runtime.drain(5_000);
      expect(unfinished).toEqual([]);
      const texts = await Promise.all(answers);
      expect(texts.filter((text) => text !== "version 1")).toEqual([]);
      expect(running.every((n) => n <= LIMITS.concurrency)).toBe(true);
      for (const name of NAMES) expect(await nano.text(name)).toContain("draining");
    }),
    { numRuns: 15 },
  );
}, 60_000);
