/** Pattern strings and their parts: https://urlpattern.spec.whatwg.org/#parsing-pattern-strings, and both ways back from parts to text. */
import { arrayPush, SafeTypeError, stringAt, stringIncludes } from "../../infra/guest/primordials.ts";
import { startsWithNamePart, type Token, tokenize, type TokenType } from "./tokenize.ts";

export interface Part {
  readonly type: "fixed-text" | "regexp" | "segment-wildcard" | "full-wildcard";
  readonly value: string;
  readonly modifier: "" | "?" | "*" | "+";
  readonly name: string;
  readonly prefix: string;
  readonly suffix: string;
}

/** https://urlpattern.spec.whatwg.org/#options-header */
export interface PartOptions {
  readonly delimiter: string;
  readonly prefix: string;
}

const FULL_WILDCARD = ".*";
const escapeRegExp = (text: string): string => escapeAll(text, ".+*?^${}()[]|/\\");
export const escapePattern = (text: string): string => escapeAll(text, "+*?:{}()\\");
const segmentWildcard = (options: PartOptions): string => "[^" + escapeRegExp(options.delimiter) + "]+?";

function escapeAll(text: string, special: string): string {
  let result = "";
  for (let i = 0; i < text.length; i++) result += stringIncludes(special, text[i] as string) ? "\\" + (text[i] as string) : (text[i] as string);
  return result;
}

/** https://urlpattern.spec.whatwg.org/#parse-a-pattern-string. `encode` canonicalises fixed text, or throws. */
export function parsePattern(input: string, options: PartOptions, encode: (text: string) => string): Part[] {
  const tokens = tokenize(input, false);
  const parts: Part[] = [];
  const segment = segmentWildcard(options);
  let fixed = "";
  let at = 0;
  let nextNumber = 0;

  const take = (type: TokenType): Token | null => ((tokens[at] as Token).type === type ? (tokens[at++] as Token) : null);
  const takeModifier = (): Part["modifier"] => ((take("other-modifier") ?? take("asterisk"))?.value ?? "") as Part["modifier"];
  const takeExpression = (name: Token | null): Token | null => take("regexp") ?? (name === null ? take("asterisk") : null);
  const takeText = (): string => {
    let text = "";
    for (let token = take("char") ?? take("escaped-char"); token !== null; token = take("char") ?? take("escaped-char")) text += token.value;
    return text;
  };
  const require = (type: TokenType): void => {
    if (take(type) === null) throw new SafeTypeError("URLPattern: unexpected '" + (tokens[at] as Token).value + "' at position " + (tokens[at] as Token).index);
  };
  const addFixed = (text: string, modifier: Part["modifier"]): void => {
    if (text !== "") arrayPush<Part>(parts, { type: "fixed-text", value: encode(text), modifier, name: "", prefix: "", suffix: "" });
  };
  const addPending = (): void => {
    const text = fixed;
    fixed = "";
    addFixed(text, "");
  };
  const add = (prefix: string, nameToken: Token | null, expression: Token | null, suffix: string, modifier: Part["modifier"]): void => {
    if (nameToken === null && expression === null && modifier === "") {
      fixed += prefix;
      return;
    }
    addPending();
    if (nameToken === null && expression === null) {
      addFixed(prefix, modifier);
      return;
    }
    let value = expression === null ? segment : expression.type === "asterisk" ? FULL_WILDCARD : expression.value;
    let type: Part["type"] = "regexp";
    if (value === segment) type = "segment-wildcard";
    else if (value === FULL_WILDCARD) type = "full-wildcard";
    if (type !== "regexp") value = "";
    const name = nameToken === null ? "" + nextNumber++ : nameToken.value;
    for (let i = 0; i < parts.length; i++) if ((parts[i] as Part).name === name) throw new SafeTypeError("URLPattern: two groups are called '" + name + "'");
    arrayPush<Part>(parts, { type, value, modifier, name, prefix: encode(prefix), suffix: encode(suffix) });
  };

  while (at < tokens.length) {
    const char = take("char");
    const name = take("name");
    const expression = takeExpression(name);
    if (name !== null || expression !== null) {
      let prefix = char === null ? "" : char.value;
      if (prefix !== "" && prefix !== options.prefix) {
        fixed += prefix;
        prefix = "";
      }
      addPending();
      add(prefix, name, expression, "", takeModifier());
      continue;
    }
    const text = char ?? take("escaped-char");
    if (text !== null) {
      fixed += text.value;
      continue;
    }
    if (take("open") !== null) {
      const prefix = takeText();
      const groupName = take("name");
      const groupExpression = takeExpression(groupName);
      const suffix = takeText();
      require("close");
      add(prefix, groupName, groupExpression, suffix, takeModifier());
      continue;
    }
    addPending();
    require("end");
  }
  return parts;
}

