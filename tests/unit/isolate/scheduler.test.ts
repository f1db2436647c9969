import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Account, Scheduler } from "../../../src/isolate/scheduler.ts";

const SLICE_FUEL = 1000;
const SLICE_MS = 1;

/** A thread with a clock of its own: guest code is a function that says what it burnt. */
class Thread {
  nowMs = 0;
  readonly ran: string[] = [];
  readonly #turns: (() => void)[] = [];
  readonly scheduler: Scheduler;

  constructor(turnMs = 2) {
    this.scheduler = new Scheduler({ now: () => this.nowMs, defer: (turn) => this.#turns.push(turn), turnMs });
  }

  /** A short entry of `app`: a request that is answered at once. */
  enter(account: Account, fuel = SLICE_FUEL / 10, label = account.name): void {
    this.scheduler.request(account, () => {
      this.#burn(account, fuel, label);
      return false;
    });
  }

  /** Guest code that never ends: it uses up slice after slice. */
  spin(account: Account): void {
    const grant = (): boolean => {
      this.#burn(account, SLICE_FUEL, account.name);
      this.scheduler.requestLater(account, grant);
      return true;
    };
    this.scheduler.request(account, grant);
  }

  /** Lets the event loop run `turns` times, with `between` before each. */
  run(turns: number, between: (turn: number) => void = () => {}): void {
    for (let i = 0; i < turns; i++) {
      between(i);
      this.#turns.shift()?.();
    }
  }

  get pendingTurns(): number {
    return this.#turns.length;
  }

  share(name: string, from = 0): number {
    const ran = this.ran.slice(from);
    return ran.filter((one) => one === name).length / ran.length;
  }

  #burn(account: Account, fuel: number, label: string): void {
    this.ran.push(label);
    this.nowMs += (fuel / SLICE_FUEL) * SLICE_MS;
    this.scheduler.charge(account, fuel);
  }
}

test("a lone request runs at once, inside the caller", () => {
  const thread = new Thread();
  thread.enter(new Account("a"));
  expect(thread.ran).toEqual(["a"]);
  expect(thread.pendingTurns).toBe(0);
});

test("entries of one app run in the order they came", () => {
  const thread = new Thread();
  const [a, other] = [new Account("a"), new Account("other")];
  thread.spin(other);
  for (let i = 0; i < 20; i++) thread.enter(a, 1, `a${i}`);
  thread.run(30);
  expect(thread.ran.filter((one) => one.startsWith("a"))).toEqual(Array.from({ length: 20 }, (_, i) => `a${i}`));
});

test("an entry asked for by guest code does not run inside it", () => {
  const thread = new Thread();
  const [a, b] = [new Account("a"), new Account("b")];
  let depth = 0;
  let deepest = 0;
  thread.scheduler.request(a, () => {
    deepest = Math.max(deepest, ++depth);
    thread.scheduler.request(b, () => {
      deepest = Math.max(deepest, ++depth);
      depth--;
      return false;
    });
    depth--;
    return false;
  });
  expect(deepest).toBe(1);
  thread.run(1);
  expect(thread.scheduler.backlog).toBe(0);
});

describe("the thread is shared by fuel", () => {
  test("two apps that spin get half of it each", () => {
    const thread = new Thread();
    thread.spin(new Account("a"));
    thread.spin(new Account("b"));
    thread.run(200);
    expect(thread.share("a")).toBeCloseTo(0.5, 1);
  });

  test("an app gets no more for having many isolates", () => {
    const thread = new Thread();
    const [many, one] = [new Account("many"), new Account("one")];
    for (let i = 0; i < 20; i++) thread.spin(many);
    thread.spin(one);
    thread.run(400);
    expect(thread.share("one")).toBeCloseTo(0.5, 1);
  });

  test("a spinner does not keep others waiting for more than a slice", () => {
    const thread = new Thread();
    thread.spin(new Account("spinner"));
    thread.run(50);
    const good = new Account("good");
    const waits: number[] = [];
    thread.run(300, () => {
      const asked = thread.nowMs;
      thread.scheduler.request(good, () => {
        waits.push(thread.nowMs - asked);
        thread.scheduler.charge(good, SLICE_FUEL / 10);
        return false;
      });
    });
    expect(waits.length).toBeGreaterThan(290);
    expect(Math.max(...waits)).toBeLessThanOrEqual(2 * SLICE_MS);
  });

  test("a newcomer does not get the time that the others had before it came", () => {
    const thread = new Thread();
    thread.spin(new Account("old"));
    thread.run(1000);
    const from = thread.ran.length;
    thread.spin(new Account("new"));
    thread.run(100);
    expect(thread.share("old", from)).toBeCloseTo(0.5, 1);
  });

  test("a newcomer does not starve those that ran alone by short entries either", () => {
    const thread = new Thread();
    const old = new Account("old");
    for (let i = 0; i < 10_000; i++) thread.enter(old, SLICE_FUEL);
    const from = thread.ran.length;
    thread.spin(new Account("new"));
    thread.run(100, () => thread.enter(old, SLICE_FUEL));
    expect(thread.share("old", from)).toBeGreaterThan(0.4);
  });

  test("idling saves nothing up", () => {
    const thread = new Thread();
    const [idle, busy] = [new Account("idle"), new Account("busy")];
    thread.enter(idle);
    thread.spin(busy);
    thread.run(1000);
    const from = thread.ran.length;
    thread.spin(idle);
    thread.run(100);
    expect(thread.share("busy", from)).toBeCloseTo(0.5, 1);
  });

  test("requests that come and come have three quarters of the thread beside apps that never stop, one or ten, and these have the rest", () => {
    for (const count of [1, 10]) {
      const thread = new Thread();
      const other = new Account("other");
      for (let i = 0; i < count; i++) thread.spin(new Account("greedy"));
      thread.run(50);
      const from = thread.ran.length;
      thread.run(2_000, () => thread.enter(other));
      const ran = thread.ran.slice(from);
      const slices = ran.filter((one) => one === "greedy").length;
      const entries = (ran.length - slices) / 10;
      expect(entries / (entries + slices)).toBeGreaterThan(0.7);
      expect(slices / (entries + slices)).toBeGreaterThan(0.2);
    }
  });

  test("an app that never stops has all of the thread while nobody asks for anything", () => {
    const thread = new Thread();
    thread.spin(new Account("greedy"));
    thread.enter(new Account("other"));
    thread.run(100);
    expect(thread.ran.filter((one) => one === "greedy").length).toBeGreaterThan(90);
  });

  test("an app that used much while it was alone is not punished for it", () => {
    const thread = new Thread();
    const [greedy, other] = [new Account("greedy"), new Account("other")];
    thread.spin(greedy);
    thread.run(5000);
    const from = thread.ran.length;
    thread.run(200, () => thread.enter(other));
    // A slice is ten times as long as an entry.
    const slices = thread.ran.slice(from).filter((one) => one === "greedy").length;
    expect((slices * SLICE_MS) / ((thread.ran.length - from - slices) * (SLICE_MS / 10) + slices * SLICE_MS)).toBeGreaterThan(0.22);
  });
});

test("the event loop has its turn: entries are granted for no longer than a turn", () => {
  const thread = new Thread(2);
  const [a, blocker] = [new Account("a"), new Account("blocker")];
  thread.spin(blocker);
  for (let i = 0; i < 100; i++) thread.enter(a, SLICE_FUEL / 2);
  const before = thread.nowMs;
  thread.run(1);
  expect(thread.nowMs - before).toBeLessThanOrEqual(2 + SLICE_MS);
  expect(thread.pendingTurns).toBe(1);
});

test("entries that bring the next entry let the event loop turn: what they wait for may be settled in microtasks forever", () => {
  const thread = new Thread(2);
  const streamer = new Account("streamer");
  let asked = 0;
  // What a microtask does: it asks again as soon as the entry before it has returned.
  while (thread.pendingTurns < 2 && asked < 1000) {
    asked++;
    thread.enter(streamer);
  }
  expect(asked).toBeLessThan(100);
  expect(thread.ran.length).toBeLessThan(asked);
  thread.run(2);
  expect(thread.ran.length).toBe(asked);
});

test("an entry that fails does not take the others' turns with it", () => {
  const thread = new Thread();
  const [a, b, blocker] = [new Account("a"), new Account("b"), new Account("blocker")];
  thread.scheduler.requestLater(blocker, () => false);
  thread.scheduler.request(a, () => {
    throw new Error("a defect");
  });
  thread.enter(b);
  for (let i = 0; i < 3; i++)
    try {
      thread.run(1);
    } catch (error) {
      expect((error as Error).message).toBe("a defect");
    }
  expect(thread.ran).toEqual(["b"]);
  expect(thread.scheduler.backlog).toBe(0);
});

test("whatever comes in whatever order, every entry runs exactly once and no turn is left over", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ app: fc.integer({ min: 0, max: 4 }), fuel: fc.integer({ min: 1, max: 3 * SLICE_FUEL }), turns: fc.integer({ min: 0, max: 2 }) }), { maxLength: 80 }), (steps) => {
      const thread = new Thread();
      const accounts = Array.from({ length: 5 }, (_, i) => new Account(`app${i}`));
      for (const { app, fuel, turns } of steps) {
        thread.enter(accounts[app] as Account, fuel);
        thread.run(turns);
      }
      thread.run(steps.length + 1);
      expect(thread.ran.length).toBe(steps.length);
      expect(thread.scheduler.backlog).toBe(0);
      expect(thread.pendingTurns).toBe(0);
    }),
  );
});

test("a short request does not wait behind a long one of its own app, and the long one gets on", () => {
  const thread = new Thread();
  const app = new Account("app");
  let slices = 0;
  const grant = (): boolean => {
    slices++;
    thread.nowMs += SLICE_MS;
    thread.scheduler.charge(app, SLICE_FUEL);
    thread.scheduler.requestLater(app, grant);
    return true;
  };
  thread.scheduler.request(app, grant);
  thread.run(10);
  slices = 0;
  thread.enter(app);
  thread.run(1);
  expect([thread.ran.length, slices]).toEqual([1, 0]);
  thread.run(1_000, () => thread.enter(app));
  expect(slices).toBeGreaterThan(1_000 / 10 / 4);
});
