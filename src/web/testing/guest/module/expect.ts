/** `expect` with the matchers of Vitest, which run here as they are. */
import { addCustomEqualityTesters, ASYMMETRIC_MATCHERS_OBJECT, chai, customMatchers, type ExpectStatic, getState, GLOBAL_EXPECT, JestAsymmetricMatchers, JestChaiExpect, JestExtend, setState } from "@vitest/expect";

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

/** What the matchers keep of the test that runs: under these names they look for it. */
export class Assertions {
  readonly promises: Promise<unknown>[] = [];
  readonly onFinished: (() => void)[] = [];
  /** Of `expect.soft`. */
  result: { readonly errors: readonly unknown[] } = { errors: [] };
  count = 0;
  expected: (() => void) | null = null;

  /** Waits for assertions that nobody waited for, and throws the first that did not hold. */
  async settle(): Promise<void> {
    for (const result of await Promise.allSettled(this.promises)) if (result.status === "rejected") throw result.reason;
    for (const check of this.onFinished) check();
    this.expected?.();
  }
}

let current: Assertions | null = null;
export const assertInto = (assertions: Assertions | null): void => {
  current = assertions;
};
function running(): Assertions {
  if (current === null) throw new Error("this belongs inside a test");
  return current;
}

function check(value: unknown, message?: string): unknown {
  const assertion = chai.expect(value, message);
  if (current === null) return assertion;
  current.count++;
  chai.util.flag(assertion, "vitest-test", current);
  return assertion;
}

const named = (globalThis as unknown as Record<symbol, object>)[ASYMMETRIC_MATCHERS_OBJECT];

export const expect = Object.assign(check, chai.expect, named, {
  getState: () => getState(expect),
  setState: (state: object) => setState(state, expect),
  extend: (matchers: object) => (chai.expect as unknown as { extend(expect: unknown, matchers: object): void }).extend(expect, matchers),
  addEqualityTesters: (testers: never[]) => addCustomEqualityTesters(testers),
  soft(value: unknown, message?: string) {
    const assertion = check(value, message);
    chai.util.flag(assertion as object, "soft", true);
    return assertion;
  },
  assertions(count: number) {
    const assertions = running();
    const error = new Error(`expected ${count} assertion${count === 1 ? "" : "s"}`);
    assertions.expected = () => {
      if (assertions.count === count) return;
      error.message += `, but there ${assertions.count === 1 ? "was" : "were"} ${assertions.count}`;
      throw error;
    };
  },
  hasAssertions() {
    const assertions = running();
    const error = new Error("expected at least one assertion, but there was none");
    assertions.expected = () => {
      if (assertions.count === 0) throw error;
    };
  },
  unreachable: (message?: string): never => chai.assert.fail(`expected${message === undefined ? "" : ` "${message}"`} not to be reached`) as never,
}) as unknown as ExpectStatic;

Object.defineProperty(globalThis, GLOBAL_EXPECT, { value: expect, writable: true, configurable: true });
setState({}, expect);
expect.extend(customMatchers);
