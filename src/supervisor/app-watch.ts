/** Follows what one app is made of: hears of changes, waits until files are at rest, and has the app loaded anew. */
import { dirname } from "node:path";
import type { Observer } from "../observe/observer.ts";
import { FolderWatch } from "./folder-watch.ts";
import { CLOCK_GRAIN_MS, isBetween, isSame, type Stamps, stampsOf } from "./stamps.ts";

/** A file that is gone or empty is given this long to come back whole. */
const BETWEEN_MS = 60;
/** Files that never rest are loaded all the same. */
const MOST_SETTLE_MS = 1_000;

/** What a load read or looked for, whether it worked or not. */
export interface Sources {
  readonly files: readonly string[];
  readonly hasFailed: boolean;
}

/** An app whose sources are followed. */
export interface Watched {
  readonly name: string;
  /** The app's own path. */
  readonly path: string;
  /** How long changed files have to be left alone before they are read. */
  readonly settleMs: number;
  /** What it is made of shows when it loads: loads it unless that has been done. */
  load(): Promise<Sources>;
  /** Since when what `load` gives may have been read; absent: not before it is called. Unix milliseconds. */
  readonly readSinceMs?: number;
  /** Loads it anew. While it `isStale`, files have changed since it began, and it will be called again. */
  reload(isStale: () => Promise<boolean>): Promise<Sources>;
  /** A change has been seen; what is returned is called, maybe more than once, when it has been dealt with. */
  hold?(): () => void;
}

export class AppWatch {
  readonly #app: Watched;
  readonly #observer: Pick<Observer, "fault">;
  readonly #folders: FolderWatch;
  #wanted: ReadonlySet<string> = new Set();
  #stamps: Stamps = new Map();
  /** Where events came from since the last look. */
  #heard = new Set<string>();
  #hasFailed = false;
  #loadStartedMs = 0;
  #isWorking = false;
  #isClosed = false;

  constructor(app: Watched, observer: Pick<Observer, "fault">, onLimit: (folder: string, code: string) => void) {
    this.#app = app;
    this.#observer = observer;
    this.#folders = new FolderWatch((path) => this.#hear(path), onLimit);
  }

  async start(): Promise<void> {
    await this.#work(async () => {
      const { path, readSinceMs } = this.#app;
      const before = await stampsOf([path], readSinceMs === undefined ? undefined : readSinceMs - CLOCK_GRAIN_MS);
      this.#loadStartedMs = readSinceMs ?? Date.now();
      const changed = await this.#follow(await this.#app.load(), before);
      if (changed.length > 0) await this.#reload(changed);
    });
  }

  /** Looks at everything. */
  poll(): void {
    this.#folders.follow(this.#wanted);
    void this.#work(() => this.#look([...this.#stamps.keys()], Number.POSITIVE_INFINITY));
  }

  close(): void {
    this.#isClosed = true;
    this.#folders.close();
  }

  #hear(path: string): void {
    // Of a failed load nobody knows what it misses: anything new may be it.
    const isKnown = this.#stamps.has(path) || this.#wanted.has(path) || this.#hasFailed;
    // Something new in a folder that is a source itself changes the folder.
    const heard = isKnown ? path : dirname(path);
    if (!isKnown && !this.#stamps.has(heard)) return;
    this.#heard.add(heard);
    void this.#work(async () => {});
  }

  /** `job`, and then whatever has been heard of meanwhile. One at a time: what comes while another works is heard by that one. */
  async #work(job: () => Promise<void>): Promise<void> {
    if (this.#isWorking || this.#isClosed) return;
    this.#isWorking = true;
    try {
      await job();
      while (this.#heard.size > 0 && !this.#isClosed) await this.#lookAtHeard();
    } catch (error) {
      this.#observer.fault("watch", error);
    } finally {
      this.#isWorking = false;
    }
  }

  async #lookAtHeard(): Promise<void> {
    const heard = this.#heard;
    this.#heard = new Set();
    const isAnyFolder = [...heard].some((path) => this.#wanted.has(path));
    if (isAnyFolder) this.#folders.follow(this.#wanted);
    // A change at about the time of the last load may have come after a file was read, and bear the same stamp.
    await this.#look(isAnyFolder || this.#hasFailed ? [...this.#stamps.keys()] : [...heard].filter((path) => this.#stamps.has(path)), this.#loadStartedMs - CLOCK_GRAIN_MS);
  }

  async #look(files: readonly string[], unsureSinceMs: number): Promise<void> {
    const changed = this.#changedOf(await stampsOf(files, unsureSinceMs));
    if (changed.length > 0) await this.#reload(changed);
  }

  #changedOf(now: Stamps): readonly string[] {
    return [...now].filter(([file, stamp]) => stamp !== this.#stamps.get(file)).map(([file]) => file);
  }

  async #reload(changed: readonly string[]): Promise<void> {
    for (let next = changed; next.length > 0 && !this.#isClosed; ) next = await this.#reloadOnce(next);
  }

  /** Returns what has changed again. */
  async #reloadOnce(changed: readonly string[]): Promise<readonly string[]> {
    const release = this.#app.hold?.();
    try {
      await this.#settle(changed);
      const before = await stampsOf([...this.#stamps.keys()]);
      this.#loadStartedMs = Date.now();
      const sources = await this.#app.reload(async () => !isSame(before, await stampsOf([...before.keys()])));
      release?.();
      return await this.#follow(sources, before);
    } finally {
      release?.();
    }
  }

  /** Returns when nobody seems to be writing any more. */
  async #settle(changed: readonly string[]): Promise<void> {
    const startedMs = performance.now();
    for (let seen = await stampsOf(changed), isAtRest = false; !isAtRest && performance.now() - startedMs < MOST_SETTLE_MS; ) {
      this.#heard.clear();
      const waitMs = isBetween(seen) ? BETWEEN_MS : this.#app.settleMs;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      const now = await stampsOf(changed);
      isAtRest = isSame(seen, now) && this.#heard.size === 0;
      seen = now;
    }
  }

  /** Returns what has changed already. `before`: stamps from before the load. A file that is new since then may have changed after it was read: its age tells. */
  async #follow({ files: read, hasFailed }: Sources, before: Stamps): Promise<readonly string[]> {
    // A load that failed before it read anything leaves the app's own path to look at.
    const files = read.length > 0 ? read : [this.#app.path];
    this.#hasFailed = hasFailed;
    // What a failed load misses may appear beside what it found, which changes the folder.
    this.#wanted = new Set([...files.map((file) => dirname(file)), ...(hasFailed ? [this.#app.path] : [])]);
    const followed = hasFailed ? [...files, ...this.#wanted] : files;
    const now = await stampsOf(followed, this.#loadStartedMs - CLOCK_GRAIN_MS);
    this.#stamps = new Map([...now].map(([file, stamp]) => [file, before.get(file) ?? stamp]));
    if (this.#isClosed) return [];
    this.#folders.follow(this.#wanted);
    return this.#changedOf(await stampsOf(followed));
  }
}
