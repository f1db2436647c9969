/** Runs what a file declared, one test after the other. What runs, for how long and on what account is the host's to say: it may have to end the isolate and go on in another. */
import type { TestPlan, ThrownError } from "../../ops.ts";
import { closeDeclarations, type Hook, root, Suite, type Test, type TestContext, tests } from "./declare.ts";
import { ops } from "./door.ts";
import { Assertions, assertInto } from "./expect.ts";
import { describeThrown } from "./thrown.ts";

class Skipped extends Error {}

const MOST_NAME_UNITS = 1_000;

let timeoutMs = 0;
let planned: ReadonlySet<number> = new Set();

/** Called before the file's own first line. A file may take away what this needs to go on. */
export async function run(): Promise<void> {
  try {
    await runFile();
    ops.file_end(null);
  } catch (error) {
    ops.file_end(describeThrown(error));
  }
}

async function runFile(): Promise<void> {
  await ops.file_loaded();
  closeDeclarations();
  const plan: TestPlan = ops.test_plan(tests.map((test) => ({ path: test.path, mode: test.mode, isOnly: test.isOnly })));
  timeoutMs = plan.timeoutMs;
  planned = new Set(plan.run);
  await runSuite(root);
}

const plannedIn = (suite: Suite): number[] => suite.children.flatMap((child) => (child instanceof Suite ? plannedIn(child) : planned.has(child.index) ? [child.index] : []));

async function runSuite(suite: Suite): Promise<void> {
  const affected = plannedIn(suite);
  if (affected.length === 0) return;
  const { beforeAll, afterAll } = suite.hooks;
  const where = suite === root ? "the file" : `"${suite.name.slice(0, MOST_NAME_UNITS)}"`;
  const isReady = beforeAll.length === 0 || (await runHooks(`beforeAll of ${where}`, beforeAll, affected));
  for (const child of isReady ? suite.children : [])
    if (child instanceof Suite) await runSuite(child);
    else if (planned.has(child.index)) await runTest(child);
  if (afterAll.length > 0) await runHooks(`afterAll of ${where}`, [...afterAll].reverse(), []);
}

/** False when one of them threw. */
async function runHooks(name: string, hooks: Suite["hooks"]["beforeAll"], affected: readonly number[]): Promise<boolean> {
  ops.work_begin(name, affected, hooks.reduce((sum, { timeoutMs: own }) => sum + (own ?? timeoutMs), 0));
  const errors: ThrownError[] = [];
  for (const { run: hook, timeoutMs: own } of hooks) await collect(errors, () => withDeadline(hook, own ?? timeoutMs, name));
  ops.work_end(errors, 0);
  return errors.length === 0;
}

async function runTest(test: Test): Promise<void> {
  const tries = 1 + (test.options.retry ?? 0);
  ops.work_begin("", [test.index], tries * (test.options.timeout ?? timeoutMs));
  let errors: ThrownError[] = [];
  let isSkipped = false;
  for (let i = 0; i < tries; i++) {
    errors = [];
    isSkipped = await attempt(test, errors);
    if (errors.length === 0) break;
  }
  if (test.options.fails === true && !isSkipped)
    errors = errors.length > 0 ? [] : [{ name: "Error", message: "the test was expected to fail, and passed", stack: "", diff: "" }];
  ops.work_end(errors, isSkipped ? 1 : 0);
}

/** True when the test said that it is not to be run. */
async function attempt(test: Test, errors: ThrownError[]): Promise<boolean> {
  const assertions = new Assertions();
  const finishers: Hook[] = [];
  const context: TestContext = {
    skip: (note) => {
      throw new Skipped(note);
    },
    onTestFinished: (hook) => void finishers.push(hook),
  };
  const { line } = test.suite;
  const deadlineMs = test.options.timeout ?? timeoutMs;
  let isSkipped = false;
  assertInto(assertions);
  for (const { hooks } of line) for (const { run: hook, timeoutMs: own } of hooks.beforeEach) if (errors.length === 0) await collect(errors, () => withDeadline(hook, own ?? timeoutMs, "beforeEach"));
  if (errors.length === 0)
    await collect(errors, async () => {
      try {
        await withDeadline(() => test.body?.(context), deadlineMs, "the test");
        await assertions.settle();
      } catch (error) {
        if (!(error instanceof Skipped)) throw error;
        isSkipped = true;
      }
    });
  for (const error of assertions.result.errors) errors.push(describeThrown(error));
  for (const { hooks } of [...line].reverse()) for (const { run: hook, timeoutMs: own } of [...hooks.afterEach].reverse()) await collect(errors, () => withDeadline(hook, own ?? timeoutMs, "afterEach"));
  for (const hook of finishers.reverse()) await collect(errors, () => withDeadline(hook, timeoutMs, "onTestFinished"));
  assertInto(null);
  return isSkipped;
}

async function collect(errors: ThrownError[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    errors.push(describeThrown(error));
  }
}

/** A test that spins is ended by its CPU limit; one that waits for what never comes, here. */
async function withDeadline(work: Hook, ms: number, what: string): Promise<void> {
  const result = work();
  if (typeof (result as { then?: unknown } | undefined)?.then !== "function") return;
  const late = ops.work_deadline(ms).then((isOver) => {
    if (isOver === 0) return;
    const error = new Error(`${what} took longer than ${ms} ms; a third argument of test() allows more: test(name, run, ms)`);
    error.name = "TimeoutError";
    error.stack = "";
    throw error;
  });
  await Promise.race([result, late]);
}
