import { describe, expect, test } from "bun:test";
import { DeadlineSweeper } from "../../../src/base/deadline.ts";
import { type BodyError, bodyReader, BodySource } from "../../../src/ingress/body-source.ts";

const LIMITS = { maxBytes: 1 << 20, idleMs: 30_000, minBytesPerSecond: 1_024 };

/** A request whose body comes when the test says so. */
function heldRequest() {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
  });
  return { request: new Request("http://app.test/", { method: "POST", body, duplex: "half" } as RequestInit), controller };
}

function sourceOf(request: Request, length: number | null, limits = LIMITS) {
  let nowMs = 0;
  const faults: string[] = [];
  const sweeper = new DeadlineSweeper(1_000, () => nowMs);
  const reader = bodyReader(request, length, limits);
  if (reader === null) throw new Error("no body");
  const source = new BodySource(reader, limits, sweeper, ({ fault }: BodyError) => faults.push(fault));
  return {
    source,
    faults,
    pass: (ms: number) => {
      nowMs += ms;
      sweeper.sweep();
    },
    [Symbol.dispose]: () => sweeper.close(),
  };
}

const bytes = (length: number) => new Uint8Array(length).fill(7);

describe("a body", () => {
  test("that is small comes in one piece, however it was sent", async () => {
    const { request, controller } = heldRequest();
    using held = sourceOf(request, 300);
    const pulled = held.source.pull();
    for (let i = 0; i < 3; i++) controller.enqueue(bytes(100));
    controller.close();
    expect(await pulled).toEqual(bytes(300));
    expect(held.source.bytes).toBe(300);
    expect(await held.source.pull()).toBeNull();
  });

  test.each([
    ["is long", 16_385, LIMITS],
    ["has no length", null, LIMITS],
    ["may take longer than one wait", 300, { ...LIMITS, idleMs: 100 }],
    ["may take for ever", 300, { ...LIMITS, minBytesPerSecond: 0 }],
  ])("that %s comes as it is sent", async (_why, length, limits) => {
    const { request, controller } = heldRequest();
    using held = sourceOf(request, length, limits);
    controller.enqueue(bytes(100));
    expect(await held.source.pull()).toEqual(bytes(100));
    controller.enqueue(bytes(200));
    expect(await held.source.pull()).toEqual(bytes(200));
    controller.close();
    expect(await held.source.pull()).toBeNull();
  });

  test("that is small and stalls is given up after the idle limit", async () => {
    const { request, controller } = heldRequest();
    using held = sourceOf(request, 300);
    const pulled = held.source.pull();
    controller.enqueue(bytes(299));
    held.pass(29_000);
    expect(held.faults).toEqual([]);
    held.pass(2_000);
    expect(held.faults).toEqual(["request_timeout"]);
    expect(await pulled.catch(({ fault }) => fault)).toBe("request_timeout");
  });

  test("that is small and nobody wants any more ends", async () => {
    const { request } = heldRequest();
    using held = sourceOf(request, 300);
    const pulled = held.source.pull();
    held.source.cancel();
    expect(await pulled).toBeNull();
    expect(held.faults).toEqual([]);
  });
});
