/**
 * Settles what a millisecond of CPU is worth in fuel, and warms the engine on the way: the module is compiled once and shared, but its fast tier comes only after
 * some 150 ms of guest work. A limit in milliseconds is therefore the time that the work takes on the warm engine, whoever runs first.
 */
import { Isolate, type IsolateHost } from "./isolate.ts";
import { Account } from "./scheduler.ts";
import type { Snapshot } from "./snapshot.ts";

/** What apps do: calls, arithmetic, objects, strings, arrays, regular expressions, JSON. Runs until it is stopped. */
const WORK = `
const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
class Item { constructor(id) { this.id = id; this.name = "item " + id; this.tags = [id % 3, id % 5]; } get label() { return \`\${this.id}:\${this.name}\`; } }
for (;;) {
  fib(14);
  const items = [];
  for (let i = 0; i < 60; i++) items.push(new Item(i));
  const index = new Map(items.map((item) => [item.label, item]));
  const text = JSON.stringify([...index.values()].filter((item) => item.tags[0] !== 1).sort((a, b) => b.id - a.id));
  for (const { name } of JSON.parse(text)) /(\\w+) (\\d+)/.exec(name)[2].padStart(4, "0").split("").reverse().join("");
  await null;
}
export default {};
`;

/** Runs the work for about `budgetMs` of wall time, under the scheduler and in slices like any app. Resolves with fuel per millisecond, or undefined when it could not tell. */
export async function calibrate(host: IsolateHost, base: Snapshot, budgetMs: number): Promise<number | undefined> {
  const isolate = new Isolate({ host, snapshot: base, account: new Account("nano:calibration"), memoryBytes: 64 << 20, onCondemned: () => {} });
  const limits = { cpuMs: 60_000, wallMs: 60_000, streamMs: 1, waitUntilMs: 1, subrequests: 0, subrequestsAtOnce: 0, timers: 0, logBytes: 0, logLineBytes: 0, streamBufferBytes: 1 };
  const invocation = isolate.open({ requestId: "calibration", app: "nano:calibration", limits, onAnswer: () => {}, onFailure: () => {} });
  isolate.evaluate(invocation, WORK, "nano:calibration", "script");
  await new Promise((resolve) => setTimeout(resolve, budgetMs));
  isolate.dispose();
  return host.slices.undisturbedRate;
}
