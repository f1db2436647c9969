/** https://urlpattern.spec.whatwg.org/#tokenizing. Positions are in UTF-16 units. */
import { arrayPush, regExpTest, SafeTypeError, stringCodePointAt, stringFromCodePoint, stringSlice } from "../../infra/guest/primordials.ts";

export type TokenType = "open" | "close" | "regexp" | "name" | "char" | "escaped-char" | "other-modifier" | "asterisk" | "end" | "invalid-char";
export interface Token {
  readonly type: TokenType;
  readonly index: number;
  readonly value: string;
}

const NAME_START = /^[\p{ID_Start}$_]/u;
const NAME_PART = /^[\p{ID_Continue}$\u200c\u200d]/u;

/** https://urlpattern.spec.whatwg.org/#is-a-valid-name-code-point, of the first character of `text`. */
export const startsWithNamePart = (text: string, isFirst: boolean): boolean => regExpTest(isFirst ? NAME_START : NAME_PART, text);

/** The character at `index`, which may be two units. */
export const characterAt = (text: string, index: number): string => stringFromCodePoint(stringCodePointAt(text, index) as number);

const SINGLE = { __proto__: null, "*": "asterisk", "+": "other-modifier", "?": "other-modifier", "{": "open", "}": "close" } as unknown as Readonly<Record<string, TokenType | undefined>>;

/** Throws a TypeError for a mistake, or makes an "invalid-char" of it when `isLenient`. */
export function tokenize(input: string, isLenient: boolean): Token[] {
  const tokens: Token[] = [];
  const { length } = input;
  let index = 0;
  const add = (type: TokenType, next: number, from: number, to: number): void => {
    arrayPush(tokens, { type, index, value: stringSlice(input, from, to) });
    index = next;
  };
  while (index < length) {
    const character = characterAt(input, index);
    const next = index + character.length;
    const single = SINGLE[character];
    if (single !== undefined) add(single, next, index, next);
    else if (character === "\\" && next < length) {
      const end = next + characterAt(input, next).length;
      add("escaped-char", end, next, end);
    } else if (character === ":") {
      const end = endOfName(input, next);
      if (end > next) add("name", end, next, end);
      else refuse(next);
    } else if (character === "(") {
      const end = endOfRegExp(input, next);
      if (end > next) add("regexp", end + 1, next, end);
      else refuse(next);
    } else if (character === "\\") refuse(next);
    else add("char", next, index, next);
  }
  add("end", index, index, index);
  return tokens;

  function refuse(next: number): void {
    if (!isLenient) throw new SafeTypeError("URLPattern: '" + stringSlice(input, index, index + 50) + "' at position " + index + " is not a valid pattern");
    add("invalid-char", next, index, next);
  }
}

function endOfName(input: string, start: number): number {
  let end = start;
  while (end < input.length) {
    const character = characterAt(input, end);
    if (!startsWithNamePart(character, end === start)) break;
    end += character.length;
  }
  return end;
}

/** The position of the parenthesis that closes the expression; `start` when there is no valid one. Groups that capture are not allowed. */
function endOfRegExp(input: string, start: number): number {
  let depth = 1;
  if (input[start] === "?") return start;
  for (let at = start; at < input.length; at++) {
    let character = input[at] as string;
    if (character === "\\") character = input[++at] ?? "\x80";
    else if (character === ")") {
      if (--depth === 0) return at;
    } else if (character === "(") {
      depth++;
      if (input[at + 1] !== "?") return start;
    }
    if (character > "\x7f") return start;
  }
  return start;
}
