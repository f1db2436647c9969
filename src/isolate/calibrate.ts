/**
 * Settles what a millisecond of CPU is worth in fuel, and warms the engine on the way: the module is compiled once and shared, but its fast tier comes only a second
 * or so after the work that asks for it, three times as fast as the tier before. A limit in milliseconds is the time that the work takes on the warm engine.
 */
import { Isolate } from "./isolate.ts";
import type { IsolateHost } from "./isolate-host.ts";
import { Account } from "./scheduler.ts";
import type { Slices } from "./slice.ts";
import type { Snapshot } from "./memory/snapshot.ts";

/** What apps do, for `ms`: calls, arithmetic, objects, strings, arrays, regular expressions, JSON. */
const work = (ms: number) => `
const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
class Item { constructor(id) { this.id = id; this.name = "item " + id; this.tags = [id % 3, id % 5]; } get label() { return \`\${this.id}:\${this.name}\`; } }
const until = Date.now() + ${ms};
do {
  fib(14);
  const items = [];
  for (let i = 0; i < 60; i++) items.push(new Item(i));
  const index = new Map(items.map((item) => [item.label, item]));
  const text = JSON.stringify([...index.values()].filter((item) => item.tags[0] !== 1).sort((a, b) => b.id - a.id));
  for (const { name } of JSON.parse(text)) /(\\w+) (\\d+)/.exec(name)[2].padStart(4, "0").split("").reverse().join("");
  await null;
} while (Date.now() < until);
export default {};
`;

/** After the warm-up the engine's compiler works on by itself: so much in so much time is enough to see how far it is. */
const BURST_MS = 4;
const LOOK_MS = 50;
/** The rate is settled when so many looks brought no more than the as many before. */
const LOOKS = 14;
const GROWTH = 1.05;
const LEAST_MS = 1_500;
const MOST_MS = 6_000;
const LIMITS = { cpuMs: 60_000, wallMs: 60_000, streamMs: 1, waitUntilMs: 1, subrequests: 0, subrequestsAtOnce: 0, timers: 0, kdfIterations: 0, logBytes: 0, logLineBytes: 0, streamBufferBytes: 1 };

/** Slices that also remember how fast they were. */
class TimedSlices implements Slices {
  readonly #slices: Slices;
  #rate = 0;

  constructor(slices: Slices) {
    this.#slices = slices;
  }

  get fuel(): number {
    return this.#slices.fuel;
  }

  ended(elapsedMs: number, burnt: number): void {
    this.#slices.ended(elapsedMs, burnt);
    this.#rate = Math.max(this.#rate, burnt / Math.max(elapsedMs, 0.01));
  }

  /** Fuel per millisecond of the fastest of the slices since the last call, for the others shared their core. 0 when there were none. */
  takeRate(): number {
    const rate = this.#rate;
    this.#rate = 0;
    return rate;
  }
}

/** Runs the work under the scheduler and in slices like any app's, beside whatever else runs. */
export class Calibration {
  /** Fuel per millisecond; undefined when it was stopped before it could tell. */
  readonly settled: Promise<number | undefined>;
  readonly #isolate: Isolate;
  #isStopped = false;

  /** Works for `warmUpMs` first, without a pause. */
  constructor(host: IsolateHost, base: Snapshot, warmUpMs: number) {
    const slices = new TimedSlices(host.slices);
    this.#isolate = new Isolate({ host: { ...host, slices }, snapshot: base, account: new Account("nano:calibration"), memoryBytes: 64 << 20, onCondemned: () => this.stop() });
    this.settled = this.#settle(slices, warmUpMs);
  }

  stop(): void {
    this.#isStopped = true;
    this.#isolate.dispose();
  }

  async #settle(slices: TimedSlices, warmUpMs: number): Promise<number | undefined> {
    await this.#work(warmUpMs);
    const rates: number[] = [];
    const fastest = (from: number, to?: number) => Math.max(...rates.slice(from, to));
    while (rates.length * LOOK_MS < MOST_MS) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      if (this.#isStopped) return undefined;
      await this.#work(BURST_MS);
      rates.push(slices.takeRate());
      if (rates.length * LOOK_MS >= LEAST_MS && fastest(-LOOKS) <= fastest(-2 * LOOKS, -LOOKS) * GROWTH) break;
    }
    this.stop();
    return fastest(-LOOKS) || undefined;
  }

  #work(ms: number): Promise<unknown> {
    return new Promise((over) => {
      const invocation = this.#isolate.open({ requestId: "calibration", app: "nano:calibration", limits: LIMITS, onAnswer: () => invocation.finish(), onFailure: () => invocation.finish(), onOver: over });
      this.#isolate.evaluate(invocation, work(ms), "nano:calibration", "script");
    });
  }
}
