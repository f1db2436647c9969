/**
 * The patterns of `.assetsignore`, which are those of .gitignore (https://git-scm.com/docs/gitignore#_pattern_format). They come with an app: each is matched in time that grows
 * with its length times the name's, and whoever asks sees how much work it has been.
 */

import { AssetsFault } from "./assets-fault.ts";

interface Rule {
  /** Of the path from the root, in tokens; null for any number of them. */
  readonly segments: readonly (readonly string[] | null)[];
  readonly isNegated: boolean;
  readonly isForFolders: boolean;
}

export const IGNORE_FILE = ".assetsignore";
const MOST_RULES = 1_000;
const MOST_LINE = 256;

export class IgnoreRules {
  readonly #rules: readonly Rule[];
  /** Characters that were compared so far. */
  steps = 0;

  /** Throws AssetsFault: a rule that were left out would show what it hides. */
  constructor(text: string) {
    this.#rules = text.split(/\r\n|\r|\n/).flatMap((line, i) => ruleOf(line, i + 1) ?? []);
    if (this.#rules.length > MOST_RULES) throw new AssetsFault(`${IGNORE_FILE} has more than ${MOST_RULES} patterns`, "name folders in place of files");
  }

  /** Whether the last rule that fits `path` ignores it. That a folder above it is ignored is for the caller to see. */
  ignores(path: string, isFolder: boolean): boolean {
    const segments = path.split("/");
    for (let i = this.#rules.length - 1; i >= 0; i--) {
      const { segments: wanted, isNegated, isForFolders } = this.#rules[i] as Rule;
      if ((isFolder || !isForFolders) && this.#fits(wanted, segments)) return !isNegated;
    }
    return false;
  }

  /** Whether a plain file, or a folder above it, is ignored. */
  hides(path: string): boolean {
    const segments = path.split("/");
    return segments.some((_, i) => this.ignores(segments.slice(0, i + 1).join("/"), i < segments.length - 1));
  }

  #fits(wanted: Rule["segments"], segments: readonly string[]): boolean {
    return wildcardMatch(wanted.length, segments.length, (i) => wanted[i] === null, (i, j) => this.#fitsSegment(wanted[i] as readonly string[], segments[j] as string));
  }

  #fitsSegment(tokens: readonly string[], text: string): boolean {
    return wildcardMatch(tokens.length, text.length, (i) => tokens[i] === "*", (i, j) => {
      this.steps++;
      return isOne(tokens[i] as string, text[j] as string);
    });
  }
}

/** Whether `many` patterns fit `length` things one after the other, where a star fits any number of them. The last star alone is tried again, which is enough, and keeps it quadratic. */
function wildcardMatch(many: number, length: number, isStar: (i: number) => boolean, fits: (i: number, j: number) => boolean): boolean {
  let [i, j, star, from] = [0, 0, -1, 0];
  while (j < length) {
    if (i < many && isStar(i)) {
      star = i++;
      from = j;
    } else if (i < many && fits(i, j)) {
      i++;
      j++;
    } else if (star >= 0) {
      i = star + 1;
      j = ++from;
    } else return false;
  }
  while (i < many && isStar(i)) i++;
  return i === many;
}

function ruleOf(line: string, number: number): Rule | null {
  const said = line.replace(/(?<!\\) +$/, "");
  if (said === "" || said.startsWith("#")) return null;
  if (said.length > MOST_LINE) throw new AssetsFault(`line ${number} of ${IGNORE_FILE} has more than ${MOST_LINE} characters`, "name a folder above it");
  const isNegated = said.startsWith("!");
  const pattern = isNegated ? said.slice(1) : said;
  const isForFolders = pattern.endsWith("/");
  const path = isForFolders ? pattern.slice(0, -1) : pattern;
  if (path === "" || path === "/") return null;
  const segments = path.replace(/^\//, "").split("/");
  // What is inside of a folder: at least one thing.
  if (segments.at(-1) === "**" && segments.length > 1) segments.push("*");
  return { segments: (path.includes("/") ? segments : ["**", ...segments]).map((segment) => (segment === "**" ? null : tokensOf(segment))), isNegated, isForFolders };
}

/** `*`, `?`, a class in brackets, or a character; `\` makes the next one mean itself. */
function tokensOf(pattern: string): readonly string[] {
  return (pattern.match(/\\[^]|\[[!^]?\]?[^\]]*\]|[^]/g) ?? []).filter((token, i, all) => token !== "*" || all[i - 1] !== "*");
}

function isOne(token: string, character: string): boolean {
  if (token === "?") return true;
  if (token.length > 1 && token.startsWith("\\")) return token[1] === character;
  if (token.length < 3) return token === character;
  const isNegated = token[1] === "!" || token[1] === "^";
  const members = token.slice(isNegated ? 2 : 1, -1);
  for (let i = 0; i < members.length; i++) {
    const first = members[i] as string;
    const isRange = members[i + 1] === "-" && i + 2 < members.length;
    const last = isRange ? (members[i + 2] as string) : first;
    if (character >= first && character <= last) return !isNegated;
    if (isRange) i += 2;
  }
  return isNegated;
}
