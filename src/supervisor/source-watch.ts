/** Reloads apps when their sources change. Folders are watched, not files: editors replace files. A poll covers what the system does not report. */
import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Observer } from "../observe/observer.ts";

const DEBOUNCE_MS = 20;
const POLL_MS = 2_000;
/** File systems may tell the time of a change this much too early. */
export const CLOCK_GRAIN_MS = 10;

/** What a load read, whether it worked or not. */
export interface Sources {
  readonly files: readonly string[];
  readonly hasFailed: boolean;
}

/** An app whose sources are followed. */
export interface Watched {
  readonly name: string;
  /** The app's own path. */
  readonly path: string;
  /** What it is made of shows when it loads: loads it unless that has been done. */
  load(): Promise<Sources>;
  /** Loads it anew. */
  reload(): Promise<Sources>;
}

class AppWatch {
  readonly #app: Watched;
  readonly #observer: Pick<Observer, "fault">;
  readonly #folders = new Map<string, FSWatcher>();
  #files: readonly string[] = [];
  #stamps: Stamps = new Map();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isReloading = false;
  #isStale = false;
  #isClosed = false;

  constructor(app: Watched, observer: Pick<Observer, "fault">) {
    this.#app = app;
    this.#observer = observer;
  }

  async start(): Promise<void> {
    try {
      const before = await stampsOf([this.#app.path]);
      const startedMs = Date.now();
      await this.#follow(await this.#app.load(), before, startedMs);
    } catch (error) {
      this.#observer.fault("watch", error);
    }
  }

  /** Looks whether a file has changed; reloads when one has. */
  async poll(): Promise<void> {
    const stamps = await stampsOf(this.#files);
    if (this.#files.some((file) => stamps.get(file) !== this.#stamps.get(file))) await this.#replace();
  }

  close(): void {
    this.#isClosed = true;
    for (const watcher of this.#folders.values()) watcher.close();
    this.#folders.clear();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** `before`: stamps from before the load. A file that is new since then may have changed after it was read: its age tells. */
  async #follow({ files: read, hasFailed }: Sources, before: Stamps, startedMs: number): Promise<void> {
    // A load that failed before it read anything leaves the app's own path to look at.
    const files = read.length > 0 ? read : [this.#app.path];
    const wanted = new Set(files.map((file) => dirname(file)));
    // What a failed load misses may appear beside what it found, which changes the folder.
    this.#files = hasFailed ? [...files, ...wanted] : files;
    const now = await stampsOf(this.#files, startedMs - CLOCK_GRAIN_MS);
    if (this.#isClosed) return;
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
        await this.#follow(await this.#app.reload(), before, startedMs);
      } while (this.#isStale);
    } catch (error) {
      this.#observer.fault("watch", error);
    } finally {
      this.#isReloading = false;
    }
  }
}

/** By file: changes when the file changes, appears or goes. */
export type Stamps = ReadonlyMap<string, string>;

/** A file changed at `unsureSinceMs` or later has a stamp like no other's, so that the next look finds it changed. */
export async function stampsOf(files: readonly string[], unsureSinceMs = Number.POSITIVE_INFINITY): Promise<Stamps> {
  const stamp = (file: string) => stat(file).then(({ mtimeMs, size, ino }) => (mtimeMs >= unsureSinceMs ? "unsure" : `${mtimeMs}/${size}/${ino}`), () => "gone");
  return new Map(await Promise.all(files.map(async (file) => [file, await stamp(file)] as const)));
}

/** Reloads whichever of the watched apps changes, until closed. */
export class SourceWatch {
  readonly #watches = new Map<string, AppWatch>();
  readonly #observer: Pick<Observer, "fault">;
  readonly #poll: ReturnType<typeof setInterval>;

  constructor(observer: Pick<Observer, "fault">) {
    this.#observer = observer;
    this.#poll = setInterval(() => {
      for (const one of this.#watches.values()) void one.poll();
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
      const one = new AppWatch(app, this.#observer);
      this.#watches.set(app.name, one);
      void one.start();
    }
  }

  close(): void {
    clearInterval(this.#poll);
    for (const one of this.#watches.values()) one.close();
    this.#watches.clear();
  }
}
