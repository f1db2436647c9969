/** An app: a named thing that an operator deploys. It owns its current revision, the isolates of that, the gate in front and its account with the scheduler. */
import type { ByteBudget } from "../base/byte-pipe.ts";
import type { AppConfig } from "../config/config.ts";
import type { Kill } from "../isolate/invocation.ts";
import { Account } from "../isolate/scheduler.ts";
import { AdmissionGate } from "./admission.ts";
import { LogRate } from "./log-rate.ts";
import { IsolatePool } from "./pool.ts";
import { Revision, type RevisionServices } from "./revision.ts";

/** A revision and the isolates that run it. */
export interface Serving {
  readonly revision: Revision;
  readonly pool: IsolatePool;
}

export class App {
  readonly name: string;
  readonly account: Account;
  readonly gate: AdmissionGate;
  /** What waits in nano of the app's streams. */
  readonly streamBudget: ByteBudget;
  readonly logRate: LogRate;
  readonly #services: RevisionServices;
  readonly #retired = new Set<Serving>();
  /** All whose code may still say something: the one that serves, those that load, those that finish. */
  readonly #speaking = new Set<Revision>();
  #serving: Serving;
  #revisions = 0;
  #draining = false;
  #isClosed = false;

  constructor(services: RevisionServices, config: AppConfig) {
    this.name = config.name;
    this.account = new Account(config.name);
    this.gate = new AdmissionGate(config.limits);
    const app = this;
    this.streamBudget = {
      usedBytes: 0,
      get limitBytes() {
        return app.config.limits.maxBufferBytes;
      },
    };
    this.logRate = new LogRate();
    this.#services = services;
    this.#serving = this.#prepare(config);
  }

  get config(): AppConfig {
    return this.#serving.revision.config;
  }
  get maxBodyBytes(): number {
    return this.config.limits.maxBodyBytes;
  }
  get serving(): Serving {
    return this.#serving;
  }
  get isDraining(): boolean {
    return this.#draining;
  }
  /** Requests that were admitted and are not over, whether they run or wait for a load, on whatever revision. */
  get inFlight(): number {
    return this.gate.running;
  }

  /** `text` without the values of the app's env and secrets, of whatever revision still has a say. `isCut`: see `Revision.redact`. */
  readonly redact = (text: string, isCut = false): string => {
    let redacted = text;
    for (const revision of this.#speaking) redacted = revision.redact(redacted, isCut);
    return redacted;
  };

  /** Positions in stacks become those of the app's own files. */
  mapStack(text: string): string {
    return this.#serving.revision.mapStack(text);
  }

  /**
   * Loads a new revision and, once it is ready, swaps it in; the old one finishes what it has. A failed load changes nothing and is returned, and so is one that a
   * later revision has overtaken. If it `mayFail`, a failed load is swapped in too: clients are told of it until a later one mends it.
   */
  async replace(config: AppConfig, mayFail = false): Promise<Revision> {
    const next = this.#prepare(config);
    const state = await next.revision.load();
    if (state !== "ready" && this.#serving.revision.state === "loading") await this.#serving.revision.load();
    const previous = this.#serving;
    const isLate = this.#isClosed || previous.revision.number > next.revision.number;
    // Where nothing serves, a load that failed is replaced by whatever comes, so that the newest error is the one shown.
    if (isLate || (state !== "ready" && !mayFail && previous.revision.state === "ready")) {
      this.#speaking.delete(next.revision);
      if (state === "ready") this.#bury(next);
      return next.revision;
    }
    this.#serving = next;
    this.gate.limits = config.limits;
    this.#retire(previous);
    return next.revision;
  }

  /** Takes nothing new from here on. */
  startDraining(): void {
    this.#draining = true;
    this.gate.close();
  }

  /** Drops isolates that have been idle since before `since`, and what retired revisions no longer need. */
  evict(since: number): void {
    this.#serving.pool.evict(since);
    for (const serving of this.#retired) if (serving.pool.invocations === 0) this.#bury(serving);
  }

  /** Ends everything at once. */
  close(): void {
    this.#isClosed = true;
    this.startDraining();
    for (const serving of [this.#serving, ...this.#retired]) this.#bury(serving);
  }

  #prepare(config: AppConfig): Serving {
    const revision = new Revision(this.#services, config, this.account, ++this.#revisions);
    this.#speaking.add(revision);
    return { revision, pool: new IsolatePool(revision, (kill) => this.#tellKill(revision, kill)) };
  }

  #retire(serving: Serving): void {
    if (serving.pool.invocations === 0) this.#bury(serving);
    else this.#retired.add(serving);
  }

  #bury(serving: Serving): void {
    this.#retired.delete(serving);
    this.#speaking.delete(serving.revision);
    serving.pool.close();
    serving.revision.close();
  }

  #tellKill(revision: Revision, kill: Kill): void {
    const { outcome, ...details } = kill;
    this.#services.observer.kill({ app: this.name, reason: outcome, ...details, stack: revision.mapStack(kill.stack) });
  }
}
