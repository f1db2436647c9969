/** Explicit resource management (https://tc39.es/proposal-explicit-resource-management). The bundler lowers `using` to what is here. */
import {
  arrayPop,
  arrayPush,
  objectDefineProperty,
  reflectApply,
  reflectConstruct,
  SafeError,
  SafeReferenceError,
  SafeTypeError,
  setPrototypeOf,
  symbolToStringTag,
} from "../../infra/guest/primordials.ts";
import { expose } from "../../infra/guest/webidl.ts";
import { isObject } from "../../infra/guest/webidl-convert.ts";
import { defineHidden } from "./define.ts";
import { symbolAsyncDispose, symbolDispose } from "./dispose-symbols.ts";

type Dispose = () => unknown;

function SuppressedError(this: unknown, error: unknown, suppressed: unknown, message?: unknown): unknown {
  const made = reflectConstruct(SafeError, message === undefined ? [] : [message], new.target ?? SuppressedError) as object;
  defineHidden(made, "error", error);
  defineHidden(made, "suppressed", suppressed);
  return made;
}
setPrototypeOf(SuppressedError, SafeError);
setPrototypeOf(SuppressedError.prototype, SafeError.prototype);
objectDefineProperty(SuppressedError, "length", { __proto__: null, value: 3, configurable: true } as PropertyDescriptor);
objectDefineProperty(SuppressedError, "prototype", { __proto__: null, writable: false } as PropertyDescriptor);
defineHidden(SuppressedError.prototype, "name", "SuppressedError");
defineHidden(SuppressedError.prototype, "message", "");
defineHidden(SuppressedError.prototype, "constructor", SuppressedError);
expose("SuppressedError", SuppressedError);

const suppress = (error: unknown, earlier: readonly [unknown] | null): readonly [unknown] => [
  earlier === null ? error : reflectApply(SuppressedError, undefined, [error, earlier[0]]),
];

function toDisposer(value: unknown, where: string): (value?: unknown) => unknown {
  if (typeof value !== "function") throw new SafeTypeError(where + ": not a function");
  return value as () => unknown;
}

/** https://tc39.es/proposal-explicit-resource-management/#sec-getdisposemethod. Undefined for null and undefined, which need none. */
function disposerOf(value: unknown, isAsync: boolean, where: string): Dispose | undefined {
  if (value === null || value === undefined) return undefined;
  if (!isObject(value)) throw new SafeTypeError(where + ": not an object");
  const own = (value as Record<symbol, unknown>)[isAsync ? symbolAsyncDispose : symbolDispose];
  const isOwn = own !== undefined && own !== null;
  const method = isOwn || !isAsync ? own : (value as Record<symbol, unknown>)[symbolDispose];
  if (typeof method !== "function") throw new SafeTypeError(where + ": the object cannot be disposed of");
  // What a synchronous method returns is not waited for.
  return () => (isOwn ? reflectApply(method, value, []) : void reflectApply(method, value, []));
}

/** Those that wait to be disposed of; null once that has begun. */
type Waiting = Dispose[] | null;

function open(waiting: Waiting, where: string): Dispose[] {
  if (waiting === null) throw new SafeReferenceError(where + ": the stack has been disposed of");
  return waiting;
}

const NOTHING: Dispose = () => undefined;

class DisposableStack {
  #waiting: Waiting = [];

  get disposed(): boolean {
    return this.#waiting === null;
  }
  dispose(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    let failure: readonly [unknown] | null = null;
    while (waiting !== null && waiting.length > 0) {
      try {
        (arrayPop(waiting) as Dispose)();
      } catch (error) {
        failure = suppress(error, failure);
      }
    }
    if (failure !== null) throw failure[0];
  }
  use(value: unknown): unknown {
    const waiting = open(this.#waiting, "DisposableStack.use");
    const dispose = disposerOf(value, false, "DisposableStack.use");
    if (dispose !== undefined) arrayPush(waiting, dispose);
    return value;
  }
  adopt(value: unknown, onDispose: unknown): unknown {
    const waiting = open(this.#waiting, "DisposableStack.adopt");
    const dispose = toDisposer(onDispose, "DisposableStack.adopt");
    arrayPush(waiting, () => dispose(value));
    return value;
  }
  defer(onDispose: unknown): void {
    const waiting = open(this.#waiting, "DisposableStack.defer");
    const dispose = toDisposer(onDispose, "DisposableStack.defer");
    arrayPush(waiting, () => dispose());
  }
  move(): DisposableStack {
    const waiting = open(this.#waiting, "DisposableStack.move");
    const moved = new DisposableStack();
    moved.#waiting = waiting;
    this.#waiting = null;
    return moved;
  }
}

class AsyncDisposableStack {
  #waiting: Waiting = [];

  get disposed(): boolean {
    return this.#waiting === null;
  }
  async disposeAsync(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = null;
    let failure: readonly [unknown] | null = null;
    while (waiting !== null && waiting.length > 0) {
      try {
        await (arrayPop(waiting) as Dispose)();
      } catch (error) {
        failure = suppress(error, failure);
      }
    }
    if (failure !== null) throw failure[0];
  }
  use(value: unknown): unknown {
    const waiting = open(this.#waiting, "AsyncDisposableStack.use");
    arrayPush(waiting, disposerOf(value, true, "AsyncDisposableStack.use") ?? NOTHING);
    return value;
  }
  adopt(value: unknown, onDispose: unknown): unknown {
    const waiting = open(this.#waiting, "AsyncDisposableStack.adopt");
    const dispose = toDisposer(onDispose, "AsyncDisposableStack.adopt");
    arrayPush(waiting, () => dispose(value));
    return value;
  }
  defer(onDispose: unknown): void {
    const waiting = open(this.#waiting, "AsyncDisposableStack.defer");
    const dispose = toDisposer(onDispose, "AsyncDisposableStack.defer");
    arrayPush(waiting, () => dispose());
  }
  move(): AsyncDisposableStack {
    const waiting = open(this.#waiting, "AsyncDisposableStack.move");
    const moved = new AsyncDisposableStack();
    moved.#waiting = waiting;
    this.#waiting = null;
    return moved;
  }
}

function finish(cls: { readonly prototype: object; readonly name: string }, symbol: symbol, method: unknown): void {
  defineHidden(cls.prototype, symbol, method);
  objectDefineProperty(cls.prototype, symbolToStringTag, { __proto__: null, value: cls.name, configurable: true } as PropertyDescriptor);
  expose(cls.name, cls);
}
finish(DisposableStack, symbolDispose, DisposableStack.prototype.dispose);
finish(AsyncDisposableStack, symbolAsyncDispose, AsyncDisposableStack.prototype.disposeAsync);
