/** From the text of nano.json to a resolved configuration, or to every problem at once. */
import { dirname, resolve } from "node:path";
import * as v from "valibot";
import { parseHostPattern } from "../base/host-name.ts";
import { OperatorError, type Problem, problem } from "../errors.ts";
import { type AppLimits, type LimitValues, limits, resolveAppLimits, resolveServerLimits } from "../limits.ts";
import { listenAddress } from "./addresses.ts";
import { buildOf } from "./build-settings.ts";
import { type AppEnv, readAppEnvs } from "./app-env.ts";
import { readAdmin, type ReadAdmin } from "./admin.ts";
import { appNameOf } from "./app-name.ts";
import { assetsOf, assetsProblems } from "./assets.ts";
import { claimProblems } from "./claims.ts";
import type { AppConfig, Config } from "./config.ts";
import type { DevEnv } from "./dev-env.ts";
import { type EnvSources, hostSources } from "./env-sources.ts";
import { Document } from "./positions.ts";
import { configSchema, DEFAULT_HOST, DEFAULT_LOG, DEFAULT_PORT, type RawApp, type RawConfig, type RawLimits } from "./schema.ts";
import { shapeProblems } from "./shape.ts";

export interface ParseOptions {
  /** Where values come from that the config only names. */
  readonly sources?: EnvSources;
  /** For `nano dev`: variables besides those of the config. */
  readonly dev?: DevEnv | undefined;
  /** Permission bits of the file, when there is one and they mean something. */
  readonly mode?: number | undefined;
}

/** Throws OperatorError with all problems. `file` is the absolute path that relative paths start from, and is named in problems as `shownAs`. */
export function parseConfig(text: string, file: string, shownAs = file, options: ParseOptions = {}): Config {
  const document = new Document(text, shownAs);
  const { problems, envs, admin } = inspect(document, dirname(file), options);
  if (problems.length > 0) throw new OperatorError(problems);
  const { mode } = options;
  const isExposed = mode !== undefined && (mode & 0o077) !== 0 && [...envs, admin].some(({ hasInlineSecrets }) => hasInlineSecrets);
  const warnings = [...(isExposed ? [problem("secrets_exposed", { mode: (mode & 0o777).toString(8).padStart(3, "0") }, { file: shownAs })] : []), ...admin.warnings];
  return resolveConfig({ raw: v.parse(configSchema, document.value), envs, admin, file, folder: dirname(file), warnings });
}

/** The configuration that `data` would be as a file in `folder`. Throws OperatorError whose problems name fields, and no place: there is no file to point into. */
export function configOfData(data: object, folder: string, options: ParseOptions = {}): Config {
  const document = new Document(JSON.stringify(data), folder);
  const { problems, envs, admin } = inspect(document, resolve(folder), options);
  if (problems.length > 0) throw new OperatorError(problems.map(withoutPlace));
  return resolveConfig({ raw: v.parse(configSchema, document.value), envs, admin, file: null, folder: resolve(folder), warnings: admin.warnings.map(withoutPlace) });
}

/** The configuration that `document` says, whatever file it was made of. `found`: problems that are known already. Throws OperatorError with all. */
export function configOfDocument(document: Document, file: string, folder: string, options: ParseOptions, found: readonly Problem[]): Config {
  const { problems, envs, admin } = inspect(document, folder, options);
  const all = [...found, ...problems].sort(byPlace);
  if (all.length > 0) throw new OperatorError(all);
  return resolveConfig({ raw: v.parse(configSchema, document.value), envs, admin, file, folder, warnings: admin.warnings });
}

function inspect(document: Document, folder: string, { sources = hostSources, dev }: ParseOptions): { readonly problems: readonly Problem[]; readonly envs: readonly AppEnv[]; readonly admin: ReadAdmin } {
  const { envs, problems } = readAppEnvs(document, { sources, dev: dev ?? null, folder });
  const admin = readAdmin(document, sources, folder);
  return { problems: [...shapeProblems(document), ...claimProblems(document), ...assetsProblems(document, folder), ...problems, ...admin.problems].sort(byPlace), envs, admin };
}

