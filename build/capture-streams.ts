/**
 * web-streams-polyfill as the isolate needs it: what it calls by prototype or by global name at run time becomes an intrinsic captured before the app ran.
 * An app that patches `Function.prototype.call` or `Array.prototype.push` breaks itself, not the body of a response. The places are those of one release;
 * another one fails the build.
 */
import { fileURLToPath } from "node:url";
import type { BunPlugin } from "bun";

const DOM_EXCEPTION = fileURLToPath(new URL("../src/web/infra/guest/dom-exception.ts", import.meta.url));
const PRIMORDIALS = fileURLToPath(new URL("../src/web/infra/guest/primordials.ts", import.meta.url));

/** What stands in the release, how often, and what stands there instead. */
const PLACES: readonly (readonly [was: string, times: number, is: string])[] = [
  ["return a.call(e,t,r)", 1, "return promiseThen(e,t,r)"],
  ["return Function.prototype.apply.call(e,t,r)", 1, "return reflectApply(e,t,r)"],
  ["Promise.resolve.bind(n)", 1, "promiseResolve"],
  ["Promise.reject.bind(n)", 1, "promiseReject"],
  ["Number.isFinite||", 1, "numberIsFinite||"],
  ["Number.isNaN||", 1, "numberIsNaN||"],
  ["Promise.resolve({", 2, "promiseResolve({"],
  ["Promise.all(a.map(e=>e()))", 1, "allOf(a)"],
  ["Object.prototype.hasOwnProperty.call(", 14, "objectHasOwn("],
  ["Object.create(", 13, "objectCreate("],
  ["ArrayBuffer.isView(", 3, "arrayBufferIsView("],
  ["Math.min(", 2, "mathMin("],
  ["t._elements.push(e)", 1, "arrayPush(t._elements,e)"],
  ["t.push(r)", 1, "arrayPush(t,r)"],
  ["t.push(He(e))", 1, "arrayPush(t,He(e))"],
  ['a.push(()=>"writable"===t._state?Wt(t,r):c(void 0))', 1, 'arrayPush(a,()=>"writable"===t._state?Wt(t,r):c(void 0))'],
  ['a.push(()=>"readable"===e._state?Mr(e,r):c(void 0))', 1, 'arrayPush(a,()=>"readable"===e._state?Mr(e,r):c(void 0))'],
  ["return e.slice()}", 1, "return arraySlice(e)}"],
  // Once for each chunk: a promise of nothing needs no function that resolves it, and who hears of a rejection leaves none to be swallowed.
  ["function c(e){return u(t=>t(e))}", 1, "function c(e){return void 0===e?promiseResolve(e):u(t=>t(e))}"],
  ["function h(e,t,o){f(f(e,t,o),void 0,r)}", 1, "function h(e,t,o){void 0===o?f(f(e,t,o),void 0,r):f(e,t,o)}"],
  // Copies byte by byte instead: the built-in slice asks the buffer for its constructor.
  ["if(e.slice)return e.slice(t,r);", 1, ""],
  // A chunk that a pipe waits for is written in a microtask: the source's enqueue() must not run the sink's write().
  [
    "this._state._currentWrite=f(Yt(this._state._writer,t),void 0,e),this._resolvePromise(!1)",
    1,
    "this._state._currentWrite=f(f(c(void 0),()=>Yt(this._state._writer,t)),void 0,e),this._resolvePromise(!1)",
  ],
  ["new Uint8Array(e).set(new Uint8Array(r,o,n),t)", 1, "typedArraySet(new Uint8Array(e),new Uint8Array(r,o,n),t)"],
  ['let ce=e=>(ce="function"==typeof e.transfer?e=>e.transfer():"function"==typeof structuredClone?e=>structuredClone(e,{transfer:[e]}):e=>e,ce(e))', 1, "let ce=e=>arrayBufferTransfer(e)"],
  ['de=e=>(de="boolean"==typeof e.detached?e=>e.detached:e=>0===e.byteLength,de(e))', 1, "de=e=>arrayBufferDetached(e)"],
];

const PRELUDE = `import {
  arrayBufferDetached, arrayBufferIsView, arrayBufferTransfer, arrayPush, arraySlice, mathCeil, mathFloor, mathMin, mathTrunc, numberIsFinite, numberIsNaN,
  objectCreate, objectDefineProperties, objectDefineProperty, objectHasOwn, promiseReject, promiseResolve, promiseThen, reflectApply,
  SafeArrayBuffer as ArrayBuffer, SafeBoolean as Boolean, SafeDataView as DataView, SafeNumber as Number, SafePromise as Promise, SafeRangeError as RangeError,
  SafeString as String, SafeSymbol as Symbol, SafeTypeError as TypeError, SafeUint8Array as Uint8Array, typedArraySet,
} from ${JSON.stringify(PRIMORDIALS)};
import { DOMException } from ${JSON.stringify(DOM_EXCEPTION)};
// The room may be evaluated after an app has changed these.
const Object = { __proto__: null, defineProperty: objectDefineProperty, defineProperties: objectDefineProperties };
const Math = { __proto__: null, ceil: mathCeil, floor: mathFloor, trunc: mathTrunc };
const globalThis = { __proto__: null, DOMException };
const queueMicrotask = (job) => void promiseThen(promiseResolve(undefined), job);
const allOf = (actions) => new Promise((resolve, reject) => {
  let left = actions.length;
  if (left === 0) resolve();
  for (let i = 0; i < actions.length; i++) promiseThen(actions[i](), () => { if (--left === 0) resolve(); }, reject);
});
`;

/** Throws when `release` is not the one that the places were taken from. */
export function captureIntrinsics(release: string): string {
  let text = release;
  for (const [was, times, is] of PLACES) {
    const parts = text.split(was);
    if (parts.length - 1 !== times) throw new Error(`web-streams-polyfill has ${JSON.stringify(was)} ${parts.length - 1} times, not ${times}: look at its new release and at capture-streams.ts`);
    text = parts.join(is);
  }
  return PRELUDE + text.replace(TEMPLATE, (_literal, body: string) => concatenation(body));
}

const TEMPLATE = /`([^`\\]*)`/g;
const SUBSTITUTION = /\$\{([^{}]*)\}/;

/** A template literal calls `String.prototype.concat` in this engine. */
const concatenation = (body: string): string =>
  `(${body
    .split(SUBSTITUTION)
    .map((part, i) => (i % 2 === 0 ? JSON.stringify(part) : `(${part})`))
    .join("+")})`;

export const captureStreams: BunPlugin = {
  name: "capture-streams",
  setup(builder) {
    builder.onLoad({ filter: /[\\/]web-streams-polyfill[\\/]dist[\\/]ponyfill\.mjs$/ }, async ({ path }) => ({ contents: captureIntrinsics(await Bun.file(path).text()), loader: "js" }));
  },
};
