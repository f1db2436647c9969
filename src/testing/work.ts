/** Which tests of a file are to run, which one runs, and how each went. Outlives the isolates that they run in. */
import type { DeclaredTest, ThrownError } from "../web/testing/ops.ts";
import type { PrintedLine, TestError, TestResult, TestState } from "./results.ts";

export interface WorkOptions {
  /** Only tests whose names, joined by blanks, match. */
  readonly pattern: RegExp | null;
  /** Nothing more is run after a failure. */
  readonly bails: boolean;
  explain(error: ThrownError): TestError;
}

interface Current {
  readonly name: string;
  readonly tests: readonly number[];
  readonly startedMs: number;
  readonly printed: PrintedLine[];
  readonly uncaught: TestError[];
}

export class Work {
  readonly #options: WorkOptions;
  readonly #results = new Map<number, TestResult>();
  readonly #planned = new Set<number>();
  #declared: readonly DeclaredTest[] = [];
  #current: Current | null = null;
  /** What went wrong outside of any test. */
  readonly errors: TestError[] = [];
  readonly printed: PrintedLine[] = [];
  #isAbandoned = false;

  constructor(options: WorkOptions) {
    this.#options = options;
  }

  /** In the order of the file. */
  get results(): readonly TestResult[] {
    return this.#declared.flatMap((_, index) => this.#results.get(index) ?? []);
  }
  /** It has loaded, and declares nothing. */
  get isEmpty(): boolean {
    return this.#declared.length === 0 && this.errors.length === 0;
  }
  get hasFailed(): boolean {
    return this.errors.length > 0 || [...this.#results.values()].some(({ state }) => state === "failed");
  }
  get rest(): number {
    return this.#planned.size;
  }

  /** The tests of the file, as the isolate that just loaded it says. Returns which of them it is to run. */
  plan(declared: readonly DeclaredTest[]): readonly number[] {
    if (this.#declared.length > 0) return [...this.#planned];
    this.#declared = declared;
    const { pattern } = this.#options;
    const hasOnly = declared.some(({ isOnly }) => isOnly);
    declared.forEach((test, index) => {
      const isWanted = (!hasOnly || test.isOnly) && (pattern === null || pattern.test(test.path.join(" ")));
      if (test.mode === "run" && isWanted) this.#planned.add(index);
      else this.#tell(index, test.mode === "todo" ? "todo" : "skipped");
    });
    return [...this.#planned];
  }

  /** Between two pieces of work nothing is owed to the tests that are left. */
  begin(name: string, tests: readonly number[]): void {
    this.#current = { name, tests, startedMs: performance.now(), printed: [], uncaught: [] };
  }

  end(thrown: readonly ThrownError[], isSkipped = false): void {
    const work = this.#current;
    if (work === null) return;
    this.#finish(work, [...thrown.map((error) => this.#options.explain(error)), ...work.uncaught], isSkipped);
  }

  /** The file has broken what its tests run on. */
  fail(thrown: ThrownError): void {
    this.breakOff(this.#options.explain(thrown));
    this.abandon();
  }

  /** The isolate was ended. */
  breakOff(error: TestError): void {
    const work = this.#current;
    if (work === null) this.errors.push(error);
    else this.#finish(work, [error, ...work.uncaught], false);
  }

  /** Something was thrown that nobody caught: the test goes on, and will have failed. */
  uncaught(error: TestError): void {
    (this.#current?.uncaught ?? this.errors).push(error);
  }

  print(line: PrintedLine): void {
    this.#printing.push(line);
  }

  /** The line that was printed last, which is no output but an error. */
  takeLine(): PrintedLine | undefined {
    return this.#printing.pop();
  }

  get #printing(): PrintedLine[] {
    return this.#current?.printed ?? this.printed;
  }

  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  /** What has not been run will not be. */
  abandon(): void {
    this.#isAbandoned = true;
    for (const index of [...this.#planned]) this.#tell(index, "skipped");
  }

  #finish(work: Current, errors: readonly TestError[], isSkipped: boolean): void {
    this.#current = null;
    const ms = performance.now() - work.startedMs;
    if (work.name === "") for (const index of work.tests) this.#tell(index, errors.length > 0 ? "failed" : isSkipped ? "skipped" : "passed", ms, errors, work.printed);
    else {
      this.printed.push(...work.printed);
      if (errors.length > 0 && work.tests.length === 0) this.errors.push(...errors.map((error) => ({ ...error, message: `${work.name}: ${error.message}` })));
      else if (errors.length > 0) for (const index of work.tests) this.#tell(index, "failed", 0, errors.map((error) => ({ ...error, message: `${work.name}: ${error.message}` })));
    }
    if (this.#options.bails && this.hasFailed) this.abandon();
  }

  #tell(index: number, state: TestState, ms = 0, errors: readonly TestError[] = [], printed: readonly PrintedLine[] = []): void {
    const test = this.#declared[index];
    if (test === undefined || this.#results.has(index)) return;
    this.#planned.delete(index);
    this.#results.set(index, { path: test.path, state, ms, errors, printed });
  }
}
