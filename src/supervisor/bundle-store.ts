/** The code of all apps, by app and source, as one worker made it: every worker, and every one that replaces it, serves the same bytes, whatever lies on disk by then. */
import type { BundleWire } from "../apps/load/bundle-wire.ts";
import type { PlannedApp } from "./messages.ts";
import { CLOCK_GRAIN_MS, stampsOf, type Stamps } from "./stamps.ts";

interface Entry {
  bundle: BundleWire | null;
  /** Who makes it. */
  maker: number | null;
  /** Since when. Unix milliseconds. */
  sinceMs: number;
  /** Of the files that went into it, as they were then. */
  stamps: Promise<Stamps> | null;
  readonly waiting: { readonly worker: number; readonly resolve: (bundle: BundleWire | null) => void }[];
}

export class BundleStore {
  readonly #entries = new Map<string, Entry>();

  /** The bundle, once somebody has made it; null: the caller is to make it and to tell `made`. */
  async ask(app: string, source: number, worker: number): Promise<BundleWire | null> {
    const entry = this.#entryOf(app, source);
    if (entry.bundle !== null) return entry.bundle;
    if (entry.maker !== null) return new Promise((resolve) => entry.waiting.push({ worker, resolve }));
    entry.maker = worker;
    entry.sinceMs = Date.now();
    return null;
  }

  /** `bundle` null: it could not be made, and the next who asks is to try. */
  made(app: string, source: number, bundle: BundleWire | null): void {
    const entry = this.#entryOf(app, source);
    entry.bundle ??= bundle;
    if (entry.bundle !== null) {
      entry.stamps ??= stampsOf(entry.bundle.files, entry.sinceMs - CLOCK_GRAIN_MS);
      for (const { resolve } of entry.waiting.splice(0)) resolve(entry.bundle);
      return;
    }
    const next = entry.waiting.shift();
    entry.maker = next?.worker ?? null;
    entry.sinceMs = Date.now();
    next?.resolve(null);
  }

  /** The worker has ended: what it was making is made by the next who waits for it. */
  abandon(worker: number): void {
    for (const entry of this.#entries.values()) {
      const staying = entry.waiting.filter((one) => one.worker !== worker);
      entry.waiting.splice(0, entry.waiting.length, ...staying);
    }
    for (const [key, entry] of this.#entries)
      if (entry.maker === worker && entry.bundle === null) this.made(key.slice(key.indexOf("/") + 1), Number.parseInt(key, 10), null);
  }

  /** A file that went into it is not what it was. Never of an app that nobody has loaded. */
  async hasChanged({ config, source }: PlannedApp): Promise<boolean> {
    const entry = this.#entries.get(keyOf(config.name, source));
    const before = await entry?.stamps;
    if (entry?.bundle == null || before === undefined || before === null) return false;
    const now = await stampsOf(entry.bundle.files);
    return entry.bundle.files.some((file) => now.get(file) !== before.get(file));
  }

  /** What was read for that source; empty when nobody has made it. */
  filesOf({ config, source }: PlannedApp): readonly string[] {
    return this.#entries.get(keyOf(config.name, source))?.bundle?.files ?? [];
  }

  hashOf({ config, source }: PlannedApp): string | null {
    return this.#entries.get(keyOf(config.name, source))?.bundle?.hash ?? null;
  }

  /** Forgets what is in none of `apps`. */
  keep(apps: readonly PlannedApp[]): void {
    const kept = new Set(apps.map(({ config, source }) => keyOf(config.name, source)));
    for (const [key, entry] of this.#entries) if (!kept.has(key) && entry.waiting.length === 0) this.#entries.delete(key);
  }

  #entryOf(app: string, source: number): Entry {
    const key = keyOf(app, source);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { bundle: null, maker: null, sinceMs: 0, stamps: null, waiting: [] };
      this.#entries.set(key, entry);
    }
    return entry;
  }
}

function keyOf(app: string, source: number): string {
  return `${source}/${app}`;
}
