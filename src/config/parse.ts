/** From the text of nano.json to a resolved configuration, or to every problem at once. */
import { dirname, resolve } from "node:path";
import * as v from "valibot";
import { parseHostPattern } from "../base/host-name.ts";
import { OperatorError, type Problem } from "../errors.ts";
import { type LimitValues, limits, resolveAppLimits, resolveServerLimits } from "../limits.ts";
import { listenAddress } from "./addresses.ts";
import { appNameOf } from "./app-name.ts";
import { claimProblems } from "./claims.ts";
import type { AppConfig, Config } from "./config.ts";
import { Document } from "./positions.ts";
import { configSchema, DEFAULT_HOST, DEFAULT_LOG, DEFAULT_PORT, type RawApp, type RawConfig, type RawLimits } from "./schema.ts";
import { shapeProblems } from "./shape.ts";

/** Throws OperatorError with all problems. `file` is the absolute path that relative paths start from, and is named in problems as `shownAs`. */
export function parseConfig(text: string, file: string, shownAs = file): Config {
  const document = new Document(text, shownAs);
  const problems = problemsOf(document);
  if (problems.length > 0) throw new OperatorError(problems);
  return resolveConfig(v.parse(configSchema, document.value), file, dirname(file));
}

/** The configuration that `data` would be as a file in `folder`. Throws OperatorError whose problems name fields, and no place: there is no file to point into. */
export function configOfData(data: object, folder: string): Config {
  const document = new Document(JSON.stringify(data), folder);
  const problems = problemsOf(document);
  if (problems.length > 0) throw new OperatorError(problems.map(({ file: _file, line: _line, column: _column, frame: _frame, ...problem }) => problem));
  return resolveConfig(v.parse(configSchema, document.value), null, resolve(folder));
}

function problemsOf(document: Document): Problem[] {
  return [...shapeProblems(document), ...claimProblems(document)].sort(byPlace);
}

function byPlace(a: Problem, b: Problem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

/** `raw` has no problems. Paths are relative to `folder`. */
function resolveConfig(raw: RawConfig, file: string | null, folder: string): Config {
  const drain: LimitValues = raw.drain_ms === undefined ? {} : { drain_ms: raw.drain_ms };
  const layers = [layerOf(raw.defaults ?? {}), drain];
  const isAlone = raw.apps.length === 1;
  return deepFreeze({
    file,
    port: raw.port ?? DEFAULT_PORT,
    host: listenAddress(raw.host ?? DEFAULT_HOST) ?? DEFAULT_HOST,
    log: { ...DEFAULT_LOG, ...raw.log },
    trustedProxies: raw.trusted_proxies ?? [],
    drainMs: raw.drain_ms ?? limits.drain_ms.default,
    limits: resolveServerLimits(raw.limits ?? {}),
    apps: raw.apps.map((app) => resolveApp(app, layers, folder, isAlone)),
  });
}

function resolveApp(raw: RawApp, layers: readonly LimitValues[], folder: string, isAlone: boolean): AppConfig {
  const said = raw.hostnames ?? [raw.hostname ?? raw.name ?? ""];
  const hostnames = said.flatMap((text) => parseHostPattern(text) ?? []);
  const path = resolve(folder, raw.path);
  return {
    name: raw.name ?? hostnames[0] ?? appNameOf(path),
    hostnames,
    isDefault: raw.default ?? isAlone,
    path,
    env: raw.env ?? {},
    limits: resolveAppLimits(layerOf(raw), ...layers),
    fallback: raw.fallback ?? null,
    egressAllow: (raw.egress?.allow ?? []).map((host) => host.toLowerCase()),
    watch: raw.watch ?? false,
  };
}

/** The limits of one holder, whichever way it says them. */
function layerOf({ timeout_ms, memory_mb, max_buffer_size_mb, limits: named = {} }: RawLimits): LimitValues {
  return {
    ...named,
    ...(timeout_ms === undefined ? {} : { cpu_ms: timeout_ms }),
    ...(memory_mb === undefined ? {} : { memory_mb }),
    ...(max_buffer_size_mb === undefined ? {} : { max_buffer_size_mb }),
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
