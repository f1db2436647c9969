/** What the handlers of an HTMLRewriter are given (https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#types). Good only while the handler runs; what they write down is put out by `rewriter.ts`. */
import { arrayPush, arrayRemove, IteratorPrototype, regExpExec, SafeTypeError, setPrototypeOf, stringIncludes, stringReplaceAll, stringToLowerCase } from "../../infra/guest/primordials.ts";
import { constructionKey, defineInterface, requireArguments, requireConstructionKey } from "../../infra/guest/webidl.ts";
import { toCallback, toDictionary, toUSVString } from "../../infra/guest/webidl-convert.ts";
import type { Attribute } from "./tokenizer.ts";

/** What goes out around a token, or in its place. */
export interface Edits {
  isLive: boolean;
  before: string;
  after: string;
  /** What takes the place of a removed one. */
  replacement: string;
  isRemoved: boolean;
}

export interface ElementEdits extends Edits {
  name: string;
  readonly namespaceURI: string;
  readonly attributes: Attribute[];
  readonly isSelfClosing: boolean;
  /** Neither void nor closed in its own tag. */
  readonly hasContent: boolean;
  /** The tag is no longer what stood in the text. */
  isChanged: boolean;
  prepend: string;
  append: string;
  /** The content that it came with is dropped. */
  isEmptied: boolean;
  /** Its tags are dropped and nothing else. */
  isUnwrapped: boolean;
  readonly endHandlers: ((tag: EndTag) => unknown)[];
}

export interface NameEdits extends Edits {
  name: string;
  isChanged: boolean;
}

export interface DataEdits extends Edits {
  data: string;
  isChanged: boolean;
  /** Of text: nothing more of it follows. */
  readonly isLast: boolean;
}

export interface DoctypeParts {
  readonly name: string | null;
  readonly publicId: string | null;
  readonly systemId: string | null;
}

