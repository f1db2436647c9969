/**
 * The queue of cryptographic work that takes longer than a guest's entry should, mostly in the thread pool: so many jobs at once in the process, so many of one app, and apps
 * take turns. What an invocation has queued is dropped when it ends; what runs then is finished for nobody.
 */
import { GuestError } from "../../../isolate/guest-error.ts";
import type { OpContext } from "../../../isolate/invocation.ts";
import { COPY_FUEL_PER_BYTE, JOB_FUEL } from "./fuel.ts";

const JOB = "crypto-job";
/** What the jobs of one app may hold of the process's memory, bytes, and their number. */
const MAX_PENDING_BYTES = 64 << 20;
const MAX_PENDING_JOBS = 1_000;

interface Job {
  readonly bytes: number;
  /** Does the work and settles its promise. Never rejects. */
  readonly run: () => Promise<void>;
}

interface AppWork {
  readonly waiting: Set<Job>;
  running: number;
  jobs: number;
  bytes: number;
}

export class HeavyWork {
  readonly #atOnce: number;
  readonly #perApp: number;
  /** Apps that have work, in the order of their turns. */
  readonly #apps = new Map<string, AppWork>();
  #running = 0;

  constructor(atOnce: number, perApp: number) {
    this.#atOnce = atOnce;
    this.#perApp = perApp;
  }

  /**
   * Runs `start` when it is the app's turn, and charges `fuel` then: outside the call of the op, so that it counts for the invocation's limit and not for the
   * app's share of this thread. `bytes` is what the job holds until it is done.
   */
  inPool<T>(ctx: OpContext, fuel: number, bytes: number, start: () => Promise<T>): Promise<T> {
    return this.#enqueue(ctx, bytes, async () => {
      await null;
      ctx.charge(fuel);
      return await start();
    });
  }

  /** For work on this thread, a few milliseconds of it: the event loop turns before. The op has charged for it. */
  onThread<T>(ctx: OpContext, bytes: number, start: () => Promise<T>): Promise<T> {
    return this.#enqueue(ctx, bytes, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return await start();
    });
  }

  #enqueue<T>(ctx: OpContext, bytes: number, start: () => Promise<T>): Promise<T> {
    // Also for one that is refused: its bytes have been copied.
    ctx.charge(JOB_FUEL + bytes * COPY_FUEL_PER_BYTE);
    const { app, resources } = ctx.invocation;
    const work = this.#apps.get(app) ?? { waiting: new Set(), running: 0, jobs: 0, bytes: 0 };
    if (work.jobs >= MAX_PENDING_JOBS || (work.jobs > 0 && work.bytes + bytes > MAX_PENDING_BYTES)) throw new GuestError("OperationError", "too much cryptographic work at once");
    return new Promise<T>((resolve, reject) => {
      const run = async (): Promise<void> => {
        await start().then(resolve, reject);
        resources.release(rid);
      };
      const job: Job = { bytes, run };
      const rid = resources.add(JOB, job, () => {
        if (work.waiting.delete(job)) this.#forget(app, work, job);
      });
      this.#apps.set(app, work);
      work.jobs++;
      work.bytes += bytes;
      work.waiting.add(job);
      this.#startNext();
    });
  }

  #startNext(): void {
    if (this.#running >= this.#atOnce) return;
    for (const [app, work] of this.#apps) {
      const [job] = work.waiting;
      if (job === undefined || work.running >= this.#perApp) continue;
      work.waiting.delete(job);
      // To the end of the row.
      this.#apps.delete(app);
      this.#apps.set(app, work);
      this.#running++;
      work.running++;
      void this.#run(app, work, job);
      return;
    }
  }

  async #run(app: string, work: AppWork, job: Job): Promise<void> {
    await job.run();
    this.#running--;
    work.running--;
    this.#forget(app, work, job);
    this.#startNext();
  }

  #forget(app: string, work: AppWork, job: Job): void {
    work.jobs--;
    work.bytes -= job.bytes;
    if (work.jobs === 0) this.#apps.delete(app);
  }
}
