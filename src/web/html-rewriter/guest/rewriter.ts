/**
 * One document on its way through an HTMLRewriter: tokens in, HTML out. What no handler changes goes out as it came in. Elements are those of the tags, as they stand in
 * the text: nothing is moved or closed as a browser's tree builder would.
 */
import { arrayIncludes, arrayPop, arrayPush, mapGet, mapSet, reflectApply, regExpExec, SafeMap, SafeSet, SafeTypeError, setAdd, setHas, stringSplit, stringToLowerCase } from "../../infra/guest/primordials.ts";
import { isObject } from "../../infra/guest/webidl-convert.ts";
import type { Step, Subject } from "./selector.ts";
import { type EndTagToken, type StartTag, Tokenizer } from "./tokenizer.ts";
import { attributeOf, Comment, constructionKey, type DataEdits, Doctype, DocumentEnd, type Edits, Element, type ElementEdits, EndTag, type NameEdits, newEdits, serializeStartTag, Text } from "./tokens.ts";

export type Handler = (token: object) => unknown;
/** The handlers of one `on` or `onDocument`, by what they handle; `self` is what they are called on. */
export interface Handlers {
  readonly self: object;
  readonly element: Handler | null;
  readonly comments: Handler | null;
  readonly text: Handler | null;
  readonly doctype: Handler | null;
  readonly end: Handler | null;
}

/** What an HTMLRewriter has been told to do. */
export interface Program {
  readonly steps: readonly Step[];
  /** The steps that any element may match. */
  readonly starts: readonly number[];
  /** By the owners of the steps. */
  readonly onElements: readonly Handlers[];
  readonly onDocument: readonly Handlers[];
}

type Numbers = readonly number[];

/** An element that is open. */
interface Frame {
  readonly name: string;
  /** Of its children. */
  namespaceURI: string;
  readonly edits: ElementEdits | null;
  /** The steps that its descendants, and its children alone, may match. */
  readonly descendantSteps: Numbers;
  readonly childSteps: Numbers;
  /** Whose text and comments handlers see what is in it. */
  readonly owners: Numbers;
  children: number;
  childrenOfName: Map<string, number> | null;
  /** Its content is dropped. */
  readonly isHiding: boolean;
}

const HTML = "http://www.w3.org/1999/xhtml";
const SVG = "http://www.w3.org/2000/svg";
const MATHML = "http://www.w3.org/1998/Math/MathML";

function setOf(names: string): Set<string> {
  const set = new SafeSet<string>();
  const list = stringSplit(names, " ");
  for (let i = 0; i < list.length; i++) setAdd(set, list[i] as string);
  return set;
}

const VOID = setOf("area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr");
const RAW_TEXT = setOf("script style textarea title xmp iframe noembed noframes noscript plaintext");
/** Children of these are HTML again (https://html.spec.whatwg.org/#html-integration-point). */
const SVG_TO_HTML = setOf("foreignobject desc title");
const MATHML_TO_HTML = setOf("mi mo mn ms mtext");
const HTML_ENCODING = /^(?:text\/html|application\/xhtml\+xml)$/i;
/** https://html.spec.whatwg.org/#parsing-main-inforeign */
const BREAKS_OUT = setOf("b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var");
const DOCTYPE = /^[\t\n\f\r ]*([^\t\n\f\r >]+)?(?:[\t\n\f\r ]+(?:public[\t\n\f\r ]*(?:"([^"]*)"|'([^']*)')[\t\n\f\r ]*(?:"([^"]*)"|'([^']*)')?|system[\t\n\f\r ]*(?:"([^"]*)"|'([^']*)')))?/i;

const NONE: Numbers = [];

export class Rewriting {
  readonly #program: Program;
  readonly #tokenizer = new Tokenizer();
  readonly #frames: Frame[] = [{ name: "", namespaceURI: HTML, edits: null, descendantSteps: NONE, childSteps: NONE, owners: NONE, children: 0, childrenOfName: null, isHiding: false }];
  readonly #openByName = new SafeMap<string, number>();
  /** The element at which a step was last tried, and a handler last noted. */
  readonly #triedAt: number[] = [];
  #elements = 0;
  #hiding = 0;
  #isInText = false;
  #hasFrameset = false;
  #output = "";

  constructor(program: Program) {
    this.#program = program;
  }

