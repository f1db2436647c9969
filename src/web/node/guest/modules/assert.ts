/** node:assert (https://nodejs.org/api/assert.html). */
import { isDeepEqual, isDeepStrictEqual } from "../support/compare.ts";
import { wrongType } from "../support/errors.ts";
import { inspect } from "../support/inspect.ts";

type Message = string | Error | undefined;
type Expected = RegExp | ((value: unknown) => unknown) | Record<string, unknown> | Error;

interface AssertionOptions {
  readonly message?: string | undefined;
  readonly actual?: unknown;
  readonly expected?: unknown;
  readonly operator?: string;
}

export class AssertionError extends Error {
  readonly code = "ERR_ASSERTION";
  readonly actual: unknown;
  readonly expected: unknown;
  readonly operator: string;
  readonly generatedMessage: boolean;
  constructor({ message, actual, expected, operator = "fail" }: AssertionOptions) {
    super(message ?? `${inspect(actual)} ${operator} ${inspect(expected)}`);
    this.name = "AssertionError";
    this.generatedMessage = message === undefined;
    this.actual = actual;
    this.expected = expected;
    this.operator = operator;
  }
}

const TEXTS: Readonly<Record<string, string>> = {
  strictEqual: "Expected values to be strictly equal:",
  deepStrictEqual: "Expected values to be strictly deep-equal:",
  notStrictEqual: 'Expected "actual" to be strictly unequal to:',
  notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:',
  deepEqual: "Expected values to be loosely deep-equal:",
  notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
};

function reject(message: Message, actual: unknown, expected: unknown, operator: string, text?: string, isGenerated = message === undefined): never {
  if (message instanceof Error) throw message;
  const head = TEXTS[operator];
  const generated = text ?? (head === undefined ? undefined : operator.startsWith("not") ? `${head} ${inspect(expected)}` : `${head}\n\n${inspect(actual)} !== ${inspect(expected)}\n`);
  const error = new AssertionError({ message: message ?? generated, actual, expected, operator });
  Object.defineProperty(error, "generatedMessage", { value: isGenerated, enumerable: true, configurable: true, writable: true });
  throw error;
}

function assert(value?: unknown, message?: Message): asserts value {
  if (!value) reject(message, value, true, "==", arguments.length === 0 ? "No value argument passed to `assert.ok()`" : `The expression evaluated to a falsy value: ${inspect(value)}`);
}
export const ok: (value?: unknown, message?: Message) => asserts value = assert;

export function fail(message: Message = "Failed"): never {
  if (message instanceof Error) throw message;
  throw new AssertionError({ message, operator: "fail" });
}
export function equal(actual: unknown, expected: unknown, message?: Message): void {
  // biome-ignore lint/suspicious/noDoubleEquals: this comparison is loose
  if (!(actual == expected || (actual !== actual && expected !== expected))) reject(message, actual, expected, "==");
}
export function notEqual(actual: unknown, expected: unknown, message?: Message): void {
  // biome-ignore lint/suspicious/noDoubleEquals: this comparison is loose
  if (actual == expected || (actual !== actual && expected !== expected)) reject(message, actual, expected, "!=");
}
export function strictEqual(actual: unknown, expected: unknown, message?: Message): void {
  if (!Object.is(actual, expected)) reject(message, actual, expected, "strictEqual");
}
export function notStrictEqual(actual: unknown, expected: unknown, message?: Message): void {
  if (Object.is(actual, expected)) reject(message, actual, expected, "notStrictEqual");
}
export function deepEqual(actual: unknown, expected: unknown, message?: Message): void {
  if (!isDeepEqual(actual, expected)) reject(message, actual, expected, "deepEqual");
}
export function notDeepEqual(actual: unknown, expected: unknown, message?: Message): void {
  if (isDeepEqual(actual, expected)) reject(message, actual, expected, "notDeepEqual");
}
export function deepStrictEqual(actual: unknown, expected: unknown, message?: Message): void {
  if (!isDeepStrictEqual(actual, expected)) reject(message, actual, expected, "deepStrictEqual");
}
export function notDeepStrictEqual(actual: unknown, expected: unknown, message?: Message): void {
  if (isDeepStrictEqual(actual, expected)) reject(message, actual, expected, "notDeepStrictEqual");
}
export function match(text: unknown, pattern: RegExp, message?: Message): void {
  if (!(pattern instanceof RegExp)) throw wrongType("regexp", "an instance of RegExp", pattern);
  if (typeof text !== "string" || !pattern.test(text)) reject(message, text, pattern, "match", `The input did not match the regular expression ${inspect(pattern)}. Input:\n\n${inspect(text)}\n`);
}
export function doesNotMatch(text: unknown, pattern: RegExp, message?: Message): void {
  if (!(pattern instanceof RegExp)) throw wrongType("regexp", "an instance of RegExp", pattern);
  if (typeof text === "string" && pattern.test(text)) reject(message, text, pattern, "doesNotMatch", `The input was expected to not match the regular expression ${inspect(pattern)}. Input:\n\n${inspect(text)}\n`);
}
export function ifError(value: unknown): void {
  if (value === null || value === undefined) return;
  const text = value instanceof Error ? value.message : inspect(value);
  throw new AssertionError({ message: `ifError got unwanted exception: ${text}`, actual: value, expected: null, operator: "ifError" });
}

