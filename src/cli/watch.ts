/** Reloads apps when their sources change. Folders are watched, not files: editors replace files. A poll covers what the system does not report. */
import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { App } from "../apps/app.ts";
import { LoadError } from "../apps/load/load-error.ts";
import type { AppRegistry } from "../apps/registry.ts";
import type { Observer } from "../observe/observer.ts";

const DEBOUNCE_MS = 20;
const POLL_MS = 2_000;

/** Sources of an app: what its last load read, whether it worked or not. */
function sourcesOf(app: App): readonly string[] {
  const { revision } = app.serving;
  return revision.bundle?.files ?? (revision.error instanceof LoadError ? revision.error.files : []);
}

class AppWatch {
  readonly #app: App;
  readonly #registry: AppRegistry;
  readonly #observer: Observer;
  readonly #folders = new Map<string, FSWatcher>();
  #files: readonly string[] = [];
  #stamps = "";
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isReloading = false;
  #isStale = false;

  constructor(app: App, registry: AppRegistry, observer: Observer) {
    this.#app = app;
    this.#registry = registry;
    this.#observer = observer;
  }

  async start(): Promise<void> {
    await this.#app.serving.revision.load();
    await this.#follow(sourcesOf(this.#app));
  }

  /** Looks whether a file has changed; reloads when one has. */
  async poll(): Promise<void> {
    const stamps = await stampsOf(this.#files);
    if (stamps !== this.#stamps) await this.#reload(stamps);
  }

  close(): void {
    for (const watcher of this.#folders.values()) watcher.close();
    this.#folders.clear();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #follow(files: readonly string[]): Promise<void> {
    // A load that failed before it read anything leaves the app's own path to look at.
    this.#files = files.length > 0 ? files : [this.#app.config.path];
    this.#stamps = await stampsOf(this.#files);
    const wanted = new Set(this.#files.map((file) => dirname(file)));
    for (const [folder, watcher] of this.#folders)
      if (!wanted.has(folder)) {
        watcher.close();
        this.#folders.delete(folder);
      }
    for (const folder of wanted) if (!this.#folders.has(folder)) this.#watchFolder(folder);
  }

  #watchFolder(folder: string): void {
    try {
      const watcher = watch(folder, () => this.#soon());
      watcher.on("error", () => this.#folders.delete(folder));
      this.#folders.set(folder, watcher);
    } catch {
      // The poll looks at what cannot be watched.
    }
  }

  #soon(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.poll(), DEBOUNCE_MS);
  }

  async #reload(stamps: string): Promise<void> {
    this.#stamps = stamps;
    if (this.#isReloading) {
      this.#isStale = true;
      return;
    }
    this.#isReloading = true;
    try {
      do {
        this.#isStale = false;
        const revision = await this.#registry.replace(this.#app.config);
        await this.#follow(revision.bundle?.files ?? (revision.error instanceof LoadError ? revision.error.files : []));
      } while (this.#isStale);
    } catch (error) {
      this.#observer.fault("watch", error);
    } finally {
      this.#isReloading = false;
    }
  }
}

/** Changes when a file changes, appears or goes. */
async function stampsOf(files: readonly string[]): Promise<string> {
  const stamps = await Promise.all(files.map((file) => stat(file).then(({ mtimeMs, size, ino }) => `${mtimeMs}/${size}/${ino}`, () => "gone")));
  return stamps.join(" ");
}

/** Watches every app of the registry until closed. */
export function watchSources(registry: AppRegistry, observer: Observer): { close(): void } {
  const watches = registry.apps.map((app) => new AppWatch(app, registry, observer));
  for (const one of watches) void one.start();
  const poll = setInterval(() => {
    for (const one of watches) void one.poll();
  }, POLL_MS);
  return {
    close() {
      clearInterval(poll);
      for (const one of watches) one.close();
    },
  };
}
