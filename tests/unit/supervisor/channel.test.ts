/** Requests and answers between supervisor and worker. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { OperatorError } from "../../../src/errors.ts";
import { Channel, ChannelClosed } from "../../../src/supervisor/channel.ts";

interface Adding {
  add(params: { readonly a: number; readonly b: number }): Promise<number>;
  echo(params: unknown): Promise<unknown>;
  fail(params: "plainly" | "as an operator"): Promise<null>;
}
const adding: Adding = {
  add: async ({ a, b }) => a + b,
  echo: async (params) => params,
  fail: async (how) => {
    throw how === "plainly" ? new TypeError("no") : new OperatorError({ field: "apps", message: "is wrong", hint: "mend it" });
  },
};

/** Two ends; what one sends arrives at the other in pieces of `size`. */
function pair(size = Number.POSITIVE_INFINITY) {
  const deliver = (to: () => { receive(text: string): void }) => (text: string) => {
    for (let at = 0; at < text.length; at += size) to().receive(text.slice(at, at + size));
  };
  const left: Channel<Adding, Record<never, never>> = new Channel(deliver(() => right), {});
  const right: Channel<Record<never, never>, Adding> = new Channel(deliver(() => left), adding);
  return { left, right };
}

describe("a channel", () => {
  test("answers many requests at once, each with its own", async () => {
    const { left } = pair(7);
    expect(await Promise.all([1, 2, 3].map((a) => left.call("add", { a, b: 10 })))).toEqual([11, 12, 13]);
  });

  test("carries any plain data, in pieces of any size", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.integer({ min: 1, max: 50 }), async (value, size) => {
        expect(await pair(size).left.call("echo", value)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 100 },
    );
  });

  test("tells what an operator has to mend as such, and other errors as text", async () => {
    const { left } = pair();
    const error = (await left.call("fail", "as an operator").catch((thrown) => thrown)) as OperatorError;
    expect(error).toBeInstanceOf(OperatorError);
    expect(error.problems).toEqual([{ field: "apps", message: "is wrong", hint: "mend it" }]);
    await expect(left.call("fail", "plainly")).rejects.toThrow("TypeError: no");
  });

  test("that is closed answers nobody any more", async () => {
    const silent: Channel<Adding, Record<never, never>> = new Channel(() => {}, {});
    const waiting = silent.call("add", { a: 1, b: 1 });
    silent.close();
    await expect(waiting).rejects.toThrow(ChannelClosed);
    await expect(silent.call("add", { a: 1, b: 1 })).rejects.toThrow(ChannelClosed);
  });
});
