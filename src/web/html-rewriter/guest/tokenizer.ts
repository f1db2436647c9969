/** HTML as a series of tokens, found as the text comes in (https://html.spec.whatwg.org/#tokenization). Tokens say where they are in the text, which goes out as it came in unless a handler changes it. */
import { arrayPush, regExpExec, SafeRangeError, SafeRegExp, stringCharCodeAt, stringIndexOf, stringSlice, stringStartsWith, stringToLowerCase } from "../../infra/guest/primordials.ts";

/** Longest tag, comment or doctype. The text of one that is not complete is searched again with each chunk. */
const MAX_TOKEN = 1 << 20;

export interface Attribute {
  readonly name: string;
  value: string;
  /** As it stood in the text; null once it has been set. */
  source: string | null;
}

export interface StartTag {
  readonly kind: "start";
  readonly name: string;
  readonly attributes: Attribute[];
  readonly isSelfClosing: boolean;
  readonly source: string;
}
export interface EndTagToken {
  readonly kind: "end";
  readonly name: string;
  readonly source: string;
}
export interface DataToken {
  /** What else stands where markup could: `rest` is what a tag cut off by the end leaves. */
  readonly kind: "text" | "comment" | "doctype" | "rest";
  /** Without the delimiters. */
  readonly data: string;
  readonly source: string;
}
export type Token = StartTag | EndTagToken | DataToken;

const MARKUP = /<[a-zA-Z/!?]/g;
const NAME_END = /[\t\n\f\r />]/g;
const ATTRIBUTE_NAME_END = /[\t\n\f\r />=]/g;
const VALUE_END = /[\t\n\f\r >]/g;
const COMMENT_END = /--!?>/g;
const SCRIPT_SIGN = /<!--|-->|<(\/?)script[\t\n\f\r />]/gi;
const LETTER = /[a-zA-Z]/;
/** As long as what ends a script can be without its last character. */
const SCRIPT_HOLD = 8;

function find(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  const found = regExpExec(pattern, text);
  return found === null ? -1 : found.index;
}

function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13 && code !== 11);
}

export class Tokenizer {
  #text = "";
  #at = 0;
  #isLast = false;
  /** The element whose text ends with its end tag alone; "" outside of one. */
  #rawName = "";
  #rawEnd: RegExp | null = null;
  /** Of a script: 1 inside of `<!--`, 2 inside of a `<script>` in that (https://html.spec.whatwg.org/#script-data-escaped-state). */
  #escape = 0;
  /** How far the end of the raw text has been looked for. */
  #rawAt = 0;

  /** `text`: more, or null at the end. */
  feed(text: string | null): void {
    if (text === null) {
      this.#isLast = true;
      return;
    }
    this.#text = stringSlice(this.#text, this.#at) + text;
    this.#rawAt -= this.#at;
    this.#at = 0;
  }

  /** What follows is text up to the end tag of `name`. */
  enterRawText(name: string): void {
    this.#rawName = name;
    this.#rawEnd = name === "plaintext" ? null : name === "script" ? SCRIPT_SIGN : new SafeRegExp("</" + name + "[\\t\\n\\f\\r />]", "gi");
    this.#rawAt = this.#at;
    this.#escape = 0;
  }

  /** The next token, or null when it is not there yet. `hasCData`: the text is in SVG or MathML. */
  next(hasCData: boolean): Token | null {
    const text = this.#text;
    const at = this.#at;
    if (at >= text.length) return null;
    if (this.#rawName !== "") {
      const end = this.#rawTextEnd();
      if (end > at) return this.#take("text", end, 0, 0);
      if (this.#rawName !== "") return null;
    }
    let start = find(MARKUP, text, at);
    if (start < 0) {
      const isCut = !this.#isLast && stringCharCodeAt(text, text.length - 1) === 60;
      start = text.length - (isCut ? 1 : 0);
      return start > at ? this.#take("text", start, 0, 0) : null;
    }
    if (start > at) return this.#take("text", start, 0, 0);
    const token = this.#markup(hasCData);
    if (token !== null) return token;
    if (this.#isLast) return this.#take("rest", text.length, 0, 0);
    if (text.length - at > MAX_TOKEN) throw new SafeRangeError("HTMLRewriter: a tag or comment is longer than " + MAX_TOKEN + " characters");
    return null;
  }

  #take(kind: DataToken["kind"], end: number, before: number, after: number): DataToken {
    const source = stringSlice(this.#text, this.#at, end);
    this.#at = end;
    return { kind, data: before + after === 0 ? source : stringSlice(source, before, source.length - after), source };
  }

  #markup(hasCData: boolean): Token | null {
    const text = this.#text;
    const at = this.#at;
    const code = stringCharCodeAt(text, at + 1);
    if (code === 33) return this.#declaration(hasCData);
    if (code === 63) return this.#upTo(1);
    if (code !== 47) return this.#startTag();
    if (at + 2 >= text.length) return null;
    const third = stringSlice(text, at + 2, at + 3);
    if (third === ">") return this.#take("rest", at + 3, 0, 0);
    return regExpExec(LETTER, third) === null ? this.#upTo(2) : this.#endTag();
  }

  /** https://html.spec.whatwg.org/#bogus-comment-state */
  #upTo(before: number): Token | null {
    const end = stringIndexOf(this.#text, ">", this.#at);
    return end < 0 ? this.#cutComment(before) : this.#take("comment", end + 1, before, 1);
  }

  /** The end of the document ends a comment too. */
  #cutComment(before: number): Token | null {
    return this.#isLast ? this.#take("comment", this.#text.length, before, 0) : null;
  }

