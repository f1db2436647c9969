/** TOML with the places of its values: so that a problem with a value can name its line. */
import { type AST, parseTOML } from "toml-eslint-parser";
import { OperatorError, type Place, problem } from "../../errors.ts";
import { codeFrame } from "../frame.ts";
import { fieldName, type Path, type PlaceOptions } from "../positions.ts";
import type { Loose, PlacedData } from "./placed-data.ts";

interface Span {
  readonly key: readonly [number, number];
  readonly value: readonly [number, number];
  /** It is one literal: its text may be a secret. */
  readonly isLiteral: boolean;
}

export class TomlDocument implements PlacedData {
  readonly value: Loose;
  readonly #text: string;
  readonly #file: string;
  readonly #spans = new Map<string, Span>();
  readonly #secrets: (readonly [number, number])[] = [];

  /** Throws OperatorError for a syntax error. `file` is named in problems. */
  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
    const root: Loose = Object.create(null);
    const program = this.#parse();
    for (const node of program.body[0].body) {
      if (node.type === "TOMLKeyValue") this.#put(root, [], node);
      else this.#table(root, node);
    }
    for (const { range } of program.comments) this.#secrets.push(range);
    this.value = root;
  }

  place(path: Path, options: PlaceOptions = {}): Place {
    for (let length = path.length; length > 0; length--) {
      const span = this.#spans.get(keyOf(path.slice(0, length)));
      if (span === undefined) continue;
      const isKey = options.ofKey === true || length < path.length || !span.isLiteral;
      return { ...this.#at(isKey ? span.key : span.value, isKey), field: fieldName(path) };
    }
    return { file: this.#file, field: fieldName(path) };
  }

  #parse(): AST.TOMLProgram {
    try {
      return parseTOML(this.#text);
    } catch (error) {
      if (error instanceof RangeError) throw new OperatorError(problem("config_syntax", { fault: "this is nested too deep", hint: "no key needs that: is this the right file?" }, { file: this.#file }));
      // https://github.com/ota-meshi/toml-eslint-parser: columns count from 0.
      const { lineNumber, column, message } = error as { readonly lineNumber?: number; readonly column?: number; readonly message: string };
      if (lineNumber === undefined || column === undefined) throw error;
      throw new OperatorError(problem("config_syntax", { fault: `this is not TOML: ${message.replace(/^./, (letter) => letter.toLowerCase()).replace(/\.$/, "")}` }, { file: this.#file, ...this.#placeOfFault(lineNumber, column + 1, message) }));
    }
  }

  /** What is missing is missing where a line ends, not where the next one begins. */
  #placeOfFault(line: number, column: number, message: string): { readonly line: number; readonly column: number } {
    const before = this.#text.split("\n")[line - 2];
    return column === 1 && before !== undefined && /^un(?:specified|terminated)/i.test(message) ? { line: line - 1, column: before.length + 1 } : { line, column };
  }

  /** `[a.b]` and `[[a.b]]`. */
  #table(root: Loose, { resolvedKey, kind, key, body }: AST.TOMLTable): void {
    let target: Loose | unknown[] = root;
    for (const [i, segment] of resolvedKey.entries()) target = step(target, segment, typeof resolvedKey[i + 1] === "number");
    const named = kind === "array" ? resolvedKey.slice(0, -1) : resolvedKey;
    for (let length = 1; length <= named.length; length++) this.#note(named.slice(0, length), key.range, key.range, false);
    this.#note(resolvedKey, key.range, key.range, false);
    for (const pair of body) this.#put(target as Loose, resolvedKey, pair);
  }

  /** `a.b = value`. */
  #put(into: Loose, at: Path, { key, value }: AST.TOMLKeyValue): void {
    const names = key.keys.map((part) => (part.type === "TOMLBare" ? part.name : part.value));
    const last = names.at(-1) as string;
    let target = into;
    let path = at;
    for (const [i, name] of names.slice(0, -1).entries()) {
      target = step(target, name, false) as Loose;
      path = [...path, name];
      this.#note(path, (key.keys[i] as AST.TOMLBare).range, key.range, false);
    }
    path = [...path, last];
    this.#note(path, (key.keys.at(-1) as AST.TOMLBare).range, value.range, value.type === "TOMLValue");
    target[last] = this.#valueOf(value, path);
  }

  #valueOf(node: AST.TOMLContentNode, path: Path): unknown {
    if (node.type === "TOMLArray")
      return node.elements.map((element, i) => {
        this.#note([...path, i], element.range, element.range, element.type === "TOMLValue");
        return this.#valueOf(element, [...path, i]);
      });
    if (node.type === "TOMLInlineTable") {
      const table: Loose = Object.create(null);
      for (const pair of node.body) this.#put(table, path, pair);
      return table;
    }
    this.#secrets.push(node.range);
    // Dates are what they are written as: JSON has none.
    return node.kind === "string" || node.kind === "integer" || node.kind === "float" || node.kind === "boolean" ? node.value : this.#text.slice(...node.range);
  }

  /** The first mention counts. */
  #note(path: Path, key: readonly [number, number], value: readonly [number, number], isLiteral: boolean): void {
    const id = keyOf(path);
    if (!this.#spans.has(id)) this.#spans.set(id, { key, value, isLiteral });
  }

  #at([from, to]: readonly [number, number], isShown: boolean): Place {
    const text = this.#text;
    const lineStart = text.lastIndexOf("\n", from - 1) + 1;
    const end = text.indexOf("\n", from);
    const lineEnd = end < 0 ? text.length : end;
    const line = text.slice(0, from).split("\n").length;
    const masked = [...this.#secrets].reduce((shown, [start, stop]) => (stop <= lineStart || start >= lineEnd ? shown : shown.slice(0, start) + shown.slice(start, stop).replace(/[^\s"]/g, "•") + shown.slice(stop)), text);
    return { file: this.#file, line, column: from - lineStart + 1, frame: codeFrame({ text, masked, lineNumber: line, lineStart, lineEnd, from, to, isShown }) };
  }
}

function step(target: Loose | unknown[], segment: string | number, isList: boolean): Loose | unknown[] {
  const holder = target as Record<string | number, unknown>;
  holder[segment] ??= isList ? [] : Object.create(null);
  return holder[segment] as Loose | unknown[];
}

const keyOf = (path: Path): string => JSON.stringify(path);
