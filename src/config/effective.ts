/** The configuration that holds, as the config would say it with every default filled in. No value of a variable, and no URL, which may hold a password. */
import { saidLimits } from "../limits.ts";
import type { AppConfig, Config, Json } from "./config.ts";

const HIDDEN = "(not shown)";

export function effectiveConfig(config: Config): Json {
  const { file, port, host, workers, log, trustedProxies, drainMs, hasReservedPaths, diskCache, sharesPages, admin, limits, apps } = config;
  return {
    file,
    port,
    host,
    workers,
    log,
    trusted_proxies: trustedProxies,
    drain_ms: drainMs,
    server: { disk_cache: diskCache ?? false, disk_cache_mb: limits.diskCacheBytes / (1 << 20), drain_delay_ms: limits.drainDelayMs, reserved_paths: hasReservedPaths, shared_pages: sharesPages },
    admin: { enabled: admin.isEnabled, socket: admin.socket, port: admin.port, host: admin.host, hostnames: admin.hostnames, token: admin.token === null ? null : HIDDEN },
    limits: saidLimits.server(limits),
    apps: apps.map(effectiveApp),
  };
}

function effectiveApp({ name, hostnames, isDefault, path, hasCode, main, build, assets, env, secrets, limits, fallback, egressAllow, watch, isolation }: AppConfig): Json {
  return {
    name,
    hostnames,
    path: hasCode ? path : null,
    main,
    build: { define: hidden(build.define), alias: build.alias, rules: build.rules.map(({ type, globs }) => ({ type, globs })), tsconfig: build.tsconfig, jsx_factory: build.jsxFactory, jsx_fragment: build.jsxFragment, node_globals: build.hasNodeGlobals },
    assets: assets === null ? null : { directory: assets.directory, binding: assets.binding, html_handling: assets.htmlHandling, not_found_handling: assets.notFoundHandling, run_worker_first: assets.runWorkerFirst },
    default: isDefault,
    env: hidden(env),
    secrets: hidden(secrets),
    limits: saidLimits.app(limits),
    fallback: fallback === null ? null : HIDDEN,
    egress: { allow: egressAllow },
    watch,
    isolation,
  };
}

function hidden(variables: AppConfig["env"]): Json {
  return Object.fromEntries(Object.keys(variables).map((name) => [name, HIDDEN]));
}
