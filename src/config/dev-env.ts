/** Variables of `nano dev`: `--var`, `.dev.vars` and `.env` files. Their grammar is that of Node's `--env-file` (https://nodejs.org/api/environment_variables.html#dotenv). Never read by `serve`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { OperatorError } from "../errors.ts";

export interface DevEnv {
  /** Values do not matter: what the config takes from elsewhere counts as empty, what it requires as given. */
  readonly namesOnly?: boolean;
  /** What `.env.<mode>` is called. */
  readonly mode: string;
  /** What `.dev.vars.<environment>` is called, which takes the place of `.dev.vars`; null or absent: none. */
  readonly environment?: string | null;
  /** From the command line: they win over all files. */
  readonly variables: Readonly<Record<string, string>>;
  /** As wrangler has it: where there is a .dev.vars, no .env file is read. https://developers.cloudflare.com/workers/configuration/secrets/#local-development-with-secrets */
  readonly followsWrangler?: boolean;
}

export interface DevVariable {
  readonly value: string;
  /** The file that set it last; undefined for the command line. */
  readonly file: string | undefined;
}

export interface DevVariables {
  readonly variables: ReadonlyMap<string, DevVariable>;
  /** Files that were looked for, whether they are there or not. */
  readonly files: readonly string[];
}

/** In order of precedence, the weakest first. */
export const envFiles = (mode: string): readonly string[] => [".env", `.env.${mode}`, ".env.local", `.env.${mode}.local`];
/** The first that is there. */
export const devVarsFiles = (environment: string | null): readonly string[] => [...(environment === null ? [] : [`.dev.vars.${environment}`]), ".dev.vars"];

/** What the files in `folders` say, the later folder winning, and the command line over both. Throws OperatorError for a file that is there and cannot be read. */
export function readDevEnv({ mode, environment = null, variables, followsWrangler = false }: DevEnv, folders: readonly string[]): DevVariables {
  const found = new Map<string, DevVariable>();
  const files: string[] = [];
  const take = (file: string, text: string | null) => {
    if (text !== null) for (const [key, value] of Object.entries(parseEnv(text))) found.set(key, { value: value ?? "", file });
  };
  for (const folder of new Set(folders)) {
    const env = envFiles(mode).map((name) => join(folder, name));
    const devVars = devVarsFiles(environment).map((name) => join(folder, name));
    files.push(...env, ...devVars);
    const [file, text] = devVars.map((one) => [one, readIfThere(one)] as const).find(([, said]) => said !== null) ?? ["", null];
    if (text === null || !followsWrangler) for (const one of env) take(one, readIfThere(one));
    take(file, text);
  }
  for (const [key, value] of Object.entries(variables)) found.set(key, { value, file: undefined });
  return { variables: found, files };
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
