/** Tables for people: columns as wide as what stands in them, numbers to the right. */
import { escapeControls } from "../observe/log.ts";

export interface Column<Row> {
  readonly title: string;
  readonly of: (row: Row) => string | number;
}

export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = rows.map((row) => columns.map(({ of }) => of(row)));
  const texts = cells.map((line) => line.map((cell) => escapeControls(String(cell))));
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...texts.map((line) => (line[i] as string).length)));
  const isNumber = columns.map((_, i) => cells.length > 0 && cells.every((line) => typeof line[i] === "number" || /^[\d.]+ (MB|ms|s)$/.test(String(line[i]))));
  const lineOf = (line: readonly string[]) => line.map((text, i) => (isNumber[i] === true ? text.padStart(widths[i] as number) : text.padEnd(widths[i] as number))).join("  ").trimEnd();
  return `${[columns.map(({ title }) => title), ...texts].map(lineOf).join("\n")}\n`;
}

export function megabytes(bytes: number): string {
  return `${(bytes / (1 << 20)).toFixed(1)} MB`;
}

/** `3 s ago`; `-` for never. */
export function ago(time: string | null, nowMs: number): string {
  if (time === null) return "-";
  const s = Math.max(0, Math.round((nowMs - Date.parse(time)) / 1000));
  return s < 120 ? `${s} s ago` : s < 7_200 ? `${Math.round(s / 60)} min ago` : `${Math.round(s / 3_600)} h ago`;
}
