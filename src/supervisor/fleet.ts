/** The workers: so many places, each with a worker that is starting or serving. One that ends, or is stuck, is replaced; all are asked and told together. */
import { limitValue } from "../limits.ts";
import type { Observer } from "../observe/observer.ts";
import { BackOff } from "./back-off.ts";
import { ChannelClosed } from "./channel.ts";
import type { Plan, WorkerMethods } from "./messages.ts";
import { planToWire } from "./plan-wire.ts";
import type { Worker } from "./worker.ts";

export interface FleetOptions {
  readonly places: number;
  readonly spawn: (id: number) => Worker;
  /** Builds what the worker serves; resolves with the plan it then has. */
  readonly start: (worker: Worker) => Promise<Plan>;
  /** What all have to serve by now. */
  readonly plan: () => Plan;
  readonly listen: (worker: Worker) => Promise<void>;
  readonly onEnded: (worker: Worker) => void;
  readonly observer: Pick<Observer, "event" | "workerReplaced">;
}

const TICK_MS = limitValue("worker_beat_ms");
const START_MS = limitValue("worker_start_ms");
/** A supervisor that was away for so long has heard nobody: that is no fault of the workers. */
const ABSENCE_MS = 3 * TICK_MS;

export class Fleet {
  readonly #options: FleetOptions;
  readonly #members = new Set<Worker>();
  /** Everybody who has not ended, members or not. */
  readonly #alive = new Set<Worker>();
  /** Ended by us for its silence. */
  readonly #stuck = new Set<Worker>();
  /** Which place a worker has, from 1, and how many had it before. */
  readonly #places = new Map<Worker, { readonly place: number; readonly restarts: number }>();
  readonly #backOff = new BackOff(() => performance.now());
  readonly #pending = new Set<ReturnType<typeof setTimeout>>();
  #watch: ReturnType<typeof setInterval> | null = null;
  #nextId = 1;
  #isStopping = false;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Those that have been started: they hear of every change of the plan. */
  get members(): readonly Worker[] {
    return [...this.#members];
  }
  /** All that have not ended, by place. */
  get workers(): readonly { readonly place: number; readonly pid: number; readonly restarts: number; readonly isMember: boolean }[] {
    return [...this.#alive].map((worker) => ({ place: 0, restarts: 0, ...this.#places.get(worker), pid: worker.pid, isMember: this.#members.has(worker) })).sort((a, b) => a.place - b.place);
  }

  /** Resolves when every place has a worker that listens; rejects, with nothing left running, when one of them cannot. */
  async open(): Promise<void> {
    this.#watchPulses();
    const first = Array.from({ length: this.#options.places }, (_, i) => this.#spawn(i + 1, 0));
    try {
      await Promise.all(first.map((worker) => this.#bringUp(worker)));
    } catch (error) {
      this.kill();
      throw error;
    }
    for (const worker of first) void worker.exited.then((how) => this.#replace(worker, how));
  }

  /** Asks every member; what a member that ended meanwhile would have said is left out. Rejects when a member throws. */
  async all<K extends keyof WorkerMethods & string>(method: K, params: (worker: Worker, i: number) => Parameters<WorkerMethods[K]>[0]): Promise<readonly Awaited<ReturnType<WorkerMethods[K]>>[]> {
    const answers = await Promise.all(
      this.members.map(async (worker, i) => {
        try {
          return [(await (worker.call as (method: string, params: unknown) => Promise<unknown>)(method, params(worker, i))) as Awaited<ReturnType<WorkerMethods[K]>>];
        } catch (error) {
          if (error instanceof ChannelClosed) return [];
          throw error;
        }
      }),
    );
    return answers.flat();
  }

  /** Drains all; resolves with the apps that were not done somewhere. Workers that do not manage it in `mostMs` are ended. */
  async stop(mostMs: number): Promise<readonly string[]> {
    this.#halt();
    const members = this.members;
    for (const worker of this.#alive) if (!this.#members.has(worker)) worker.kill();
    const unfinished = new Set<string>();
    const timer = setTimeout(() => this.kill(), mostMs);
    await Promise.all(
      members.map(async (worker) => {
        for (const name of await worker.call("stop", null).catch(() => [])) unfinished.add(name);
        worker.release();
        await worker.exited;
      }),
    );
    clearTimeout(timer);
    return [...unfinished];
  }

  /** Ends all at once. */
  kill(): void {
    this.#halt();
    for (const worker of this.#alive) worker.kill();
  }

  #halt(): void {
    this.#isStopping = true;
    if (this.#watch !== null) clearInterval(this.#watch);
    for (const timer of this.#pending) clearTimeout(timer);
  }

  #spawn(place: number, restarts: number): Worker {
    const worker = this.#options.spawn(this.#nextId++);
    this.#places.set(worker, { place, restarts });
    this.#alive.add(worker);
    void worker.exited.then(() => {
      this.#alive.delete(worker);
      this.#members.delete(worker);
      this.#options.onEnded(worker);
    });
    return worker;
  }

  async #bringUp(worker: Worker): Promise<void> {
    const timer = setTimeout(() => worker.kill(), START_MS);
    try {
      await worker.hello;
      let plan = await this.#options.start(worker);
      // The plan may have changed meanwhile. Between the last look and the membership nothing is awaited.
      for (let current = this.#options.plan(); current.version !== plan.version; current = this.#options.plan()) {
        await worker.call("commit", { plan: planToWire(current) });
        plan = current;
      }
      this.#members.add(worker);
      await this.#options.listen(worker);
    } finally {
      clearTimeout(timer);
    }
  }

  #replace(worker: Worker, how: string): void {
    if (this.#isStopping) return;
    const { place, restarts } = this.#places.get(worker) ?? { place: 0, restarts: 0 };
    this.#places.delete(worker);
    const afterMs = this.#backOff.next();
    this.#options.observer.workerReplaced(this.#stuck.delete(worker) ? "stuck" : "ended");
    this.#options.observer.event("worker_ended", { worker: worker.id, pid: worker.pid, how, replaced_in_ms: afterMs });
    const timer = setTimeout(() => {
      this.#pending.delete(timer);
      if (this.#isStopping) return;
      const next = this.#spawn(place, restarts + 1);
      void next.exited.then((why) => this.#replace(next, why));
      this.#bringUp(next).then(
        () => this.#options.observer.event("worker_replaced", { worker: next.id, pid: next.pid }),
        (error: Error) => {
          // One that ended by itself has been told of already.
          if (this.#alive.has(next)) this.#options.observer.event("worker_failed", { worker: next.id, pid: next.pid, error: error.message });
          next.kill();
        },
      );
    }, afterMs);
    this.#pending.add(timer);
  }

  #watchPulses(): void {
    let lookedAt = performance.now();
    this.#watch = setInterval(() => {
      const now = performance.now();
      const wasAway = now - lookedAt > ABSENCE_MS;
      lookedAt = now;
      for (const worker of this.#members) {
        if (wasAway) worker.pulse?.beat();
        const fault = worker.pulse?.fault() ?? null;
        if (fault === null) continue;
        this.#stuck.add(worker);
        this.#options.observer.event("worker_stuck", { worker: worker.id, pid: worker.pid, fault });
        worker.kill();
      }
    }, TICK_MS);
  }
}
