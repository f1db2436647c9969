/** node:util (https://nodejs.org/api/util.html). */
import { isDeepStrictEqual } from "../support/compare.ts";
import { checkFunction, plainError, wrongType } from "../support/errors.ts";
import { type Signal, web } from "../support/globals.ts";
import { format, formatWithOptions, inspect } from "../support/inspect.ts";
import types from "./util/types.ts";

type Fn = (this: unknown, ...args: any[]) => any;

const customPromisify: unique symbol = Symbol.for("nodejs.util.promisify.custom") as never;

export function promisify(original: Fn & { [customPromisify]?: Fn }): Fn {
  checkFunction(original, "original");
  const custom = original[customPromisify];
  if (custom !== undefined) {
    checkFunction(custom, "util.promisify.custom");
    return Object.defineProperty(custom, customPromisify, { value: custom, configurable: true });
  }
  const promised: Fn = function (...args) {
    return new Promise((resolve, reject) => {
      Reflect.apply(original, this, [...args, (error: unknown, value: unknown) => (error ? reject(error) : resolve(value))]);
    });
  };
  Object.setPrototypeOf(promised, Object.getPrototypeOf(original));
  Object.defineProperty(promised, customPromisify, { value: promised, configurable: true });
  return Object.defineProperties(promised, Object.getOwnPropertyDescriptors(original)) as Fn;
}
promisify.custom = customPromisify;

export function callbackify(original: Fn): Fn {
  checkFunction(original, "original");
  return function (...args) {
    const callback = args.pop();
    checkFunction(callback, "last argument");
    const call = (error: unknown, value?: unknown) => web.queueMicrotask(() => Reflect.apply(callback as Fn, this, error === null ? [null, value] : [error]));
    (Reflect.apply(original, this, args) as Promise<unknown>).then(
      (value) => call(null, value),
      (reason) => call(reason || Object.assign(plainError("ERR_FALSY_VALUE_REJECTION", "Promise was rejected with falsy value"), { reason })),
    );
  };
}

export function inherits(constructor: Fn & { super_?: Fn }, parent: Fn): void {
  checkFunction(constructor, "ctor");
  checkFunction(parent, "superCtor");
  if (parent.prototype === undefined) throw wrongType("superCtor.prototype", "of type object", parent.prototype);
  Object.defineProperty(constructor, "super_", { value: parent, writable: true, configurable: true });
  Object.setPrototypeOf(constructor.prototype, parent.prototype);
}

const warned = new Set<string>();

export function deprecate<F extends Fn>(fn: F, message: string, code?: string): F {
  let isWarned = false;
  const deprecated = function (this: unknown, ...args: unknown[]): unknown {
    if (!isWarned && (code === undefined || !warned.has(code))) web.console.warn(`DeprecationWarning: ${code === undefined ? "" : `[${code}] `}${message}`);
    isWarned = true;
    if (code !== undefined) warned.add(code);
    return new.target ? Reflect.construct(fn, args, new.target) : Reflect.apply(fn, this, args);
  };
  Object.setPrototypeOf(deprecated, fn);
  if (fn.prototype !== undefined) deprecated.prototype = fn.prototype;
  return deprecated as unknown as F;
}

/** There is no NODE_DEBUG: nothing is written. */
export function debuglog(_section: string): Fn & { enabled: boolean } {
  return Object.assign(() => {}, { enabled: false });
}
export const debug = debuglog;

const ESCAPES = /[\u001b\u009b](?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)|[@-Z\\-_])?/g;
export const stripVTControlCharacters = (text: string): string => text.replace(ESCAPES, "");
export const toUSVString = (text: unknown): string => (String(text) as string & { toWellFormed(): string }).toWellFormed();
export const isArray = Array.isArray;

/** Resolves once the signal has been aborted. */
export function aborted(signal: Signal, resource: object): Promise<void> {
  if (typeof signal?.addEventListener !== "function") throw wrongType("signal", "an instance of AbortSignal", signal);
  if (typeof resource !== "object" || resource === null) throw wrongType("resource", "of type object", resource);
  return signal.aborted ? Promise.resolve() : new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

export const { TextDecoder, TextEncoder } = web;
export { format, formatWithOptions, inspect, isDeepStrictEqual, types };
export default {
  promisify, callbackify, inherits, deprecate, debuglog, debug, stripVTControlCharacters, toUSVString, isArray, aborted, TextDecoder, TextEncoder, format, formatWithOptions, inspect, isDeepStrictEqual, types,
};
