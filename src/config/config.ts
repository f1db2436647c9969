/** The configuration after it has been read, checked and resolved: frozen plain data, every default filled in. */
import type { Problem } from "../errors.ts";
import type { AssetsSettings } from "../bindings/assets/settings.ts";
import type { AppLimits, ServerLimits } from "../limits.ts";
import type { BuildSettings } from "./build-settings.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface AppConfig {
  readonly name: string;
  /** Canonical: lower case, without port and trailing dot. Empty for an app that only serves as the default. */
  readonly hostnames: readonly string[];
  /** Takes requests for hosts that no other app claims. */
  readonly isDefault: boolean;
  /** Absolute path of the file or folder; of an app without code, the folder of its static files. */
  readonly path: string;
  /** The file in `path`, which is a folder then, that the app starts with. */
  readonly main: string | null;
  readonly build: BuildSettings;
  /** False for an app that is static files and nothing else. */
  readonly hasCode: boolean;
  readonly assets: AssetsSettings | null;
  /** Names in `env` that are to be bindings nano does not have, and what they are called. Of a wrangler file alone. */
  readonly lacking: Readonly<Record<string, string>>;
  /** Names and values that operators may read back. */
  readonly env: Readonly<Record<string, Json>>;
  /** Like `env` to the app; never shown to anybody else. */
  readonly secrets: Readonly<Record<string, Json>>;
  readonly limits: AppLimits;
  /** Where requests go when the app asked for `passThroughOnException` and then threw. */
  readonly fallback: string | null;
  /** Exact hosts, `host:port` or CIDRs that the app may fetch although they are not public. */
  readonly egressAllow: readonly string[];
  /** Reload when a source file changes. */
  readonly watch: boolean;
  /** `request`: no isolate takes two. */
  readonly isolation: "app" | "request";
}

/** All that an app finds in its env. */
export function variablesOf({ env, secrets }: Pick<AppConfig, "env" | "secrets">): Readonly<Record<string, Json>> {
  return { ...env, ...secrets };
}

/** The bindings of an app, for its `env`: a line `NAME KIND ABOUT` for each, the last where there is more to say. */
export function bindingsOf({ assets, lacking }: Pick<AppConfig, "assets" | "lacking">): string {
  const files = assets === null || assets.binding === null ? [] : [`${assets.binding} assets`];
  return [...files, ...Object.entries(lacking).map(([name, called]) => `${name} lacking ${called.replaceAll(" ", "_")}`)].join("\n");
}

export interface AdminConfig {
  readonly isEnabled: boolean;
  /** Absolute path; null: where `admin-socket` says. */
  readonly socket: string | null;
  /** Null: no TCP. 0: any free port. */
  readonly port: number | null;
  readonly host: string;
  /** Names besides `host` that clients may use. */
  readonly hostnames: readonly string[];
  /** A secret. Null only without a port. */
  readonly token: string | null;
}

export interface Config {
  /** The file it was read from; null when there is none. */
  readonly file: string | null;
  /** Files besides `file` that values of env and secrets, and the admin token, came from; in `nano dev` those too that would be read if they were there. */
  readonly envFiles: readonly string[];
  /** What works, and should not stay so. */
  readonly warnings: readonly Problem[];
  readonly port: number;
  /** The port is what the config says, and not one that nano has chosen. */
  readonly hasPort: boolean;
  readonly host: string;
  /** Processes that serve; 0: everything in one. */
  readonly workers: number | "auto";
  readonly log: { readonly format: "json" | "text" | "apache"; readonly level: "debug" | "info" | "warn" | "error" };
  /** Addresses and CIDRs whose `X-Forwarded-*` are believed. */
  readonly trustedProxies: readonly string[];
  /** How long requests may go on in a stopping nano whose apps say nothing else. */
  readonly drainMs: number;
  /** Health checks are answered on every host, in place of the apps. */
  readonly hasReservedPaths: boolean;
  /** Absolute path of the folder that keeps work for the next start; null: none; undefined: the system's place for such. */
  readonly diskCache: string | null | undefined;
  /** Isolates share the pages that they have not written to, where the system can. */
  readonly sharesPages: boolean;
  readonly admin: AdminConfig;
  readonly limits: ServerLimits;
  readonly apps: readonly AppConfig[];
}
