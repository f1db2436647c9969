/** What another configuration would change: which apps come, go and change, in which fields, and what only a restart can change. */
import { isDeepStrictEqual } from "node:util";
import type { AppConfig, Config } from "./config.ts";

export interface AppChange {
  readonly name: string;
  /** Keys of the config. */
  readonly fields: readonly string[];
  /** The source has to be bundled again. */
  readonly needsBundle: boolean;
}

export interface ConfigDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly AppChange[];
}

/** What the fields of an app are called in the config. */
const FIELD: Readonly<Partial<Record<keyof AppConfig, string>>> = { hasCode: "path", isDefault: "default", egressAllow: "egress", lacking: "bindings" };
/** Top-level keys that a running nano cannot change. */
const SETTINGS = { port: "port", host: "host", workers: "workers", log: "log", trustedProxies: "trusted_proxies", hasReservedPaths: "server.reserved_paths", diskCache: "server.disk_cache", sharesPages: "server.shared_pages", admin: "admin", limits: "limits" } as const satisfies Partial<Record<keyof Config, string>>;

export function diffApps(before: readonly AppConfig[], after: readonly AppConfig[]): ConfigDiff {
  const old = new Map(before.map((app) => [app.name, app]));
  const names = new Set(after.map(({ name }) => name));
  return {
    added: after.filter(({ name }) => !old.has(name)).map(({ name }) => name),
    removed: before.filter(({ name }) => !names.has(name)).map(({ name }) => name),
    changed: after.flatMap((app) => changeOf(old.get(app.name), app) ?? []),
  };
}

/** Top-level keys that differ, and need a restart. */
export function restartKeys(before: Config, after: Config): readonly string[] {
  return (Object.keys(SETTINGS) as (keyof typeof SETTINGS)[]).filter((key) => !isDeepStrictEqual(settingOf(before, key), settingOf(after, key))).map((key) => SETTINGS[key]);
}

/** The admin token holds at once. */
function settingOf(config: Config, key: keyof typeof SETTINGS): unknown {
  return key === "admin" ? { ...config.admin, token: null } : config[key];
}

function changeOf(before: AppConfig | undefined, after: AppConfig): AppChange | null {
  if (before === undefined) return null;
  const keys = (Object.keys(after) as (keyof AppConfig)[]).filter((key) => !isDeepStrictEqual(plain(before[key]), plain(after[key])));
  if (keys.length === 0) return null;
  const { limits: old } = before;
  const isOtherSource = before.path !== after.path || before.main !== after.main || !isDeepStrictEqual(plain(before.build), plain(after.build)) || !isDeepStrictEqual(plain(before.assets), plain(after.assets));
  const needsBundle = isOtherSource || old.bundleBytes !== after.limits.bundleBytes || old.modules !== after.limits.modules || old.assetFiles !== after.limits.assetFiles || old.assetFileBytes !== after.limits.assetFileBytes;
  return { name: after.name, fields: keys.map((key) => FIELD[key] ?? key), needsBundle };
}

/** Without prototypes, which say nothing here. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.assign(Object.create(null), Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)])));
}
