import { describe, expect, test } from "bun:test";
import { DeadlineSweeper } from "../../../src/base/deadline.ts";
import { GuestInvocation, type InvocationHome } from "../../../src/isolate/guest-invocation.ts";
import type { InvocationLimits, InvocationSummary } from "../../../src/isolate/invocation.ts";

const limits: InvocationLimits = { cpuMs: 50, wallMs: 1000, streamMs: 5000, waitUntilMs: 300, subrequests: 1, subrequestsAtOnce: 1, kdfIterations: 1, timers: 1, logBytes: 1, logLineBytes: 1, streamBufferBytes: 1 };
const failure = { name: "TypeError", message: "no", stack: "at app.js:1" };

/** An isolate that remembers what its invocation asked for, on a clock that a test moves. */
class Home {
  nowMs = 0;
  isEntered = false;
  unsettledFuel = 0;
  isPastLimit = false;
  readonly events: string[] = [];
  readonly told: string[] = [];
  readonly condemned: string[] = [];
  over = 0;
  summary: InvocationSummary | null = null;
  readonly sweeper = new DeadlineSweeper(1_000_000, () => this.nowMs);
  readonly invocation: GuestInvocation;

  constructor(own: Partial<InvocationLimits> = {}, startupCpuMs?: number) {
    let rid = 0;
    const home: InvocationHome = {
      sweeper: this.sweeper,
      fuelPerMs: 1000,
      nextRid: () => ++rid,
      enqueueEvent: (_invocation, event) => void this.events.push(event),
      isEntered: () => this.isEntered,
      unsettledFuel: () => this.unsettledFuel,
      isPastLimit: () => this.isPastLimit,
      condemn: (outcome, culprit) => {
        this.condemned.push(outcome);
        culprit.end(outcome, { outcome, limitKey: "key", limit: 1, used: 2, unit: "ms", stack: "", requestId: "r" });
      },
      over: () => void this.over++,
      followContexts: () => {},
      hideSource: () => {}, mapStack: (stack: string) => stack, peer: () => undefined,
      memoryBytes: 65_536, clockStartMs: 0,
    };
    this.invocation = new GuestInvocation(home, {
      id: 7,
      requestId: "r",
      app: "app",
      limits: { ...limits, ...own },
      ...(startupCpuMs === undefined ? {} : { startupCpuMs }),
      onAnswer: (answer) => void this.told.push(`answer ${answer}`),
      onFailure: (outcome, guest) => void this.told.push(`failure ${outcome}${guest === null ? "" : ` ${guest.message}`}`),
      onOver: (summary) => {
        this.summary = summary;
        this.told.push(`over ${summary.outcome}`);
      },
    });
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.sweeper.sweep();
  }
}

async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await null;
}

describe("an invocation that goes well", () => {
  test("is over once it has answered and the guest has nothing left to do", () => {
    const home = new Home();
    home.invocation.answer("hello");
    expect(home.told).toEqual(["answer hello"]);
    home.invocation.finish();
    expect(home.told).toEqual(["answer hello", "over ok"]);
    expect(home.over).toBe(1);
  });

  test("is not over before its body has been passed on", async () => {
    const home = new Home();
    const body = Promise.withResolvers<void>();
    home.invocation.answer("stream", body.promise);
    home.invocation.finish();
    await settled();
    expect(home.told).toEqual(["answer stream"]);
    body.resolve();
    await settled();
    expect(home.told).toEqual(["answer stream", "over ok"]);
  });

  test("may go on after its body, for as long as waitUntil allows, and is then simply over", async () => {
    const home = new Home();
    home.pass(900);
    home.invocation.answer("later");
    home.pass(299);
    expect(home.invocation.isOver).toBe(false);
    home.pass(1);
    expect(home.told).toEqual(["answer later", "over ok"]);
  });

  test("answers once: what it says after that is not heard", () => {
    const home = new Home();
    home.invocation.answer("first");
    home.invocation.answer("second");
    home.invocation.fail("exception", failure);
    expect(home.told).toEqual(["answer first"]);
  });

  test("may be finished from inside its answer", () => {
    const told: string[] = [];
    const home = new Home();
    const invocation: GuestInvocation = new GuestInvocation(
      { sweeper: home.sweeper, fuelPerMs: 1, nextRid: () => 1, enqueueEvent() {}, isEntered: () => false, unsettledFuel: () => 0, isPastLimit: () => false, condemn() {}, over: () => void told.push("left"), followContexts: () => {},
 hideSource: () => {}, mapStack: (stack: string) => stack, peer: () => undefined, memoryBytes: 65_536, clockStartMs: 0 },
      { id: 1, requestId: "r", app: "app", limits, onAnswer: () => invocation.finish(), onFailure() {}, onOver: () => void told.push("over") },
    );
    invocation.answer(null);
    expect(told).toEqual(["left", "over"]);
  });
});

