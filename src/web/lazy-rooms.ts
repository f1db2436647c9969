/**
 * CATALOGUE of the rooms that are not in the base snapshot. Their code waits on the host; an isolate evaluates it when the app is loaded and its code names one of the
 * room's globals, or when something asks for one later. The order is that of need: a module that two rooms import belongs to the first of them.
 */
export interface LazyRoom {
  readonly name: string;
  /** Evaluated as a whole; what it exports is what `lazyRoom(name).use()` gives. Relative to `src/web`. */
  readonly entry: string;
  /** Interface objects and namespaces that it puts on `globalThis`. Exactly those. */
  readonly globals: readonly string[];
  /** The same, for operations and attributes, which are enumerable. */
  readonly operations?: readonly string[];
  /** Other signs in an app's code that it will need the room: parts of a regular expression. */
  readonly hints?: readonly string[];
}

export const LAZY_ROOMS: readonly LazyRoom[] = [
  {
    name: "streams",
    entry: "streams/guest.ts",
    globals: [
      "ReadableStream",
      "ReadableStreamDefaultReader",
      "ReadableStreamBYOBReader",
      "ReadableStreamDefaultController",
      "ReadableByteStreamController",
      "ReadableStreamBYOBRequest",
      "WritableStream",
      "WritableStreamDefaultWriter",
      "WritableStreamDefaultController",
      "TransformStream",
      "TransformStreamDefaultController",
      "ByteLengthQueuingStrategy",
      "CountQueuingStrategy",
    ],
    hints: ["\\.body\\b", "\\bHTMLRewriter\\b", "\\.(?:clone|stream)\\(\\)", "(?:await|return|=>|=|\\()\\s*fetch\\s*\\("],
  },
  { name: "structured-clone", entry: "structured-clone/guest.ts", globals: [], operations: ["structuredClone"] },
  { name: "blob", entry: "blob/guest.ts", globals: ["Blob", "File"], hints: ["\\.blob\\b"] },
  { name: "form-data", entry: "form-data/guest.ts", globals: ["FormData"], hints: ["\\.formData\\b"] },
  { name: "file-reader", entry: "blob/guest/file-reader.ts", globals: ["FileReader", "ProgressEvent"] },
  { name: "messaging", entry: "messaging/guest.ts", globals: ["MessageChannel", "MessagePort"] },
  { name: "url-pattern", entry: "url-pattern/guest.ts", globals: ["URLPattern"] },
  { name: "crypto", entry: "crypto/guest/lazy.ts", globals: ["CryptoKey", "SubtleCrypto"], hints: ["\\bsubtle\\b", "\\bDigestStream\\b"] },
  {
    name: "performance",
    entry: "performance/guest/lazy.ts",
    globals: ["PerformanceEntry", "PerformanceMark", "PerformanceMeasure", "PerformanceObserver", "PerformanceObserverEntryList"],
    hints: ["performance\\s*\\.\\s*(?:mark|measure)\\b"],
  },
  { name: "text-streams", entry: "encoding/guest/text-streams.ts", globals: ["TextDecoderStream", "TextEncoderStream"] },
  { name: "identity-streams", entry: "streams/guest/identity-transform-stream.ts", globals: ["IdentityTransformStream", "FixedLengthStream"] },
  { name: "compression", entry: "compression/guest.ts", globals: ["CompressionStream", "DecompressionStream"] },
  { name: "cache", entry: "cache/guest.ts", globals: ["Cache", "CacheStorage"], operations: ["caches"] },
  { name: "scheduler", entry: "timers/guest/scheduler.ts", globals: ["Scheduler"], operations: ["scheduler"] },
  { name: "disposal", entry: "ecmascript/guest/disposal.ts", globals: ["DisposableStack", "AsyncDisposableStack", "SuppressedError"] },
  { name: "intl", entry: "intl/guest.ts", globals: ["Intl"], hints: ["\\.toLocale[A-Z]", "\\.localeCompare\\b"] },
  { name: "html-rewriter", entry: "html-rewriter/guest.ts", globals: ["HTMLRewriter"] },
  // Nothing in an app's code asks for it: it comes with the door of a test file.
  { name: "testing", entry: "testing/guest.ts", globals: [] },
];
