/** Reloads apps when their sources change. A poll covers what the system does not report. */
import type { Observer } from "../observe/observer.ts";
import { AppWatch, type Watched } from "./app-watch.ts";

const POLL_MS = 2_000;

/** Reloads whichever of the watched apps changes, until closed. */
export class SourceWatch {
  readonly #watches = new Map<string, AppWatch>();
  #isLimited = false;
  readonly #observer: Pick<Observer, "fault" | "event">;
  readonly #poll: ReturnType<typeof setInterval>;

  constructor(observer: Pick<Observer, "fault" | "event">) {
    this.#observer = observer;
    this.#poll = setInterval(() => {
      for (const one of this.#watches.values()) one.poll();
    }, POLL_MS);
  }

  /** From now on exactly `apps` are followed. One that is known by its name goes on as it is. */
  follow(apps: readonly Watched[]): void {
    const names = new Set(apps.map(({ name }) => name));
    for (const [name, one] of this.#watches)
      if (!names.has(name)) {
        one.close();
        this.#watches.delete(name);
      }
    for (const app of apps) {
      if (this.#watches.has(app.name)) continue;
      const one = new AppWatch(app, this.#observer, this.#tellLimit);
      this.#watches.set(app.name, one);
      void one.start();
    }
  }

  /** Once: where one folder cannot be watched, many cannot. */
  readonly #tellLimit = (folder: string, code: string): void => {
    if (!this.#isLimited) this.#observer.event("watch_limited", { folder, code });
    this.#isLimited = true;
  };

  close(): void {
    clearInterval(this.#poll);
    for (const one of this.#watches.values()) one.close();
    this.#watches.clear();
  }
}
