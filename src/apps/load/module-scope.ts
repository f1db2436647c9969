/**
 * Keeps CommonJS out of ES modules: the bundler gives a module that mentions `exports` or `module` its namespace object under that name, so that code which asks
 * `typeof exports` takes the module for CommonJS. Declared and never assigned, at the end, the names are undefined and no line moves.
 */
import { parse } from "es-module-lexer/minimal/js";

const NAMES = ["exports", "module", "require"] as const;
/** In text that the lexer does not read, such as TypeScript. */
const EXPORT_AT_LINE_START = /^export\s+(?:default|const|let|var|function|class|async|abstract|enum|type|interface|\{|\*)/m;
const REQUIRE_CALL = /\brequire\s*[(.]/;

/**
 * The text with those names of CommonJS declared that it mentions, if it is an ES module, without `ownNames`, which it declares itself. Calls of require() are
 * for the bundler, so with them `require` stays.
 */
export function withoutCommonJs(source: string, ownNames: readonly string[]): string {
  const names = NAMES.filter((name) => source.includes(name) && !ownNames.includes(name) && !(name === "require" && REQUIRE_CALL.test(source)));
  return names.length === 0 || !hasExports(source) ? source : `${source}\n;var ${names.join(",")};`;
}

/** The name of CommonJS that the bundler, by this message, finds declared twice; or null. */
export const nameDeclaredTwice = (message: string): string | null => NAMES.find((name) => message === `"${name}" has already been declared`) ?? null;

function hasExports(source: string): boolean {
  try {
    return parse(source)[1].length > 0;
  } catch {
    return EXPORT_AT_LINE_START.test(source);
  }
}
