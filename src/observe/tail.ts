/** Log lines for whoever follows them, as JSON whatever the log itself is written in. Costs nothing while nobody does. */
import { createLog, type LogLevel } from "./log.ts";
import { gated, type Observer } from "./observer.ts";

/** Gets one JSON object without LF. */
export type LineListener = (line: string) => void;

export class Tail {
  readonly observer: Observer;
  readonly #listeners = new Set<LineListener>();

  constructor(level: LogLevel) {
    const log = createLog({ format: "json", level, write: (line) => this.tell(line.trimEnd()), now: () => Date.now() });
    this.observer = gated(log, () => this.#listeners.size > 0);
  }

  tell(line: string): void {
    for (const listener of this.#listeners) listener(line);
  }

  /** Returns how to stop. */
  follow(listener: LineListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}
