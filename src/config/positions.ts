/** JSON with comments, with the places of its values: so that a problem with a value can name its line. */
import { createScanner, type Node, parseTree, type ParseError, printParseErrorCode } from "jsonc-parser";
import { type OperatorCode, type operatorErrors, OperatorError, type Place, type Problem, problem } from "../errors.ts";
import { codeFrame, maskValues } from "./frame.ts";

export type Path = readonly (string | number)[];

const MAX_DEPTH = 64;
const MAX_NAME = 64;

const SYNTAX: Readonly<Record<string, string>> = {
  InvalidSymbol: "this is not JSON: strings stand in double quotes",
  InvalidNumberFormat: "this is not a number",
  PropertyNameExpected: "a key in double quotes belongs here",
  ValueExpected: "a value belongs here",
  ColonExpected: "a colon is missing before this",
  CommaExpected: "a comma is missing before this",
  CloseBraceExpected: "a closing } is missing",
  CloseBracketExpected: "a closing ] is missing",
  EndOfFileExpected: "nothing may follow the end of the object",
  InvalidCommentToken: "this is no comment: comments begin with // or /*",
  UnexpectedEndOfComment: "this comment does not end",
  UnexpectedEndOfString: "this string does not end",
  UnexpectedEndOfNumber: "this number does not end",
  InvalidUnicode: "this is no \\u escape",
  InvalidEscapeCharacter: "this is no escape sequence",
  InvalidCharacter: "this character must be escaped",
};

export interface PlaceOptions {
  /** The key is at fault, not its value. */
  readonly ofKey?: boolean;
  /** The value may be a secret: the frame masks it. */
  readonly isSecret?: boolean;
}

export class Document {
  readonly #text: string;
  readonly #file: string;
  #lineStarts: readonly number[] | null = null;
  readonly value: unknown;
  /** It is JSON without comments, and has no key twice. */
  readonly isPlain: boolean;
  #root: Node | null = null;
  #masked: string | null = null;

