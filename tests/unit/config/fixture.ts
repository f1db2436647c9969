import { OperatorError, type Problem } from "../../../src/errors.ts";
import type { Config } from "../../../src/config/config.ts";
import { limitKeys } from "../../../src/limits.ts";
import { parseConfig } from "../../../src/config/parse.ts";

export const FILE = "/srv/nano.json";

export function parse(value: unknown): Config {
  return parseConfig(typeof value === "string" ? value : JSON.stringify(value), FILE, "nano.json");
}

/** What is wrong with a config; fails when nothing is. */
export function problemsOf(value: unknown): readonly Problem[] {
  return errorOf(value).problems;
}

export function errorOf(value: unknown): OperatorError {
  try {
    parse(value);
  } catch (error) {
    if (error instanceof OperatorError) return error;
    throw error;
  }
  throw new Error("this config was accepted");
}

/** A config of one app that is right but for `app`. */
export const oneApp = (app: Readonly<Record<string, unknown>>) => ({ apps: [{ hostname: "a.test", path: "./a.js", ...app }] });

export const appLimitNames: readonly string[] = limitKeys("app");
