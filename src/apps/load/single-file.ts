/**
 * Decides whether a file can run as it is: JavaScript that imports nothing. In doubt it says no, and the file is bundled. Under Node, where there is no
 * bundler, it is the only form an app can have. Uses Bun's parser where there is one, because only a full parser tells JSX from JavaScript.
 */
import { parse } from "es-module-lexer/minimal/js";
import { extname } from "node:path";
import { hasForAwait } from "./for-await.ts";

/** Words that may mean something the bundler has to translate. Checked before Bun's parser sees the file: it would run macro imports. */
const NEEDS_BUNDLER = /\b(?:import|process|require|module|exports|__dirname|__filename|using|accessor)\b|@/;

/** What the lexer reports instead of the start of a dynamic import. */
const STATIC = -1;

export const hasBundler = typeof Bun !== "undefined";

/** The names a file exports, when it can run unchanged; else null. */
export function exportsOfSingleFile(path: string, source: string): readonly string[] | null {
  if (![".js", ".mjs"].includes(extname(path))) return null;
  try {
    if (!hasBundler) {
      const [imports, exports] = parse(source);
      return imports.some((found) => found.d === STATIC) ? null : exports.map((found) => found.n);
    }
    if (NEEDS_BUNDLER.test(source) || hasForAwait(source)) return null;
    const { imports, exports } = new Bun.Transpiler({ loader: "js" }).scan(source);
    return imports.length === 0 && exports.length > 0 ? exports : null;
  } catch {
    // A syntax error: the bundler reports all of them, with their places.
    return null;
  }
}