/** https://urlpattern.spec.whatwg.org/#generate-a-regular-expression-and-name-list. The names are those of all parts that are not fixed text, in order. */
export function regExpOf(parts: readonly Part[], options: PartOptions): string {
  let result = "^";
  for (let i = 0; i < parts.length; i++) {
    const { type, modifier, value, prefix, suffix } = parts[i] as Part;
    const isRepeated = modifier === "*" || modifier === "+";
    if (type === "fixed-text") {
      result += modifier === "" ? escapeRegExp(value) : "(?:" + escapeRegExp(value) + ")" + modifier;
      continue;
    }
    const inner = type === "segment-wildcard" ? segmentWildcard(options) : type === "full-wildcard" ? FULL_WILDCARD : value;
    const before = escapeRegExp(prefix);
    const after = escapeRegExp(suffix);
    if (prefix === "" && suffix === "") result += isRepeated ? "((?:" + inner + ")" + modifier + ")" : "(" + inner + ")" + modifier;
    else if (!isRepeated) result += "(?:" + before + "(" + inner + ")" + after + ")" + modifier;
    else result += "(?:" + before + "((?:" + inner + ")(?:" + after + before + "(?:" + inner + "))*)" + after + ")" + (modifier === "*" ? "?" : "");
  }
  return result + "$";
}

const startsWithDigit = (text: string): boolean => text !== "" && (text[0] as string) >= "0" && (text[0] as string) <= "9";

/** https://urlpattern.spec.whatwg.org/#generate-a-pattern-string */
export function patternOf(parts: readonly Part[], options: PartOptions): string {
  let result = "";
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as Part;
    const { type, modifier, value, name, prefix, suffix } = part;
    if (type === "fixed-text") {
      result += modifier === "" ? escapePattern(value) : "{" + escapePattern(value) + "}" + modifier;
      continue;
    }
    const previous = i === 0 ? undefined : parts[i - 1];
    const isNamed = !startsWithDigit(name);
    const isGrouped = needsGrouping(part, previous, i + 1 === parts.length ? undefined : parts[i + 1], isNamed, options);
    if (isGrouped) result += "{";
    result += escapePattern(prefix);
    if (isNamed) result += ":" + name;
    if (type === "regexp") result += "(" + value + ")";
    else if (type === "segment-wildcard" && !isNamed) result += "(" + segmentWildcard(options) + ")";
    else if (type === "full-wildcard")
      result += !isNamed && (previous === undefined || previous.type === "fixed-text" || previous.modifier !== "" || isGrouped || prefix !== "") ? "*" : "(" + FULL_WILDCARD + ")";
    if (type === "segment-wildcard" && isNamed && suffix !== "" && startsWithNamePart(suffix, false)) result += "\\";
    result += escapePattern(suffix);
    if (isGrouped) result += "}";
    result += modifier;
  }
  return result;
}

function needsGrouping(part: Part, previous: Part | undefined, next: Part | undefined, isNamed: boolean, options: PartOptions): boolean {
  const { type, modifier, prefix, suffix } = part;
  if (suffix !== "" || (prefix !== "" && prefix !== options.prefix)) return true;
  if (isNamed && type === "segment-wildcard" && modifier === "" && next !== undefined && next.prefix === "" && next.suffix === "") {
    if (next.type === "fixed-text" ? startsWithNamePart(next.value, false) : startsWithDigit(next.name)) return true;
  }
  return prefix === "" && previous !== undefined && previous.type === "fixed-text" && options.prefix !== "" && stringAt(previous.value, -1) === options.prefix;
}