/** What was thrown, or nothing at all. */
type Thrown = { readonly error: unknown } | null;

function thrownBy(fn: unknown): Thrown {
  if (typeof fn !== "function") throw wrongType("fn", "of type function", fn);
  try {
    fn();
    return null;
  } catch (error) {
    return { error };
  }
}

async function rejectionOf(source: unknown): Promise<Thrown> {
  const promise = typeof source === "function" ? source() : source;
  if (typeof (promise as PromiseLike<unknown> | null)?.then !== "function") throw wrongType("promiseFn", "of type function or an instance of Promise", promise);
  try {
    await promise;
    return null;
  } catch (error) {
    return { error };
  }
}

/** (expected, message), or the message alone. */
function expectThrown(thrown: Thrown, operator: string, expected: Expected | string | undefined, message: Message): void {
  if (typeof expected === "string") return expectThrown(thrown, operator, undefined, expected);
  if (thrown === null) reject(message, undefined, expected, operator, operator === "rejects" ? "Missing expected rejection." : "Missing expected exception.", false);
  const { error } = thrown;
  if (expected === undefined) return;
  if (typeof expected === "function") {
    if (expected.prototype !== undefined && error instanceof expected) return;
    if (Object.prototype.isPrototypeOf.call(Error, expected)) reject(message, error, expected, operator, `The error is expected to be an instance of "${(expected as { name?: string }).name}". Received:\n\n${inspect(error)}`);
    if (Reflect.apply(expected, {}, [error]) !== true) reject(message, error, expected, operator, `The validation function is expected to return "true". Caught error:\n\n${inspect(error)}`);
    return;
  }
  if (expected instanceof RegExp) {
    if (!expected.test(String(error))) reject(message, error, expected, operator, `The input did not match the regular expression ${inspect(expected)}. Input:\n\n${inspect(String(error))}\n`);
    return;
  }
  const wanted = expected as unknown as Record<string, unknown>;
  const keys = expected instanceof Error ? [...Object.keys(expected), "name", "message"] : Object.keys(expected);
  for (const key of keys) {
    const found = (error as Record<string, unknown> | null | undefined)?.[key];
    const fits = wanted[key] instanceof RegExp && typeof found === "string" ? (wanted[key] as RegExp).test(found) : isDeepStrictEqual(found, wanted[key]);
    if (!fits) reject(message, error, expected, operator, `${key}: ${inspect(found)} is not ${inspect(wanted[key])}`);
  }
}

function expectQuiet(thrown: Thrown, operator: string, expected: unknown, message: Message): void {
  if (thrown === null) return;
  const text = typeof expected === "string" ? expected : message;
  reject(text instanceof Error ? text : undefined, thrown.error, expected, operator, `Got unwanted ${operator === "doesNotReject" ? "rejection" : "exception"}${text === undefined ? "." : `: ${String(text)}`}\nActual message: "${(thrown.error as Error | null)?.message}"`, false);
}

export const throws = (fn: unknown, expected?: Expected | string, message?: Message): void => expectThrown(thrownBy(fn), "throws", expected, message);
export const doesNotThrow = (fn: unknown, expected?: unknown, message?: Message): void => expectQuiet(thrownBy(fn), "doesNotThrow", expected, message);
export const rejects = async (source: unknown, expected?: Expected | string, message?: Message): Promise<void> => expectThrown(await rejectionOf(source), "rejects", expected, message);
export const doesNotReject = async (source: unknown, expected?: unknown, message?: Message): Promise<void> => expectQuiet(await rejectionOf(source), "doesNotReject", expected, message);

const shared = { AssertionError, ok, fail, notStrictEqual, strictEqual, deepStrictEqual, notDeepStrictEqual, match, doesNotMatch, ifError, throws, doesNotThrow, rejects, doesNotReject };
export const strict = Object.assign((value?: unknown, message?: Message) => assert(value, message), shared, { equal: strictEqual, notEqual: notStrictEqual, deepEqual: deepStrictEqual, notDeepEqual: notDeepStrictEqual, strict: null as unknown });
strict.strict = strict;
export default Object.assign(assert, shared, { equal, notEqual, deepEqual, notDeepEqual, strict });