function withoutPlace({ file: _file, line: _line, column: _column, frame: _frame, ...problem }: Problem): Problem {
  return problem;
}

function byPlace(a: Problem, b: Problem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

/** `raw` has no problems. Paths are relative to `folder`. */
interface Inspected {
  readonly raw: RawConfig;
  readonly envs: readonly AppEnv[];
  readonly admin: ReadAdmin;
  readonly file: string | null;
  readonly folder: string;
  readonly warnings: readonly Problem[];
}

function resolveConfig({ raw, envs, admin, file, folder, warnings }: Inspected): Config {
  const drain: LimitValues = raw.drain_ms === undefined ? {} : { drain_ms: raw.drain_ms };
  const limitsOf = sharedLimits([layerOf(raw.defaults ?? {}), drain]);
  const isAlone = raw.apps.length === 1;
  return deepFreeze({
    file,
    envFiles: [...new Set([...envs, admin].flatMap(({ files }) => files))],
    warnings,
    port: raw.port ?? DEFAULT_PORT,
    hasPort: raw.port !== undefined,
    host: listenAddress(raw.host ?? DEFAULT_HOST) ?? DEFAULT_HOST,
    workers: raw.workers ?? "auto",
    log: { ...DEFAULT_LOG, ...raw.log },
    trustedProxies: raw.trusted_proxies ?? [],
    drainMs: raw.drain_ms ?? limits.drain_ms.default,
    hasReservedPaths: raw.server?.reserved_paths ?? false,
    diskCache: raw.server?.disk_cache === undefined ? undefined : raw.server.disk_cache === false ? null : resolve(folder, raw.server.disk_cache),
    sharesPages: raw.server?.shared_pages ?? true,
    admin: admin.config,
    limits: resolveServerLimits(raw.limits ?? {}, processLimitsOf(raw)),
    apps: raw.apps.map((app, i) => resolveApp(app, envs[i] as AppEnv, limitsOf, folder, isAlone)),
  });
}

/** One object for all apps that say the same: ten thousand apps mostly say nothing, and a plan carries what is shared once. */
function sharedLimits(layers: readonly LimitValues[]): (own: LimitValues) => AppLimits {
  const known = new Map<string, AppLimits>();
  return (own) => {
    const key = JSON.stringify(own);
    const shared = known.get(key) ?? resolveAppLimits(own, ...layers);
    known.set(key, shared);
    return shared;
  };
}

function resolveApp(raw: RawApp, { env, secrets }: AppEnv, limitsOf: (own: LimitValues) => AppLimits, folder: string, isAlone: boolean): AppConfig {
  const said = raw.hostnames ?? [raw.hostname ?? raw.name ?? ""];
  const hostnames = said.flatMap((text) => parseHostPattern(text) ?? []);
  const assets = assetsOf(raw, folder);
  // One of the two is there: `assetsProblems`.
  const path = raw.path === undefined ? (assets?.directory ?? folder) : resolve(folder, raw.path);
  return {
    name: raw.name ?? hostnames[0] ?? appNameOf(path),
    hostnames,
    isDefault: raw.default ?? isAlone,
    path,
    main: raw.main ?? null,
    build: buildOf(raw.build),
    hasCode: raw.path !== undefined,
    assets,
    lacking: {},
    env,
    secrets,
    limits: limitsOf(layerOf(raw)),
    fallback: raw.fallback ?? null,
    egressAllow: (raw.egress?.allow ?? []).map((host) => host.toLowerCase()),
    isolation: raw.isolation ?? "app",
    watch: raw.watch ?? false,
  };
}

function processLimitsOf({ server: { drain_delay_ms, memory_mb, disk_cache_mb } = {} }: RawConfig): LimitValues {
  return { ...(drain_delay_ms === undefined ? {} : { drain_delay_ms }), ...(memory_mb === undefined ? {} : { process_memory_mb: memory_mb }), ...(disk_cache_mb === undefined ? {} : { disk_cache_mb }) };
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
