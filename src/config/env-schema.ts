/** `env` of an app: names, values and sizes. Not a `v.record`, which drops keys such as `constructor` without a word. */
import * as v from "valibot";
import { problem } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Json } from "./config.ts";

const NAME = /^[A-Za-z_$][\w$.-]{0,127}$/;
const MOST_BYTES = limits.env_value_kb.default << 10;
const MOST_TOTAL_BYTES = limits.env_total_kb.default << 10;

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);
const told = ({ message, hint }: { readonly message: string; readonly hint?: string }) => (hint === undefined ? message : `${message}\n${hint}`);

export const envSchema = v.pipe(
  v.custom<Record<string, Json>>(isObject, 'must be an object of names and values\nfor example "env": { "GREETING": "hello" }'),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const input = dataset.value;
    const entries = Object.entries(input);
    const at = (key: string): [v.IssuePathItem] => [{ type: "object", origin: "value", input, key, value: input[key] } as v.ObjectPathItem];
    if (entries.length > limits.env_count.default) addIssue({ message: told(problem("env_count", { count: entries.length, most: limits.env_count.default })) });
    let total = 0;
    for (const [name, value] of entries) {
      const bytes = byteLength(typeof value === "string" ? value : JSON.stringify(value));
      total += byteLength(name) + bytes;
      if (!NAME.test(name)) addIssue({ path: at(name), message: told(problem("env_name", undefined)) });
      else if (bytes > MOST_BYTES) addIssue({ path: at(name), message: told(problem("env_value_size", { name, bytes, most: MOST_BYTES })) });
    }
    if (total > MOST_TOTAL_BYTES) addIssue({ message: told(problem("env_size", { bytes: total, most: MOST_TOTAL_BYTES })) });
  }),
  v.metadata({ type: "object", maxProperties: limits.env_count.default, description: "What the app finds in env: strings or JSON values." }),
);

function byteLength(text: string): number {
  return new TextEncoder().encode(text).byteLength;
}
