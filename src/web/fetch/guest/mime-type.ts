/** MIME types (https://mimesniff.spec.whatwg.org/#mime-types): what a content type says, and its normal form. */
import { arrayPush, arraySlice, regExpTest, stringCharCodeAt, stringIndexOf, stringReplaceAll, stringSlice, stringToLowerCase } from "../../infra/guest/primordials.ts";

export interface MimeType {
  /** `type/subtype`, lower case. */
  readonly essence: string;
  /** name, value, name, value, … Names are lower case and distinct. */
  readonly parameters: readonly string[];
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const QUOTABLE = /^[\t\x20-\x7e\x80-\xff]*$/;

export const isHttpSpace = (code: number): boolean => code === 32 || code === 9 || code === 10 || code === 13;

/** `text` without HTTP whitespace at its ends. */
export function trimHttpSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isHttpSpace(stringCharCodeAt(text, start))) start++;
  while (end > start && isHttpSpace(stringCharCodeAt(text, end - 1))) end--;
  return start === 0 && end === text.length ? text : stringSlice(text, start, end);
}

/** https://mimesniff.spec.whatwg.org/#parse-a-mime-type. Null when `input` is none. */
export function parseMimeType(input: string): MimeType | null {
  const text = trimHttpSpace(input);
  const slash = stringIndexOf(text, "/");
  if (slash < 0) return null;
  const end = indexOrEnd(text, ";", slash);
  const type = stringSlice(text, 0, slash);
  const subtype = trimEnd(stringSlice(text, slash + 1, end));
  if (!regExpTest(TOKEN, type) || !regExpTest(TOKEN, subtype)) return null;
  return { essence: stringToLowerCase(type + "/" + subtype), parameters: parseParameters(text, end) };
}

const indexOrEnd = (text: string, what: string, from: number): number => {
  const at = stringIndexOf(text, what, from);
  return at < 0 ? text.length : at;
};

/** `at` is that of the first semicolon. */
function parseParameters(text: string, at: number): string[] {
  const parameters: string[] = [];
  while (at < text.length) {
    at++;
    while (at < text.length && isHttpSpace(stringCharCodeAt(text, at))) at++;
    const end = indexOrEnd(text, ";", at);
    const equals = stringIndexOf(stringSlice(text, at, end), "=");
    if (equals < 0) {
      at = end;
      continue;
    }
    const name = stringToLowerCase(stringSlice(text, at, at + equals));
    at += equals + 1;
    let value: string;
    if (text[at] === '"') {
      const closing = closingQuote(text, at);
      value = unquoted(stringSlice(text, at + 1, closing));
      at = indexOrEnd(text, ";", closing);
    } else {
      value = trimEnd(stringSlice(text, at, end));
      at = end;
      if (value === "") continue;
    }
    if (regExpTest(TOKEN, name) && regExpTest(QUOTABLE, value) && parameterOf(parameters, name) === null) arrayPush(parameters, name, value);
  }
  return parameters;
}

/** Where the string that is opened at `at` ends: at its quote, or with the text. */
function closingQuote(text: string, at: number): number {
  for (at++; at < text.length && text[at] !== '"'; at++) if (text[at] === "\\") at++;
  return at < text.length ? at : text.length;
}

function unquoted(text: string): string {
  let value = "";
  let from = 0;
  for (let at = stringIndexOf(text, "\\"); at >= 0 && at < text.length - 1; at = stringIndexOf(text, "\\", at + 2)) {
    value = value + stringSlice(text, from, at);
    from = at + 1;
  }
  return value + stringSlice(text, from);
}

function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isHttpSpace(stringCharCodeAt(text, end - 1))) end--;
  return stringSlice(text, 0, end);
}

function parameterOf(parameters: readonly string[], name: string): string | null {
  for (let i = 0; i < parameters.length; i += 2) if (parameters[i] === name) return parameters[i + 1] as string;
  return null;
}

/** The parameter `name`, or null. */
export const mimeParameter = ({ parameters }: MimeType, name: string): string | null => parameterOf(parameters, name);

/** https://mimesniff.spec.whatwg.org/#serialize-a-mime-type */
export function serializeMimeType({ essence, parameters }: MimeType): string {
  let text = essence;
  for (let i = 0; i < parameters.length; i += 2) {
    const value = parameters[i + 1] as string;
    text = text + ";" + (parameters[i] as string) + "=" + (regExpTest(TOKEN, value) ? value : '"' + stringReplaceAll(stringReplaceAll(value, "\\", "\\\\"), '"', '\\"') + '"');
  }
  return text;
}

/** https://fetch.spec.whatwg.org/#concept-header-extract-mime-type. `contentType` is the combined value of the fields, or null. */
export function extractMimeType(contentType: string | null): MimeType | null {
  if (contentType === null) return null;
  let found: MimeType | null = null;
  let charset: string | null = null;
  const values = splitList(contentType);
  for (let i = 0; i < values.length; i++) {
    const next = parseMimeType(values[i] as string);
    if (next === null || next.essence === "*/*") continue;
    const own = mimeParameter(next, "charset");
    if (own !== null || next.essence !== found?.essence) charset = own;
    found = next;
    if (own !== null || charset === null) continue;
    const parameters = arraySlice(next.parameters);
    arrayPush(parameters, "charset", charset);
    found = { essence: next.essence, parameters };
  }
  return found;
}

/** Parts between commas that stand outside quotes. */
function splitList(text: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = closingQuote(text, at);
    else if (character === ",") {
      arrayPush(parts, stringSlice(text, from, at));
      from = at + 1;
    }
  }
  arrayPush(parts, stringSlice(text, from));
  return parts;
}
