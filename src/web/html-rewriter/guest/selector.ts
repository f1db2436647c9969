/**
 * The selectors of HTMLRewriter, which are those that need no look ahead: type, *, #id, .class, [attribute], :not(), :first-child, :nth-child(), :first-of-type,
 * :nth-of-type(), descendants and children (https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#selectors).
 */
import { arrayIncludes, arrayPush, regExpExec, safeParseInt, SafeTypeError, stringCharCodeAt, stringEndsWith, stringFromCodePoint, stringIncludes, stringIndexOf, stringSlice, stringStartsWith, stringToLowerCase } from "../../infra/guest/primordials.ts";

/** What a selector may know of an element. */
export interface Subject {
  readonly name: string;
  /** Its place among the children of its parent, and among those of its name; from 1. */
  readonly index: number;
  readonly typeIndex: number;
  attribute(name: string): string | null;
}

type Test = (subject: Subject) => boolean;

/** One compound selector, and what has to follow among the children or the descendants of what it matches. */
export interface Step {
  readonly matches: Test;
  /** The number of the step that follows; −1 at the end. */
  next: number;
  isChildNext: boolean;
  /** What has registered the selector. */
  readonly owner: number;
}

const MAX_NESTING = 8;
const SPACE = /[\t\n\f\r ]*/y;
const IDENT = /(?:[-\w\u0080-\uffff]|\\(?:[0-9a-fA-F]{1,6}[\t\n\f\r ]?|[^\n0-9a-fA-F]))+/y;
const BAD_START = /^-?[0-9]|^-$/;
const ESCAPE = /\\(?:([0-9a-fA-F]{1,6})[\t\n\f\r ]?|([^\n]))/y;
const OPERATOR = /[~^$*|]?=/y;
const QUOTED = /"((?:[^"\\\n]|\\[^\n])*)"|'((?:[^'\\\n]|\\[^\n])*)'/y;
const FLAG = /([iIsS])[\t\n\f\r ]*/y;
const NTH = /[\t\n\f\r ]*(?:(even|odd)|([+-]?[0-9]*)n(?:[\t\n\f\r ]*([+-])[\t\n\f\r ]*([0-9]+))?|([+-]?[0-9]+))[\t\n\f\r ]*\)/iy;
const WORD_BREAK = /[\t\n\f\r ]/g;
const CASELESS = ["accept", "accept-charset", "align", "alink", "axis", "bgcolor", "charset", "checked", "clear", "codetype", "color", "compact", "declare", "defer", "dir", "direction", "disabled", "enctype", "face", "frame", "hreflang", "http-equiv", "lang", "language", "link", "media", "method", "multiple", "nohref", "noresize", "noshade", "nowrap", "readonly", "rel", "rev", "rules", "scope", "scrolling", "selected", "shape", "target", "text", "type", "valign", "valuetype", "vlink"];

class SelectorParser {
  readonly #text: string;
  readonly #owner: number;
  readonly #steps: Step[];
  #at = 0;
  #nesting = 0;

  constructor(text: string, owner: number, steps: Step[]) {
    this.#text = text;
    this.#owner = owner;
    this.#steps = steps;
  }

