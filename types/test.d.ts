/** Types of `nano:test`, which test files import and `nano test` runs. Uses the web's global types, wherever they come from. */
declare module "nano:test" {
  // ---- apps

  /** How nano saw a request. Numbers grow until all that the request caused is over; `over()` waits for that. */
  export interface Account {
    readonly requestId: string;
    /** `ok`, `exception`, `exceededCpu`, `exceededMemory`, `exceededWallTime`, `badResponse`, `scriptNotFound`, … */
    readonly outcome: string;
    /** CPU work, exactly: the same request burns the same fuel every time, on every machine. */
    readonly fuel: number;
    readonly cpuMs: number;
    /** Linear memory of the isolate that answered. */
    readonly memoryBytes: number;
    /** What the app threw, or which limit it broke. */
    readonly error: { readonly name: string; readonly message: string; readonly stack: string } | null;
    readonly logs: readonly LogLine[];
    /** Its fetch() calls that got an answer (status) or none (0). */
    readonly subrequests: readonly { readonly method: string; readonly origin: string; readonly status: number }[];
    /** Waits for the end of the body and of `waitUntil` work. */
    over(): Promise<this>;
  }

  export interface LogLine {
    readonly level: "debug" | "info" | "log" | "warn" | "error";
    readonly text: string;
  }

  export interface AppChanges {
    /** Variables that differ. */
    env?: Record<string, unknown>;
    /** Limits that differ, by their names in nano.json: `{ cpu_ms: 50 }`. */
    limits?: Record<string, number>;
    /** Answers the app's own fetch() calls: nothing reaches the network. */
    fetch?: (request: Request) => Response | Promise<Response>;
  }

  export interface App {
    /** Asks the app, in an isolate of its own and behind everything that stands in front of it in production. A path is relative to the app's hostname. Redirects are not followed. */
    fetch(input: string | URL | Request, init?: RequestInit): Promise<Response & { readonly nano: Account }>;
    /** The same app with other variables, other limits, or an upstream of the test's own. It shares nothing with this one. */
    with(changes: AppChanges): App;
    readonly env: Readonly<Record<string, any>>;
    /** All that the app has printed since this was asked for last. */
    takeLogs(): readonly LogLine[];
    /** What its isolates remember is gone; the next request meets a fresh one. */
    restart(): void;
  }

  /** The app that lies beside the test file. */
  export const app: App;
  /** An app of the configuration, by its name. */
  export function appNamed(name: string): App;

  // ---- clock

  /** The clock of the test file and of all its apps: Date, performance.now() and timers. Real until it is stopped. */
  export const clock: {
    /** Time stands still, at `time` or now. */
    stop(time?: Date | number | string): void;
    /** Moves a stopped clock on. Every timer that comes due on the way runs, in order, in the test and in its apps. */
    advance(ms: number): Promise<void>;
    /** Real time again. */
    start(): void;
    /** How many timers wait on the stopped clock. */
    readonly pending: number;
  };

  // ---- tests

  export interface TestContext {
    /** Ends the test here, as one that was not run. */
    skip(note?: string): never;
    onTestFinished(run: () => unknown): void;
  }

  export interface TestOptions {
    /** Milliseconds, of time and of CPU time. */
    timeout?: number;
    /** How often it is tried again when it fails. */
    retry?: number;
    skip?: boolean;
    only?: boolean;
    todo?: boolean;
    /** It is to fail. */
    fails?: boolean;
  }

  type Body<A extends unknown[]> = (...args: A) => unknown;

  interface Declare<A extends unknown[]> {
    (name: string | Function, body?: Body<A>, options?: number | TestOptions): void;
    (name: string | Function, options: TestOptions, body?: Body<A>): void;
  }

  interface Each {
    <T extends unknown[] | [unknown]>(table: readonly T[]): Declare<T>;
    <T>(table: readonly T[]): Declare<[T]>;
    (texts: TemplateStringsArray, ...values: unknown[]): Declare<[any]>;
  }

  interface Declarer<A extends unknown[]> extends Declare<A> {
    readonly skip: Declarer<A>;
    readonly only: Declarer<A>;
    readonly todo: Declarer<A>;
    readonly fails: Declarer<A>;
    /** Tests run one after the other all the same: they share a clock and a console. */
    readonly concurrent: Declarer<A>;
    readonly sequential: Declarer<A>;
    skipIf(condition: unknown): Declarer<A>;
    runIf(condition: unknown): Declarer<A>;
    /** A test for each row. In its name: `%s %d %i %f %j %o`, `%#` for the number of the row, `$key` for a member. */
    readonly each: Each;
    for<T>(table: readonly T[]): Declare<[T, ...A]>;
  }

  export const test: Declarer<[TestContext]>;
  export const it: typeof test;
  export const describe: Declarer<[]>;
  export const suite: typeof describe;

  type Hook = (run: () => unknown, timeoutMs?: number) => void;
  export const beforeAll: Hook;
  export const afterAll: Hook;
  export const beforeEach: Hook;
  export const afterEach: Hook;

  // ---- expect

