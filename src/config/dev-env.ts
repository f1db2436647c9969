/** Variables of `nano dev`: `--var`, `.dev.vars` and `.env` files. Their grammar is that of Node's `--env-file` (https://nodejs.org/api/environment_variables.html#dotenv). Never read by `serve`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { OperatorError } from "../errors.ts";

export interface DevEnv {
  /** What `.env.<mode>` is called. */
  readonly mode: string;
  /** From the command line: they win over all files. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface DevVariable {
  readonly value: string;
  /** The file that set it last; undefined for the command line. */
  readonly file: string | undefined;
}

/** In order of precedence, the weakest first. */
export const devFiles = (mode: string): readonly string[] => [".env", `.env.${mode}`, ".env.local", `.env.${mode}.local`, ".dev.vars"];

/** What the files in `folders` say, the later folder winning, and the command line over both. Throws OperatorError for a file that is there and cannot be read. */
export function readDevEnv({ mode, variables }: DevEnv, folders: readonly string[]): ReadonlyMap<string, DevVariable> {
  const found = new Map<string, DevVariable>();
  for (const folder of new Set(folders))
    for (const name of devFiles(mode)) {
      const file = join(folder, name);
      const text = readIfThere(file);
      if (text !== null) for (const [key, value] of Object.entries(parseEnv(text))) found.set(key, { value: value ?? "", file });
    }
  for (const [key, value] of Object.entries(variables)) found.set(key, { value, file: undefined });
  return found;
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") return null;
    throw new OperatorError({ file, message: `the file cannot be read (${code ?? "unknown error"})`, hint: "allow the user that runs nano to read it, or remove it" });
  }
}
