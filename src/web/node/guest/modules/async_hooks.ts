/** node:async_hooks (https://nodejs.org/api/async_context.html): values that follow the flow of asynchronous code. */
import { door } from "../door.ts";
import { checkFunction, checkString } from "../support/errors.ts";

type Fn = (this: any, ...args: any[]) => any;
/** What every storage holds at one place of the flow. Never changed: another place has another one. */
type Context = ReadonlyMap<object, unknown>;

const { get, set } = door.context;
const contextOf = (): Context | undefined => get() as Context | undefined;

function runIn(context: Context | undefined, fn: Fn, self: unknown, args: unknown[]): unknown {
  const before = contextOf();
  set(context);
  try {
    return Reflect.apply(fn, self, args);
  } finally {
    set(before);
  }
}

function withValue(storage: object, value: unknown): Context {
  return new Map(contextOf()).set(storage, value);
}

interface StorageOptions {
  readonly defaultValue?: unknown;
  readonly name?: string;
}

export class AsyncLocalStorage<T = unknown> {
  readonly name: string;
  readonly #default: unknown;

  constructor({ defaultValue, name = "" }: StorageOptions = {}) {
    door.context.follow();
    this.#default = defaultValue;
    this.name = name;
  }
  static bind<F extends Fn>(fn: F): F {
    return AsyncResource.bind(fn);
  }
  static snapshot(): <R>(fn: (...args: any[]) => R, ...args: unknown[]) => R {
    const context = contextOf();
    return (fn, ...args) => runIn(context, fn, undefined, args) as never;
  }
  getStore(): T | undefined {
    const context = contextOf();
    return (context?.has(this) ? context.get(this) : this.#default) as T | undefined;
  }
  run<R>(store: T, fn: (...args: any[]) => R, ...args: unknown[]): R {
    checkFunction(fn, "callback");
    return runIn(withValue(this, store), fn, undefined, args) as R;
  }
  exit<R>(fn: (...args: any[]) => R, ...args: unknown[]): R {
    checkFunction(fn, "callback");
    return runIn(withValue(this, undefined), fn, undefined, args) as R;
  }
  /** For the rest of the running piece of code, and what follows from it. */
  enterWith(store: T): void {
    set(withValue(this, store));
  }
  disable(): void {
    const rest = new Map(contextOf());
    rest.delete(this);
    set(rest);
  }
}

let lastId = 1;

export class AsyncResource {
  readonly #context = contextOf();
  readonly #id = ++lastId;

  constructor(type: string, _options?: unknown) {
    checkString(type, "type");
    door.context.follow();
  }
  static bind<F extends Fn>(fn: F, type?: string, self?: unknown): F {
    return new AsyncResource(type ?? fn.name ?? "bound-anonymous-fn").bind(fn, self);
  }
  bind<F extends Fn>(fn: F, self?: unknown): F {
    checkFunction(fn, "fn");
    const resource = this;
    const bound = function (this: unknown, ...args: unknown[]) {
      return resource.runInAsyncScope(fn, self ?? this, ...args);
    };
    return Object.defineProperty(bound, "length", { value: fn.length, configurable: true }) as unknown as F;
  }
  runInAsyncScope<R>(fn: (this: any, ...args: any[]) => R, self?: unknown, ...args: unknown[]): R {
    return runIn(this.#context, fn, self, args) as R;
  }
  emitDestroy(): this {
    return this;
  }
  asyncId(): number {
    return this.#id;
  }
  triggerAsyncId(): number {
    return 0;
  }
}

/** Ids of resources are not kept. */
export const executionAsyncId = (): number => 0;
export const triggerAsyncId = (): number => 0;
export const executionAsyncResource = (): object => ({});
/** Nothing is reported to hooks. */
export function createHook(_callbacks: object): { enable(): object; disable(): object } {
  return {
    enable() {
      return this;
    },
    disable() {
      return this;
    },
  };
}
export default { AsyncLocalStorage, AsyncResource, createHook, executionAsyncId, executionAsyncResource, triggerAsyncId };
