/** Reloads apps when their sources change. Folders are watched, not files: editors replace files. A poll covers what the system does not report. */
import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { App } from "../apps/app.ts";
import { LoadError } from "../apps/load/load-error.ts";
import type { Revision } from "../apps/revision.ts";
import type { Observer } from "../observe/observer.ts";

const DEBOUNCE_MS = 20;
const POLL_MS = 2_000;
/** File systems may tell the time of a change this much too early. */
const CLOCK_GRAIN_MS = 10;

/** Loads the app anew; the revision says whether that worked, and what it read. */
export type Reload = (app: App) => Promise<Revision>;

/** What a load read, whether it worked or not. */
function sourcesOf(revision: Revision): readonly string[] {
  return revision.bundle?.files ?? (revision.error instanceof LoadError ? revision.error.files : []);
}

class AppWatch {
  readonly #app: App;
  readonly #reload: Reload;
  readonly #observer: Observer;
  readonly #folders = new Map<string, FSWatcher>();
  #files: readonly string[] = [];
  #stamps: Stamps = new Map();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isReloading = false;
  #isStale = false;

  constructor(app: App, reload: Reload, observer: Observer) {
    this.#app = app;
    this.#reload = reload;
    this.#observer = observer;
  }

  async start(): Promise<void> {
    const before = await stampsOf([this.#app.config.path]);
    const startedMs = Date.now();
    await this.#app.serving.revision.load();
    await this.#follow(this.#app.serving.revision, before, startedMs);
  }

  /** Looks whether a file has changed; reloads when one has. */
  async poll(): Promise<void> {
    const stamps = await stampsOf(this.#files);
    if (this.#files.some((file) => stamps.get(file) !== this.#stamps.get(file))) await this.#replace();
  }

  close(): void {
    for (const watcher of this.#folders.values()) watcher.close();
    this.#folders.clear();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** `before`: stamps from before the load. A file that is new since then may have changed after it was read: its age tells. */
  async #follow(revision: Revision, before: Stamps, startedMs: number): Promise<void> {
    const read = sourcesOf(revision);
    // A load that failed before it read anything leaves the app's own path to look at.
    const files = read.length > 0 ? read : [this.#app.config.path];
    const wanted = new Set(files.map((file) => dirname(file)));
    // What a failed load misses may appear beside what it found, which changes the folder.
    this.#files = revision.error === null ? files : [...files, ...wanted];
    const now = await stampsOf(this.#files, startedMs - CLOCK_GRAIN_MS);
    this.#stamps = new Map(this.#files.map((file) => [file, before.get(file) ?? (now.get(file) as string)]));
    for (const [folder, watcher] of this.#folders)
      if (!wanted.has(folder)) {
        watcher.close();
        this.#folders.delete(folder);
      }
    for (const folder of wanted) if (!this.#folders.has(folder)) this.#watchFolder(folder);
    this.#soon();
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

  async #replace(): Promise<void> {
    if (this.#isReloading) {
      this.#isStale = true;
      return;
    }
    this.#isReloading = true;
    try {
      do {
        this.#isStale = false;
        const before = await stampsOf(this.#files);
        const startedMs = Date.now();
        await this.#follow(await this.#reload(this.#app), before, startedMs);
      } while (this.#isStale);
    } catch (error) {
      this.#observer.fault("watch", error);
    } finally {
      this.#isReloading = false;
    }
  }
}

/** By file: changes when the file changes, appears or goes. */
type Stamps = ReadonlyMap<string, string>;

/** A file changed at `unsureSinceMs` or later has a stamp like no other's, so that the next look finds it changed. */
async function stampsOf(files: readonly string[], unsureSinceMs = Number.POSITIVE_INFINITY): Promise<Stamps> {
  const stamp = (file: string) => stat(file).then(({ mtimeMs, size, ino }) => (mtimeMs >= unsureSinceMs ? "unsure" : `${mtimeMs}/${size}/${ino}`), () => "gone");
  return new Map(await Promise.all(files.map(async (file) => [file, await stamp(file)] as const)));
}

/** Calls `reload` for each of `apps` whose sources change, until closed. Loads them first: what an app is made of shows when it loads. */
export function watchSources(apps: readonly App[], reload: Reload, observer: Observer): { close(): void } {
  const watches = apps.map((app) => new AppWatch(app, reload, observer));
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
