/** What the admin API can do: routes call this, the supervisor implements it over its workers. Plain data only, in the form and with the names that go over the wire. */
import type { Json } from "../config/config.ts";
import type { AppStatus, EnvReport, Health, ReloadReport } from "./replies.ts";

/** Values are as in the config: text, JSON, `{ "from_env": … }` or `{ "from_file": … }`. */
export interface EnvChange {
  /** A name that is a secret now stays one. */
  readonly set: Readonly<Record<string, Json>>;
  readonly secrets: Readonly<Record<string, Json>>;
  /** Names that are not there are no error. */
  readonly remove: readonly string[];
  /** What is not set goes. */
  readonly replace: boolean;
}

export interface ChangeOptions {
  /** Write the config file too: it is what runs after a restart. Without it the change lasts until nano ends. */
  readonly persist: boolean;
}

export interface RemoveOptions extends ChangeOptions {
  /** Instead of the app's own `drain_ms`, if that is less. */
  readonly drainMs?: number;
}

/** Every method rejects with `OperationError`; whatever else it throws is a defect and answered with 500. */
export interface Operations {
  /** By name; those that drain after removal included. */
  apps(): Promise<readonly AppStatus[]>;
  /** `unknown_app`. */
  app(name: string): Promise<AppStatus>;
  /** `json` is an entry of `apps`, unchecked. Resolves when it answers. `invalid`, `name_taken`, `hostname_taken`, `load_failed`, `not_persisted`. */
  addApp(json: unknown, options: ChangeOptions): Promise<AppStatus>;
  /** As `addApp`, of an app that is there; without a name in `json` it keeps its own. A failed load changes nothing. */
  replaceApp(name: string, json: unknown, options: ChangeOptions): Promise<AppStatus>;
  /** `json` is as the `limits` of an app, unchecked; limits that it does not name stay. */
  patchLimits(name: string, json: unknown, options: ChangeOptions): Promise<AppStatus>;
  /** Resolves when it takes nothing new. `app(name)` says how far it is, until it is gone. */
  removeApp(name: string, options: RemoveOptions): Promise<AppStatus>;
  /** Ends its quarantine. */
  lift(name: string): Promise<AppStatus>;
  envOf(name: string): Promise<EnvReport>;
  /** Holds from the next request on. */
  changeEnv(name: string, change: EnvChange, options: ChangeOptions): Promise<EnvReport>;
  /** Reads the config file again, as SIGHUP does; `config_invalid` when it is broken, and then nothing changed. */
  reload(): Promise<ReloadReport>;
  /** What holds, every default filled in, without values of variables. */
  config(): Promise<Json>;
  health(): Promise<Health>;
  /** Prometheus text format. */
  metrics(): Promise<string>;
  /** `listener` gets every log line from now on, as one JSON object without LF, of `app` alone if that is given; it must not block. Returns how to stop. */
  followLogs(options: { readonly app?: string }, listener: (line: string) => void): () => void;
}
