/** Where the log of `nano dev` goes. On a terminal a message like the one before takes its place and says how often it came; elsewhere every message is a line of its own. */

/** Taller ones are written again: what has scrolled away cannot be replaced. */
const MOST_ROWS = 12;
const ESCAPES = /\u001b\[[\d;]*m/g;

export interface PageOptions {
  readonly write: (text: string) => void;
  /** Of the terminal; null where there is none. */
  readonly columns: () => number | null;
  readonly dim: (text: string) => string;
}

export class Page {
  readonly #options: PageOptions;
  #last: { readonly key: string; readonly rows: number; readonly count: number } | null = null;

  constructor(options: PageOptions) {
    this.#options = options;
  }

  /** Whole lines, without the last line end. Messages with the same `key` in a row are one. */
  tell(text: string, key = text): void {
    const { write, columns, dim } = this.#options;
    const width = columns();
    const before = this.#last;
    if (width === null) {
      write(`${text}\n`);
      return;
    }
    const isRepeated = before !== null && before.key === key && before.rows <= MOST_ROWS;
    const count = isRepeated ? before.count + 1 : 1;
    const shown = count === 1 ? text : text.replace(/(?=\n|$)/, ` ${dim(`×${count}`)}`);
    const up = isRepeated ? `\u001b[${before.rows}A\u001b[J` : "";
    write(`${up}${shown}\n`);
    this.#last = { key, rows: rowsOf(shown, width), count };
  }

  /** Something that nothing replaces. */
  show(text: string): void {
    this.#last = null;
    this.#options.write(text);
  }

  clear(): void {
    this.show("\u001b[2J\u001b[3J\u001b[H");
  }
}

function rowsOf(text: string, columns: number): number {
  return text.split("\n").reduce((rows, line) => rows + Math.max(1, Math.ceil(Bun.stringWidth(line.replace(ESCAPES, "")) / columns)), 0);
}
