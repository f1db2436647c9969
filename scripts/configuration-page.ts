/** Writes docs/configuration.md: every key of nano.json and every number, from the schema and the catalogue of limits. `bun scripts/configuration-page.ts` */
import { fileURLToPath } from "node:url";
import { devVarsFiles, envFiles } from "../src/config/dev-env.ts";
import { configJsonSchema } from "../src/config/json-schema.ts";
import { type Limit, limitKeys, limits, type LimitScope, olderNames } from "../src/limits.ts";

export const PAGE = fileURLToPath(new URL("../docs/configuration.md", import.meta.url));

interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

const UNIT: Readonly<Record<Limit["unit"], string>> = { ms: "ms", us: "µs", s: "s", mb: "MB", kb: "KB", count: "" };
/** Objects that have a table of their own, or are limits. */
const NESTED = new Set(["limits", "apps", "defaults"]);

const number = (value: number): string => value.toLocaleString("en-US");
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const code = (value: unknown): string => `\`${JSON.stringify(value)}\``;

function kindOf({ type, enum: values, anyOf, const: only, items, minimum, maximum }: Schema): string {
  if (only !== undefined) return code(only);
  if (values !== undefined) return values.map(code).join(", ");
  if (anyOf !== undefined) return anyOf.map(kindOf).join(" or ");
  if (type === "array") return `list of ${items === undefined ? "values" : `${kindOf(items)}s`}`;
  const name = [type ?? "any"].flat().join(" or ");
  return minimum === undefined || maximum === undefined ? name : `${name} from ${number(minimum)} to ${number(maximum)}`;
}

function keyTable({ properties = {}, required = [] }: Schema, prefix = ""): string[] {
  return Object.entries(properties).flatMap(([key, schema]) => {
    const name = prefix + key;
    const standard = required.includes(key) ? "**needed**" : schema.default === undefined ? "" : code(schema.default);
    const row = `| \`${name}\` | ${cell(kindOf(schema))} | ${standard} | ${cell(schema.description ?? "")} |`;
    return [row, ...(schema.properties === undefined || NESTED.has(key) ? [] : keyTable(schema, `${name}.`))];
  });
}

function keys(schema: Schema): string {
  return ["| key | value | default | what it is |", "|---|---|---|---|", ...keyTable(schema)].join("\n");
}

function limitTable(scope: LimitScope, nameOf: (key: string) => string = (key) => key): string {
  const rows = limitKeys(scope).map((key) => {
    const { unit, default: standard, least, most, help, past }: Limit = limits[key];
    return `| \`${nameOf(key)}\` | ${UNIT[unit]} | ${number(standard)} | ${number(least)} | ${number(most)} | ${cell(help)} | ${cell(past)} |`;
  });
  return ["| limit | unit | default | floor | ceiling | what it is | past it |", "|---|---|---|---|---|---|---|", ...rows].join("\n");
}

export function configurationPage(): string {
  const schema = configJsonSchema() as Schema;
  const app = schema.properties?.["apps"]?.items ?? {};
  const fixed = (key: keyof typeof limits) => number(limits[key].default);
  return `# Configuration

<!-- Written by scripts/configuration-page.ts from the schema and the catalogue of limits: change those. -->

nano reads JSON with comments and trailing commas from \`--config\`, \`NANO_CONFIG\`, \`./nano.json\` or \`./config.json\`. \`nano schema\` prints the JSON Schema for editors, \`nano check\` says what is wrong.
A value outside its bounds is an error, never clamped; all mistakes are told at once, with line and key.

## Top level

${keys(schema)}

## An app

${keys(app)}

\`hostname\`, \`hostnames\` and \`name\`: one of them says which host the app serves, unless it is the \`default\`.

## Variables and secrets

What \`env\` and \`secrets\` hold, the app finds in its \`env\`: strings, or any JSON. A name has letters, digits, \`_\`, \`$\`, \`.\` and \`-\`, and does not begin with a digit. At most ${fixed("env_count")} variables, ${fixed("env_value_kb")} KB each,
${fixed("env_total_kb")} KB in all, both together.

| value | comes from |
|---|---|
| \`{ "from_env": "NAME" }\` | the environment in which nano was started. One that is not set is an error. |
| \`{ "from_file": "path" }\` | a file of UTF-8 text, relative to the config: systemd credentials, mounted secrets of Kubernetes. One line ending at the end of the file is dropped, and no more. |

- \`secrets\` are never shown again: they are taken out of log lines, request paths, exceptions and load errors, as they are and as JSON, URLs and Base64 write them, from 4 characters on. The same is done for
  values of \`env\` from 8 characters on. It is no defence against an app that wants to tell its own secret.
- \`required_env\` names variables without which the config is refused.
- A config with secrets written into it that others may read (any of the mode bits 077) gets a warning. \`from_file\` is the way out.

\`nano dev\` reads ${[...envFiles("<mode>"), devVarsFiles(null)[0]].map((name) => `\`${name}\``).join(", ")}, first in the config's folder (or the working directory, without a config), then in the app's own; what comes later wins over what comes earlier and over the config, and
\`--var KEY=VALUE\` wins over all. With \`--env <name>\` a file \`.dev.vars.<name>\` takes the place of \`.dev.vars\`, and \`<mode>\` is that name; else it is \`development\`, unless \`--mode\` says otherwise. The grammar is that of [Node's \`--env-file\`](https://nodejs.org/api/environment_variables.html#dotenv): \`KEY=value\`,
\`export\`, \`#\` comments, quotes of three kinds, several lines within quotes; nothing is expanded. A variable that the config calls a secret stays one. \`nano serve\` reads none of these files.

## Limits of an app

In \`limits\` of an app, or of \`defaults\` for all. ${Object.entries(olderNames).map(([older, key]) => `\`${older}\` is the older name of \`${key}\`.`).join(" ")}

${limitTable("app")}

An app is quarantined, 503 with \`Retry-After\`, when \`quarantine_kills\` of its isolates are ended within ${fixed("quarantine_window_ms")} ms and nothing is answered in between: for ${fixed("quarantine_ms")} ms, then twice as long each time, up to
${fixed("quarantine_most_ms")} ms. Once it has answered for as long as it last rested, that is forgotten. A new revision ends it, and so does the admin API.

## Limits of the server

In \`limits\` at the top level.

${limitTable("server")}

In \`server\`.

${limitTable("process", (key) => (key === "process_memory_mb" ? "memory_mb" : key))}

The budget of \`memory_mb\` is shared by the workers. Past it idle isolates are dropped, those first that have been idle for longest; then requests that need a new isolate are shed; and when something that
runs needs more still, the app that has most loses its largest isolate, with a kill in the log that names \`server.memory_mb\`.

## Numbers that nothing changes

${limitTable("fixed")}
`;
}

if (import.meta.main) await Bun.write(PAGE, configurationPage());
