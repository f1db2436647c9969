/** Follows the config of `nano dev` and the files that variables come from: what they say holds once they are saved, and a mistake changes nothing. */
import { Debounce } from "../../base/debounce.ts";
import type { AppConfig, Config } from "../../config/config.ts";
import { diffApps, restartKeys } from "../../config/diff.ts";
import { ConfigWatch } from "../../config/watch.ts";
import { formatProblem, OperatorError, type Problem } from "../../errors.ts";
import { limitValue } from "../../limits.ts";
import type { Observer } from "../../observe/observer.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { SourceWatch } from "../../supervisor/source-watch.ts";
import { watched } from "./reload.ts";

export interface FollowConfigOptions {
  /** As it is served now. */
  readonly config: Config;
  /** Reads it anew. Throws OperatorError. */
  readonly read: () => Promise<Config>;
  readonly runtime: Runtime;
  readonly sources: SourceWatch;
  readonly observer: Pick<Observer, "event" | "fault">;
}

/** Editors write several files at once. */
const QUIET_MS = 30;
const MOST_WAIT_MS = 300;

export class ConfigFollower {
  readonly #options: FollowConfigOptions;
  readonly #watch: ConfigWatch;
  readonly #changed: Debounce;
  #config: Config;
  #reading: Promise<void> = Promise.resolve();

  constructor(options: FollowConfigOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#changed = new Debounce(() => {
      this.#reading = this.#reading.then(() => this.#readAnew());
    }, QUIET_MS, MOST_WAIT_MS);
    this.#watch = new ConfigWatch({ files: () => [...(this.#config.file === null ? [] : [this.#config.file]), ...this.#config.envFiles], onChange: () => this.#changed.trigger(), pollMs: limitValue("config_poll_ms") });
  }

  /** What is to hold for the app, also while it is not yet served. */
  readonly configOf = (name: string): AppConfig | undefined => this.#config.apps.find((app) => app.name === name);

  close(): void {
    this.#watch.close();
    this.#changed.close();
  }

  async #readAnew(): Promise<void> {
    const { read, observer } = this.#options;
    try {
      await this.#apply(await read());
    } catch (error) {
      if (error instanceof OperatorError) observer.event("reload_failed", { error: error.message });
      else observer.fault("config", error);
    }
  }

  async #apply(next: Config): Promise<void> {
    const { runtime: { registry }, observer } = this.#options;
    const before = this.#config;
    const startedMs = Date.now();
    this.#config = next;
    const { added, removed, changed } = diffApps(before.apps, next.apps);
    for (const warning of newOnes(before.warnings, next.warnings)) observer.event("config_warning", { warning });
    const needsRestart = restartKeys(before, next);
    if (added.length + removed.length + changed.length + needsRestart.length === 0) return;
    observer.event("config_changed", {
      ...(added.length === 0 ? {} : { added: added.join(", ") }),
      ...(removed.length === 0 ? {} : { removed: removed.join(", ") }),
      ...(changed.length === 0 ? {} : { changed: changed.map(({ name, fields }) => `${name} (${fields.join(", ")})`).join(", ") }),
      ...(needsRestart.length === 0 ? {} : { needs_restart: needsRestart.join(", ") }),
    });
    const configOf = new Map(next.apps.map((app) => [app.name, app]));
    const take = (names: readonly string[]) => names.flatMap((name) => configOf.get(name) ?? []);
    registry.addAll(take(added));
    for (const app of registry.apps) if (added.includes(app.name)) void app.serving.revision.load();
    await Promise.all(take(changed.map(({ name }) => name)).map((app) => registry.replace(app, true)));
    // Last: until then nobody is told that there is no app for a host that changes hands.
    for (const name of removed) void registry.remove(name);
    this.#followSources(changed.flatMap(({ name, needsBundle }) => (needsBundle ? [name] : [])), startedMs);
  }

  /** Other files may make up what is bundled in another way: those apps are followed from the start. `readSinceMs`: whatever changed later may not have been read. */
  #followSources(rebuilt: readonly string[], readSinceMs: number): void {
    const { runtime, sources } = this.#options;
    const apps = runtime.registry.apps.map((app) => watched(app, runtime, this.configOf, readSinceMs));
    sources.follow(apps.filter(({ name }) => !rebuilt.includes(name)));
    sources.follow(apps);
  }
}

function newOnes(before: readonly Problem[], after: readonly Problem[]): readonly string[] {
  const known = new Set(before.map(formatProblem));
  return after.map(formatProblem).filter((text) => !known.has(text));
}
