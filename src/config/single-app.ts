/** The configuration of `nano dev app.js`: a list of one app that serves every host. */
import type { LimitValues } from "../limits.ts";
import type { AppConfig, Config, Json } from "./config.ts";
import type { DevEnv } from "./dev-env.ts";
import { configOfData } from "./parse.ts";

export interface SingleAppOptions {
  /** Relative to `cwd`. */
  readonly path: string;
  readonly env?: Readonly<Record<string, Json>>;
  readonly dev?: DevEnv;
  readonly limits?: LimitValues;
  readonly watch?: boolean;
  readonly egressAllow?: readonly string[];
}

/** Throws OperatorError for options that a config file could not hold either. */
export function configOfApp(cwd: string, { path, env = {}, dev, limits = {}, watch = false, egressAllow = [] }: SingleAppOptions): Config {
  return configOfData({ apps: [{ path, env, limits, watch, default: true, egress: { allow: egressAllow } }] }, cwd, { dev });
}

/** The one app of `configOfApp`. */
export function appFromPath(cwd: string, options: SingleAppOptions): AppConfig {
  return configOfApp(cwd, options).apps[0] as AppConfig;
}
