/** Console arguments as one text, with `%` directives (https://console.spec.whatwg.org/#formatter). */
import {
  arrayJoin,
  arrayPush,
  safeParseFloat,
  safeParseInt,
  SafeString,
  stringCharCodeAt,
  stringIndexOf,
  stringSlice,
} from "../../infra/guest/primordials.ts";
import { inspect } from "./inspect.ts";
import { formatPrimitive } from "./text.ts";

const DIRECTIVE_DEPTH = 1;

export function formatArguments(args: readonly unknown[]): string {
  const parts: string[] = [];
  let used = 0;
  const first = args[0];
  if (typeof first === "string") {
    used = 1;
    if (args.length > 1 && stringIndexOf(first, "%") >= 0) used = expand(first, args, parts);
    else arrayPush(parts, first);
  }
  for (; used < args.length; used++) arrayPush(parts, inspect(args[used]));
  return arrayJoin(parts, " ");
}

/** Pushes `template` with its directives replaced; returns how many arguments that took. */
function expand(template: string, args: readonly unknown[], parts: string[]): number {
  let used = 1;
  let text = "";
  let from = 0;
  for (let at = stringIndexOf(template, "%"); at >= 0 && at + 1 < template.length; at = stringIndexOf(template, "%", at + 2)) {
    const directive = template[at + 1] as string;
    let shown: string | undefined;
    if (directive === "%") shown = "%";
    else if (used < args.length) {
      shown = expandOne(directive, args[used]);
      if (shown !== undefined) used++;
    }
    if (shown === undefined) continue;
    text += stringSlice(template, from, at) + shown;
    from = at + 2;
  }
  arrayPush(parts, text + stringSlice(template, from));
  return used;
}

function expandOne(directive: string, value: unknown): string | undefined {
  switch (directive) {
    case "s":
      return typeof value === "object" || typeof value === "function" ? inspect(value, DIRECTIVE_DEPTH) : formatPrimitive(value, false);
    case "d":
    case "i":
      return typeof value === "bigint" ? formatPrimitive(value, false) : formatPrimitive(safeParseInt(numeric(value), 10), false);
    case "f":
      return formatPrimitive(safeParseFloat(numeric(value)), false);
    case "j":
    case "o":
    case "O":
      return typeof value === "string" ? formatPrimitive(value, true) : inspect(value);
    case "c":
      return "";
    default:
      return undefined;
  }
}

/** What the number directives parse: objects and symbols are no numbers, and an object's `toString` is not run for a log line. */
function numeric(value: unknown): string {
  return typeof value === "number" || typeof value === "string" ? SafeString(value) : "";
}

/** Columns that a character takes: 2 for East Asian and emoji, 0 for combining marks. Enough for tables. */
export function displayWidth(text: string): number {
  let width = 0;
  for (let i = 0; i < text.length; i++) {
    const code = stringCharCodeAt(text, i);
    if (code >= 0x300 && code <= 0x36f) continue;
    if (code >= 0xdc00 && code <= 0xdfff) continue;
    width += code < 0x1100 ? 1 : code <= 0x115f || (code >= 0x2e80 && code <= 0xd7a3) || (code >= 0xd800 && code <= 0xdbff) || (code >= 0xf900 && code <= 0xfaff) || (code >= 0xff00 && code <= 0xff60) ? 2 : 1;
  }
  return width;
}
