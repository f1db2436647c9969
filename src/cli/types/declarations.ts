/** The text of nano.d.ts: the types of the runtime, and those of what apps find in `env`. Names of variables only, never their values. */
import type { AppConfig, Config, Json } from "../../config/config.ts";

/** How every file that `nano types` wrote begins. */
export const HEADER = "// Written by `nano types`: run it again after a change of the config.";
/** Deeper values are told as `unknown`. */
const MOST_DEPTH = 4;

export interface DeclarationOptions {
  /** Also declare what Workers have besides the web's globals. */
  readonly hasGlobals: boolean;
}

/** `written`: see `Artifacts.writtenFiles`. */
export function declarationsOf(written: Readonly<Record<string, string>>, { apps }: Pick<Config, "apps">, { hasGlobals }: DeclarationOptions): string {
  const parts = ["runtime", ...(hasGlobals ? ["globals"] : []), "files", "test"].map((name) => written[`types/${name}.d.ts`] ?? "");
  return [`${HEADER}\n`, envOf(apps), ...parts].join("\n");
}

function envOf(apps: readonly AppConfig[]): string {
  const [only] = apps;
  if (only !== undefined && apps.length === 1) return `declare namespace Nano {\n  interface Env ${fieldsOf(only, "  ")}\n}\n`;
  const envs = apps.map((app) => `    ${JSON.stringify(app.name)}: ${fieldsOf(app, "    ")};\n`).join("");
  return `declare namespace Nano {\n  /** By app: \`Nano.Handler<Nano.Envs["name"]>\`. */\n  interface Envs {\n${envs}  }\n}\n`;
}

function fieldsOf({ env, secrets, assets }: AppConfig, indent: string): string {
  const fields = new Map<string, string>();
  for (const [name, value] of Object.entries({ ...env, ...secrets })) fields.set(name, typeOf(value, 1));
  if (assets !== null && assets.binding !== null) fields.set(assets.binding, "Nano.Assets");
  if (fields.size === 0) return "{}";
  return `{\n${[...fields].map(([name, type]) => `${indent}  readonly ${keyOf(name)}: ${type};\n`).join("")}${indent}}`;
}

function typeOf(value: Json, depth: number): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  if (depth === MOST_DEPTH) return "unknown";
  if (Array.isArray(value)) {
    const types = [...new Set((value as readonly Json[]).map((item) => typeOf(item, depth + 1)))];
    return `readonly (${types.length === 0 ? "unknown" : types.join(" | ")})[]`;
  }
  return `{ ${Object.entries(value).map(([name, inner]) => `readonly ${keyOf(name)}: ${typeOf(inner, depth + 1)}`).join("; ")} }`;
}

const keyOf = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));
