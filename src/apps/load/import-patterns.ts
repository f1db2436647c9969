/**
 * import() of a name that is made at run time, as bundlers know it: a text that begins with a folder, `import(`./languages/${code}.ts`)`, stands for all files that it can name.
 * Such a call becomes one of a function with a name as long as `import`, so that no place moves; the function stands at the end of the module.
 */
import { dirname, join, relative } from "node:path";

/** More files are a mistake: they would all be part of the app. */
const MOST_FILES = 500;
/** `import` has six letters. */
const NAMES = "abcdefghijklmnopqrstuvwxyz";
const nameAt = (index: number): string => `$nano${NAMES[index] as string}`;

const CALL = /(?<![.\w$])import(?=\s*\()/g;
const MOST_LENGTH = 300;
const MAX_CANDIDATES = 1_000;

interface Pattern {
  readonly at: number;
  /** What stands still of the name; between two parts anything may. */
  readonly parts: readonly string[];
}

/** The text with those calls of its own taken over. `filesBelow` gives files below a folder, absolute. */
export function withImportPatterns(source: string, path: string, filesBelow: (folder: string) => readonly string[]): string {
  const patterns = findPatterns(source);
  if (patterns.length === 0) return source;
  let code = source;
  const functions: string[] = [];
  for (const [i, { at, parts }] of patterns.entries()) {
    const names = filesOf(parts, dirname(path), filesBelow);
    if (names.length === 0) continue;
    code = `${code.slice(0, at)}${nameAt(i)}${code.slice(at + "import".length)}`;
    const cases = names.map((name) => `${JSON.stringify(name)}: () => import(${JSON.stringify(name)})`).join(", ");
    functions.push(`function ${nameAt(i)}(name) { const found = { __proto__: null, ${cases} }[name]; return found === undefined ? Promise.reject(new TypeError("cannot import " + JSON.stringify(String(name)) + ": there is no such file beside " + ${JSON.stringify(names[0])})) : found(); }`);
  }
  return functions.length === 0 ? source : `${code}\n;${functions.join("")}`;
}

function filesOf(parts: readonly string[], folder: string, filesBelow: (folder: string) => readonly string[]): readonly string[] {
  const [first = "", ...rest] = parts;
  const base = join(folder, first.slice(0, first.lastIndexOf("/") + 1));
  const isNamed = new RegExp(`^${[first, ...rest].map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".+")}$`);
  const names = filesBelow(base).map((file) => {
    const name = relative(folder, file).replaceAll("\\", "/");
    return name.startsWith("..") ? name : `./${name}`;
  });
  return names.filter((name) => isNamed.test(name)).sort().slice(0, MOST_FILES);
}

function findPatterns(source: string): Pattern[] {
  const found: Pattern[] = [];
  let candidates = 0;
  for (const { index } of source.matchAll(CALL)) {
    if (++candidates > MAX_CANDIDATES || found.length === NAMES.length) break;
    const argument = argumentAt(source, source.indexOf("(", index) + 1);
    const parts = argument === null ? null : partsOf(argument);
    const isRelative = parts !== null && parts.length > 1 && /^\.\.?\/(?:[^/]+\/)*/.test(parts[0] as string);
    if (isRelative) found.push({ at: index, parts: parts as readonly string[] });
  }
  return found;
}

/** What stands between the brackets of a call; null when it is long, or has more than one argument. */
function argumentAt(source: string, from: number): string | null {
  let depth = 0;
  let quote = "";
  for (let i = from; i < Math.min(source.length, from + MOST_LENGTH); i++) {
    const letter = source[i] as string;
    if (letter === "\\") i++;
    else if (quote !== "") quote = letter === quote ? "" : quote;
    else if (letter === '"' || letter === "'" || letter === "`") quote = letter;
    else if (letter === "(" || letter === "[" || letter === "{") depth++;
    else if (letter === "," && depth === 0) return null;
    else if (letter === ")" || letter === "]" || letter === "}") {
      if (depth-- === 0) return source.slice(from, i).trim();
    }
  }
  return null;
}

/** The fixed parts of a template, or of texts and names that are added up. */
function partsOf(argument: string): readonly string[] | null {
  const template = /^`((?:[^`\\]|\\.)*)`$/s.exec(argument)?.[1];
  if (template !== undefined) return template.includes("\\") ? null : template.split(/\$\{[^{}]*\}/);
  const [, first, rest = ""] = /^["']([^"'\\\n]*)["']\s*\+(.*)$/s.exec(argument) ?? [];
  if (first === undefined) return null;
  return [first, /\+\s*["']([^"'\\\n]*)["']$/.exec(rest)?.[1] ?? ""];
}
