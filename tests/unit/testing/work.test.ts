/** What of a test file is run, and what is told of it, over the isolates that it takes. */
import { describe, expect, test } from "bun:test";
import { Work } from "../../../src/testing/work.ts";
import type { DeclaredTest, ThrownError } from "../../../src/web/testing/ops.ts";

const declared = (name: string, more: Partial<DeclaredTest> = {}): DeclaredTest => ({ path: name.split(" > "), mode: "run", isOnly: false, ...more });
const thrown = (message: string): ThrownError => ({ name: "Error", message, stack: "", diff: "" });
const told = (message: string) => ({ ...thrown(message), frame: "" });
const workOf = (options: Partial<ConstructorParameters<typeof Work>[0]> = {}) => new Work({ pattern: null, bails: false, explain: (error) => ({ ...error, frame: "" }), ...options });
const states = (work: Work) => work.results.map(({ path, state }) => `${path.join(" > ")} ${state}`);

describe("a plan", () => {
  test("leaves out what is skipped, to be done, not the only one, or of another name", () => {
    expect(workOf().plan([declared("a"), declared("b", { mode: "skip" }), declared("c", { mode: "todo" })])).toEqual([0]);
    expect(workOf().plan([declared("a"), declared("b", { isOnly: true })])).toEqual([1]);
    const work = workOf({ pattern: /suite b/i });
    expect(work.plan([declared("suite > a"), declared("suite > b")])).toEqual([1]);
    expect(states(work)).toEqual(["suite > a skipped"]);
  });

  test("is what is left when an isolate was ended, whatever its successor declares", () => {
    const work = workOf();
    expect(work.plan([declared("a"), declared("b"), declared("c")])).toEqual([0, 1, 2]);
    work.begin("", [0]);
    work.end([]);
    work.begin("", [1]);
    work.breakOff(told("spins"));
    expect(work.plan([declared("a"), declared("b"), declared("c")])).toEqual([2]);
    expect(states(work)).toEqual(["a passed", "b failed"]);
  });
});

describe("a piece of work", () => {
  test("that is a suite's beforeAll fails the tests of the suite", () => {
    const work = workOf();
    work.plan([declared("s > a"), declared("s > b"), declared("c")]);
    work.begin('beforeAll of "s"', [0, 1]);
    work.end([thrown("no database")]);
    expect(states(work)).toEqual(["s > a failed", "s > b failed"]);
    expect(work.results[0]?.errors[0]?.message).toBe('beforeAll of "s": no database');
    expect(work.rest).toBe(1);
  });

  test("that is an afterAll leaves the tests as they are, and fails the file", () => {
    const work = workOf();
    work.plan([declared("a")]);
    work.begin("", [0]);
    work.end([]);
    work.begin("afterAll of the file", []);
    work.breakOff(told("spins"));
    expect([states(work), work.errors.map(({ message }) => message), work.hasFailed]).toEqual([["a passed"], ["afterAll of the file: spins"], true]);
  });

  test("takes what is printed and thrown past it meanwhile", () => {
    const work = workOf();
    work.plan([declared("a")]);
    work.print({ app: "", level: "log", text: "before" });
    work.begin("", [0]);
    work.print({ app: "", level: "log", text: "during" });
    work.uncaught(told("late"));
    work.end([]);
    expect(work.printed.map(({ text }) => text)).toEqual(["before"]);
    expect(work.results[0]).toMatchObject({ state: "failed", printed: [{ text: "during" }], errors: [{ message: "late" }] });
  });
});

test("after a failure nothing more is run when it bails", () => {
  const work = workOf({ bails: true });
  work.plan([declared("a"), declared("b")]);
  work.begin("", [0]);
  work.end([thrown("no")]);
  expect([work.isAbandoned, work.rest, states(work)]).toEqual([true, 0, ["a failed", "b skipped"]]);
});
