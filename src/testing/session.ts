/** What a test file's isolate may ask of the host: the handlers of `nano:test`, for one file and its apps. */
import { GuestError } from "../isolate/guest-error.ts";
import type { GuestInvocation } from "../isolate/guest-invocation.ts";
import type { OpContext } from "../isolate/invocation.ts";
import type { Handlers } from "../isolate/op.ts";
import type { Runtime, TestingServices } from "../runtime/runtime.ts";
import type { BytePipe } from "../base/byte-pipe.ts";
import { SINK } from "../web/fetch/host/answer-ops.ts";
import { CALL_FIELD, type testingOps } from "../web/testing/ops.ts";
import { framesIn } from "../apps/load/map-stack.ts";
import { TestApps } from "./apps.ts";
import { type Call, Calls } from "./calls.ts";
import { StoppableClock } from "./clock.ts";
import { Stubs } from "./stubs.ts";
import type { Work } from "./work.ts";

/** What the test file itself is called where apps have their names. No app can be. */
export const TEST_FILE = "nano:test";

const CALL = new RegExp(`\\n${CALL_FIELD}\\n(\\d+)\\n`, "i");
/** So many turns of the event loop without anything to run, and what is left waits for the clock or for the world. */
const QUIET_TURNS = 4;

export class Session implements TestingServices {
  readonly calls = new Calls();
  readonly #stubs = new Stubs();
  readonly #clock = new StoppableClock(() => this.#settled());
  readonly #work: Work;
  readonly #timeoutMs: number;
  #apps: TestApps | null = null;
  #runtime: Runtime | null = null;
  #invocation: GuestInvocation | null = null;
  readonly clock = this.#clock.performance;
  readonly timers = this.#clock;
  readonly now = this.#clock.now;
  #tellLoaded = Promise.withResolvers<void>();
  #isAwaited = false;
  #onDone: () => void = () => {};
  /** End the waits of the work that is being done. */
  readonly #deadlines = new Set<() => void>();

  constructor(work: Work, timeoutMs: number) {
    this.#work = work;
    this.#timeoutMs = timeoutMs;
  }

  /** `own`: the app that lies beside the test file, if there is one. */
  attach(runtime: Runtime, own: string | null): void {
    this.#runtime = runtime;
    this.#apps = new TestApps(runtime, own, (call, requestId) => this.calls.name(call, requestId));
  }