  /** Adds the steps, and gives the numbers of those that any element may match. */
  parse(): number[] {
    const starts: number[] = [];
    do arrayPush(starts, this.#complex());
    while (this.#take(","));
    if (this.#at < this.#text.length) this.#refuse();
    return starts;
  }

  #complex(): number {
    this.#skip(SPACE);
    const first = this.#steps.length;
    for (;;) {
      const step: Step = { matches: this.#compound(), next: -1, isChildNext: false, owner: this.#owner };
      arrayPush(this.#steps, step);
      const before = this.#at;
      this.#skip(SPACE);
      if (this.#at === this.#text.length || this.#text[this.#at] === ",") return first;
      if (this.#take(">")) {
        step.isChildNext = true;
        this.#skip(SPACE);
      } else if (this.#at === before) this.#refuse();
      step.next = this.#steps.length;
    }
  }

  #compound(): Test {
    const tests: Test[] = [];
    const isAny = this.#take("*");
    if (!isAny && this.#isAtIdent()) {
      const name = stringToLowerCase(this.#ident());
      arrayPush(tests, (subject) => subject.name === name);
    }
    for (let test = this.#simple(); test !== null; test = this.#simple()) arrayPush(tests, test);
    if (tests.length === 0 && !isAny) this.#refuse();
    if (tests.length === 1) return tests[0] as Test;
    return (subject) => {
      for (let i = 0; i < tests.length; i++) if (!(tests[i] as Test)(subject)) return false;
      return true;
    };
  }

  #simple(): Test | null {
    if (this.#take("#")) {
      const id = this.#ident();
      return (subject) => subject.attribute("id") === id;
    }
    if (this.#take(".")) {
      const word = this.#ident();
      return (subject) => hasWord(subject.attribute("class"), word);
    }
    if (this.#take("[")) return this.#attribute();
    return this.#take(":") ? this.#pseudo() : null;
  }

  #attribute(): Test {
    this.#skip(SPACE);
    const name = stringToLowerCase(this.#ident());
    this.#skip(SPACE);
    if (this.#take("]")) return (subject) => subject.attribute(name) !== null;
    const operator = this.#skip(OPERATOR);
    if (operator === null) this.#refuse();
    this.#skip(SPACE);
    const quoted = this.#skip(QUOTED);
    const given = quoted === null ? this.#ident() : unescape(quoted[1] ?? quoted[2] ?? "");
    this.#skip(SPACE);
    const flag = this.#skip(FLAG);
    if (!this.#take("]")) this.#refuse();
    const isCaseless = flag === null ? arrayIncludes(CASELESS, name) : stringToLowerCase(flag[1] as string) === "i";
    const wanted = isCaseless ? stringToLowerCase(given) : given;
    const compare = comparison((operator as RegExpExecArray)[0], wanted);
    return (subject) => {
      const value = subject.attribute(name);
      return value !== null && compare(isCaseless ? stringToLowerCase(value) : value);
    };
  }

  #pseudo(): Test {
    const name = stringToLowerCase(this.#ident());
    if (name === "first-child") return (subject) => subject.index === 1;
    if (name === "first-of-type") return (subject) => subject.typeIndex === 1;
    if (name === "not" && this.#take("(")) {
      if (++this.#nesting > MAX_NESTING) throw new SafeTypeError("HTMLRewriter: the selector is nested too deeply");
      this.#skip(SPACE);
      const tests: Test[] = [this.#compound()];
      this.#skip(SPACE);
      while (this.#take(",")) {
        this.#skip(SPACE);
        arrayPush(tests, this.#compound());
        this.#skip(SPACE);
      }
      if (!this.#take(")")) this.#refuse();
      this.#nesting--;
      return (subject) => {
        for (let i = 0; i < tests.length; i++) if ((tests[i] as Test)(subject)) return false;
        return true;
      };
    }
    if ((name === "nth-child" || name === "nth-of-type") && this.#take("(")) {
      const nth = this.#skip(NTH);
      if (nth === null) return this.#refuse();
      const has = nthTest(nth);
      return name === "nth-child" ? (subject) => has(subject.index) : (subject) => has(subject.typeIndex);
    }
    throw new SafeTypeError("HTMLRewriter: the selector has a pseudo-class or pseudo-element that is not supported");
  }

  #isAtIdent(): boolean {
    IDENT.lastIndex = this.#at;
    return regExpExec(IDENT, this.#text) !== null;
  }
  #ident(): string {
    const found = this.#skip(IDENT);
    if (found === null || regExpExec(BAD_START, found[0]) !== null) this.#refuse();
    return unescape((found as RegExpExecArray)[0]);
  }
  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }
  #skip(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = regExpExec(pattern, this.#text);
    if (found !== null) this.#at += found[0].length;
    return found;
  }
  #refuse(): never {
    const rest = stringSlice(this.#text, this.#at, this.#at + 20);
    throw new SafeTypeError("HTMLRewriter: the selector is not valid or not supported " + (rest === "" ? "at its end" : "from '" + rest + "' on"));
  }
}

/** Adds the steps of `text` to `steps`; throws a TypeError for what is no selector. */
export const parseSelector = (text: string, owner: number, steps: Step[]): number[] => new SelectorParser(text, owner, steps).parse();

function unescape(text: string): string {
  let at = stringIndexOf(text, "\\");
  if (at < 0) return text;
  let plain = "";
  let from = 0;
  for (; at >= 0; at = stringIndexOf(text, "\\", from)) {
    ESCAPE.lastIndex = at;
    const found = regExpExec(ESCAPE, text) as RegExpExecArray;
    const code = found[1] === undefined ? -1 : safeParseInt(found[1], 16);
    plain += stringSlice(text, from, at) + (code < 0 ? found[2] : code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? "\ufffd" : stringFromCodePoint(code));
    from = at + found[0].length;
  }
  return plain + stringSlice(text, from);
}

function isSpace(text: string, at: number): boolean {
  const code = stringCharCodeAt(text, at);
  return code === 32 || (code >= 9 && code <= 13 && code !== 11);
}

function hasWord(list: string | null, word: string): boolean {
  if (list === null || word === "") return false;
  for (let at = stringIndexOf(list, word); at >= 0; at = stringIndexOf(list, word, at + 1)) {
    const end = at + word.length;
    if ((at === 0 || isSpace(list, at - 1)) && (end === list.length || isSpace(list, end))) return true;
  }
  return false;
}

function comparison(operator: string, wanted: string): (value: string) => boolean {
  switch (operator) {
    case "=":
      return (value) => value === wanted;
    case "~=":
      return regExpHas(WORD_BREAK, wanted) ? () => false : (value) => hasWord(value, wanted);
    case "|=":
      return (value) => value === wanted || stringStartsWith(value, wanted + "-");
    case "^=":
      return (value) => wanted !== "" && stringStartsWith(value, wanted);
    case "$=":
      return (value) => wanted !== "" && stringEndsWith(value, wanted);
    default:
      return (value) => wanted !== "" && stringIncludes(value, wanted);
  }
}

function regExpHas(pattern: RegExp, text: string): boolean {
  pattern.lastIndex = 0;
  return regExpExec(pattern, text) !== null;
}

/** https://www.w3.org/TR/css-syntax-3/#anb-microsyntax */
function nthTest(nth: RegExpExecArray): (index: number) => boolean {
  let step = 0;
  let offset = 0;
  if (nth[1] !== undefined) {
    step = 2;
    offset = stringToLowerCase(nth[1]) === "odd" ? 1 : 0;
  } else if (nth[5] !== undefined) offset = safeParseInt(nth[5], 10);
  else {
    const sign = nth[2] as string;
    step = sign === "" || sign === "+" ? 1 : sign === "-" ? -1 : safeParseInt(sign, 10);
    offset = nth[4] === undefined ? 0 : safeParseInt(nth[4], 10) * (nth[3] === "-" ? -1 : 1);
  }
  return (index) => (step === 0 ? index === offset : (index - offset) % step === 0 && (index - offset) / step >= 0);
}