  interface Matchers<R> {
    toBe(expected: unknown): R;
    toEqual(expected: unknown): R;
    toStrictEqual(expected: unknown): R;
    toMatchObject(expected: object): R;
    toThrow(expected?: string | RegExp | Error | (new (...args: any[]) => Error)): R;
    toThrowError(expected?: string | RegExp | Error | (new (...args: any[]) => Error)): R;
    toContain(item: unknown): R;
    toContainEqual(item: unknown): R;
    toMatch(expected: string | RegExp): R;
    toHaveLength(length: number): R;
    toHaveProperty(path: string | readonly (string | number)[], value?: unknown): R;
    toBeNull(): R;
    toBeUndefined(): R;
    toBeDefined(): R;
    toBeNullable(): R;
    toBeNaN(): R;
    toBeTruthy(): R;
    toBeFalsy(): R;
    toBeGreaterThan(than: number | bigint): R;
    toBeGreaterThanOrEqual(than: number | bigint): R;
    toBeLessThan(than: number | bigint): R;
    toBeLessThanOrEqual(than: number | bigint): R;
    toBeCloseTo(to: number, digits?: number): R;
    toBeInstanceOf(constructor: Function): R;
    toBeTypeOf(type: "bigint" | "boolean" | "function" | "number" | "object" | "string" | "symbol" | "undefined"): R;
    toBeOneOf(values: readonly unknown[] | ReadonlySet<unknown>): R;
    toSatisfy(predicate: (value: any) => boolean, message?: string): R;
    toHaveBeenCalled(): R;
    toHaveBeenCalledOnce(): R;
    toHaveBeenCalledTimes(times: number): R;
    toHaveBeenCalledWith(...args: unknown[]): R;
    toHaveBeenLastCalledWith(...args: unknown[]): R;
    toHaveBeenNthCalledWith(n: number, ...args: unknown[]): R;
    toHaveReturned(): R;
    toHaveReturnedTimes(times: number): R;
    toHaveReturnedWith(value: unknown): R;
    toHaveLastReturnedWith(value: unknown): R;
    toHaveNthReturnedWith(n: number, value: unknown): R;
    toHaveResolved(): R;
    toHaveResolvedWith(value: unknown): R;
  }

  interface AsyncAssertion extends Matchers<Promise<void>> {
    readonly not: AsyncAssertion;
  }

  /** Add matchers of `expect.extend` here: `declare module "nano:test" { interface Assertion { toBeAPerson(): void } }`. */
  export interface Assertion extends Matchers<void> {
    readonly not: Assertion;
    /** What the promise settles to; to be awaited. */
    readonly resolves: AsyncAssertion;
    /** What the promise is rejected with; to be awaited. */
    readonly rejects: AsyncAssertion;
  }

  interface Asymmetric {
    stringContaining(part: string): any;
    stringMatching(pattern: string | RegExp): any;
    objectContaining(part: object): any;
    arrayContaining(items: readonly unknown[]): any;
    closeTo(number: number, digits?: number): any;
  }

  interface MatcherContext {
    readonly isNot: boolean;
    equals(a: unknown, b: unknown): boolean;
  }

  export const expect: Asymmetric & {
    (value: unknown, message?: string): Assertion;
    /** A failure is noted, and the test goes on. */
    soft(value: unknown, message?: string): Assertion;
    anything(): any;
    any(constructor: unknown): any;
    readonly not: Asymmetric;
    extend(matchers: Record<string, (this: MatcherContext, received: any, ...args: any[]) => { pass: boolean; message: () => string } | Promise<{ pass: boolean; message: () => string }>>): void;
    /** So many assertions must have been made when the test ends. */
    assertions(count: number): void;
    hasAssertions(): void;
    unreachable(message?: string): never;
  };

  // ---- mocks

  export interface Mock<F extends (...args: any[]) => any = (...args: any[]) => any> {
    (...args: Parameters<F>): ReturnType<F>;
    readonly mock: {
      readonly calls: Parameters<F>[];
      readonly lastCall: Parameters<F> | undefined;
      readonly results: { readonly type: "return" | "throw"; readonly value: any }[];
      readonly instances: unknown[];
    };
    mockName(name: string): this;
    getMockName(): string;
    mockClear(): this;
    mockReset(): this;
    mockRestore(): void;
    mockImplementation(run: F): this;
    mockImplementationOnce(run: F): this;
    mockReturnValue(value: ReturnType<F>): this;
    mockReturnValueOnce(value: ReturnType<F>): this;
    mockResolvedValue(value: Awaited<ReturnType<F>>): this;
    mockResolvedValueOnce(value: Awaited<ReturnType<F>>): this;
    mockRejectedValue(reason: unknown): this;
    mockRejectedValueOnce(reason: unknown): this;
  }

  export function fn<F extends (...args: any[]) => any>(run?: F): Mock<F>;
  export function spyOn<T extends object, K extends keyof T>(object: T, method: K): T[K] extends (...args: any[]) => any ? Mock<T[K]> : never;
  export const mock: {
    fn: typeof fn;
    spyOn: typeof spyOn;
    isMockFunction(value: unknown): boolean;
    clearAll(): void;
    resetAll(): void;
    restoreAll(): void;
  };

  // ---- for tests that were written for Vitest, Bun or Cloudflare's pool

  /** `app`. */
  export const SELF: App;
  /** What `app` finds in its env. */
  export const env: Readonly<Record<string, any>>;
  /** For a handler that is called directly, in the test's own isolate. */
  export function createExecutionContext(): { readonly props: any; waitUntil(promise: Promise<unknown>): void; passThroughOnException(): void };
  export function waitOnExecutionContext(context: object): Promise<void>;
  export const vi: {
    fn: typeof fn;
    spyOn: typeof spyOn;
    isMockFunction(value: unknown): boolean;
    mocked<T>(value: T): T;
    clearAllMocks(): void;
    resetAllMocks(): void;
    restoreAllMocks(): void;
    useFakeTimers(options?: { now?: Date | number | string }): typeof vi;
    useRealTimers(): typeof vi;
    setSystemTime(time: Date | number | string): typeof vi;
    advanceTimersByTimeAsync(ms: number): Promise<void>;
    getTimerCount(): number;
    stubGlobal(name: string, value: unknown): typeof vi;
    unstubAllGlobals(): typeof vi;
  };
  export const jest: typeof vi;
}
