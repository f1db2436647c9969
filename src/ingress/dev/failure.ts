/** What went wrong with a request, as `nano dev` tells it: one model, rendered as a page, as JSON and as text. In production nobody gets to see any of this. */
import type { FailureDetail, LimitUse } from "../../apps/dispatch.ts";
import type { LoadProblem } from "../../apps/load/load-error.ts";
import { type ErrorCode, httpErrors } from "../../errors.ts";
import { hintOf } from "./hint.ts";

export interface FailedRequest {
  readonly requestId: string;
  readonly app: string;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export interface Failure {
  readonly code: ErrorCode;
  readonly status: number;
  readonly title: string;
  readonly message: string;
  readonly places: readonly { readonly place: string; readonly message: string; readonly frame: string; readonly hint: string }[];
  readonly stack: readonly StackLine[];
  readonly limit: LimitUse | null;
  /** What to do, or "". */
  readonly hint: string;
  readonly request: FailedRequest;
}

export interface StackLine {
  readonly text: string;
  /** Whose code: the app's, that of a package, nano's or the engine's. */
  readonly of: "app" | "package" | "own";
}

const TITLES: Partial<Record<ErrorCode, string>> = {
  app_exception: "Error",
  app_failed: "The app does not load",
  bad_response: "No response",
  cpu_limit: "CPU limit exceeded",
  memory_limit: "Memory limit exceeded",
  wall_limit: "No answer in time",
  isolate_lost: "Isolate lost",
  quarantined: "The app rests",
  internal_error: "nano failed",
};

export function failureOf(code: ErrorCode, request: FailedRequest, detail?: FailureDetail): Failure {
  const { status, message } = httpErrors[code];
  const problems = detail?.problems ?? [];
  const isThrown = code === "app_exception" && detail !== undefined;
  const places = problems.length > 0 ? problems.map((problem) => ({ place: placeOf(problem), message: problem.message, frame: problem.frame, hint: problem.hint })) : detail === undefined || detail.frame === "" ? [] : [{ place: detail.place ?? "", message: "", frame: detail.frame, hint: "" }];
  return {
    code,
    status,
    title: isThrown ? detail.name : (TITLES[code] ?? sentence(message)),
    message: isThrown || code === "bad_response" ? (detail?.message ?? "") : problems.length > 0 ? "" : code === "app_failed" && detail !== undefined ? detail.message : TITLES[code] === undefined ? "" : sentence(message),
    places,
    stack: stackLines(problems.find(({ stack = "" }) => stack !== "")?.stack ?? withoutTitle(detail)),
    limit: detail?.limit ?? null,
    hint: hintOf(code, detail),
    request,
  };
}

function placeOf({ file, line, column }: LoadProblem): string {
  return line === 0 ? file : `${file}:${line}:${column}`;
}

const sentence = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

function withoutTitle(detail: FailureDetail | undefined): string {
  if (detail === undefined) return "";
  const title = `${detail.name}: ${detail.message}`;
  return detail.stack.startsWith(title) ? detail.stack.slice(title.length) : detail.stack;
}

/** Frames that a recursion repeats are one, which says how often. */
export function stackLines(stack: string): readonly StackLine[] {
  const lines: { text: string; of: StackLine["of"]; count: number }[] = [];
  for (const line of stack.split("\n")) {
    const text = line.trim();
    const before = lines.at(-1);
    if (text === "") continue;
    if (before?.text === text) before.count++;
    else lines.push({ text, of: /\((?:nano:internal|native)\)$/.test(text) ? "own" : /[( ]node_modules\//.test(text) ? "package" : "app", count: 1 });
  }
  return lines.map(({ text, of, count }) => ({ text: count === 1 ? text : `${text} ×${count}`, of }));
}

/** One row of a code frame: `> 12 | text`, or the mark below it. */
export interface FrameRow {
  readonly number: string;
  readonly text: string;
  readonly isMarked: boolean;
  /** The row below has its mark at this column of `text`, from 0; -1 for none. */
  readonly caret: number;
}

const ROW = /^([> ]) +(\d+) \|(?: (.*))?$/;
const CARET = /^ +\| ( *)\^$/;

export function frameRows(frame: string): readonly FrameRow[] {
  const lines = frame.split("\n");
  return lines.flatMap((line, i) => {
    const [, mark, number, text = ""] = ROW.exec(line) ?? [];
    if (number === undefined) return [];
    return [{ number, text, isMarked: mark === ">", caret: CARET.exec(lines[i + 1] ?? "")?.[1]?.length ?? -1 }];
  });
}

/** `5,008 ms of 5,000 ms`, `128.0 MB of 128.0 MB`. */
export function useOf({ used, allowed, unit }: LimitUse): string {
  const amount = (value: number) => (unit === "ms" ? `${Math.round(value).toLocaleString("en-US")} ms` : `${(value / (1 << 20)).toFixed(1)} MB`);
  return `${amount(used)} of ${amount(allowed)}`;
}
