import { expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

const guest = new TestIsolate();

const INTERFACES: Record<string, number> = {
  AbortController: 0,
  AbortSignal: 0,
  Crypto: 0,
  Cache: 0,
  CacheStorage: 0,
  CryptoKey: 0,
  CustomEvent: 1,
  DOMException: 0,
  ErrorEvent: 1,
  Event: 1,
  EventTarget: 0,
  MessageChannel: 0,
  MessageEvent: 1,
  MessagePort: 0,
  CompressionStream: 1,
  DecompressionStream: 1,
  FixedLengthStream: 1,
  HTMLRewriter: 0,
  IdentityTransformStream: 0,
  TextDecoderStream: 0,
  TextEncoderStream: 0,
  Blob: 0,
  File: 2,
  FileReader: 0,
  ProgressEvent: 1,
  FormData: 0,
  Headers: 0,
  Request: 1,
  Response: 0,
  Navigator: 0,
  Performance: 0,
  PerformanceEntry: 0,
  PerformanceMark: 1,
  PerformanceMeasure: 0,
  PerformanceObserver: 1,
  PerformanceObserverEntryList: 0,
  PromiseRejectionEvent: 2,
  Scheduler: 0,
  SubtleCrypto: 0,
  TextDecoder: 0,
  TextEncoder: 0,
  URL: 1,
  URLPattern: 0,
  URLSearchParams: 0,
};

test("every interface looks from outside as Web IDL says", async () => {
  const faults = await guest.run(`
    const faults = [];
    for (const [name, length] of Object.entries(${JSON.stringify(INTERFACES)})) {
      const own = Object.getOwnPropertyDescriptor(globalThis, name);
      if (!own || own.enumerable || !own.writable || !own.configurable) faults.push(name + ": exposed wrongly");
      const cls = own.value, proto = cls.prototype;
      if (cls.name !== name || cls.length !== length) faults.push(name + ": name or length " + cls.name + " " + cls.length);
      if (Object.getOwnPropertyDescriptor(cls, "prototype").writable) faults.push(name + ": prototype is writable");
      if (Object.prototype.toString.call(proto) !== "[object " + name + "]") faults.push(name + ": toStringTag");
      if (Object.getOwnPropertyDescriptor(proto, "constructor").enumerable) faults.push(name + ": constructor is enumerable");
      for (const key of Reflect.ownKeys(proto)) {
        if (typeof key === "symbol" || key === "constructor") continue;
        const member = Object.getOwnPropertyDescriptor(proto, key);
        if (!member.enumerable) faults.push(name + "." + key + ": not enumerable");
        if (typeof member.value === "number") continue;
        if (!member.configurable) faults.push(name + "." + key + ": not configurable");
        if (member.get && member.get.name !== "get " + key) faults.push(name + "." + key + ": getter name");
        const member2 = member.get ?? member.value;
        try {
          const result = member2.call({}, "a", "b");
          if (result instanceof Promise) await result;
          faults.push(name + "." + key + ": no brand check");
        } catch (e) { if (!(e instanceof TypeError)) faults.push(name + "." + key + ": " + e); }
      }
      let called = false;
      try { cls("a", "b"); called = true } catch (e) { called = !(e instanceof TypeError); }
      if (called) faults.push(name + ": callable without new");
    }
    for (const name of ["AbortSignal", "Crypto", "CryptoKey", "MessagePort", "Navigator", "Performance", "PerformanceEntry", "PerformanceMeasure", "PerformanceObserverEntryList", "SubtleCrypto"]) {
      try { new globalThis[name](); faults.push(name + ": constructible") } catch (e) { if (!(e instanceof TypeError)) faults.push(name + ": " + e) }
    }
    return faults;`);
  expect(faults).toEqual([]);
});

test("nothing but standard names is on globalThis", async () => {
  const engine = "Error EvalError RangeError ReferenceError SyntaxError TypeError URIError InternalError AggregateError SuppressedError Array Object Function Iterator parseInt parseFloat isNaN isFinite decodeURI decodeURIComponent encodeURI encodeURIComponent escape unescape Infinity NaN undefined eval Number Boolean String Math Reflect Symbol globalThis BigInt Date RegExp JSON Proxy Map Set WeakMap WeakSet ArrayBuffer SharedArrayBuffer Uint8ClampedArray Int8Array Uint8Array Int16Array Uint16Array Int32Array Uint32Array BigInt64Array BigUint64Array Float16Array Float32Array Float64Array DataView Promise WeakRef FinalizationRegistry DisposableStack AsyncDisposableStack Intl";
  const web =
    "atob btoa caches clearInterval clearTimeout console crypto navigator onerror onrejectionhandled onunhandledrejection performance queueMicrotask reportError scheduler self setInterval setTimeout structuredClone addEventListener removeEventListener dispatchEvent fetch ExtendableEvent FetchEvent " +
    "ByteLengthQueuingStrategy CountQueuingStrategy FixedLengthStream IdentityTransformStream ReadableByteStreamController ReadableStream ReadableStreamBYOBReader ReadableStreamBYOBRequest ReadableStreamDefaultController ReadableStreamDefaultReader TransformStream TransformStreamDefaultController WritableStream WritableStreamDefaultController WritableStreamDefaultWriter";
  const allowed = [...engine.split(" "), ...web.split(" "), "Symbol(Symbol.toStringTag)", ...Object.keys(INTERFACES)];
  expect(await guest.run(`const allowed = new Set(${JSON.stringify(allowed)}); return Reflect.ownKeys(globalThis).map(String).filter((key) => !allowed.has(key));`)).toEqual([]);
});

test("a DOMException is an Error with a name, a message, a code and a stack", async () => {
  expect(
    await guest.run(`
      class Own extends DOMException { extra = 1 }
      const e = new DOMException("why", "AbortError"), own = new Own("mine");
      return [e instanceof Error, Object.hasOwn(e, "message"), String(e), e.code, e.stack.includes("app.js"), DOMException.DATA_CLONE_ERR, own.message, own.name, own instanceof Own, own.extra,
        Object.getPrototypeOf(DOMException) === Function.prototype, new DOMException("x", "NoSuchError").code];`),
  ).toEqual([true, false, "AbortError: why", 20, true, 25, "mine", "Error", true, 1, true, 0]);
});

test("the iterators of a pair iterable have their own prototype and see changes", async () => {
  expect(
    await guest.run(`
      const params = new URLSearchParams("a=1&b=2"), it = params.entries();
      const proto = Object.getPrototypeOf(it);
      const seen = [];
      for (const [key] of params) { seen.push(key); if (key === "a") params.append("c", "3"); }
      let wrong; try { proto.next.call({}) } catch (e) { wrong = e instanceof TypeError }
      return [Object.getPrototypeOf(proto) === Iterator.prototype, String(it), Object.keys(proto), URLSearchParams.prototype[Symbol.iterator] === URLSearchParams.prototype.entries, seen, wrong, it.next(), it.map((pair) => pair[1]).toArray()];`),
  ).toEqual([true, "[object URLSearchParams Iterator]", ["next"], true, ["a", "b", "c"], true, { value: ["a", "1"], done: false }, ["2", "3"]]);
});

test("an app that patches every built-in breaks itself, not the platform", async () => {
  using poisoned = new TestIsolate();
  const result = await poisoned.run(`
    const keep = { Promise, URL, URLSearchParams, EventTarget, Event, AbortController, TextEncoder, TextDecoder, structuredClone, setTimeout, console, Map };
    const { stringify } = JSON, poison = () => { throw new Error("patched") };
    const owners = [Array.prototype, String.prototype, RegExp.prototype, Map.prototype, Set.prototype, WeakMap.prototype, Promise.prototype, Object.getPrototypeOf(Uint8Array.prototype), Number.prototype, Object, Reflect, JSON, Math, Object.getPrototypeOf([][Symbol.iterator]()), Function.prototype];
    const targets = owners.flatMap((owner) => Reflect.ownKeys(owner).map((key) => ({ owner, key, d: Object.getOwnPropertyDescriptor(owner, key) })))
      .filter(({ owner, key, d }) => key !== "constructor" && d.configurable && typeof (d.value ?? d.get) === "function" && !(owner === Promise.prototype && key === "then"));
    const define = Object.defineProperty;
    for (let i = 0; i < targets.length; i++) { const { owner, key } = targets[i]; define(owner, key, { value: poison }); }
    const url = new keep.URL("https://a.example/p?x=1&y=%ff");
    url.searchParams.append("z", "é ~");
    let got = "";
    const target = new keep.EventTarget(), controller = new keep.AbortController();
    target.addEventListener("e", (event) => { got = got + event.type });
    target.dispatchEvent(new keep.Event("e"));
    controller.signal.onabort = () => { got = got + "aborted" };
    controller.abort();
    const clone = keep.structuredClone({ a: [1, { b: new Date(0) }], r: /x/ });
    keep.console.log("%s", url, [1, "a"], { b: new keep.Map() }, new Error("e"));
    const text = new keep.TextDecoder().decode(new keep.TextEncoder().encode("é"));
    await new keep.Promise((resolve) => { keep.setTimeout(resolve, 1) });
    JSON.stringify = stringify; return got + " " + url.href + " " + text + " " + clone.a[1].b.getTime();`);
  expect(result).toBe("eaborted https://a.example/p?x=1&y=%EF%BF%BD&z=%C3%A9+%7E é 0");
  expect(poisoned.logs[0]?.text).toContain("[ 1, 'a' ] { b: Map(0) {} }");
});
