/** How the tests of a file went, as plain data: what reporters tell. */
import type { ThrownError } from "../web/testing/ops.ts";

/** Positions are those of the project's own files. */
export interface TestError extends ThrownError {
  /** The lines of source around the place; empty when it is not known. */
  readonly frame: string;
}

export interface PrintedLine {
  readonly level: string;
  readonly text: string;
  /** The app that printed it; empty for the test file itself. */
  readonly app: string;
  /** What helps to understand a failure, and nobody wants to see otherwise. */
  readonly isQuiet?: boolean;
}

export type TestState = "passed" | "failed" | "skipped" | "todo";

export interface TestResult {
  /** Names of the suites, and its own. */
  readonly path: readonly string[];
  readonly state: TestState;
  readonly ms: number;
  readonly errors: readonly TestError[];
  readonly printed: readonly PrintedLine[];
}

export interface FileResult {
  /** Relative to the project. */
  readonly file: string;
  readonly tests: readonly TestResult[];
  /** What went wrong outside of any test. */
  readonly errors: readonly TestError[];
  /** What was printed outside of any test. */
  readonly printed: readonly PrintedLine[];
  readonly ms: number;
  /** Absolute paths of everything that it was made of. */
  readonly sources: readonly string[];
}

export const hasFailed = ({ errors, tests }: FileResult): boolean => errors.length > 0 || tests.some(({ state }) => state === "failed");
