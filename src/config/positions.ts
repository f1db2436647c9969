/** JSON with comments, with the places of its values: so that a problem with a value can name its line. */
import { getNodePath, type Node, parseTree, type ParseError, printParseErrorCode } from "jsonc-parser";
import { OperatorError, type Problem } from "../errors.ts";

export type Path = readonly (string | number)[];

const SYNTAX: Readonly<Record<string, string>> = {
  InvalidSymbol: "this is not JSON",
  InvalidNumberFormat: "this is not a number",
  PropertyNameExpected: "a property name in double quotes belongs here",
  ValueExpected: "a value belongs here",
  ColonExpected: "a colon is missing",
  CommaExpected: "a comma is missing",
  CloseBraceExpected: "a closing } is missing",
  CloseBracketExpected: "a closing ] is missing",
  EndOfFileExpected: "nothing may follow the end of the object",
  InvalidCommentToken: "this comment does not end",
  UnexpectedEndOfComment: "this comment does not end",
  UnexpectedEndOfString: "this string does not end",
  UnexpectedEndOfNumber: "this number does not end",
  InvalidUnicode: "this is no \\u escape",
  InvalidEscapeCharacter: "this is no escape sequence",
  InvalidCharacter: "this character must be escaped",
};

export class Document {
  readonly #text: string;
  readonly #file: string;
  readonly #root: Node;
  readonly value: unknown;

  /** Throws OperatorError with every syntax error. `file` is named in problems. */
  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
    const errors: ParseError[] = [];
    const root = parseTree(text, errors, { allowTrailingComma: true, disallowComments: false });
    if (errors.length > 0)
      throw new OperatorError(errors.slice(0, 5).map(({ error, offset }) => ({ file, ...this.#place(offset), message: SYNTAX[printParseErrorCode(error)] ?? "this is not JSON", frame: this.#frame(offset) })));
    if (root === undefined) throw new OperatorError({ file, message: "the file is empty", hint: 'the least that works: { "apps": [{ "hostname": "app.localhost", "path": "./app.js" }] }' });
    this.#root = root;
    if (root.type !== "object") throw new OperatorError({ file, ...this.#place(root.offset), message: `the file holds ${root.type === "array" ? "a list" : `a ${root.type}`}, not an object`, hint: 'the least that works: { "apps": [{ "hostname": "app.localhost", "path": "./app.js" }] }' });
    this.value = toValue(root);
    const duplicate = firstDuplicate(root);
    if (duplicate !== null) throw new OperatorError({ file, ...this.#place(duplicate.offset), field: fieldName(getNodePath(duplicate)), message: "this key is there twice", frame: this.#frame(duplicate.offset) });
  }

  /** A problem with what stands at `path`, or with the nearest thing around it. `ofKey`: with the name, not the value. */
  problem(path: Path, message: string, options: { readonly hint?: string; readonly ofKey?: boolean } = {}): Problem {
    const node = this.#find(path);
    const at = options.ofKey === true && node.parent?.type === "property" ? (node.parent.children?.[0] ?? node) : node;
    const shown = path.includes("env") ? -1 : at.offset;
    return { file: this.#file, ...this.#place(at.offset), field: fieldName(path), message, frame: this.#frame(at.offset, shown), ...(options.hint === undefined ? {} : { hint: options.hint }) };
  }

  #find(path: Path): Node {
    let node = this.#root;
    for (const segment of path) {
      const child = typeof segment === "number" ? node.children?.[segment] : node.children?.find((property) => property.children?.[0]?.value === segment)?.children?.[1];
      if (child === undefined) return node;
      node = child;
    }
    return node;
  }

  #place(offset: number): { readonly line: number; readonly column: number } {
    const before = this.#text.slice(0, offset).split(/\r\n|\r|\n/);
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  }

  /** The line of `offset` with a mark under it. Values are masked, for any of them may be a secret; all but the one at `shown`. */
  #frame(offset: number, shown = -1): string {
    const { line, column } = this.#place(offset);
    const lineStart = offset - column + 1;
    const source = (this.#text.slice(lineStart).split(/\r\n|\r|\n/, 1)[0] ?? "").replaceAll("\t", " ");
    const masked = source.replace(/([:[,]\s*")((?:[^"\\]|\\.)*)/g, (all, before: string, value: string, at: number) => (lineStart + at + before.length - 1 === shown || isKey(source, at + all.length) ? all : before + "•".repeat(value.length)));
    const number = String(line).padStart(5);
    return `${number} | ${masked.slice(0, 160)}\n${" ".repeat(number.length)} | ${" ".repeat(Math.min(column, 160) - 1)}^`;
  }
}

/** A string that a colon follows is a key. */
function isKey(source: string, end: number): boolean {
  return /^"\s*:/.test(source.slice(end));
}

export function fieldName(path: Path): string {
  return path.map((segment, i) => (typeof segment === "number" ? `[${segment}]` : `${i === 0 ? "" : "."}${segment}`)).join("");
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

function firstDuplicate(node: Node): Node | null {
  const seen = new Set<string>();
  for (const child of node.children ?? []) {
    if (node.type === "object") {
      const key = child.children?.[0];
      if (key !== undefined) {
        if (seen.has(key.value as string)) return key;
        seen.add(key.value as string);
      }
    }
    const inner = firstDuplicate(child);
    if (inner !== null) return inner;
  }
  return null;
}
