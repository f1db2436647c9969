import { describe, expect, test } from "bun:test";
import { HeavyWork } from "../../../../src/web/crypto/host/heavy-work.ts";
import { failure, Guest } from "./fixture.ts";

/** Jobs that a test ends, and a record of which have been started. */
class Jobs {
  readonly started: string[] = [];
  readonly #ends = new Map<string, (failed: boolean) => void>();

  job(name: string): () => Promise<string> {
    return () => {
      this.started.push(name);
      return new Promise((resolve, reject) => this.#ends.set(name, (failed) => (failed ? reject(new Error(name)) : resolve(name))));
    };
  }

  async end(name: string, failed = false): Promise<void> {
    this.#ends.get(name)?.(failed);
    await settle();
  }
}

const settle = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};
const start = async (work: HeavyWork, jobs: Jobs, guest: Guest, ...names: readonly string[]) => {
  const results = names.map((name) => work.inPool(guest.context, 5, 1, jobs.job(name)));
  await settle();
  return results;
};

describe("the queue before the thread pool", () => {
  test("starts at once what there is room for", async () => {
    const jobs = new Jobs();
    const [result] = await start(new HeavyWork(2, 1), jobs, new Guest(), "a");
    expect(jobs.started).toEqual(["a"]);
    await jobs.end("a");
    expect(await result).toBe("a");
  });

  test("an app that queues a lot leaves room for the others, and they take turns", async () => {
    const work = new HeavyWork(2, 1);
    const jobs = new Jobs();
    await start(work, jobs, new Guest("busy"), "b1", "b2", "b3");
    expect(jobs.started).toEqual(["b1"]);
    await start(work, jobs, new Guest("other"), "o1", "o2");
    await start(work, jobs, new Guest("third"), "t1");
    expect(jobs.started).toEqual(["b1", "o1"]);
    for (const name of ["b1", "o1", "b2", "o2", "t1"]) await jobs.end(name);
    expect(jobs.started).toEqual(["b1", "o1", "b2", "o2", "t1", "b3"]);
  });

  test("a job that fails makes room for the next", async () => {
    const jobs = new Jobs();
    const [first, second] = await start(new HeavyWork(1, 1), jobs, new Guest(), "a", "b");
    await Promise.all([jobs.end("a", true), expect(first as Promise<string>).rejects.toThrow("a")]);
    await jobs.end("b");
    expect(await second).toBe("b");
  });

  test("what an invocation has queued is dropped when it ends, what runs keeps its place until it is done", async () => {
    const work = new HeavyWork(1, 1);
    const jobs = new Jobs();
    const gone = new Guest("gone");
    await start(work, jobs, gone, "g1", "g2");
    await start(work, jobs, new Guest("gone"), "other request");
    await start(work, jobs, new Guest("next"), "n1");
    gone.resources.closeAll();
    expect(jobs.started).toEqual(["g1"]);
    await jobs.end("g1");
    await jobs.end("other request");
    expect(jobs.started).toEqual(["g1", "other request", "n1"]);
  });

  test("an app may not queue more than so many jobs, or so many bytes, and may again when they are done", async () => {
    const work = new HeavyWork(2, 1);
    const jobs = new Jobs();
    const guest = new Guest();
    const run = async (bytes: number, name: string) => {
      const told = await failure(() => void work.inPool(guest.context, 5, bytes, jobs.job(name)).catch(() => {}));
      await settle();
      return told;
    };
    expect(await run(100 << 20, "one large job is no crowd")).toBe("none");
    expect(await run(1, "more")).toBe("OperationError");
    expect(await failure(() => void work.inPool(new Guest("neighbour").context, 5, 1, jobs.job("neighbour")))).toBe("none");
    await jobs.end("one large job is no crowd");
    const told = await Promise.all(Array.from({ length: 1_001 }, (_, i) => run(1, `job ${i}`)));
    expect(told.lastIndexOf("none")).toBe(999);
    expect(told[1_000]).toBe("OperationError");
  });

  test("a job is charged when it starts, one that never starts is not, and refusing one costs its copy", async () => {
    const work = new HeavyWork(1, 1);
    const jobs = new Jobs();
    const guest = new Guest();
    const call = work.inPool(guest.context, 1e6, 0, jobs.job("a"));
    const called = guest.fuel;
    expect(called).toBeLessThan(1e6);
    await settle();
    expect(guest.fuel - called).toBe(1e6);
    const other = new Guest();
    await start(work, jobs, other, "b");
    other.resources.closeAll();
    const before = guest.fuel;
    expect(await failure(() => void work.inPool(guest.context, 1e6, 80 << 20, jobs.job("too much")))).toBe("OperationError");
    expect(guest.fuel - before).toBeGreaterThan(1e6);
    await jobs.end("a");
    expect(await call).toBe("a");
    expect(jobs.started).toEqual(["a"]);
    expect(other.fuel).toBeLessThan(1e6);
  });

  test("a finished job leaves nothing with its invocation", async () => {
    const jobs = new Jobs();
    const guest = new Guest();
    await start(new HeavyWork(1, 1), jobs, guest, "a", "b");
    expect(guest.resources.size).toBe(2);
    await jobs.end("a");
    await jobs.end("b");
    expect(guest.resources.size).toBe(0);
  });
});
