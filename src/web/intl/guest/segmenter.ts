/** Segments of text (https://tc39.es/ecma402/#sec-segment-iterator-objects). The host is asked for a window at a time. */
import { IteratorPrototype, mathAbs, mathFloor, objectDefineProperty, setPrototypeOf, stringSlice, SafeString, symbolIterator, symbolToStringTag, uncurryThis } from "../../infra/guest/primordials.ts";
import { hostOps } from "../../infra/guest/host-ops.ts";
import { defineMethods } from "../../ecmascript/guest/define.ts";
import { intlOps, MAX_TEXT } from "../ops.ts";
import { constructors, stateOf } from "./formatters.ts";

const { intl_resolve, intl_segments } = hostOps(intlOps);
const WINDOW = 4096;

interface Segment {
  readonly segment: string;
  readonly index: number;
  readonly input: string;
  readonly isWordLike?: boolean;
}

/** Lengths of the whole segments that begin at `from`, negative for those that are no words. A segment longer than any window ends with it. */
function segmentsFrom(key: string, text: string, from: number): readonly number[] {
  for (let size = WINDOW; ; size *= 4) {
    const isLast = from + size >= text.length || size >= MAX_TEXT;
    const lengths = intl_segments(key, stringSlice(text, from, from + (size > MAX_TEXT ? MAX_TEXT : size)));
    if (isLast) return lengths;
    // The last one may go on behind the window.
    lengths.length -= 1;
    if (lengths.length > 0) return lengths;
  }
}

class Segments {
  #key: string;
  #text: string;
  #isWords: boolean;

  constructor(key: string, text: string, isWords: boolean) {
    this.#key = key;
    this.#text = text;
    this.#isWords = isWords;
  }
  containing(index?: unknown): Segment | undefined {
    const number = +(index as number);
    const at = number !== number ? 0 : number < 0 ? -mathFloor(-number) : mathFloor(number);
    if (at < 0 || at >= this.#text.length) return undefined;
    const iterator = new SegmentIterator(this.#key, this.#text, this.#isWords);
    for (;;) {
      const { value } = advance(iterator) as { value: Segment };
      if (at < value.index + value.segment.length) return value;
    }
  }
  open(): SegmentIterator {
    return new SegmentIterator(this.#key, this.#text, this.#isWords);
  }
}

class SegmentIterator {
  #key: string;
  #text: string;
  #isWords: boolean;
  #at = 0;
  #lengths: readonly number[] = [];
  #next = 0;

  constructor(key: string, text: string, isWords: boolean) {
    this.#key = key;
    this.#text = text;
    this.#isWords = isWords;
  }
  next(): { value: Segment | undefined; done: boolean } {
    const at = this.#at;
    if (at >= this.#text.length) return { value: undefined, done: true };
    if (this.#next >= this.#lengths.length) {
      this.#lengths = segmentsFrom(this.#key, this.#text, at);
      this.#next = 0;
    }
    const signed = this.#lengths[this.#next++] as number;
    this.#at = at + mathAbs(signed);
    const segment = { segment: stringSlice(this.#text, at, this.#at), index: at, input: this.#text };
    return { value: this.#isWords ? { ...segment, isWordLike: signed > 0 } : segment, done: false };
  }
}

const advance = uncurryThis(SegmentIterator.prototype.next as (this: SegmentIterator) => { value: Segment | undefined; done: boolean });
const open = uncurryThis(Segments.prototype.open as (this: Segments) => SegmentIterator);
const segmentsPrototype = Segments.prototype as { open?: unknown; constructor?: unknown };
delete segmentsPrototype.open;
delete segmentsPrototype.constructor;
defineMethods(Segments.prototype, {
  [symbolIterator](this: Segments) {
    return open(this);
  },
});
const iteratorPrototype = SegmentIterator.prototype as { constructor?: unknown };
delete iteratorPrototype.constructor;
setPrototypeOf(SegmentIterator.prototype, IteratorPrototype);
objectDefineProperty(SegmentIterator.prototype, symbolToStringTag, { __proto__: null, value: "Segmenter String Iterator", configurable: true } as PropertyDescriptor);

defineMethods(constructors.Segmenter.prototype, {
  segment(this: unknown, text: unknown): Segments {
    const { key } = stateOf(this, "Segmenter");
    return new Segments(key, SafeString(text), intl_resolve("Segmenter", key)["granularity"] === "word");
  },
});