  /** Throws OperatorError with every syntax error. `file` is named in problems. */
  constructor(text: string, file: string) {
    this.#text = text.startsWith("\ufeff") ? ` ${text.slice(1)}` : text;
    this.#file = file;
    // A hundred times as fast, and all that a file without faults needs: places are asked for by problems only.
    const plain = readPlain(this.#text);
    this.isPlain = plain !== null;
    if (plain !== null) {
      this.value = plain;
      return;
    }
    const brackets = readBrackets(this.#text);
    if (brackets.isEmpty) throw new OperatorError(problem("config_empty", undefined, { file }));
    if (brackets.tooDeep !== null) throw new OperatorError(this.#at("config_too_deep", { most: MAX_DEPTH }, brackets.tooDeep, 1));
    const errors: ParseError[] = [];
    const root = parseTree(this.#text, errors, { allowTrailingComma: true });
    if (errors.length > 0) throw new OperatorError(this.#syntaxProblems(errors, brackets));
    if (root === undefined) throw new OperatorError(problem("config_empty", undefined, { file }));
    if (root.type !== "object") throw new OperatorError(this.#at("config_not_object", { found: root.type === "array" ? "a list" : `a ${root.type}` }, root.offset, 1));
    this.#root = root;
    this.value = toValue(root);
  }

  get root(): Node {
    this.#root ??= parseTree(this.#text) as Node;
    return this.#root;
  }

  /** A problem with what stands at `path`, or with the nearest thing around it. */
  problem<C extends OperatorCode>(code: C, data: Parameters<(typeof operatorErrors)[C]>[0], path: Path, options: PlaceOptions = {}): Problem {
    return problem(code, data, this.place(path, options));
  }

  place(path: Path, options: PlaceOptions = {}): Place {
    const { node, isWhole } = this.#find(path);
    const isKey = options.ofKey === true && node.parent?.type === "property";
    const at = isKey ? (node.parent?.children?.[0] ?? node) : node;
    const isContainer = at.type === "object" || at.type === "array";
    return { ...this.#placeOf(at.offset, isContainer ? 1 : at.length, isKey || (isWhole && options.isSecret !== true)), field: fieldName(path) };
  }

  /** The place of one key of an object that has it more than once. */
  placeOfKey(key: Node, path: Path): Place {
    return { ...this.#placeOf(key.offset, key.length, true), field: fieldName(path) };
  }

  /** For the text of another problem. */
  nameOf(path: Path): string {
    // What has one line is told apart by fields, and may be no file at all.
    return this.#starts.length === 1 ? fieldName(path) : `${fieldName(path)} in line ${this.lineOf(this.#find(path).node.offset)}`;
  }

  lineOf(offset: number): number {
    let low = 0;
    const starts = this.#starts;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  get #starts(): readonly number[] {
    this.#lineStarts ??= lineStartsOf(this.#text);
    return this.#lineStarts;
  }

  #find(path: Path): { readonly node: Node; readonly isWhole: boolean } {
    let node = this.root;
    for (const segment of path) {
      const child = typeof segment === "number" ? node.children?.[segment] : node.children?.findLast((property) => property.children?.[0]?.value === segment)?.children?.[1];
      if (child === undefined) return { node, isWhole: false };
      node = child;
    }
    return { node, isWhole: true };
  }

  #syntaxProblems(errors: readonly ParseError[], brackets: Brackets): Problem[] {
    const problems = new Map<number, Problem>();
    // One slip makes several errors; the first of a line is the one that tells.
    for (const { error, offset, length } of errors) {
      const line = this.lineOf(offset);
      if (!problems.has(line)) problems.set(line, this.#at("config_syntax", this.#syntaxFault(printParseErrorCode(error), offset, brackets), offset, length));
    }
    return [...problems.values()];
  }

  #syntaxFault(name: string, offset: number, { crossed, unclosed }: Brackets): { readonly fault: string; readonly hint?: string } {
    const opener = (at: number) => `the ${this.#text[at]} in line ${this.lineOf(at)}`;
    if (crossed !== null && offset === crossed.at) return { fault: `this ${this.#text[offset]} does not match ${opener(crossed.open)}`, hint: `close that with ${this.#text[crossed.open] === "{" ? "}" : "]"} first` };
    if (unclosed !== null && offset >= this.#text.trimEnd().length) return { fault: "the file ends too early", hint: `${opener(unclosed)} is not closed` };
    return { fault: SYNTAX[name] ?? "this is not JSON" };
  }

  #at<C extends OperatorCode>(code: C, data: Parameters<(typeof operatorErrors)[C]>[0], offset: number, length: number): Problem {
    return problem(code, data, this.#placeOf(offset, length, false));
  }

  #placeOf(offset: number, length: number, isShown: boolean): Place {
    const text = this.#text;
    const lineNumber = this.lineOf(offset);
    const lineStart = this.#starts[lineNumber - 1] as number;
    const place = { file: this.#file, line: lineNumber, column: offset - lineStart + 1 };
    this.#masked ??= maskValues(text);
    const lineEnd = (this.#starts[lineNumber] ?? text.length + 1) - 1;
    return { ...place, frame: codeFrame({ text, masked: this.#masked, lineNumber, lineStart, lineEnd: Math.max(lineStart, lineEnd), from: offset, to: offset + length, isShown }) };
  }
}

/** `apps[0].env["a b"]`; long names are cut. */
export function fieldName(path: Path): string {
  return path.map((segment, i) => (typeof segment === "number" ? `[${segment}]` : /^[\w$-]+$/.test(segment) && segment.length <= MAX_NAME ? `${i === 0 ? "" : "."}${segment}` : `[${quoted(segment)}]`)).join("");
}

/** A name from the file, for a text. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name);
}

function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (const { 0: end, index } of text.matchAll(/\r\n|\r|\n/g)) starts.push(index + end.length);
  return starts;
}

interface Brackets {
  /** There is nothing but space and comments. */
  readonly isEmpty: boolean;
  /** The first bracket that is nested too deep for a recursive parser. */
  readonly tooDeep: number | null;
  /** The first closing bracket of the wrong kind, and the one that it meets. */
  readonly crossed: { readonly at: number; readonly open: number } | null;
  /** The innermost bracket that is never closed. */
  readonly unclosed: number | null;
}

function readBrackets(text: string): Brackets {
  const scanner = createScanner(text, true);
  const open: number[] = [];
  let isEmpty = true;
  let crossed: Brackets["crossed"] = null;
  while (scanner.getPosition() < text.length) {
    scanner.scan();
    const at = scanner.getTokenOffset();
    if (at >= text.length) break;
    isEmpty = false;
    const token = text[at];
    if (token === "{" || token === "[") open.push(at);
    if (open.length > MAX_DEPTH) return { isEmpty, tooDeep: at, crossed, unclosed: null };
    if (token !== "}" && token !== "]") continue;
    const opener = open.pop();
    if (opener !== undefined && (text[opener] === "{") !== (token === "}")) crossed ??= { at, open: opener };
  }
  return { isEmpty, tooDeep: null, crossed, unclosed: open.at(-1) ?? null };
}

const STRINGS = /"(?:[^"\\]|\\.)*"/g;

/** Null for whatever is not an object in plain JSON, or needs a closer look: comments, too many levels, keys that are there twice. */
function readPlain(text: string): object | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const seen = { keys: 0 };
  const plain = withoutPrototypes(value, 1, seen) as object | null;
  // Of two equal keys the parser keeps one.
  return plain !== null && text.replace(STRINGS, "").split(":").length - 1 === seen.keys ? plain : null;
}

/** Null when it is nested too deep for a recursive parser. */
function withoutPrototypes(value: object, depth: number, seen: { keys: number }): unknown {
  if (depth > MAX_DEPTH) return null;
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [] : Object.create(null);
  for (const [key, inner] of Object.entries(value)) {
    const kept: unknown = typeof inner === "object" && inner !== null ? withoutPrototypes(inner, depth + 1, seen) : inner;
    if (kept === null && inner !== null) return null;
    (copy as Record<string, unknown>)[key] = kept;
  }
  if (!Array.isArray(value)) seen.keys += Object.keys(value).length;
  return copy;
}

/** Plain data without prototypes that a key could reach. */
function toValue(node: Node): unknown {
  if (node.type === "array") return (node.children ?? []).map(toValue);
  if (node.type !== "object") return node.value;
  const object: Record<string, unknown> = Object.create(null);
  for (const property of node.children ?? []) {
    const [key, value] = property.children ?? [];
    if (key !== undefined && value !== undefined) object[key.value as string] = toValue(value);
  }
  return object;
}
