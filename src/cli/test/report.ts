/** Test results for people: a line per file and failure, with the place in the source and what differs. */
import { escapeControls } from "../../observe/log.ts";
import { type FileResult, hasFailed, type PrintedLine, type TestError, type TestResult } from "../../testing/results.ts";

export interface ReportOptions {
  readonly hasColor: boolean;
  /** Every test gets a line, not only those that failed. */
  readonly isVerbose: boolean;
}

const SLOW_MS = 300;

export interface Totals {
  readonly files: { readonly passed: number; readonly failed: number };
  readonly tests: { readonly passed: number; readonly failed: number; readonly skipped: number; readonly todo: number };
}

export function totalsOf(results: readonly FileResult[]): Totals {
  const tests = results.flatMap((result) => result.tests);
  const count = (state: TestResult["state"]) => tests.filter((test) => test.state === state).length;
  const failed = results.filter(hasFailed).length;
  return { files: { passed: results.length - failed, failed }, tests: { passed: count("passed"), failed: count("failed"), skipped: count("skipped"), todo: count("todo") } };
}

export class Report {
  readonly #paint: (code: number, end?: number) => (text: string) => string;
  readonly #isVerbose: boolean;
  readonly #hasColor: boolean;

  constructor({ hasColor, isVerbose }: ReportOptions) {
    this.#hasColor = hasColor;
    this.#isVerbose = isVerbose;
    this.#paint = (code, end = 39) => (text) => (hasColor ? `\u001b[${code}m${text}\u001b[${end}m` : text);
  }

  file(result: FileResult): string {
    const [red, green, dim] = [this.#paint(31), this.#paint(32), this.#paint(2, 22)];
    const { file, tests, errors, printed, ms } = result;
    const run = tests.filter(({ state }) => state === "passed" || state === "failed").length;
    const about = `${run} test${run === 1 ? "" : "s"}, ${duration(ms)}`;
    const lines = [`${hasFailed(result) ? red("✗") : green("✓")} ${escapeControls(file)} ${dim(`(${about})`)}`];
    lines.push(...this.#printed(printed, "  "));
    for (const error of errors) lines.push(...this.#error(error, "  "));
    for (const test of tests) lines.push(...this.#test(test));
    return `${lines.join("\n")}\n`;
  }

  summary(results: readonly FileResult[], ms: number): string {
    const [red, green, yellow, dim] = [this.#paint(31), this.#paint(32), this.#paint(33), this.#paint(2, 22)];
    const { files, tests } = totalsOf(results);
    const line = (counts: readonly (readonly [number, string, (text: string) => string])[]) => counts.filter(([count]) => count > 0).map(([count, what, paint]) => paint(`${count} ${what}`)).join(dim(" | ")) || dim("none");
    return [
      "",
      `  Files  ${line([[files.failed, "failed", red], [files.passed, "passed", green]])}`,
      `  Tests  ${line([[tests.failed, "failed", red], [tests.passed, "passed", green], [tests.skipped, "skipped", yellow], [tests.todo, "todo", dim]])}`,
      `   Time  ${duration(ms)}`,
      "",
    ].join("\n");
  }

  #test({ path, state, ms, errors, printed }: TestResult): readonly string[] {
    const [red, green, yellow, dim] = [this.#paint(31), this.#paint(32), this.#paint(33), this.#paint(2, 22)];
    const lines: string[] = [];
    const name = escapeControls(path.join(" > "));
    const time = ms >= SLOW_MS ? yellow(` ${duration(ms)}`) : dim(` ${duration(ms)}`);
    if (state === "failed") lines.push(`  ${red("✗")} ${name}${time}`);
    else if (this.#isVerbose || printed.some(({ isQuiet = false }) => !isQuiet)) lines.push(state === "passed" ? `  ${green("✓")} ${name}${time}` : `  ${dim(`- ${name}${state === "todo" ? " (todo)" : ""}`)}`);
    return [...lines, ...this.#printed(printed.filter(({ isQuiet = false }) => state === "failed" || !isQuiet), "    "), ...errors.flatMap((error) => this.#error(error, "    "))];
  }

  #printed(printed: readonly PrintedLine[], indent: string): readonly string[] {
    const dim = this.#paint(2, 22);
    return printed.flatMap(({ app, level, text }) => indented(`${dim(`${app === "" ? "" : `${escapeControls(app)} `}${level}`)} ${lines(text)}`, indent));
  }

  #error({ name, message, stack, diff, frame }: TestError, indent: string): readonly string[] {
    const [red, dim] = [this.#paint(31), this.#paint(2, 22)];
    const parts = [red(`${escapeControls(name)}: ${lines(message)}`), this.#colored(diff), frame, dim(lines(stack))];
    return [...parts.filter((part) => part !== "").flatMap((part) => indented(part, indent)), ""];
  }

  /** The colours are those of whoever made the difference; nothing else of a terminal's gets through. */
  #colored(diff: string): string {
    return diff
      .split(/(\u001b\[\d{1,3}m)/)
      .map((part, i) => (i % 2 === 1 ? (this.#hasColor ? part : "") : lines(part)))
      .join("");
  }
}

const lines = (text: string): string => text.split("\n").map(escapeControls).join("\n");
const indented = (text: string, indent: string): readonly string[] => text.replace(/\n+$/, "").split("\n").map((line) => (line === "" ? "" : indent + line));
const duration = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`);
