/** The shape of `env` and `secrets`: names and kinds of values. Sizes are counted in `app-env`, once the values are known. Not a `v.record`, which drops keys such as `constructor` without a word. */
import * as v from "valibot";
import { problem } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Json } from "./config.ts";

const NAME = /^[A-Za-z_$][\w$.-]{0,127}$/;

/** A value that the config only names. */
export type Reference = { readonly from_env: string } | { readonly from_file: string };

export function isEnvName(name: string): boolean {
  return NAME.test(name);
}

/** Null for a value that stands in the config itself; "wrong" for one that looks like a reference and is none. */
export function referenceOf(value: unknown): Reference | "wrong" | null {
  if (!isObject(value) || !("from_env" in value || "from_file" in value)) return null;
  const [named, ...rest] = Object.values(value);
  return rest.length > 0 || typeof named !== "string" || named === "" || named.includes("\0") ? "wrong" : (value as unknown as Reference);
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
const told = ({ message, hint }: { readonly message: string; readonly hint?: string }) => (hint === undefined ? message : `${message}\n${hint}`);

export const envSchema = (description: string, example: string) =>
  v.pipe(
    v.custom<Record<string, Json>>(isObject, `must be an object of names and values\nfor example ${example}`),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const input = dataset.value;
      const at = (key: string): [v.IssuePathItem] => [{ type: "object", origin: "value", input, key, value: input[key] } as v.ObjectPathItem];
      for (const [name, value] of Object.entries(input))
        if (!isEnvName(name)) addIssue({ path: at(name), message: told(problem("env_name", undefined)) });
        else if (referenceOf(value) === "wrong") addIssue({ path: at(name), message: told(problem("env_reference", undefined)) });
    }),
    v.metadata({ type: "object", maxProperties: limits.env_count.default, description }),
  );
