import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type ByteBudget, BytePipe } from "../../../src/base/byte-pipe.ts";

const bytes = (length: number, fill = 1) => new Uint8Array(length).fill(fill);

/** Whether `promise` has settled once every microtask has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(
    () => (settled = true),
    () => (settled = true),
  );
  for (let i = 0; i < 10; i++) await null;
  return settled;
}

describe("a slow reader slows the writer", () => {
  test("a write waits once the high-water mark is reached, until enough has been taken", async () => {
    const pipe = new BytePipe(10);
    expect(await isSettled(pipe.write(bytes(4)))).toBe(true);
    const waiting = pipe.write(bytes(6));
    expect(await isSettled(waiting)).toBe(false);
    expect(pipe.queuedBytes).toBe(10);
    await pipe.pull();
    expect(await isSettled(waiting)).toBe(true);
  });

  test("a chunk that is larger than the mark still passes, and is waited for", async () => {
    const pipe = new BytePipe(10);
    const waiting = pipe.write(bytes(50));
    expect(await isSettled(waiting)).toBe(false);
    expect((await pipe.pull())?.byteLength).toBe(50);
    await waiting;
  });

  test("a reader that waits gets the chunk at once and nothing is queued", async () => {
    const pipe = new BytePipe(1);
    const pulled = pipe.pull();
    await pipe.write(bytes(100));
    expect(pipe.queuedBytes).toBe(0);
    expect((await pulled)?.byteLength).toBe(100);
  });

  test("an empty chunk is no chunk: the reader goes on waiting", async () => {
    const pipe = new BytePipe(10);
    const pulled = pipe.pull();
    await pipe.write(bytes(0));
    expect(await isSettled(pulled)).toBe(false);
    pipe.close();
    expect(await pulled).toBeNull();
  });
});

describe("several pipes share what their app may hold", () => {
  const shared = (limitBytes: number): ByteBudget => ({ usedBytes: 0, limitBytes });

  test("a writer waits while the others use the budget up, although its own mark is far", async () => {
    const budget = shared(100);
    const full = new BytePipe(1000, budget);
    const other = new BytePipe(1000, budget);
    full.write(bytes(100));
    const waiting = other.write(bytes(1));
    expect(await isSettled(waiting)).toBe(false);
    await other.pull();
    expect(await isSettled(waiting)).toBe(true);
  });

  test("no pipe waits for another one: each may always hold one chunk", async () => {
    const budget = shared(10);
    const pipes = Array.from({ length: 5 }, () => new BytePipe(10, budget));
    for (const pipe of pipes) pipe.write(bytes(10)).catch(() => {});
    for (const pipe of [...pipes].reverse()) expect((await pipe.pull())?.byteLength).toBe(10);
    for (const pipe of pipes) await pipe.write(bytes(0));
  });

  test.each([
    ["read to the end", (pipe: BytePipe) => pipe.pull()],
    ["cancelled", (pipe: BytePipe) => pipe.cancel()],
    ["aborted", (pipe: BytePipe) => pipe.abort(new Error("gone"))],
    ["closed and then cancelled", (pipe: BytePipe) => (pipe.close(), pipe.cancel())],
  ])("a pipe that was %s gives back all it held", async (_how, end) => {
    const budget = shared(100);
    const pipe = new BytePipe(100, budget);
    for (const write of [pipe.write(bytes(30)), pipe.write(bytes(20))]) write.catch(() => {});
    expect(budget.usedBytes).toBe(50);
    await end(pipe);
    expect(budget.usedBytes).toBe(0);
  });
});

describe("chunks", () => {
  const sizes = async (pipe: BytePipe) => {
    const found: number[] = [];
    for (let chunk = await pipe.pull(); chunk !== null; chunk = await pipe.pull()) found.push(chunk.byteLength);
    return found;
  };

  test("that are small leave together, in order, whatever comes between them", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 4_000, max: 4_200 }), fc.constant(20_000)), { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), async (lengths, pace) => {
        const pipe = new BytePipe(1 << 30);
        const found: Uint8Array[] = [];
        const sent = lengths.map((length, i) => bytes(length, i + 1));
        for (const [i, chunk] of sent.entries()) {
          pipe.push(chunk);
          if (i % pace === 0) found.push((await pipe.pull()) as Uint8Array);
        }
        pipe.close();
        for (let chunk = await pipe.pull(); chunk !== null; chunk = await pipe.pull()) found.push(chunk);
        await pipe.finished;
        expect(Buffer.concat(found).equals(Buffer.concat(sent))).toBe(true);
        expect(pipe.queuedBytes).toBe(0);
      }),
    );
  });

  test("of one byte are few by the time they are read", async () => {
    const pipe = new BytePipe(1 << 20);
    const large = bytes(50_000, 7);
    for (let i = 0; i < 40_000; i++) pipe.push(bytes(1));
    pipe.push(large);
    pipe.push(bytes(3));
    pipe.close();
    expect(await sizes(pipe)).toEqual([16_384, 16_384, 7_232, 50_000, 3]);
  });

  test("of one turn leave together even when a reader waits for the first", async () => {
    const pipe = new BytePipe(1 << 20);
    const pulled = pipe.pull();
    for (let i = 0; i < 10; i++) expect(pipe.push(bytes(5))).toBe(true);
    expect((await pulled)?.byteLength).toBe(50);
  });

  test("that reach the mark are the last that the pipe wants, and whoever waits for more room gets it", async () => {
    const pipe = new BytePipe(10);
    expect(pipe.push(bytes(9))).toBe(true);
    expect(pipe.push(bytes(1))).toBe(false);
    const waiting = pipe.ready();
    expect(await isSettled(waiting)).toBe(false);
    await pipe.pull();
    await waiting;
  });

  test("are refused once their reader has gone", async () => {
    const pipe = new BytePipe(10);
    pipe.cancel(new Error("gone"));
    expect(() => pipe.push(bytes(1))).toThrow("gone");
    expect(await pipe.ready().catch(({ message }) => message)).toBe("gone");
  });
});

describe("the end", () => {
  test("what was written before the end is read, then null, again and again", async () => {
    const pipe = new BytePipe(10);
    pipe.write(bytes(3));
    pipe.close();
    expect(await isSettled(pipe.finished)).toBe(false);
    expect((await pipe.pull())?.byteLength).toBe(3);
    await pipe.finished;
    expect(await pipe.pull()).toBeNull();
    expect(await pipe.pull()).toBeNull();
  });

  test("nothing can be written past the end", async () => {
    const pipe = new BytePipe(10);
    pipe.close();
    await expect(pipe.write(bytes(1))).rejects.toThrow("the pipe is closed");
    await pipe.finished;
  });

  test("the reader leaving tells the writer, once, and fails the writes that wait and those to come", async () => {
    const pipe = new BytePipe(1);
    const reasons: unknown[] = [];
    pipe.onCancel = (reason) => reasons.push(reason);
    const waiting = pipe.write(bytes(5));
    pipe.cancel("left");
    pipe.cancel("left again");
    await expect(waiting).rejects.toBe("left");
    await expect(pipe.write(bytes(1))).rejects.toBe("left");
    await expect(pipe.pull()).rejects.toBe("left");
    expect(reasons).toEqual(["left"]);
    await pipe.finished;
  });

  test("a writer that has closed is not told that the reader left early", () => {
    const pipe = new BytePipe(10);
    let told = false;
    pipe.onCancel = () => {
      told = true;
    };
    pipe.write(bytes(5));
    pipe.close();
    pipe.cancel();
    expect(told).toBe(false);
  });

  test("the writer failing drops what is queued and fails the read that waits and those to come", async () => {
    const queued = new BytePipe(10);
    queued.write(bytes(5));
    queued.abort("broken");
    await expect(queued.pull()).rejects.toBe("broken");
    await queued.finished;

    const awaited = new BytePipe(10);
    const pulled = awaited.pull();
    awaited.abort("broken");
    await expect(pulled).rejects.toBe("broken");
    await expect(awaited.pull()).rejects.toBe("broken");
  });

  test("a failure after the end changes nothing: the reader gets all there was", async () => {
    const pipe = new BytePipe(10);
    pipe.write(bytes(5));
    pipe.close();
    pipe.abort("late");
    expect((await pipe.pull())?.byteLength).toBe(5);
    expect(await pipe.pull()).toBeNull();
  });
});

test("whatever the order of writing and reading, the reader gets the bytes in order and the pipe holds at most the mark and one chunk", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constant("pull" as const)), { maxLength: 60 }), async (steps) => {
      const budget: ByteBudget = { usedBytes: 0, limitBytes: 30 };
      const pipe = new BytePipe(20, budget);
      const sent: number[] = [];
      const got: number[] = [];
      let writing: Promise<void> | null = null;
      let reading: Promise<void> | null = null;
      let next = 0;
      for (const step of steps) {
        if (step === "pull") {
          // One read at a time, as the contract says; one write at a time, as a writer that waits does.
          if (reading !== null) continue;
          reading = pipe.pull().then((chunk) => {
            got.push(...(chunk ?? []));
            reading = null;
          });
        } else if (writing === null) {
          const chunk = Uint8Array.from({ length: step }, () => next++ % 251);
          sent.push(...chunk);
          writing = pipe.write(chunk).then(() => {
            writing = null;
          });
        }
        for (let i = 0; i < 5; i++) await null;
        expect(pipe.queuedBytes).toBeLessThan(20 + 40);
        expect(budget.usedBytes).toBe(pipe.queuedBytes);
      }
      pipe.close();
      await reading;
      for (let chunk = await pipe.pull(); chunk !== null; chunk = await pipe.pull()) got.push(...chunk);
      await pipe.finished;
      expect(got).toEqual(sent);
      expect(budget.usedBytes).toBe(0);
    }),
    { numRuns: 200 },
  );
});
