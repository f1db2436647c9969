/** Finds imports in source text: where a specifier is written, for error messages, and which import attributes it carries. Both look at text only and stay linear in it. */

const MAX_CANDIDATES = 1_000;
const LOOK_BACK = 200;
const IMPORTING = /(?:\bfrom|\bimport|\b(?:import|require|require\.resolve)\s*\()\s*$/;
const IN_COMMENT = /(?:^|\n)[ \t]*(?:\/\/|\/\*|\*)[^\n]*$/;

/** Counts from 1. Null when the specifier is not written there, as with an import that a compiler added. */
export function findImport(source: string, specifier: string): { readonly line: number; readonly column: number } | null {
  let fallback = -1;
  let candidates = 0;
  const escaped = JSON.stringify(specifier);
  for (const literal of [`"${specifier}"`, `'${specifier}'`, `\`${specifier}\``, escaped, `'${escaped.slice(1, -1)}'`]) {
    for (let at = source.indexOf(literal); at !== -1 && candidates < MAX_CANDIDATES; at = source.indexOf(literal, at + 1), candidates++) {
      const before = source.slice(Math.max(0, at - LOOK_BACK), at);
      if (IN_COMMENT.test(before)) continue;
      if (IMPORTING.test(before)) return positionAt(source, at);
      if (fallback === -1) fallback = at;
    }
  }
  return fallback === -1 ? null : positionAt(source, fallback);
}

/** The `type` attribute of each specifier that has one: `import x from "./x.sql" with { type: "text" }`. */
export function importTypes(source: string): ReadonlyMap<string, string> {
  const types = new Map<string, string>();
  let candidates = 0;
  for (let at = source.indexOf("with"); at !== -1 && candidates < MAX_CANDIDATES; at = source.indexOf("with", at + 4), candidates++) {
    const type = /^with\s{0,20}:?\s{0,20}\{\s{0,20}["']?type["']?\s{0,20}:\s{0,20}["']([a-z]{1,20})["']/.exec(source.slice(at, at + LOOK_BACK))?.[1];
    if (type === undefined) continue;
    const specifier = /(["'])([^"'\n]+)\1\s{0,20}(?:,\s{0,20}\{\s{0,20})?$/.exec(source.slice(Math.max(0, at - LOOK_BACK), at))?.[2];
    if (specifier !== undefined) types.set(specifier, type);
  }
  return types;
}

function positionAt(source: string, offset: number): { readonly line: number; readonly column: number } {
  let line = 1;
  let start = 0;
  for (let end = source.indexOf("\n"); end !== -1 && end < offset; end = source.indexOf("\n", start)) {
    line++;
    start = end + 1;
  }
  return { line, column: offset - start + 1 };
}
