/** An app: a named thing that an operator deploys. It owns its current revision, the isolates of that, the gate in front and its account with the scheduler. */
import type { ByteBudget } from "../base/byte-pipe.ts";
import type { AppConfig } from "../config/config.ts";
import type { Kill } from "../isolate/invocation.ts";
import { MemoryCacheStore } from "../web/cache/host/memory-store.ts";
import { Account } from "../isolate/scheduler.ts";
import { AdmissionGate } from "./admission.ts";
import { LogRate } from "./log-rate.ts";
import type { LoadBundle } from "./load/bundle.ts";
import { Drain, type Drainable, type DrainProgress, type DrainReason } from "./drain.ts";
import { Quarantine, quarantineLimits } from "./quarantine.ts";
import type { Revision, RevisionOrigin, RevisionServices } from "./revision.ts";
import { Serving, type ServingHooks } from "./serving.ts";

/** `loading` includes apps that nobody has asked for yet: they load at their first request. */
export type AppState = "loading" | "ready" | "draining" | "failed" | "quarantined";

export class App implements Drainable {
  readonly name: string;
  readonly account: Account;
  readonly gate: AdmissionGate;
  /** What waits in nano of the app's streams. */
  readonly streamBudget: ByteBudget;
  /** Outlives revisions: what an app caches is data, not code. */
  readonly caches: MemoryCacheStore;
  readonly logRate: LogRate;
  readonly quarantine = new Quarantine(() => quarantineLimits(this.config.limits.quarantineKills));
  readonly #services: RevisionServices;
  readonly #hooks: ServingHooks;
  /** Replaced, and not done. */
  readonly #retired = new Map<Serving, Drain>();
  /** All whose code may still say something: the one that serves, those that load, those that finish. */
  readonly #speaking = new Set<Revision>();
  /** Loaded or loading, and not decided about. */
  readonly #prepared = new Map<number, Serving>();
  /** Loading, to be served as soon as they can be. */
  readonly #replacing = new Set<Serving>();
  #serving: Serving;
  #revisions = 0;
  #drain: Drain | null = null;
  #hold: { readonly over: Promise<void>; readonly release: () => void } | null = null;
  #isClosed = false;

