/** What the keys of `nano dev` show: limits and usage, variables, the last request, help. */
import type { AppConfig, Json } from "../../config/config.ts";
import { limits } from "../../limits.ts";
import { escapeControls } from "../../observe/log.ts";
import { table } from "../table.ts";
import { type Paint, size } from "./paint.ts";
import { milliseconds } from "./request-line.ts";
import type { RequestDetails, Usage, Use } from "./usage.ts";

/** What a name has in it whose value nobody should read over a shoulder. */
const SECRET_NAME = /key|token|secret|pass|pwd|credential|auth|private|dsn|_url$|_uri$/i;
const MOST_VALUE = 60;
const MOST_SUBREQUESTS = 20;

export const KEYS: readonly (readonly [key: string, does: string])[] = [
  ["o", "open in the browser"],
  ["r", "reload"],
  ["c", "clear"],
  ["e", "env"],
  ["l", "limits and usage"],
  ["d", "details of the last request"],
  ["q", "quit"],
];

export function helpPanel({ bold }: Paint): string {
  return `${KEYS.map(([key, does]) => `  ${bold(key)}  ${does}`).join("\n")}\n`;
}

export function hint({ bold, dim }: Paint): string {
  return KEYS.map(([key, does]) => `${bold(key)} ${dim(does.split(" ")[0] as string)}`).join(dim(" · "));
}

export function limitsPanel(apps: readonly AppConfig[], usage: Usage, paint: Paint): string {
  return apps.map(({ name }) => `${paint.bold(name)}\n${usesOf(usage.mostOf(name), paint)}`).join("\n");
}

function usesOf(uses: readonly Use[], { dim }: Paint): string {
  if (uses.length === 0) return dim("  nothing has been used yet\n");
  return table(
    [
      { title: "  limit", of: ({ key }: Use) => `  ${key}` },
      { title: "most used", of: ({ key, used }) => amount(key, used) },
      { title: "allowed", of: ({ key, allowed }) => amount(key, allowed) },
      { title: "share", of: ({ used, allowed }) => (allowed > 0 ? `${Math.round((used / allowed) * 100)} %` : "") },
      { title: "by", of: ({ by }) => by },
      { title: "past it", of: ({ key }) => limits[key].past },
    ],
    uses,
  );
}

/** In the unit of the config. */
export function amount(key: Use["key"], value: number): string {
  const { unit } = limits[key];
  const shown = value.toLocaleString("en-US", { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 });
  return unit === "count" ? shown : `${shown} ${unit === "mb" || unit === "kb" ? unit.toUpperCase() : unit}`;
}

export function envPanel(apps: readonly AppConfig[], { bold, dim }: Paint): string {
  return apps
    .map(({ name, env, secrets }) => {
      const lines = [...Object.entries(env).map(([key, value]) => `  ${key} = ${SECRET_NAME.test(key) ? dim(hidden(value)) : short(value)}`), ...Object.entries(secrets).map(([key, value]) => `  ${key} = ${dim(hidden(value))}`)];
      return `${bold(name)}\n${(lines.length > 0 ? lines.map(escapePainted) : [dim("  no variables")]).join("\n")}\n`;
    })
    .join("\n");
}

function hidden(value: Json): string {
  return `(hidden, ${typeof value === "string" ? `${value.length} characters` : typeof value})`;
}

function short(value: Json): string {
  const text = JSON.stringify(value);
  return text.length <= MOST_VALUE ? text : `${text.slice(0, MOST_VALUE)}… (${text.length} characters)`;
}

/** JSON has no control characters but DEL and C1; names are checked by the config. */
function escapePainted(line: string): string {
  return line.replace(/[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/g, escapeControls);
}

export function detailsPanel(details: RequestDetails | null, paint: Paint): string {
  if (details === null) return paint.dim("there has been no request yet\n");
  const { record, subrequests, consoleLines, consoleBytes, failure, kill } = details;
  const rows: readonly (readonly [string, string])[] = [
    ["request", record.requestId],
    ["app", record.app === "" ? `none for ${record.host}` : record.app],
    ["from", `${record.clientAddress || "-"}${record.userAgent === "" ? "" : ` ${record.userAgent}`}`],
    ["outcome", `${record.status} ${record.outcome}`],
    ["time", `${milliseconds(record.answerMs)} to the answer, ${milliseconds(record.latencyMs)} in all`],
    ["cpu", milliseconds(record.cpuMs)],
    ["memory", record.memoryBytes === 0 ? "-" : size(record.memoryBytes)],
    ["received", size(record.receivedBytes)],
    ["sent", size(record.bytes)],
    ["console", `${consoleLines} lines, ${size(consoleBytes)}`],
    ["fetches", String(subrequests.length)],
    ...subrequests.slice(0, MOST_SUBREQUESTS).map(({ method, origin, status, result, ms }) => ["", `${method} ${origin} ${status === 0 ? result : status} ${milliseconds(ms)}`] as const),
    ...(kill === null ? [] : [["ended", `${kill.reason}: ${kill.limitKey} allows ${Math.round(kill.limit)} ${kill.unit}`] as const]),
    ...(failure === null ? [] : [["threw", `${failure.name}: ${failure.message}`] as const]),
  ];
  const lines = rows.map(([title, text]) => `  ${paint.dim(title.padEnd(9))} ${escapeControls(text)}`);
  return `${paint.bold(`${record.method} ${escapeControls(record.path)}`)}\n${lines.join("\n")}\n`;
}
