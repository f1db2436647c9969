/** Ops of `nano:test`, which only test files get to see: what they have, how it went, the apps they ask, and the clock of all of them. */
import { async, body, f64, json, nothing, nullable, str, sync, u32 } from "../../isolate/op.ts";

/** A test that a file declares. Its number is its place in the list. */
export interface DeclaredTest {
  /** Names of its suites, and its own. */
  readonly path: readonly string[];
  readonly mode: "run" | "skip" | "todo";
  readonly isOnly: boolean;
}

export interface TestPlan {
  /** Numbers of the tests to run. */
  readonly run: readonly number[];
  readonly timeoutMs: number;
}

/** Something thrown by a test, as text. */
export interface ThrownError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** What was expected beside what was received, with terminal colours; else "". */
  readonly diff: string;
}

/** What an app is to differ in from the one it is made of. */
export interface AppChanges {
  readonly env?: Readonly<Record<string, unknown>>;
  readonly limits?: Readonly<Record<string, number>>;
  /** Its fetch() is answered by the test file. */
  readonly isStubbed?: boolean;
}

export interface CallState {
  readonly requestId: string;
  readonly outcome: string;
  readonly fuel: number;
  readonly cpuMs: number;
  readonly memoryBytes: number;
  readonly isOver: boolean;
  readonly error: { readonly name: string; readonly message: string; readonly stack: string } | null;
  readonly logs: readonly LogLine[];
  readonly subrequests: readonly { readonly method: string; readonly origin: string; readonly status: number }[];
}

export interface LogLine {
  readonly level: string;
  readonly text: string;
}

/** A fetch() of a stubbed app. */
export interface StubCall {
  readonly call: number;
  readonly app: number;
  readonly method: string;
  readonly url: string;
  /** A header block, see `base/wire`. */
  readonly headers: string;
  /** A `source`, or 0. */
  readonly bodyRid: number;
}

export const testingOps = {
  /** Resolves when the file has loaded, its top-level awaits included. */
  file_loaded: async([], nothing),
  /** Once, with all tests of the file. */
  test_plan: sync([json<readonly DeclaredTest[]>(8 << 20)], json<TestPlan>()),
  /** A piece of work begins, for the tests of those numbers: a test with its hooks (no name), or the hooks of a whole suite, by name. It may use so many milliseconds of CPU. */
  work_begin: sync([str(4096), json<readonly number[]>(), f64], nothing),
  /** Resolves after so many milliseconds of real time, or when the work ends: true when the time is over. */
  work_deadline: async([f64], u32),
  /** It has ended: with nothing, or with what was thrown. `isSkipped`: the test turned out not to be one. */
  work_end: sync([json<readonly ThrownError[]>(8 << 20), u32], nothing),
  /** Nothing is left to run, or nothing can be: then why. */
  file_end: sync([nullable(json<ThrownError>(1 << 20))], nothing),

  /** The app beside the file, or the one of that name. */
  app_open: sync([nullable(str(256))], u32),
  /** An app like `app`, but for the changes. */
  app_vary: sync([u32, json<AppChanges>(8 << 20)], u32),
  app_env: sync([u32], json<Readonly<Record<string, unknown>>>()),
  app_url: sync([u32], str()),
  /** What the app has printed; what was told before is not told again. */
  app_logs: sync([u32], json<readonly LogLine[]>()),
  /** Its isolates go, and with them what they remember. */
  app_restart: sync([u32], nothing),

  /** A request to `app` is about to be made; the number goes into its head. */
  call_begin: sync([u32], u32),
  call_state: sync([u32], json<CallState>(8 << 20)),
  /** Resolves when all that the request caused has ended. */
  call_over: async([u32], nothing),

  /** The next fetch() of a stubbed app. */
  stub_next: async([], json<StubCall>(1 << 20)),
  /** Status, `statusText LF headerBlock`, and the body as data, as a sink, or none. */
  stub_answer: sync([u32, u32, str(256 << 10), nullable(body()), u32], nothing),
  stub_fail: sync([u32, str(8192)], nothing),

  /** Stops the clock of the file and its apps at a time, in Unix milliseconds; null: it goes on, with the real time. */
  clock_stop: sync([nullable(f64)], nothing),
  /** Moves the stopped clock on; resolves when everything that came due has run. */
  clock_advance: async([f64], nothing),
  clock_pending: sync([], u32),
} as const;

/** The field in the head of a request that names its call. */
export const CALL_FIELD = "x-nano-test-call";
