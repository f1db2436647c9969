/** Globals that nano has besides those of the web, as Workers do. Without @cloudflare/workers-types, which declares them too; they need the library "WebWorker" (or "DOM") of TypeScript. */
interface CacheStorage {
  /** Keeps to `Cache-Control` and `Expires`. */
  readonly default: Cache;
}

interface SubtleCrypto {
  /** In a time that tells nothing of where they differ. */
  timingSafeEqual(a: ArrayBuffer | ArrayBufferView, b: ArrayBuffer | ArrayBufferView): boolean;
}

interface Crypto {
  /** A stream that ends in a digest of what was written. */
  readonly DigestStream: new (algorithm: AlgorithmIdentifier) => Nano.DigestStream;
}

interface Scheduler {
  /** Resolves after so many milliseconds. */
  wait(delayMs: number, options?: { readonly signal?: AbortSignal }): Promise<void>;
}

/** Passes bytes on as they are. */
declare class IdentityTransformStream {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<BufferSource>;
}

/** The same, for exactly so many bytes. */
declare class FixedLengthStream extends IdentityTransformStream {
  constructor(expectedLength: number | bigint);
}

/** Changes HTML on its way: https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/ */
declare class HTMLRewriter {
  on(selector: string, handlers: Nano.ElementHandlers): this;
  onDocument(handlers: Nano.DocumentHandlers): this;
  transform(response: Response): Response;
}

declare namespace Nano {
  interface DigestStream extends WritableStream<BufferSource> {
    readonly digest: Promise<ArrayBuffer>;
  }
  interface ContentOptions {
    /** The content is HTML; else it is text, and escaped. */
    readonly html?: boolean;
  }
  interface ElementHandlers {
    element?(element: Element): void | PromiseLike<void>;
    comments?(comment: Comment): void | PromiseLike<void>;
    text?(text: Text): void | PromiseLike<void>;
  }
  interface DocumentHandlers {
    doctype?(doctype: Doctype): void | PromiseLike<void>;
    comments?(comment: Comment): void | PromiseLike<void>;
    text?(text: Text): void | PromiseLike<void>;
    end?(end: DocumentEnd): void | PromiseLike<void>;
  }
  interface Element {
    tagName: string;
    readonly attributes: IterableIterator<[name: string, value: string]>;
    readonly removed: boolean;
    readonly namespaceURI: string;
    getAttribute(name: string): string | null;
    hasAttribute(name: string): boolean;
    setAttribute(name: string, value: string): this;
    removeAttribute(name: string): this;
    before(content: string, options?: ContentOptions): this;
    after(content: string, options?: ContentOptions): this;
    prepend(content: string, options?: ContentOptions): this;
    append(content: string, options?: ContentOptions): this;
    replace(content: string, options?: ContentOptions): this;
    remove(): this;
    removeAndKeepContent(): this;
    setInnerContent(content: string, options?: ContentOptions): this;
    onEndTag(handler: (tag: EndTag) => void | PromiseLike<void>): void;
  }
  interface EndTag {
    name: string;
    before(content: string, options?: ContentOptions): this;
    after(content: string, options?: ContentOptions): this;
    remove(): this;
  }
  interface Text {
    readonly text: string;
    readonly lastInTextNode: boolean;
    readonly removed: boolean;
    before(content: string, options?: ContentOptions): this;
    after(content: string, options?: ContentOptions): this;
    replace(content: string, options?: ContentOptions): this;
    remove(): this;
  }
  interface Comment {
    text: string;
    readonly removed: boolean;
    before(content: string, options?: ContentOptions): this;
    after(content: string, options?: ContentOptions): this;
    replace(content: string, options?: ContentOptions): this;
    remove(): this;
  }
  interface Doctype {
    readonly name: string | null;
    readonly publicId: string | null;
    readonly systemId: string | null;
  }
  interface DocumentEnd {
    append(content: string, options?: ContentOptions): this;
  }
}