  constructor(services: RevisionServices, config: AppConfig, origin?: RevisionOrigin) {
    this.name = config.name;
    this.account = new Account(config.name);
    this.gate = new AdmissionGate(config.limits);
    const app = this;
    this.caches = new MemoryCacheStore(() => app.config.limits.cacheBytes, () => Date.now());
    this.streamBudget = {
      usedBytes: 0,
      get limitBytes() {
        return app.config.limits.maxBufferBytes;
      },
    };
    this.logRate = new LogRate();
    this.#services = services;
    this.#hooks = {
      onKill: (revision, kill) => this.#tellKill(revision, kill),
      onClosed: (serving) => {
        this.#retired.delete(serving);
        this.#speaking.delete(serving.revision);
      },
    };
    this.#serving = this.#create(config, origin);
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
    return this.#drain !== null || this.#isClosed;
  }
  /** What an operator is told about the app. */
  get state(): AppState {
    if (this.isDraining) return "draining";
    const { state } = this.#serving.revision;
    if (state !== "ready") return state === "failed" ? "failed" : "loading";
    return this.quarantine.remainingMs > 0 ? "quarantined" : "ready";
  }
  /** Null unless the app is stopping. */
  get drainProgress(): DrainProgress | null {
    return this.#drain?.progress ?? null;
  }
  /** Revisions that were replaced and still finish what they had begun. */
  get retiring(): readonly (DrainProgress & { readonly revision: number })[] {
    return [...this.#retired].map(([{ revision }, drain]) => ({ revision: revision.number, ...drain.progress }));
  }
  /** Requests that were accepted and are not over, whether they run, wait for a place or for a load, on whatever revision; and work on a drain event. */
  get inFlight(): number {
    let announcements = this.#serving.announcements;
    for (const serving of this.#retired.keys()) announcements += serving.announcements;
    return this.gate.running + this.gate.queued + announcements;
  }
  get unfinished(): readonly string[] {
    return [this.#serving, ...this.#retired.keys()].flatMap(({ unfinished }) => unfinished);
  }

  /** `text` without the values of the app's env and secrets, of whatever revision still has a say. `isCut`: see `Revision.redact`. */
  readonly redact = (text: string, isCut = false): string => {
    let redacted = text;
    for (const revision of this.#speaking) redacted = revision.redact(redacted, isCut);
    return redacted;
  };

  /**
   * Loads a new revision and, once it is ready, swaps it in; the old one finishes what it has. A failed load changes nothing and is returned, and so is one that a
   * later revision has overtaken. If it `mayFail`, a failed load is swapped in too: clients are told of it until a later one mends it. `loadBundle`: where the code comes from.
   */
  async replace(config: AppConfig, mayFail = false, loadBundle: LoadBundle = this.#services.loadBundle): Promise<Revision> {
    const next = this.#create(config, { number: this.#revisions + 1, loadBundle });
    this.#replacing.add(next);
    const state = await next.warmUp();
    this.#replacing.delete(next);
    if (state !== "ready" && this.#serving.revision.state === "loading") await this.#serving.revision.load();
    const previous = this.#serving;
    const isLate = this.#isClosed || previous.revision.number > next.revision.number;
    // Where nothing serves, a load that failed is replaced by whatever comes, so that the newest error is the one shown.
    if (isLate || (state !== "ready" && !mayFail && previous.revision.state === "ready")) this.#forget(next);
    else this.#swap(next);
    return next.revision;
  }

  /**
   * Requests wait from here on until what is returned is called, or for `mostMs`: what they would be answered with is about to be replaced. Those that wait
   * already wait for this now.
   */
  hold(mostMs: number): () => void {
    const over = Promise.withResolvers<void>();
    const release = () => {
      clearTimeout(timer);
      if (this.#hold?.release === release) this.#hold = null;
      over.resolve();
    };
    const timer = setTimeout(release, mostMs);
    const before = this.#hold;
    this.#hold = { over: over.promise, release };
    before?.release();
    return release;
  }

  /** Resolves when it is worth asking again whether requests are to wait; null when they are not. */
  get held(): Promise<void> | null {
    return this.#hold?.over ?? null;
  }

  /** Loads a revision beside the one that serves, for a later `commit` of its number. */
  async prepare(config: AppConfig, origin: RevisionOrigin): Promise<Revision> {
    const next = this.#create(config, origin);
    this.#prepared.get(origin.number)?.close();
    this.#prepared.set(origin.number, next);
    if ((await next.warmUp()) !== "ready") {
      if (this.#prepared.get(origin.number) === next) this.#prepared.delete(origin.number);
      this.#forget(next);
    }
    return next.revision;
  }

  /** Serves that revision from now on: as it was prepared, or else loaded at the next request. Whatever else was prepared is dropped. */
  commit(config: AppConfig, origin: RevisionOrigin): void {
    const prepared = this.#prepared.get(origin.number);
    this.#prepared.delete(origin.number);
    this.discard();
    if (this.#serving.revision.number !== origin.number) this.#swap(prepared ?? this.#create(config, origin));
    else prepared?.close();
  }

  /** Drops what was prepared. */
  discard(): void {
    for (const serving of this.#prepared.values()) serving.close();
    this.#prepared.clear();
  }

  /** Takes nothing new from here on, and closes when all is done, or after `drain_ms`, or `mostMs` if that is less. */
  drain(reason: DrainReason, mostMs = Number.POSITIVE_INFINITY): Drain {
    this.#drain?.hurry(mostMs);
    this.#drain ??= new Drain(this, reason, Math.min(this.config.limits.drainMs, mostMs), this.#services.observer);
    return this.#drain;
  }

  /** Those that were replaced have been told. */
  announce(reason: DrainReason, deadline: number, graceMs: number): void {
    this.#serving.announce(reason, deadline, graceMs);
  }

  /** Drops isolates that have been idle since before `since`. */
  evict(since: number): void {
    this.#serving.pool.evict(since);
  }

  /** Ends everything at once. */
  close(): void {
    this.#isClosed = true;
    this.gate.close();
    this.discard();
    for (const serving of [this.#serving, ...this.#retired.keys()]) serving.close();
  }

  #create(config: AppConfig, origin: RevisionOrigin = { number: this.#revisions + 1, loadBundle: this.#services.loadBundle }): Serving {
    this.#revisions = Math.max(this.#revisions, origin.number);
    const serving = new Serving(this.#services, config, this.account, origin, this.#hooks);
    this.#speaking.add(serving.revision);
    return serving;
  }

  /** A failed load keeps its error for whoever asked for it. */
  #forget(serving: Serving): void {
    if (serving.revision.state === "failed") this.#speaking.delete(serving.revision);
    else serving.close();
  }

  #swap(next: Serving): void {
    const previous = this.#serving;
    this.#serving = next;
    previous.revision.retire(next.revision);
    this.gate.limits = next.revision.config.limits;
    // Whoever deploys anew has mended something.
    this.quarantine.lift();
    // What has been overtaken is of no interest any more, not even why it may fail.
    for (const late of this.#replacing) if (late.revision.number < next.revision.number) late.close();
    this.#retire(previous);
    this.#services.observer.appReplaced(this.name);
  }

  #retire(serving: Serving): void {
    const drain = new Drain(serving, "replaced", serving.revision.config.limits.drainMs, this.#services.observer);
    this.#retired.set(serving, drain);
  }

  #tellKill(revision: Revision, kill: Kill): void {
    const { outcome, ...details } = kill;
    this.#services.observer.kill({ app: this.name, reason: outcome, ...details, frame: this.#services.hasPlaces ? revision.frameOf(kill.stack) : "" });
    // An exception that left the isolate unusable is told to the client as such, and is the app's affair.
    const restMs = outcome === "internalError" ? null : this.quarantine.kill();
    if (restMs !== null) this.#services.observer.event("quarantined", { app: this.name, for_ms: restMs });
  }
}
