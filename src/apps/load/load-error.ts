/** Why an app could not be loaded: every problem of the load, in words for the person who wrote the app. Names files relative to the app, never host paths. */

export interface LoadProblem {
  /** Relative to the app's folder; the path as the operator gave it when the app itself was not found. */
  readonly file: string;
  /** Counts from 1; 0 when the problem has no place in the file. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** The lines around the place, or "". */
  readonly frame: string;
  /** The way out, or "". */
  readonly hint: string;
  /** Of code that ran and failed. */
  readonly stack?: string;
}

const SHOWN_PROBLEMS = 10;

export class LoadError extends Error implements LoadProblem {
  readonly problems: readonly LoadProblem[];
  /** Absolute paths read before the load failed: a change in one of them is worth another try. */
  readonly files: readonly string[];
  /** Absolute paths of files of the app that were looked for and are not there: one that appears is worth another try too. */
  readonly missing: readonly string[];
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly frame: string;
  readonly hint: string;

  constructor(problems: Partial<LoadProblem> & Pick<LoadProblem, "file" | "message"> | readonly LoadProblem[], files: readonly string[] = [], missing: readonly string[] = []) {
    const all = isList(problems) ? problems : [{ line: 0, column: 0, frame: "", hint: "", ...problems }];
    const first = all[0];
    if (first === undefined) throw new RangeError("a LoadError needs a problem");
    super(all.slice(0, SHOWN_PROBLEMS).map(formatProblem).concat(all.length > SHOWN_PROBLEMS ? [`… and ${all.length - SHOWN_PROBLEMS} more problems`] : []).join("\n\n"));
    this.name = "LoadError";
    this.problems = all;
    this.files = files;
    this.missing = missing;
    this.file = first.file;
    this.line = first.line;
    this.column = first.column;
    this.frame = first.frame;
    this.hint = first.hint;
  }
}

export function formatWarning({ file, line, column, message }: LoadProblem): string {
  return `${file}${line === 0 ? "" : `:${line}:${column}`}: ${message}`;
}

export function formatProblem(problem: LoadProblem): string {
  const place = problem.line === 0 ? problem.file : `${problem.file}:${problem.line}:${problem.column}`;
  return `${place}: ${problem.message}${problem.frame === "" ? "" : `\n${problem.frame}`}${(problem.stack ?? "") === "" ? "" : `\n${problem.stack}`}${problem.hint === "" ? "" : `\n  hint: ${problem.hint}`}`;
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}