  #declaration(hasCData: boolean): Token | null {
    const text = this.#text;
    const at = this.#at;
    const head = stringSlice(text, at, at + 9);
    if (stringStartsWith(head, "<!--")) {
      const first = stringSlice(text, at + 4, at + 6);
      if (first[0] === ">") return this.#take("comment", at + 5, 4, 1);
      if (first === "->") return this.#take("comment", at + 6, 4, 2);
      const end = find(COMMENT_END, text, at + 4);
      if (end < 0) return this.#cutComment(4);
      const close = text[end + 2] === "!" ? 4 : 3;
      return this.#take("comment", end + close, 4, close);
    }
    // What it is cannot be said before as much of it is there.
    if (head.length < 9 && !this.#isLast && stringIndexOf(head, ">") < 0) return null;
    if (hasCData && head === "<![CDATA[") {
      const end = stringIndexOf(text, "]]>", at + 9);
      return end < 0 ? null : this.#take("text", end + 3, 9, 3);
    }
    if (stringToLowerCase(head) !== "<!doctype") return this.#upTo(2);
    const end = stringIndexOf(text, ">", at);
    return end < 0 ? null : this.#take("doctype", end + 1, 9, 1);
  }

  #endTag(): Token | null {
    const text = this.#text;
    const at = this.#at;
    const nameEnd = find(NAME_END, text, at + 2);
    const end = nameEnd < 0 ? -1 : this.#attributes(nameEnd, null);
    if (end < 0) return null;
    this.#at = end;
    return { kind: "end", name: stringToLowerCase(stringSlice(text, at + 2, nameEnd)), source: stringSlice(text, at, end) };
  }

  #startTag(): Token | null {
    const text = this.#text;
    const at = this.#at;
    const nameEnd = find(NAME_END, text, at + 1);
    const attributes: Attribute[] = [];
    const end = nameEnd < 0 ? -1 : this.#attributes(nameEnd, attributes);
    if (end < 0) return null;
    this.#at = end;
    return { kind: "start", name: stringToLowerCase(stringSlice(text, at + 1, nameEnd)), attributes, isSelfClosing: this.#isSelfClosing, source: stringSlice(text, at, end) };
  }

  #isSelfClosing = false;

  /** Reads attributes into `list`, and gives the place behind the tag; −1 when it is not complete. https://html.spec.whatwg.org/#before-attribute-name-state */
  #attributes(from: number, list: Attribute[] | null): number {
    const text = this.#text;
    const { length } = text;
    let at = from;
    this.#isSelfClosing = false;
    for (;;) {
      let code = at < length ? stringCharCodeAt(text, at) : -1;
      let isSlash = false;
      for (; isSpace(code) || code === 47; code = at < length ? stringCharCodeAt(text, at) : -1) {
        isSlash = code === 47;
        at++;
      }
      if (code < 0) return -1;
      if (code === 62) {
        this.#isSelfClosing = isSlash;
        return at + 1;
      }
      const start = at;
      // An equals sign can begin a name, not end it.
      const nameEnd = find(ATTRIBUTE_NAME_END, text, at + 1);
      if (nameEnd < 0) return -1;
      at = nameEnd;
      while (at < length && isSpace(stringCharCodeAt(text, at))) at++;
      if (at >= length) return -1;
      let value = "";
      let end = nameEnd;
      if (text[at] === "=") {
        at++;
        while (at < length && isSpace(stringCharCodeAt(text, at))) at++;
        if (at >= length) return -1;
        const quote = text[at] as string;
        if (quote === '"' || quote === "'") {
          const close = stringIndexOf(text, quote, at + 1);
          if (close < 0) return -1;
          value = stringSlice(text, at + 1, close);
          at = close + 1;
        } else if (quote !== ">") {
          const close = find(VALUE_END, text, at);
          if (close < 0) return -1;
          value = stringSlice(text, at, close);
          at = close;
        }
        end = at;
      } else at = nameEnd;
      if (list !== null) arrayPush(list, { name: stringToLowerCase(stringSlice(text, start, nameEnd)), value, source: stringSlice(text, start, end) });
    }
  }

  /** How far the raw text goes for certain. Leaves it where that is here. */
  #rawTextEnd(): number {
    const text = this.#text;
    const pattern = this.#rawEnd;
    if (pattern === null) return text.length;
    for (;;) {
      pattern.lastIndex = this.#rawAt;
      const found = regExpExec(pattern, text);
      if (found === null) break;
      if (this.#rawName !== "script") return this.#leaveRawText(found.index);
      const sign = found[0];
      this.#rawAt = found.index + sign.length;
      if (sign === "<!--") {
        if (this.#escape === 0) this.#escape = 1;
        this.#rawAt -= 2;
      } else if (sign === "-->") this.#escape = 0;
      else if (found[1] === "/") {
        if (this.#escape < 2) return this.#leaveRawText(found.index);
        this.#escape = 1;
      } else if (this.#escape === 1) this.#escape = 2;
    }
    if (this.#isLast) return text.length;
    let end = text.length - (this.#rawName === "script" ? SCRIPT_HOLD : this.#rawName.length + 2);
    if (end < this.#rawAt) end = this.#rawAt;
    else this.#rawAt = end;
    const code = end > 0 ? stringCharCodeAt(text, end - 1) : 0;
    return code >= 0xd800 && code <= 0xdbff ? end - 1 : end;
  }

  #leaveRawText(end: number): number {
    this.#rawName = "";
    return end;
  }
}