describe("each phase has a time of its own", () => {
  test("without an answer in time there is none", () => {
    const home = new Home();
    home.pass(999);
    expect(home.told).toEqual([]);
    home.pass(1);
    expect(home.told).toEqual(["failure exceededWallTime", "over exceededWallTime"]);
    expect(home.condemned).toEqual([]);
  });

  test("an app that is on the stack when its time is over can only be stopped with its isolate", () => {
    const home = new Home();
    home.isEntered = true;
    home.pass(1000);
    expect(home.condemned).toEqual(["exceededWallTime"]);
    expect(home.summary?.kill?.outcome).toBe("exceededWallTime");
  });

  test("a body has the time of a stream, from the answer on, and is cut after it", () => {
    const home = new Home();
    home.pass(500);
    home.invocation.answer("stream", new Promise(() => {}));
    home.pass(4999);
    expect(home.invocation.isOver).toBe(false);
    home.pass(1);
    expect(home.told).toEqual(["answer stream", "over exceededWallTime"]);
  });

  test("waitUntil work that is on the stack does not end its isolate", () => {
    const home = new Home();
    home.invocation.answer("x");
    home.isEntered = true;
    home.pass(300);
    expect(home.condemned).toEqual([]);
    expect(home.told).toEqual(["answer x", "over ok"]);
  });
});

describe("an invocation that fails", () => {
  test("tells why, and may still finish what it asked waitUntil for", () => {
    const home = new Home();
    home.invocation.fail("exception", failure);
    expect(home.told).toEqual(["failure exception no"]);
    home.invocation.finish();
    expect(home.summary).toEqual({ outcome: "exception", cpuMs: 0, fuel: 0, memoryBytes: 65_536, failure, kill: null, profile: null });
  });

  test("past its CPU limit may say nothing any more: neither an answer nor an excuse", () => {
    for (const say of [(one: GuestInvocation) => one.answer("late"), (one: GuestInvocation) => one.fail("exception", failure)]) {
      const home = new Home();
      home.isPastLimit = true;
      say(home.invocation);
      expect(home.condemned).toEqual(["exceededCpu"]);
      expect(home.told).toEqual(["failure exceededCpu", "over exceededCpu"]);
    }
  });

  test("with its isolate, after it had answered, is over without a second word to its caller", () => {
    const home = new Home();
    home.invocation.answer("stream", new Promise(() => {}));
    home.invocation.end("isolateLost");
    home.invocation.end("exceededCpu");
    expect(home.told).toEqual(["answer stream", "over isolateLost"]);
    expect(home.over).toBe(1);
  });
});

describe("a client that goes away", () => {
  test("before the answer: the guest is told, nobody waits, and waitUntil still has its time", () => {
    const home = new Home();
    home.invocation.cancel();
    expect(home.events).toEqual(["abort"]);
    expect(home.told).toEqual(["failure canceled"]);
    home.invocation.answer("nobody listens");
    home.pass(300);
    expect(home.told).toEqual(["failure canceled", "over canceled"]);
  });

  test("during the body: the body is given up", () => {
    const home = new Home();
    home.invocation.answer("stream", new Promise(() => {}));
    home.invocation.cancel();
    home.invocation.finish();
    expect(home.told).toEqual(["answer stream", "over canceled"]);
  });

  test("after the body: all went well", () => {
    const home = new Home();
    home.invocation.answer("x");
    home.invocation.cancel();
    home.invocation.finish();
    expect(home.told).toEqual(["answer x", "over ok"]);
    home.invocation.cancel();
    expect(home.events).toEqual(["abort"]);
  });
});

describe("what an invocation opened does not outlive it", () => {
  test("resources are closed and the signal is aborted, however it ends", () => {
    const ends: ((home: Home) => void)[] = [(home) => (home.invocation.answer("x"), home.invocation.finish()), (home) => home.pass(1000), (home) => home.invocation.end("isolateLost"), (home) => (home.invocation.cancel(), home.pass(300))];
    for (const end of ends) {
      const home = new Home();
      let closed = 0;
      home.invocation.resources.add("source", null, () => closed++);
      const { signal } = home.invocation;
      expect(signal.aborted).toBe(false);
      end(home);
      expect(closed).toBe(1);
      expect(signal.aborted).toBe(true);
      expect(home.invocation.signal.aborted).toBe(true);
    }
  });

  test("a signal asked for too late is aborted already, and no event enters the guest any more", () => {
    const home = new Home();
    home.invocation.end("isolateLost");
    expect(home.invocation.signal.aborted).toBe(true);
    home.invocation.enter("timer");
    expect(home.events).toEqual([]);
  });

  test("no deadline is left behind", () => {
    const home = new Home();
    home.invocation.answer("x");
    home.invocation.finish();
    home.pass(1_000_000);
    expect(home.told).toEqual(["answer x", "over ok"]);
  });
});

test("CPU is counted in fuel, against the limit of start-up while the app starts", () => {
  const home = new Home();
  home.invocation.charge(2500);
  expect([home.invocation.cpuMs, home.invocation.cpuLimitMs, home.invocation.cpuLimitKey]).toEqual([2.5, 50, "cpu_ms"]);
  home.unsettledFuel = 500;
  expect(home.invocation.cpuMs).toBe(3);
  const starting = new Home({}, 400);
  expect([starting.invocation.fuelLimit, starting.invocation.cpuLimitMs, starting.invocation.cpuLimitKey]).toEqual([400_000, 400, "startup_cpu_ms"]);
});
