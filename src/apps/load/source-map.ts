/** Translates positions in a bundle, as QuickJS prints them, back to the app's own files. What that takes is made when the first stack asks for it. */
import { MapIndex } from "./map-index.ts";
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

interface Contents {
  readonly sources: readonly (string | null)[];
  readonly sourcesContent?: readonly (string | null)[];
  readonly mappings: string;
}

export class SourceMap {
  /** The map as it came. */
  readonly json: string;
  readonly #nameOf: (source: string) => string;
  #files: readonly string[] | null = null;
  #index: MapIndex | null = null;
  #texts: ReadonlyMap<string, string | null> | null = null;

  constructor(json: string, nameOf: (source: string) => string) {
    this.json = json;
    this.#nameOf = nameOf;
  }

  /** Null where the bundle holds code that no file of the app wrote. */
  originalPosition(line: number, column: number): SourcePosition | null {
    if (line < 1 || column < 1) return null;
    if (this.#index === null) for (const _ of this.make());
    const found = this.#index?.find(line - 1, column - 1) ?? null;
    const file = found === null ? undefined : this.#files?.[found.source];
    return found === null || file === undefined || file === "" ? null : { file, line: found.line + 1, column: found.column + 1 };
  }

  /** The text of a file as it was bundled, by its name in the app. */
  sourceText(file: string): string | null {
    if (this.#texts === null) {
      const { sources, sourcesContent = [] } = JSON.parse(this.json) as Contents;
      this.#texts = new Map(sources.flatMap((source, i) => (source === null ? [] : [[this.#nameOf(source), sourcesContent[i] ?? null]])));
    }
    return this.#texts.get(file) ?? null;
  }

  /** Makes look-ups quick, and comes back for air. */
  *make(): Generator<void> {
    const { json } = this;
    // In JSON a quote inside a string has a backslash before it, so these marks stand nowhere else. The texts of the sources between them are most of the map, and not read.
    const content = json.indexOf(',"sourcesContent":[');
    yield;
    const mappings = json.indexOf(MAPPINGS, content);
    yield;
    const isAsMade = content >= 0 && mappings >= 0 && json.startsWith('{"version":3,"sources":[');
    const { sources } = (isAsMade ? JSON.parse(`${json.slice(0, content)}}`) : JSON.parse(json)) as Contents;
    const from = mappings + MAPPINGS.length;
    const index = new MapIndex(isAsMade ? json.slice(from, json.indexOf('"', from)) : (JSON.parse(json) as Contents).mappings);
    yield* index.make();
    this.#files = sources.map((source) => (source === null || NODE_MODULE.test(source) ? "" : this.#nameOf(source)));
    this.#index = index;
  }
}

const MAPPINGS = '],"mappings":"';

/** A bundle that is larger than this is got ready before the first stack asks: a guest that asks must not stall the thread. */
const LAZY_UNITS = 1 << 18;

/** Waits for what mapping takes of a large bundle, in steps of below a millisecond. */
export async function prepareMapping(bundle: MappedCode): Promise<void> {
  if (bundle.code.length + (bundle.sourceMap?.json.length ?? 0) < LAZY_UNITS) return;
  for (const _ of makeIndexes(bundle)) await new Promise((resolve) => setImmediate(resolve));
}

function* makeIndexes(bundle: MappedCode): Generator<void> {
  const index = new PositionIndex(bundle.code);
  yield* index.make();
  indexes.set(bundle, index);
  if (bundle.sourceMap !== null) yield* bundle.sourceMap.make();
}

/** Where a position that QuickJS reports lies in the app's own files. Its columns count code points, those of source maps UTF-16 units. */
export function mapPosition(line: number, column: number, bundle: MappedCode): SourcePosition | null {
  if (!indexes.has(bundle)) for (const _ of makeIndexes(bundle));
  const unitColumn = indexes.get(bundle)?.unitColumn(line, column) ?? column;
  return bundle.sourceMap === null ? { file: bundle.entry, line, column: unitColumn } : bundle.sourceMap.originalPosition(line, unitColumn);
}

const indexes = new WeakMap<MappedCode, PositionIndex>();

/** The text of one of the app's files, for a code frame around a mapped position. */
export function sourceText(file: string, bundle: MappedCode): string | null {
  if (bundle.sourceMap !== null) return bundle.sourceMap.sourceText(file);
  return file === bundle.entry ? bundle.code : null;
}
