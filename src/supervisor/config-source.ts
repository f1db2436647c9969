/**
 * Where the config comes from: the file, and on top of it what the admin API changed without writing it there. Such a change holds for an app until nano ends, or until
 * the file says something else about that app than it did when the change was made: then the file holds again.
 */
import { dirname, relative } from "node:path";
import type { Config } from "../config/config.ts";
import { EditError, stageEdit, withApp } from "../config/edit.ts";
import { loadConfigText } from "../config/load.ts";
import { configOfData, parseConfig } from "../config/parse.ts";
import { OperatorError } from "../errors.ts";

/** An entry of `apps`, unchecked. */
export type Entry = Readonly<Record<string, unknown>>;

export interface ConfigSourceOptions {
  /** Null: there is no file, and `entries` are the apps. */
  readonly file: string | null;
  readonly cwd: string;
  readonly entries: readonly Entry[];
  /** Of a wrangler file. */
  readonly environment?: string | undefined;
  /** What flags and the environment say wins over what was read. */
  readonly settle: (config: Config) => Config;
}

/** An app by its name, and what was said of it. */
interface Named {
  readonly name: string;
  readonly entry: Entry;
}

interface Override {
  /** Null: the app is not to be there. */
  readonly entry: Entry | null;
  /** What the file said when this was decided. */
  readonly base: string;
}

/** A change of `apps` that is not decided yet. */
export interface Draft {
  readonly config: Config;
  /** Its place in `apps`; -1 when it is gone. */
  readonly index: number;
  readonly name: string;
  readonly entry: Entry | null;
}

const ABSENT = "absent";

export class ConfigSource {
  readonly #options: ConfigSourceOptions;
  readonly #overrides = new Map<string, Override>();
  #text = "";
  #isForeign = false;
  #root: Entry = {};
  #said: readonly Named[] = [];

  constructor(options: ConfigSourceOptions) {
    this.#options = options;
  }

  /** Throws OperatorError. */
  async read(): Promise<Config> {
    const { file, cwd, entries, settle, environment } = this.#options;
    if (file === null) {
      if (this.#said.length === 0) this.#take({ apps: entries }, configOfData({ apps: entries }, cwd));
      return settle(this.#merged());
    }
    const { config, text, raw, isForeign } = await loadConfigText(file, cwd, { environment });
    this.#text = text;
    this.#isForeign = isForeign;
    this.#take(raw, config);
    for (const [name, { base }] of this.#overrides) if (base !== this.#saidOf(name)) this.#overrides.delete(name);
    return settle(this.#overrides.size === 0 ? config : { ...this.#merged(), warnings: config.warnings });
  }

  /** What is said of that app now; null when it is not there. */
  entryOf(name: string): Entry | null {
    return this.#entries().find((one) => one.name === name)?.entry ?? null;
  }

  /** The config as it would be with `entry` for that app, or with one more app when `name` is null. Throws OperatorError whose problems name `apps[index]`. */
  draft(name: string | null, entry: Entry | null): Draft {
    const entries = this.#entries();
    const at = entries.findIndex((one) => one.name === name);
    const next = entries.map((one) => one.entry);
    if (entry === null) next.splice(at, 1);
    else if (at >= 0) next[at] = entry;
    else next.push(entry);
    const index = entry === null ? -1 : at >= 0 ? at : next.length - 1;
    try {
      const config = this.#options.settle(this.#parsed(next));
      return { config, index, name: config.apps[index]?.name ?? (name as string), entry };
    } catch (error) {
      if (error instanceof OperatorError) throw new DraftError(error, index);
      throw error;
    }
  }

  /** From now on until nano ends. `replaced`: the app's name before. */
  keep({ name, entry }: Draft, replaced: string | null): void {
    if (replaced !== null && replaced !== name) this.#overrides.set(replaced, { entry: null, base: this.#saidOf(replaced) });
    this.#overrides.set(name, { entry, base: this.#saidOf(name) });
  }

  /** Writes the change to a file beside the config, to be put in its place at once. Throws PersistError when that cannot be. */
  async persist(draft: Draft, replaced: string | null): Promise<Persisting> {
    const { file } = this.#options;
    if (file === null) throw new PersistError("not_persisted", "nano was started without a config file");
    if (this.#isForeign) throw new PersistError("not_persisted", "the config is a wrangler file, which nano reads and does not write");
    const { name, entry } = draft;
    const at = this.#said.findIndex((one) => one.name === (replaced ?? name));
    const said = this.#said[at]?.entry ?? null;
    if (said === null && entry === null) return { commit: async () => {}, discard: async () => {} };
    const text = withApp(this.#text, said === null ? this.#said.length : at, said, entry);
    this.#assertRight(text);
    const staged = await stageEdit(file, this.#text, text).catch(tellPersistError);
    return {
      commit: async () => {
        // It is served by now: if it cannot be written, it holds until nano ends.
        this.keep(draft, replaced);
        await staged.commit().catch(tellPersistError);
        this.#overrides.delete(name);
        if (replaced !== null) this.#overrides.delete(replaced);
        await this.read();
      },
      discard: staged.discard,
    };
  }

  /** What is served may be right and the file not: it also says what was changed without being written. */
  #assertRight(text: string): void {
    const { file, cwd } = this.#options;
    try {
      parseConfig(text, file as string, relative(cwd, file as string));
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      throw new PersistError("not_persisted", `the config file would be wrong, and was not written: ${error.message.split("\n")[0]}`);
    }
  }

  #take(root: Entry, config: Config): void {
    this.#root = root;
    const apps = root["apps"] as readonly Entry[];
    this.#said = config.apps.map(({ name }, i) => ({ name, entry: apps[i] as Entry }));
  }

  #saidOf(name: string): string {
    const said = this.#said.find((one) => one.name === name);
    return said === undefined ? ABSENT : JSON.stringify(said.entry);
  }

  #entries(): readonly Named[] {
    const kept = this.#said.flatMap((said) => {
      const override = this.#overrides.get(said.name);
      if (override === undefined) return [said];
      return override.entry === null ? [] : [{ name: said.name, entry: override.entry }];
    });
    const added = [...this.#overrides].flatMap(([name, { entry }]) => (entry === null || this.#said.some((said) => said.name === name) ? [] : [{ name, entry }]));
    return [...kept, ...added];
  }

  #merged(): Config {
    return this.#parsed(this.#entries().map(({ entry }) => entry));
  }

  #parsed(apps: readonly Entry[]): Config {
    const { file, cwd } = this.#options;
    return { ...configOfData({ ...this.#root, apps }, file === null ? cwd : dirname(file)), file };
  }
}

/** A change of the file that waits to be put in place. */
export interface Persisting {
  commit(): Promise<void>;
  discard(): Promise<void>;
}

function tellPersistError(error: unknown): never {
  if (!(error instanceof EditError)) throw error;
  throw new PersistError(error.isStale ? "config_changed" : "not_persisted", error.isStale ? "the config file was changed meanwhile: reload, then try again" : error.message);
}

/** The config would be wrong because of what was drafted. */
export class DraftError extends Error {
  override readonly name = "DraftError";
  readonly problems: OperatorError;
  readonly index: number;

  constructor(problems: OperatorError, index: number) {
    super(problems.message);
    this.problems = problems;
    this.index = index;
  }
}

export class PersistError extends Error {
  override readonly name = "PersistError";
  readonly code: "not_persisted" | "config_changed";

  constructor(code: PersistError["code"], message: string) {
    super(message);
    this.code = code;
  }
}
