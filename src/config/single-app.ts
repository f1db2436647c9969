/** The configuration of `nano dev app.js`: a list of one app that serves every host. */
import { join, resolve } from "node:path";
import { OperatorError } from "../errors.ts";
import type { LimitValues } from "../limits.ts";
import type { AppConfig, Config, Json } from "./config.ts";
import { Document } from "./positions.ts";
import { resolveConfig } from "./parse.ts";
import type { RawConfig } from "./schema.ts";
import { shapeProblems } from "./shape.ts";

export interface SingleAppOptions {
  /** Relative to `cwd`. */
  readonly path: string;
  readonly env?: Readonly<Record<string, Json>>;
  readonly limits?: LimitValues;
  readonly watch?: boolean;
  readonly egressAllow?: readonly string[];
}

/** Throws OperatorError for options that a config file could not hold either. */
export function configOfApp(cwd: string, { path, env = {}, limits = {}, watch = false, egressAllow = [] }: SingleAppOptions): Config {
  const raw = { apps: [{ path, env, limits, watch, default: true, egress: { allow: egressAllow } }] };
  const document = new Document(JSON.stringify(raw), join(cwd, "nano.json"));
  const problems = shapeProblems(document);
  // There is no file to point into.
  if (problems.length > 0) throw new OperatorError(problems.map(({ file: _file, line: _line, column: _column, frame: _frame, ...problem }) => problem));
  return resolveConfig(raw as unknown as RawConfig, null, resolve(cwd));
}

/** The one app of `configOfApp`. */
export function appFromPath(cwd: string, options: SingleAppOptions): AppConfig {
  return configOfApp(cwd, options).apps[0] as AppConfig;
}
