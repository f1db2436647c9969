import { describe, expect, test } from "bun:test";
import { Drain, type Drainable, type DrainReason } from "../../../src/apps/drain.ts";
import { TestRuntime, until } from "../../harness/runtime.ts";

class FakeSubject implements Drainable {
  readonly name = "app";
  inFlight: number;
  announced: [DrainReason, number] | null = null;
  isClosed = false;
  constructor(inFlight: number) {
    this.inFlight = inFlight;
  }
  get unfinished(): readonly string[] {
    return Array.from({ length: this.inFlight }, (_, i) => `request-${i}`);
  }
  announce(reason: DrainReason, _deadline: number, graceMs: number): void {
    this.announced = [reason, graceMs];
  }
  close(): void {
    this.isClosed = true;
    this.inFlight = 0;
  }
}

function drain(inFlight: number, graceMs: number) {
  const events: [string, Readonly<Record<string, unknown>>][] = [];
  const subject = new FakeSubject(inFlight);
  return { subject, events, drain: new Drain(subject, "removed", graceMs, { event: (name, fields) => void events.push([name, fields]) }) };
}

describe("a drain", () => {
  test("of something idle tells it and closes it, without a word to the log", async () => {
    const { subject, events, drain: { done } } = drain(0, 10_000);
    expect(subject.announced).toEqual(["removed", 10_000]);
    expect(await done).toBe(true);
    expect([subject.isClosed, events]).toEqual([true, []]);
  });

  test("is not over before the last request is", async () => {
    const { subject, events, drain: one } = drain(2, 10_000);
    await Bun.sleep(50);
    expect([subject.isClosed, one.progress.inFlight, one.progress.reason]).toEqual([false, 2, "removed"]);
    expect(one.progress.deadline - one.progress.startedAt).toBe(10_000);
    subject.inFlight = 0;
    expect(await one.done).toBe(true);
    expect(events.map(([name, { app, reason }]) => [name, app, reason])).toEqual([["drain_started", "app", "removed"], ["drain_finished", "app", "removed"]]);
  });

  test("ends what is left at its deadline, and names it", async () => {
    const { subject, events, drain: { done } } = drain(12, 30);
    expect(await done).toBe(false);
    expect(subject.isClosed).toBe(true);
    expect(events.at(-1)).toEqual(["drain_aborted", expect.objectContaining({ app: "app", aborted: 12, requests: `${Array.from({ length: 10 }, (_, i) => `request-${i}`).join(", ")} and 2 more` })]);
  });

  test("can be hurried, and not slowed down", async () => {
    const { drain: one } = drain(1, 10_000);
    one.hurry(60_000);
    expect(one.progress.deadline - one.progress.startedAt).toBe(10_000);
    one.hurry(0);
    expect(await one.done).toBe(false);
  });
});

const OTHERS = [
  { name: "other", source: "export default { fetch: () => new Response('other') };" },
  { name: "third", source: "export default { fetch: () => new Response('third') };" },
];
const listening = (listener: string) => `
  addEventListener("drain", (event) => { ${listener} });
  export default { fetch: (request) => request.url.endsWith("/slow") ? new Promise((resolve) => { globalThis.finish = () => resolve(new Response("slow")); }) : new Response("hello") };`;

describe("the drain event", () => {
  test("tells an app why and until when, and its waitUntil is waited for", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: listening(`console.log(event.type, event.reason, event.deadline - Date.now(), event.constructor.name, typeof DrainEvent); event.waitUntil(new Promise((resolve) => setTimeout(() => { console.log("flushed"); resolve(); }, 30)))`), limits: { drain_ms: 5_000 } }, ...OTHERS]);
    await nano.text("app");
    await nano.runtime.registry.remove("app");
    expect(nano.told.consoles.map(({ text }) => text)).toEqual([expect.stringMatching(/^drain removed (5000|4\d{3}) DrainEvent undefined$/), "flushed"]);
  });

  test("comes to a revision that was replaced, to end what would go on for long", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: listening(`console.log(event.reason); finish();`) }]);
    const asked = nano.text("app", "/slow");
    await until(() => nano.app("app").serving.pool.invocations === 1, "the invocation");
    const old = nano.app("app").serving;
    await nano.replace({ name: "app", source: listening("") });
    expect(await asked).toBe("slow");
    await until(() => old.revision.state === "closed", "the end of the old revision");
    expect(nano.told.consoles.map(({ text }) => text)).toEqual(["replaced"]);
  });

  test("that never ends is ended at the deadline, and so is the old revision", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: listening("event.waitUntil(new Promise(() => {}))"), limits: { drain_ms: 50 } }]);
    await nano.text("app");
    const old = nano.app("app").serving;
    await nano.replace({ name: "app", source: listening("") });
    expect(nano.app("app").retiring).toMatchObject([{ revision: 1, reason: "replaced", inFlight: 1 }]);
    await until(() => old.revision.state === "closed", "the end of the old revision");
    expect(nano.app("app").retiring).toEqual([]);
  });

  test("that spins is ended by its CPU limit, and nobody else notices", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: listening("for (;;);"), limits: { cpu_ms: 50 } }, ...OTHERS]);
    await nano.text("app");
    await nano.runtime.registry.remove("app");
    expect(nano.told.kills).toMatchObject([{ app: "app", reason: "exceededCpu" }]);
    expect(await nano.text("other")).toBe("other");
  });

  test("that throws is told in the app's log, and holds nothing up", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: listening("throw new Error('oh')") }, ...OTHERS]);
    await nano.text("app");
    await nano.runtime.registry.remove("app");
    expect(nano.told.consoles.map(({ text }) => text)).toEqual([expect.stringContaining("oh")]);
  });

  test("survives an app that changes what it is made of", async () => {
    using nano = await TestRuntime.start([{ name: "app", source: listening("Object.defineProperty(Event.prototype, 'type', { get() { throw 1 } }); Promise.prototype.then = null; event.waitUntil({ get then() { throw 2 } })") }, ...OTHERS]);
    await nano.text("app");
    await nano.runtime.registry.remove("app");
    expect([nano.told.faults, nano.told.kills]).toEqual([[], []]);
  });
});
