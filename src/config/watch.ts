/**
 * Tells when a config may have changed: by events of the folders it lies in, and by a look now and then, which also covers what no event tells: network file systems,
 * a symbolic link that leads elsewhere, a file that may be read again.
 */
import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";

export interface ConfigWatchOptions {
  /** The config, and files that its values come from. */
  readonly files: () => readonly string[];
  readonly onChange: () => void;
  readonly pollMs: number;
}

export class ConfigWatch {
  readonly #options: ConfigWatchOptions;
  readonly #folders = new Map<string, FSWatcher>();
  readonly #poll: ReturnType<typeof setInterval>;
  #stamps: string | null = null;
  #isLooking = false;

  constructor(options: ConfigWatchOptions) {
    this.#options = options;
    this.#poll = setInterval(() => void this.#look(), options.pollMs);
    void this.#look();
  }

  close(): void {
    clearInterval(this.#poll);
    for (const watcher of this.#folders.values()) watcher.close();
    this.#folders.clear();
  }

  /** An event says that something happened in the folder; only a look says whether it concerns us. */
  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const files = this.#options.files();
    this.#follow(new Set(files.map((file) => dirname(file))));
    const stamps = (await Promise.all(files.map(stampOf))).join("\n");
    const isChanged = this.#stamps !== null && this.#stamps !== stamps;
    this.#stamps = stamps;
    this.#isLooking = false;
    if (isChanged) this.#options.onChange();
  }

  #follow(wanted: ReadonlySet<string>): void {
    for (const [folder, watcher] of this.#folders)
      if (!wanted.has(folder)) {
        watcher.close();
        this.#folders.delete(folder);
      }
    for (const folder of wanted) {
      if (this.#folders.has(folder)) continue;
      try {
        const watcher = watch(folder, () => void this.#look());
        watcher.on("error", () => this.#folders.delete(folder));
        this.#folders.set(folder, watcher);
      } catch {
        // The poll looks at what cannot be watched.
      }
    }
  }
}

/** Of what the path leads to. The change time covers permissions, and contents that were put there with an old modification time. */
function stampOf(file: string): Promise<string> {
  return stat(file).then(({ dev, ino, size, mtimeMs, ctimeMs }) => `${dev}/${ino}/${size}/${mtimeMs}/${ctimeMs}`, (error: { code?: string }) => `no: ${error.code}`);
}
