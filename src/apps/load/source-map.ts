/** Translates positions in a bundle, as QuickJS prints them, back to the app's own files. The map is decoded when the first error asks for it. */
import { encodedMap, originalPositionFor, sourceContentFor, TraceMap } from "@jridgewell/trace-mapping";
import { PositionIndex } from "./position-index.ts";

/** The file name under which a bundle is evaluated. */
export const BUNDLE_FILE_NAME = "app.js";

/** How the bundler names the node: modules, which are nano's own. */
const NODE_MODULE = /^nano(?:-required)?:/;

/** Line and column count from 1; columns are UTF-16 units. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What mapping needs of a bundle. Without a source map the bundle is the entry file itself. */
export interface MappedCode {
  readonly code: string;
  readonly entry: string;
  readonly sourceMap: SourceMap | null;
}

export class SourceMap {
  #json: string | null;
  #trace: TraceMap | null = null;
  readonly #nameOf: (source: string) => string;

  constructor(json: string, nameOf: (source: string) => string) {
    this.#json = json;
    this.#nameOf = nameOf;
  }

  get json(): string {
    return this.#json ?? JSON.stringify(encodedMap(this.#decoded()));
  }

  /** Null where the bundle holds code that no file of the app wrote. */
  originalPosition(line: number, column: number): SourcePosition | null {
    if (line < 1 || column < 1) return null;
    const found = originalPositionFor(this.#decoded(), { line, column: column - 1 });
    return found.source === null || NODE_MODULE.test(found.source) ? null : { file: this.#nameOf(found.source), line: found.line, column: found.column + 1 };
  }

  /** The text of a file as it was bundled, by its name in the app. */
  sourceText(file: string): string | null {
    const trace = this.#decoded();
    const source = trace.sources.find((candidate) => candidate !== null && this.#nameOf(candidate) === file);
    return source == null ? null : sourceContentFor(trace, source);
  }

  #decoded(): TraceMap {
    if (this.#json !== null) this.#trace = new TraceMap(this.#json);
    this.#json = null;
    return this.#trace as TraceMap;
  }
}

/** Where a position that QuickJS reports lies in the app's own files. Its columns count code points, those of source maps UTF-16 units. */
export function mapPosition(line: number, column: number, bundle: MappedCode): SourcePosition | null {
  const unitColumn = indexOf(bundle).unitColumn(line, column) ?? column;
  return bundle.sourceMap === null ? { file: bundle.entry, line, column: unitColumn } : bundle.sourceMap.originalPosition(line, unitColumn);
}

/** The text of one of the app's files, for a code frame around a mapped position. */
export function sourceText(file: string, bundle: MappedCode): string | null {
  if (bundle.sourceMap !== null) return bundle.sourceMap.sourceText(file);
  return file === bundle.entry ? bundle.code : null;
}

/**
 * A QuickJS stack with the app's own positions. Frames of the bundler's glue and of nano's bootstrap (files named `nano:…`) are left out. The app can write
 * anything into a stack: lines that are no frames stay as they are.
 */
export function mapStack(stack: string, bundle: MappedCode): string {
  const lines: string[] = [];
  for (const line of stack.split("\n")) {
    const frame = FRAME.exec(line);
    if (frame === null) {
      lines.push(line);
      continue;
    }
    const { name, file, line: row, column } = frame.groups as { name?: string; file: string; line: string; column: string };
    if (file.startsWith("nano:")) continue;
    if (file !== BUNDLE_FILE_NAME) {
      lines.push(line);
      continue;
    }
    const position = mapPosition(Number(row), Number(column), bundle);
    if (position === null) continue;
    const place = `${position.file}:${position.line}:${position.column}`;
    lines.push(name === undefined ? `    at ${place}` : `    at ${name} (${place})`);
  }
  return withoutOwnFrames(lines).join("\n");
}

/** `    at name (file:1:2)`, and `    at file:1:2` where a syntax error was found. Functions may carry any name, so the last parenthesis decides. */
const FRAME = /^ {4}at (?:(?<name>.*) \((?=[^()]*\)$))?(?<file>[^()\s]+?):(?<line>\d{1,9}):(?<column>\d{1,9})\)?$/;

/** Nano's own code called the app, so its frames are the outermost. The bootstrap has no positions: they are names alone, with the engine's `(native)` between them. */
function withoutOwnFrames(lines: readonly string[]): readonly string[] {
  let end = lines.length;
  while (end > 0 && lines[end - 1] === "") end--;
  if (end === 0 || (lines[end - 1] as string).endsWith(" (native)")) return lines;
  const last = end;
  while (end > 0 && OWN_FRAME.test(lines[end - 1] as string)) end--;
  return end === last ? lines : lines.slice(0, end);
}

const OWN_FRAME = /^ {4}at (?:<anonymous>|[\w$.]+)(?: \(native\))?$/;

/** Made when the first error of a bundle asks for it. */
const indexes = new WeakMap<MappedCode, PositionIndex>();

function indexOf(bundle: MappedCode): PositionIndex {
  let index = indexes.get(bundle);
  if (index === undefined) indexes.set(bundle, (index = new PositionIndex(bundle.code)));
  return index;
}