  /** Takes more of the document, null at its end, and gives what goes out. Rejects with what a handler throws. */
  async push(text: string | null): Promise<string> {
    this.#tokenizer.feed(text);
    for (let token = this.#next(); token !== null; token = this.#next()) {
      const { kind } = token;
      if (kind === "text") {
        const pending = this.#text(token.data, token.source, false);
        if (pending !== null) await pending;
        continue;
      }
      if (this.#isInText) {
        const pending = this.#endText();
        if (pending !== null) await pending;
      }
      if (kind === "start") {
        const pending = this.#start(token);
        if (pending !== null) await pending;
      } else if (kind === "end") {
        const pending = this.#end(token);
        if (pending !== null) await pending;
      } else if (kind === "comment") {
        const pending = this.#comment(token.data, token.source);
        if (pending !== null) await pending;
      } else {
        if (kind === "doctype") {
          const pending = this.#doctype(token.data);
          if (pending !== null) await pending;
        }
        this.#write(token.source);
      }
    }
    if (text === null) await this.#finish();
    const output = this.#output;
    this.#output = "";
    return output;
  }

  #next() {
    return this.#tokenizer.next((this.#frames[this.#frames.length - 1] as Frame).namespaceURI !== HTML);
  }
  get #top(): Frame {
    return this.#frames[this.#frames.length - 1] as Frame;
  }
  #write(text: string): void {
    if (this.#hiding === 0) this.#output += text;
  }

  #doctype(data: string): Promise<void> | null {
    const handlers = this.#select("doctype", NONE);
    if (handlers.length === 0) return null;
    const parts = regExpExec(DOCTYPE, data) as RegExpExecArray;
    const name = parts[1] === undefined ? null : stringToLowerCase(parts[1]);
    return this.#call(handlers, "doctype", new Doctype({ name, publicId: parts[2] ?? parts[3] ?? null, systemId: parts[4] ?? parts[5] ?? parts[6] ?? parts[7] ?? null }, constructionKey));
  }

  #text(data: string, source: string, isLast: boolean): Promise<void> | null {
    this.#isInText = !isLast;
    const handlers = this.#select("text", this.#top.owners);
    if (handlers.length > 0) return this.#data(handlers, "text", data, source, isLast);
    this.#write(source);
    return null;
  }
  #endText(): Promise<void> | null {
    return this.#text("", "", true);
  }

  #comment(data: string, source: string): Promise<void> | null {
    const handlers = this.#select("comments", this.#top.owners);
    if (handlers.length > 0) return this.#data(handlers, "comments", data, source, false);
    this.#write(source);
    return null;
  }

  async #data(handlers: readonly Handlers[], kind: "text" | "comments", data: string, source: string, isLast: boolean): Promise<void> {
    const edits: DataEdits = { isLive: true, before: "", after: "", replacement: "", isRemoved: false, data, isChanged: false, isLast };
    await this.#call(handlers, kind, kind === "text" ? new Text(edits, constructionKey) : new Comment(edits, constructionKey));
    edits.isLive = false;
    this.#write(edits.before + (edits.isRemoved ? edits.replacement : edits.isChanged ? "<!--" + edits.data + "-->" : source) + edits.after);
  }

  #start(tag: StartTag): Promise<void> | null {
    if (this.#top.namespaceURI !== HTML && isBreakingOut(tag)) this.#breakOut();
    const parent = this.#top;
    parent.children++;
    const typeIndex = countName(parent, tag.name);
    const { name, attributes } = tag;
    const namespaceURI = parent.namespaceURI !== HTML ? parent.namespaceURI : name === "svg" ? SVG : name === "math" ? MATHML : HTML;
    const isHtml = namespaceURI === HTML;
    if (isHtml && setHas(RAW_TEXT, name)) this.#refuseAmbiguity(name);
    const hasContent = isHtml ? !setHas(VOID, name) : !tag.isSelfClosing;
    const subject: Subject = { name, index: parent.children, typeIndex, attribute: (key) => attributeOf(attributes, key)?.value ?? null };
    const descendantSteps: number[] = [];
    const childSteps: number[] = [];
    const matched: number[] = [];
    this.#elements++;
    this.#try(this.#program.starts, subject, descendantSteps, childSteps, matched);
    this.#try(parent.descendantSteps, subject, descendantSteps, childSteps, matched);
    this.#try(parent.childSteps, subject, descendantSteps, childSteps, matched);
    if (hasContent && isHtml && setHas(RAW_TEXT, name)) this.#tokenizer.enterRawText(name);
    if (name === "frameset") this.#hasFrameset = true;
    const open = (edits: ElementEdits | null): void => {
      if (!hasContent) return;
      const isHiding = edits !== null && (edits.isEmptied || (edits.isRemoved && !edits.isUnwrapped));
      arrayPush(this.#frames, {
        name,
        namespaceURI: isHtml || !isIntegrationPoint(tag, namespaceURI) ? namespaceURI : HTML,
        edits,
        descendantSteps: union(parent.descendantSteps, descendantSteps),
        childSteps,
        owners: union(parent.owners, matched),
        children: 0,
        childrenOfName: null,
        isHiding,
      });
      if (isHiding) this.#hiding++;
      mapSet(this.#openByName, name, (mapGet(this.#openByName, name) ?? 0) + 1);
    };
    const handlers = this.#select("element", matched);
    if (handlers.length === 0) {
      this.#write(tag.source);
      open(null);
      return null;
    }
    const edits: ElementEdits = {
      isLive: true, before: "", after: "", replacement: "", isRemoved: false,
      name, namespaceURI, attributes, isSelfClosing: tag.isSelfClosing, hasContent, isChanged: false, prepend: "", append: "", isEmptied: false, isUnwrapped: false, endHandlers: [],
    };
    return this.#element(handlers, edits, tag.source, open);
  }

  async #element(handlers: readonly Handlers[], edits: ElementEdits, source: string, open: (edits: ElementEdits) => void): Promise<void> {
    await this.#call(handlers, "element", new Element(edits, constructionKey));
    edits.isLive = false;
    this.#write(edits.before);
    if (edits.isRemoved) this.#write(edits.replacement);
    else if (!edits.isUnwrapped) this.#write(edits.isChanged ? serializeStartTag(edits) : source);
    if (!edits.hasContent) {
      this.#write(edits.after);
      return;
    }
    if (!edits.isRemoved) this.#write(edits.prepend);
    open(edits);
  }

  #end(token: EndTagToken): Promise<void> | null {
    const { name } = token;
    if ((name === "p" || name === "br") && this.#top.namespaceURI !== HTML) this.#breakOut();
    if ((mapGet(this.#openByName, name) ?? 0) === 0) {
      this.#write(token.source);
      return null;
    }
    let last = this.#frames.length - 1;
    let isPlain = true;
    for (; ; last--) {
      const frame = this.#frames[last] as Frame;
      if (frame.edits !== null) isPlain = false;
      if (frame.name === name) break;
    }
    if (!isPlain) return this.#closeEdited(last, token);
    while (this.#frames.length > last) this.#pop();
    this.#write(token.source);
    return null;
  }

  /** Closes the elements from the innermost to that at `last`, whose end tag this is. */
  async #closeEdited(last: number, token: EndTagToken): Promise<void> {
    const edits: NameEdits = { isLive: true, before: "", after: "", replacement: "", isRemoved: false, name: token.name, isChanged: false };
    const tag = new EndTag(edits, constructionKey);
    for (;;) {
      const isOwn = this.#frames.length - 1 === last;
      const opened = this.#top.edits;
      if (isOwn && opened !== null && opened.name !== token.name) {
        edits.name = opened.name;
        edits.isChanged = true;
      }
      const handlers = opened?.endHandlers ?? [];
      for (let i = 0; i < handlers.length; i++) {
        const result = reflectApply(handlers[i] as (tag: EndTag) => unknown, undefined, [tag]);
        if (isObject(result)) await result;
      }
      if (!isOwn) {
        this.#close();
        continue;
      }
      edits.isLive = false;
      this.#pop();
      if (opened !== null && !opened.isRemoved) this.#write(opened.append);
      this.#write(edits.before);
      if (!edits.isRemoved && !(opened !== null && (opened.isRemoved || opened.isUnwrapped))) this.#write(edits.isChanged ? "</" + edits.name + ">" : token.source);
      this.#write(edits.after + (opened?.after ?? ""));
      return;
    }
  }

  /** Ends the innermost element, which has no end tag. */
  #close(): void {
    const { edits } = this.#pop();
    if (edits !== null) this.#write((edits.isRemoved ? "" : edits.append) + edits.after);
  }
  #pop(): Frame {
    const frame = arrayPop(this.#frames) as Frame;
    if (frame.isHiding) this.#hiding--;
    mapSet(this.#openByName, frame.name, (mapGet(this.#openByName, frame.name) as number) - 1);
    return frame;
  }

  /** A browser closes the SVG or MathML here. For selectors and handlers it goes on to its end tag, as in Workers. */
  #breakOut(): void {
    for (let i = this.#frames.length - 1; (this.#frames[i] as Frame).namespaceURI !== HTML; i--) (this.#frames[i] as Frame).namespaceURI = HTML;
  }

  async #finish(): Promise<void> {
    if (this.#isInText) {
      const pending = this.#endText();
      if (pending !== null) await pending;
    }
    while (this.#frames.length > 1) this.#close();
    const handlers = this.#select("end", NONE);
    if (handlers.length === 0) return;
    const edits: Edits = newEdits();
    await this.#call(handlers, "end", new DocumentEnd(edits, constructionKey));
    edits.isLive = false;
    this.#write(edits.before);
  }

  /** Where a browser's parser would not take these as text that ends with their end tag alone, what follows would be hidden from the handlers and not from the browser. */
  #refuseAmbiguity(name: string): void {
    const isInSelect = (mapGet(this.#openByName, "select") ?? 0) > 0 && name !== "script";
    if (isInSelect || (this.#hasFrameset && name !== "noframes")) throw new SafeTypeError("HTMLRewriter: it is not clear how a browser reads <" + name + "> in a " + (isInSelect ? "select" : "frameset"));
  }

  #try(steps: Numbers, subject: Subject, descendantSteps: number[], childSteps: number[], matched: number[]): void {
    const tried = this.#triedAt;
    for (let i = 0; i < steps.length; i++) {
      const number = steps[i] as number;
      if (tried[number] === this.#elements) continue;
      tried[number] = this.#elements;
      const step = this.#program.steps[number] as Step;
      if (!step.matches(subject)) continue;
      if (step.next < 0) {
        if (!arrayIncludes(matched, step.owner)) arrayPush(matched, step.owner);
      } else arrayPush(step.isChildNext ? childSteps : descendantSteps, step.next);
    }
  }

  /** Those of the document and those of `owners` that handle `kind`, in the order in which they were registered. */
  #select(kind: keyof Omit<Handlers, "self">, owners: Numbers): Handlers[] {
    const selected: Handlers[] = [];
    const { onDocument, onElements } = this.#program;
    for (let i = 0; i < onDocument.length; i++) if ((onDocument[i] as Handlers)[kind] !== null) arrayPush(selected, onDocument[i] as Handlers);
    let last = -1;
    // Few: one for each selector that matched.
    for (;;) {
      let next = -1;
      for (let i = 0; i < owners.length; i++) {
        const owner = owners[i] as number;
        if (owner > last && (next < 0 || owner < next)) next = owner;
      }
      if (next < 0) return selected;
      last = next;
      if ((onElements[next] as Handlers)[kind] !== null) arrayPush(selected, onElements[next] as Handlers);
    }
  }

  async #call(handlers: readonly Handlers[], kind: keyof Omit<Handlers, "self">, token: object): Promise<void> {
    for (let i = 0; i < handlers.length; i++) {
      const { self, [kind]: handler } = handlers[i] as Handlers;
      const result = reflectApply(handler as Handler, self, [token]);
      if (isObject(result)) await result;
    }
  }
}

function union(known: Numbers, added: Numbers): Numbers {
  let all: number[] | null = null;
  for (let i = 0; i < added.length; i++) {
    const number = added[i] as number;
    if (arrayIncludes(all ?? known, number)) continue;
    if (all === null) {
      all = [];
      for (let j = 0; j < known.length; j++) arrayPush(all, known[j] as number);
    }
    arrayPush(all, number);
  }
  return all ?? known;
}

function countName(parent: Frame, name: string): number {
  parent.childrenOfName ??= new SafeMap<string, number>();
  const count = (mapGet(parent.childrenOfName, name) ?? 0) + 1;
  mapSet(parent.childrenOfName, name, count);
  return count;
}

function isBreakingOut({ name, attributes }: StartTag): boolean {
  if (name === "font") return attributeOf(attributes, "color") !== null || attributeOf(attributes, "face") !== null || attributeOf(attributes, "size") !== null;
  return setHas(BREAKS_OUT, name);
}

function isIntegrationPoint({ name, attributes }: StartTag, namespaceURI: string): boolean {
  if (namespaceURI === SVG) return setHas(SVG_TO_HTML, name);
  if (name === "annotation-xml") return regExpExec(HTML_ENCODING, attributeOf(attributes, "encoding")?.value ?? "") !== null;
  return setHas(MATHML_TO_HTML, name);
}
