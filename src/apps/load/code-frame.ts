/** The lines around a position in a source file, for people to read. Long lines are cut to a window, control characters never reach a terminal. */

const CONTEXT_LINES = 2;
const MAX_COLUMNS = 100;

/** `line` and `column` count from 1; a column of 0 marks the whole line. Empty when the text has no such line. */
export function codeFrame(sourceText: string, line: number, column: number): string {
  const first = Math.max(1, line - CONTEXT_LINES);
  const lines = linesBetween(sourceText, first, line + CONTEXT_LINES);
  const marked = lines[line - first];
  if (marked === undefined) return "";
  const start = Math.max(0, Math.min(column, marked.length + 1) - Math.floor(MAX_COLUMNS * 0.75));
  const gutterWidth = String(first + lines.length - 1).length;
  const rows: string[] = [];
  lines.forEach((text, index) => {
    const number = first + index;
    const shown = printable(text.slice(start, start + MAX_COLUMNS));
    rows.push(`${number === line ? ">" : " "} ${String(number).padStart(gutterWidth)} | ${shown}`.trimEnd());
    if (number === line && column > 0) rows.push(`  ${" ".repeat(gutterWidth)} | ${" ".repeat(Math.min(column, marked.length + 1) - 1 - start)}^`);
  });
  return rows.join("\n");
}

/** Lines `first` to `last`, found without splitting the whole text: a bundle may be one line of megabytes, or a million lines. */
function linesBetween(text: string, first: number, last: number): string[] {
  const lines: string[] = [];
  let start = 0;
  for (let number = 1; number <= last; number++) {
    const end = text.indexOf("\n", start);
    if (number >= first) lines.push(text.slice(start, end === -1 ? undefined : end).replace(/\r$/, ""));
    if (end === -1) break;
    start = end + 1;
  }
  return lines;
}

/** One column per UTF-16 unit stays one column, so that the caret stays under its character. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, " ");
}