  get apps(): TestApps {
    if (this.#apps === null) throw new Error("the session has no runtime");
    return this.#apps;
  }

  /** Another isolate takes over: what the one before it left is gone. `onDone`: it has nothing left to do. */
  enter(invocation: GuestInvocation, onDone: () => void): void {
    this.leave();
    this.#stubs.home = invocation;
    this.#invocation = invocation;
    this.#tellLoaded = Promise.withResolvers();
    this.#isAwaited = false;
    this.#onDone = onDone;
  }

  /** The isolate is gone, and what it left. */
  leave(): void {
    this.#endDeadlines();
    this.#stubs.reset();
    this.#clock.go();
    this.#invocation = null;
  }

  /** A file that has not asked to be told has no tests. */
  fileLoaded(): void {
    if (this.#isAwaited) this.#tellLoaded.resolve();
    else this.#onDone();
  }

  readonly standInFor: TestingServices["standInFor"] = (name) => {
    const found = this.#apps?.find(name) ?? null;
    return found?.asked.isStubbed === true ? this.#stubs.standInFor(found.number) : null;
  };

  readonly wrapEgress: TestingServices["wrapEgress"] = (egress) => ({
    fetch_start: (ctx, id, packed, data, bodyRid) => {
      const call = ctx.invocation.app === TEST_FILE ? this.#callOf(packed) : undefined;
      if (call === undefined) return egress.fetch_start(ctx, id, packed, data, bodyRid);
      const body = bodyRid === 0 ? data : ctx.invocation.resources.get<BytePipe>(bodyRid, SINK);
      return this.apps.fetch(ctx, id, packed.replace(CALL, "\n"), body, call);
    },
    fetch_abort: (ctx, id) => {
      if (ctx.invocation.app === TEST_FILE) this.apps.abort(id);
      return egress.fetch_abort(ctx, id);
    },
  });

  readonly testing: Handlers<typeof testingOps, OpContext> = {
    file_loaded: () => {
      this.#isAwaited = true;
      return this.#tellLoaded.promise;
    },
    test_plan: (ctx, declared) => {
      this.#own(ctx);
      return { run: this.#work.plan(declared), timeoutMs: this.#timeoutMs };
    },
    work_begin: (ctx, name, tests, cpuMs) => {
      this.#own(ctx).renew(Math.max(cpuMs, this.#timeoutMs));
      this.#work.begin(name, tests);
    },
    work_deadline: (_ctx, ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => resolve(1), Math.min(ms, 2 ** 31 - 1));
        this.#deadlines.add(() => {
          clearTimeout(timer);
          resolve(0);
        });
      }),
    work_end: (ctx, errors, isSkipped) => {
      // An endless loop in an async function ends as a rejection that the runner has caught.
      if (this.#own(ctx).endIfSpent(framesIn(errors[0]?.stack ?? ""))) return;
      this.#endDeadlines();
      this.#work.end(errors, isSkipped === 1);
      if (this.#work.isAbandoned) this.#onDone();
    },
    file_end: (_ctx, error) => {
      if (error !== null) this.#work.fail(error);
      this.#onDone();
    },

    app_open: (_ctx, name) => this.apps.open(name),
    app_vary: (_ctx, app, changes) => this.apps.vary(app, changes),
    app_env: (_ctx, app) => this.apps.env(app),
    app_url: (_ctx, app) => this.apps.url(app),
    app_logs: (_ctx, app) => {
      const asked = this.apps.get(app);
      const { logs } = asked;
      asked.logs = [];
      return logs;
    },
    app_restart: (_ctx, app) => this.apps.restart(app),

    call_begin: (_ctx, app) => {
      this.apps.get(app);
      return this.calls.add(app);
    },
    call_state: (_ctx, number) => {
      const { requestId, outcome, fuel, cpuMs, memoryBytes, isOver, error, logs, subrequests } = this.#call(number);
      return { requestId, outcome, fuel, cpuMs, memoryBytes, isOver, error, logs, subrequests };
    },
    call_over: (_ctx, number) => this.#call(number).over,

    stub_next: () => this.#stubs.next(),
    stub_answer: (ctx, call, status, head, data, sinkRid) => this.#stubs.answer(ctx, call, status, head, data, sinkRid),
    stub_fail: (_ctx, call, why) => this.#stubs.fail(call, why),

    clock_stop: (_ctx, timeMs) => (timeMs === null ? this.#clock.go() : this.#clock.stop(timeMs)),
    clock_advance: async (_ctx, ms) => {
      if (!(await this.#clock.advance(ms))) throw new GuestError("Error", "the clock goes by itself: stop it first, with clock.stop()");
    },
    clock_pending: () => this.#clock.pending,
  };

  #endDeadlines(): void {
    this.#clock.interrupt();
    for (const end of this.#deadlines) end();
    this.#deadlines.clear();
  }

  /** The test file's own invocation: whoever else asks has found a way that there should not be. */
  #own(ctx: OpContext): GuestInvocation {
    if (this.#invocation === null || ctx.invocation !== this.#invocation) throw new GuestError("TypeError", "nano:test is there for test files alone");
    return this.#invocation;
  }

  #call(number: number): Call {
    const call = this.calls.get(number);
    if (call === undefined) throw new GuestError("Error", "there was no such request");
    return call;
  }

  #callOf(packed: string): Call | undefined {
    const number = CALL.exec(packed)?.[1];
    return number === undefined ? undefined : this.calls.get(Number(number));
  }

  async #settled(): Promise<void> {
    await this.apps.loaded();
    for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
      await new Promise((resolve) => setImmediate(resolve));
      if ((this.#runtime?.services.host.scheduler.backlog ?? 0) > 0) quiet = 0;
    }
  }
}
