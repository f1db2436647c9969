/** A revision and the isolates that run it: what an app serves from, and what is left of it once it is replaced. */
import type { AppConfig } from "../config/config.ts";
import type { Kill } from "../isolate/invocation.ts";
import type { Account } from "../isolate/scheduler.ts";
import { limitValue } from "../limits.ts";
import type { Drainable, DrainReason } from "./drain.ts";
import { IsolatePool } from "./pool.ts";
import { Revision, type RevisionOrigin, type RevisionServices, type RevisionState } from "./revision.ts";

const EVENT_CPU_MS = limitValue("drain_event_cpu_ms");

export interface ServingHooks {
  onKill(revision: Revision, kill: Kill): void;
  onClosed(serving: Serving): void;
}

export class Serving implements Drainable {
  readonly revision: Revision;
  readonly pool: IsolatePool;
  readonly #hooks: ServingHooks;
  #announcements = 0;

  constructor(services: RevisionServices, config: AppConfig, account: Account, origin: RevisionOrigin, hooks: ServingHooks) {
    this.revision = new Revision(services, config, account, origin);
    this.pool = new IsolatePool(this.revision, (kill) => hooks.onKill(this.revision, kill));
    this.#hooks = hooks;
  }

  get name(): string {
    return this.revision.config.name;
  }
  get inFlight(): number {
    return this.pool.invocations;
  }
  get unfinished(): readonly string[] {
    return this.pool.requestIds;
  }
  /** What the app's code does about being told of the end. */
  get announcements(): number {
    return this.#announcements;
  }

  /** Loads, and lets an isolate take an event, so that what is ready has run once. The isolate stays for the first request. Never rejects. */
  async warmUp(): Promise<RevisionState> {
    const { revision } = this;
    if ((await revision.load()) !== "ready" || !revision.config.hasCode) return revision.state;
    try {
      const isolate = this.pool.take();
      if (isolate === null) throw new Error("there is no memory left to try it in");
      const { invocationLimits: limits, config, number } = revision;
      const invocation = isolate.open({ requestId: `warm-up-${config.name}-${number}`, app: config.name, limits: { ...limits, waitUntilMs: limits.wallMs }, startupCpuMs: config.limits.startupCpuMs, onAnswer() {}, onFailure() {}, onOver() {} });
      invocation.answer(null);
      invocation.enter("warm_up", 0);
      await isolate.whenIdle();
      if (isolate.isCondemned) throw new Error("it was ended before its first request");
      invocation.finish();
    } catch (error) {
      revision.fail(error as Error);
    }
    return revision.state;
  }

  /** The `drain` event, in every isolate: each has a state of its own. */
  announce(reason: DrainReason, deadline: number, graceMs: number): void {
    const { invocationLimits: limits, config, number } = this.revision;
    for (const isolate of this.pool.borrowAll()) {
      this.#announcements++;
      const invocation = isolate.open({
        requestId: `drain-${config.name}-${number}`,
        app: config.name,
        limits: { ...limits, cpuMs: Math.min(limits.cpuMs, EVENT_CPU_MS), waitUntilMs: graceMs },
        onAnswer() {},
        onFailure() {},
        onOver: () => {
          this.#announcements--;
        },
      });
      // There is nobody to answer: what is left is the work that the event waits for.
      invocation.answer(null);
      invocation.enter("drain", reason, deadline);
    }
  }

  close(): void {
    this.pool.close();
    this.revision.close();
    this.#hooks.onClosed(this);
  }
}