const TAG_NAME = /^[a-zA-Z][^\t\n\f\r />\0]*$/;
const ATTRIBUTE_NAME = /^[^\t\n\f\r />="'\0]+$/;

export const escapeText = (text: string): string => stringReplaceAll(stringReplaceAll(stringReplaceAll(text, "&", "&amp;"), "<", "&lt;"), ">", "&gt;");
const escapeAttribute = (text: string): string => stringReplaceAll(text, '"', "&quot;");

/** `content` as HTML: text unless `options.html` says otherwise. */
function toContent(args: ArrayLike<unknown>, where: string): string {
  requireArguments(args.length, 1, where);
  const content = toUSVString(args[0], where);
  return toDictionary(args[1], where)?.["html"] ? content : escapeText(content);
}

function live<T extends Edits>(edits: T): T {
  if (!edits.isLive) throw new SafeTypeError("HTMLRewriter: this token is good only while its handler runs");
  return edits;
}

function toTagName(value: unknown): string {
  const name = toUSVString(value, "tag name");
  if (regExpExec(TAG_NAME, name) === null) throw new SafeTypeError("HTMLRewriter: '" + name + "' is no name of a tag");
  return name;
}

export const serializeStartTag = ({ name, attributes, isSelfClosing }: ElementEdits): string => {
  let text = "<" + name;
  for (let i = 0; i < attributes.length; i++) {
    const { name: key, value, source } = attributes[i] as Attribute;
    text += " " + (source ?? key + '="' + escapeAttribute(value) + '"');
  }
  return text + (isSelfClosing ? " />" : ">");
};

export function attributeOf(attributes: readonly Attribute[], name: string): Attribute | null {
  for (let i = 0; i < attributes.length; i++) if ((attributes[i] as Attribute).name === name) return attributes[i] as Attribute;
  return null;
}

/** The names and values at the time. */
class AttributesIterator {
  #pairs: string[][] = [];
  #at = 0;
  constructor(attributes: readonly Attribute[]) {
    for (let i = 0; i < attributes.length; i++) arrayPush(this.#pairs, [(attributes[i] as Attribute).name, (attributes[i] as Attribute).value]);
  }
  next(): { value: string[] | undefined; done: boolean } {
    return this.#at < this.#pairs.length ? { value: this.#pairs[this.#at++], done: false } : { value: undefined, done: true };
  }
}
setPrototypeOf(AttributesIterator.prototype, IteratorPrototype);

export class Element {
  #edits: ElementEdits;
  constructor(edits: ElementEdits, key?: symbol) {
    requireConstructionKey(key);
    this.#edits = edits;
  }
  get tagName(): string {
    return live(this.#edits).name;
  }
  set tagName(value: unknown) {
    const edits = live(this.#edits);
    edits.name = toTagName(value);
    edits.isChanged = true;
  }
  get attributes(): AttributesIterator {
    return new AttributesIterator(live(this.#edits).attributes);
  }
  get removed(): boolean {
    const { isRemoved, isUnwrapped } = live(this.#edits);
    return isRemoved || isUnwrapped;
  }
  get namespaceURI(): string {
    return live(this.#edits).namespaceURI;
  }
  getAttribute(name: unknown): string | null {
    const { attributes } = live(this.#edits);
    requireArguments(arguments.length, 1, "Element.getAttribute");
    return attributeOf(attributes, stringToLowerCase(toUSVString(name)))?.value ?? null;
  }
  hasAttribute(name: unknown): boolean {
    const { attributes } = live(this.#edits);
    requireArguments(arguments.length, 1, "Element.hasAttribute");
    return attributeOf(attributes, stringToLowerCase(toUSVString(name))) !== null;
  }
  setAttribute(name: unknown, value: unknown): this {
    const edits = live(this.#edits);
    requireArguments(arguments.length, 2, "Element.setAttribute");
    const key = stringToLowerCase(toUSVString(name));
    if (regExpExec(ATTRIBUTE_NAME, key) === null) throw new SafeTypeError("HTMLRewriter: '" + key + "' is no name of an attribute");
    const text = toUSVString(value);
    const known = attributeOf(edits.attributes, key);
    if (known === null) arrayPush(edits.attributes, { name: key, value: text, source: null });
    else {
      known.value = text;
      known.source = null;
    }
    edits.isChanged = true;
    return this;
  }
  removeAttribute(name: unknown): this {
    const edits = live(this.#edits);
    requireArguments(arguments.length, 1, "Element.removeAttribute");
    const key = stringToLowerCase(toUSVString(name));
    // All of the name, as a browser would find the second one otherwise.
    for (let i = edits.attributes.length - 1; i >= 0; i--) {
      if ((edits.attributes[i] as Attribute).name !== key) continue;
      arrayRemove(edits.attributes, i);
      edits.isChanged = true;
    }
    return this;
  }
  before(_content: unknown, _options?: unknown): this {
    const edits = live(this.#edits);
    edits.before += toContent(arguments, "Element.before");
    return this;
  }
  after(_content: unknown, _options?: unknown): this {
    const edits = live(this.#edits);
    edits.after = toContent(arguments, "Element.after") + edits.after;
    return this;
  }
  prepend(_content: unknown, _options?: unknown): this {
    const edits = live(this.#edits);
    edits.prepend = toContent(arguments, "Element.prepend") + edits.prepend;
    return this;
  }
  append(_content: unknown, _options?: unknown): this {
    const edits = live(this.#edits);
    edits.append += toContent(arguments, "Element.append");
    return this;
  }
  replace(_content: unknown, _options?: unknown): this {
    const edits = live(this.#edits);
    edits.replacement = toContent(arguments, "Element.replace");
    edits.isRemoved = true;
    return this;
  }
  remove(): this {
    live(this.#edits).isRemoved = true;
    return this;
  }
  removeAndKeepContent(): this {
    live(this.#edits).isUnwrapped = true;
    return this;
  }
  setInnerContent(_content: unknown, _options?: unknown): this {
    const edits = live(this.#edits);
    edits.prepend = toContent(arguments, "Element.setInnerContent");
    edits.append = "";
    edits.isEmptied = true;
    return this;
  }
  onEndTag(handler: unknown): void {
    const edits = live(this.#edits);
    requireArguments(arguments.length, 1, "Element.onEndTag");
    if (!edits.hasContent) throw new SafeTypeError("HTMLRewriter: this element has no end tag");
    arrayPush(edits.endHandlers, toCallback<(tag: EndTag) => unknown>(handler, "Element.onEndTag"));
  }
}
const CONTENT = { before: 1, after: 1, replace: 1 };
defineInterface(Element, "Element", { exposed: false, lengths: { ...CONTENT, prepend: 1, append: 1, setInnerContent: 1 } });

export class EndTag {
  #edits: NameEdits;
  constructor(edits: NameEdits, key?: symbol) {
    requireConstructionKey(key);
    this.#edits = edits;
  }
  get name(): string {
    return live(this.#edits).name;
  }
  set name(value: unknown) {
    const edits = live(this.#edits);
    edits.name = toTagName(value);
    edits.isChanged = true;
  }
  before(_content: unknown, _options?: unknown): this {
    const edits = live(this.#edits);
    edits.before += toContent(arguments, "EndTag.before");
    return this;
  }
  after(_content: unknown, _options?: unknown): this {
    const edits = live(this.#edits);
    edits.after = toContent(arguments, "EndTag.after") + edits.after;
    return this;
  }
  remove(): this {
    live(this.#edits).isRemoved = true;
    return this;
  }
}
defineInterface(EndTag, "EndTag", { exposed: false, lengths: { before: 1, after: 1 } });

export class Text {
  #edits: DataEdits;
  constructor(edits: DataEdits, key?: symbol) {
    requireConstructionKey(key);
    this.#edits = edits;
  }
  get text(): string {
    return live(this.#edits).data;
  }
  get lastInTextNode(): boolean {
    return live(this.#edits).isLast;
  }
  get removed(): boolean {
    return live(this.#edits).isRemoved;
  }
  before(_content: unknown, _options?: unknown): this {
    const edits = live(this.#edits);
    edits.before += toContent(arguments, "Text.before");
    return this;
  }
  after(_content: unknown, _options?: unknown): this {
    const edits = live(this.#edits);
    edits.after = toContent(arguments, "Text.after") + edits.after;
    return this;
  }
  replace(_content: unknown, _options?: unknown): this {
    const edits = live(this.#edits);
    edits.replacement = toContent(arguments, "Text.replace");
    edits.isRemoved = true;
    return this;
  }
  remove(): this {
    live(this.#edits).isRemoved = true;
    return this;
  }
}
defineInterface(Text, "Text", { exposed: false, lengths: CONTENT });

export class Comment {
  #edits: DataEdits;
  constructor(edits: DataEdits, key?: symbol) {
    requireConstructionKey(key);
    this.#edits = edits;
  }
  get text(): string {
    return live(this.#edits).data;
  }
  set text(value: unknown) {
    const edits = live(this.#edits);
    const text = toUSVString(value, "Comment.text");
    if (stringIncludes(text, "-->") || stringIncludes(text, "--!>") || text[0] === ">" || (text[0] === "-" && text[1] === ">")) throw new SafeTypeError("HTMLRewriter: the text would end the comment");
    edits.data = text;
    edits.isChanged = true;
  }
  get removed(): boolean {
    return live(this.#edits).isRemoved;
  }
  before(_content: unknown, _options?: unknown): this {
    const edits = live(this.#edits);
    edits.before += toContent(arguments, "Comment.before");
    return this;
  }
  after(_content: unknown, _options?: unknown): this {
    const edits = live(this.#edits);
    edits.after = toContent(arguments, "Comment.after") + edits.after;
    return this;
  }
  replace(_content: unknown, _options?: unknown): this {
    const edits = live(this.#edits);
    edits.replacement = toContent(arguments, "Comment.replace");
    edits.isRemoved = true;
    return this;
  }
  remove(): this {
    live(this.#edits).isRemoved = true;
    return this;
  }
}
defineInterface(Comment, "Comment", { exposed: false, lengths: CONTENT });

export class Doctype {
  #parts: DoctypeParts;
  constructor(parts: DoctypeParts, key?: symbol) {
    requireConstructionKey(key);
    this.#parts = parts;
  }
  get name(): string | null {
    return this.#parts.name;
  }
  get publicId(): string | null {
    return this.#parts.publicId;
  }
  get systemId(): string | null {
    return this.#parts.systemId;
  }
}
defineInterface(Doctype, "Doctype", { exposed: false });

export class DocumentEnd {
  #edits: Edits;
  constructor(edits: Edits, key?: symbol) {
    requireConstructionKey(key);
    this.#edits = edits;
  }
  append(_content: unknown, _options?: unknown): this {
    const edits = live(this.#edits);
    edits.before += toContent(arguments, "DocumentEnd.append");
    return this;
  }
}
defineInterface(DocumentEnd, "DocumentEnd", { exposed: false, lengths: { append: 1 } });

export const newEdits = (): Edits => ({ isLive: true, before: "", after: "", replacement: "", isRemoved: false });
export { constructionKey };
