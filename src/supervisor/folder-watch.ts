/** Tells of events in folders. Folders are watched, not files: editors replace files, and a watch on a file goes with the file. */
import { type FSWatcher, statSync, watch } from "node:fs";
import { join } from "node:path";

/** Of watches for the user, of instances or files for the process. */
const LIMITS: readonly string[] = ["ENOSPC", "EMFILE", "ENFILE"];

interface Watching {
  readonly watcher: FSWatcher;
  /** A folder that was made anew under the same name is another one, of which the watcher hears nothing. */
  readonly identity: string;
}

export class FolderWatch {
  readonly #onEvent: (path: string) => void;
  readonly #onLimit: (folder: string, code: string) => void;
  readonly #watching = new Map<string, Watching>();

  /** `onEvent` gets the path of what was made, changed or removed, or the folder's own where the system does not tell. `onLimit`: the system gives no more watches. */
  constructor(onEvent: (path: string) => void, onLimit: (folder: string, code: string) => void) {
    this.#onEvent = onEvent;
    this.#onLimit = onLimit;
  }

  /** From now on exactly these are watched, as they are now: what is there again is watched again. One that cannot be watched is left out. */
  follow(folders: ReadonlySet<string>): void {
    for (const [folder, { watcher, identity }] of this.#watching)
      if (!folders.has(folder) || identityOf(folder) !== identity) {
        watcher.close();
        this.#watching.delete(folder);
      }
    for (const folder of folders) if (!this.#watching.has(folder)) this.#watch(folder);
  }

  close(): void {
    this.follow(new Set());
  }

  #watch(folder: string): void {
    const identity = identityOf(folder);
    if (identity === null) return;
    try {
      const watcher = watch(folder, (_event, name) => this.#onEvent(name === null ? folder : join(folder, name)));
      watcher.on("error", () => this.#watching.delete(folder));
      this.#watching.set(folder, { watcher, identity });
    } catch (error) {
      // Or gone already: a poll has to do.
      const code = (error as { code?: string }).code ?? "";
      if (LIMITS.includes(code)) this.#onLimit(folder, code);
    }
  }
}

/** File systems give the number of a folder that is gone to the next one. */
function identityOf(folder: string): string | null {
  const stats = statSync(folder, { throwIfNoEntry: false });
  return stats === undefined ? null : `${stats.ino}/${stats.birthtimeMs}`;
}
