/** Text of primitives, property keys and stacks, as the console shows them. */
import {
  arrayJoin,
  arrayPush,
  bigintToString,
  numberToString,
  objectIs,
  regExpExec,
  stringCharCodeAt,
  stringIncludes,
  stringPadStart,
  stringReplaceAll,
  stringSlice,
  stringSplit,
  symbolToString,
} from "../../infra/guest/primordials.ts";

const NEEDS_ESCAPE = /[\0-\x1f\x7f-\x9f\\]/;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** A string in quotes: single ones unless it holds some. */
export function quote(text: string): string {
  const mark = !stringIncludes(text, "'") ? "'" : !stringIncludes(text, '"') ? '"' : !stringIncludes(text, "`") ? "`" : null;
  const escaped = escape(text);
  return mark === null ? "'" + stringReplaceAll(escaped, "'", "\\'") + "'" : mark + escaped + mark;
}

function escape(text: string): string {
  if (regExpExec(NEEDS_ESCAPE, text) === null) return text;
  const parts: string[] = [];
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    arrayPush(parts, regExpExec(NEEDS_ESCAPE, char) === null ? char : escapeCharacter(char));
  }
  return arrayJoin(parts, "");
}

function escapeCharacter(char: string): string {
  switch (char) {
    case "\n":
      return "\\n";
    case "\r":
      return "\\r";
    case "\t":
      return "\\t";
    case "\\":
      return "\\\\";
    default:
      return "\\x" + stringPadStart(numberToString(stringCharCodeAt(char, 0), 16), 2, "0");
  }
}

export function formatPrimitive(value: unknown, quoted: boolean): string {
  switch (typeof value) {
    case "string":
      return quoted ? quote(value) : value;
    case "number":
      return objectIs(value, -0) ? "-0" : numberToString(value);
    case "bigint":
      return bigintToString(value) + "n";
    case "symbol":
      return symbolToString(value);
    case "boolean":
      return value ? "true" : "false";
    default:
      return value === null ? "null" : "undefined";
  }
}

export function formatKey(key: string | symbol): string {
  if (typeof key === "symbol") return "[" + symbolToString(key) + "]";
  return regExpExec(IDENTIFIER, key) === null ? quote(key) : key;
}

/** Our own guest code and the engine's built-in functions have no positions. Of no use to an app's author. */
const OWN_FRAME = /^ {4}at (?:[^()]*|.*\(native\))$/;

/** The frames of a stack, one a line and indented, without ours. */
export function formatStack(stack: string): string {
  const lines = stringSplit(stack, "\n");
  const kept: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    if (line !== "" && regExpExec(OWN_FRAME, line) === null) arrayPush(kept, line);
  }
  return arrayJoin(kept, "\n");
}

/** At most `max` UTF-16 units of `text`, with a note of what is missing. */
export function shorten(text: string, max: number): string {
  if (text.length <= max) return text;
  return stringSlice(text, 0, max) + "… " + numberToString(text.length - max) + " more characters";
}
