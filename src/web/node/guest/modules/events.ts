/** node:events (https://nodejs.org/api/events.html). */
import { AbortError, checkFunction, outOfRange, plainError, wrongType } from "../support/errors.ts";
import { type Signal, web, type WebEventTarget } from "../support/globals.ts";
import { door } from "../door.ts";

type Name = string | symbol;
type Listener = ((...args: any[]) => unknown) & { listener?: Listener };

export const captureRejectionSymbol: unique symbol = Symbol.for("nodejs.rejection") as never;
export const errorMonitor: unique symbol = Symbol("events.errorMonitor") as never;
const kCapture = Symbol("kCapture");

function checkCount(value: unknown, name: string): asserts value is number {
  if (typeof value !== "number") throw wrongType(name, "of type number", value);
  if (!(value >= 0)) throw outOfRange(name, "a non-negative number", value);
}

type Emitter = EventEmitterClass;

class EventEmitterClass {
  declare _events: Record<Name, Listener[]> | undefined;
  declare _eventsCount: number;
  declare _maxListeners: number | undefined;
  declare [kCapture]?: boolean;
  [captureRejectionSymbol]?(error: unknown, event: Name, ...args: unknown[]): void;

  setMaxListeners(count: number): this {
    checkCount(count, "setMaxListeners");
    this._maxListeners = count;
    return this;
  }
  getMaxListeners(): number {
    return this._maxListeners ?? EventEmitter.defaultMaxListeners;
  }
  emit(event: Name, ...args: unknown[]): boolean {
    const events = this._events;
    if (event === "error") {
      if (events?.[errorMonitor] !== undefined) this.emit(errorMonitor, ...args);
      if (events?.["error"] === undefined) throw unhandled(args[0]);
    }
    const listeners = events?.[event];
    if (listeners === undefined) return false;
    for (const listener of [...listeners]) {
      const result = Reflect.apply(listener, this, args);
      if (this[kCapture] && result instanceof Promise) result.then(undefined, (error) => web.queueMicrotask(() => rejected(this, error, event, args)));
    }
    return true;
  }
  addListener(event: Name, listener: Listener): this {
    return add(this, event, listener, false);
  }
  on(event: Name, listener: Listener): this {
    return add(this, event, listener, false);
  }
  prependListener(event: Name, listener: Listener): this {
    return add(this, event, listener, true);
  }
  once(event: Name, listener: Listener): this {
    checkFunction(listener, "listener");
    return this.on(event, onceOnly(this, event, listener));
  }
  prependOnceListener(event: Name, listener: Listener): this {
    checkFunction(listener, "listener");
    return this.prependListener(event, onceOnly(this, event, listener));
  }
  off(event: Name, listener: Listener): this {
    return this.removeListener(event, listener);
  }
  removeListener(event: Name, listener: Listener): this {
    checkFunction(listener, "listener");
    const listeners = this._events?.[event];
    if (listeners === undefined) return this;
    const at = listeners.findLastIndex((candidate) => candidate === listener || candidate.listener === listener);
    if (at < 0) return this;
    if (listeners.length === 1) drop(this, event);
    else (this._events as Record<Name, Listener[]>)[event] = listeners.toSpliced(at, 1);
    if (this._events?.["removeListener"] !== undefined) this.emit("removeListener", event, listeners[at]?.listener ?? listener);
    return this;
  }
  removeAllListeners(event?: Name): this {
    const events = this._events;
    if (events === undefined) return this;
    if (events["removeListener"] === undefined) {
      if (event !== undefined) drop(this, event);
      else init(this, true);
      return this;
    }
    if (event === undefined) {
      for (const name of Reflect.ownKeys(events) as Name[]) if (name !== "removeListener") this.removeAllListeners(name);
      this.removeAllListeners("removeListener");
      init(this, true);
      return this;
    }
    for (const listener of [...(events[event] ?? [])].reverse()) this.removeListener(event, listener);
    return this;
  }
  listeners(event: Name): Listener[] {
    return (this._events?.[event] ?? []).map((listener) => listener.listener ?? listener);
  }
  rawListeners(event: Name): Listener[] {
    return [...(this._events?.[event] ?? [])];
  }
  listenerCount(event: Name, listener?: Listener): number {
    const listeners = this._events?.[event] ?? [];
    return listener === undefined || listener === null ? listeners.length : listeners.filter((candidate) => candidate === listener || candidate.listener === listener).length;
  }
  eventNames(): Name[] {
    return this._events === undefined ? [] : (Reflect.ownKeys(this._events) as Name[]);
  }
}

interface EmitterOptions {
  readonly captureRejections?: boolean;
}

function init(emitter: Emitter, isFresh: boolean): void {
  if (!isFresh && emitter._events !== undefined && emitter._events !== (Object.getPrototypeOf(emitter) as Emitter)._events) return;
  emitter._events = Object.create(null) as Record<Name, Listener[]>;
  emitter._eventsCount = 0;
}

function drop(emitter: Emitter, event: Name): void {
  const events = emitter._events as Record<Name, Listener[]>;
  if (events[event] === undefined) return;
  delete events[event];
  emitter._eventsCount--;
}

function add(emitter: Emitter, event: Name, listener: Listener, isFirst: boolean): Emitter & any {
  checkFunction(listener, "listener");
  if (emitter._events === undefined) init(emitter, true);
  const events = emitter._events as Record<Name, Listener[]>;
  // Before it is there: a listener of "newListener" must not hear of itself.
  if (events["newListener"] !== undefined) emitter.emit("newListener", event, (listener as Listener).listener ?? listener);
  const before = (emitter._events as Record<Name, Listener[]>)[event];
  if (before === undefined) emitter._eventsCount++;
  const after = before === undefined ? [listener] : isFirst ? [listener, ...before] : [...before, listener];
  (emitter._events as Record<Name, Listener[]>)[event] = after;
  const most = emitter.getMaxListeners();
  if (most > 0 && after.length === most + 1)
    web.console.warn(
      `MaxListenersExceededWarning: Possible EventEmitter memory leak detected. ${after.length} ${String(event)} listeners added to ${door.inspect(emitter, 0)}. MaxListeners is ${most}. Use emitter.setMaxListeners() to increase limit`,
    );
  return emitter;
}

function onceOnly(emitter: Emitter, event: Name, listener: Listener): Listener {
  let isDone = false;
  const wrapper: Listener = (...args) => {
    if (isDone) return undefined;
    isDone = true;
    emitter.removeListener(event, wrapper);
    return Reflect.apply(listener, emitter, args);
  };
  wrapper.listener = listener;
  return wrapper;
}

function unhandled(error: unknown): unknown {
  if (error instanceof Error) return error;
  const made = plainError("ERR_UNHANDLED_ERROR", `Unhandled error. (${typeof error === "string" ? `'${error}'` : door.inspect(error)})`) as Error & { context?: unknown };
  made.context = error;
  return made;
}

function rejected(emitter: Emitter, error: unknown, event: Name, args: unknown[]): void {
  const handler = emitter[captureRejectionSymbol];
  if (typeof handler === "function") {
    handler.call(emitter, error, event, ...args);
    return;
  }
  try {
    emitter[kCapture] = false;
    emitter.emit("error", error);
  } finally {
    emitter[kCapture] = true;
  }
}

let defaultMax = 10;

interface EventEmitterStatics {
  new (options?: EmitterOptions): Emitter;
  (this: Emitter, options?: EmitterOptions): void;
  prototype: Emitter;
  init(this: Emitter, options?: EmitterOptions): void;
  defaultMaxListeners: number;
  captureRejections: boolean;
  [key: PropertyKey]: unknown;
}

/** A function and no class: older code calls it on an object of its own. */
export const EventEmitter = function (this: Emitter, options?: EmitterOptions): void {
  EventEmitter.init.call(this, options);
} as unknown as EventEmitterStatics;
EventEmitter.prototype = EventEmitterClass.prototype;
Object.defineProperty(EventEmitter.prototype, "constructor", { value: EventEmitter, writable: true, configurable: true });
for (const key of Object.getOwnPropertyNames(EventEmitter.prototype)) Object.defineProperty(EventEmitter.prototype, key, { enumerable: key !== "constructor" });
EventEmitter.init = function (options) {
  init(this, false);
  this._maxListeners ||= undefined;
  if (options?.captureRejections ?? EventEmitter.captureRejections) this[kCapture] = true;
};
EventEmitter.captureRejections = false;
Object.defineProperty(EventEmitter, "defaultMaxListeners", {
  enumerable: true,
  get: () => defaultMax,
  set: (count: unknown) => {
    checkCount(count, "defaultMaxListeners");
    defaultMax = count;
  },
});

interface WaitOptions {
  readonly signal?: Signal;
}

const isTarget = (value: unknown): value is WebEventTarget => typeof (value as WebEventTarget | null)?.addEventListener === "function";

function listen(source: unknown, event: Name, listener: Listener): () => void {
  if (typeof (source as Emitter).on === "function") {
    (source as Emitter).on(event, listener);
    return () => void (source as Emitter).removeListener(event, listener);
  }
  if (!isTarget(source)) throw wrongType("emitter", "an instance of EventEmitter or EventTarget", source);
  source.addEventListener(event as string, listener);
  return () => source.removeEventListener(event as string, listener);
}

/** Resolves with the arguments of the next `event`. */
export function once(source: unknown, event: Name, { signal }: WaitOptions = {}): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) throw new AbortError(signal.reason);
    const stops: (() => void)[] = [];
    const end = (settle: () => void): void => {
      for (const stop of stops) stop();
      settle();
    };
    stops.push(listen(source, event, (...args) => end(() => resolve(args))));
    if (event !== "error" && typeof (source as Emitter).on === "function") stops.push(listen(source, "error", (error) => end(() => reject(error))));
    if (signal !== undefined) stops.push(listen(signal, "abort", () => end(() => reject(new AbortError(signal.reason)))));
  });
}

/** An async iterator over all `event`s from now on. */
export function on(source: unknown, event: Name, { signal, close = [] }: WaitOptions & { readonly close?: readonly Name[] } = {}): AsyncIterableIterator<unknown[]> {
  if (signal?.aborted) throw new AbortError(signal.reason);
  const ready: unknown[][] = [];
  const waiting: { resolve(result: IteratorResult<unknown[]>): void; reject(error: unknown): void }[] = [];
  const stops: (() => void)[] = [];
  let failure: { readonly error: unknown } | null = null;
  let isDone = false;
  const finish = (): Promise<IteratorResult<unknown[]>> => {
    isDone = true;
    for (const stop of stops.splice(0)) stop();
    for (const { resolve } of waiting.splice(0)) resolve({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  };
  const fail = (error: unknown): void => {
    const first = waiting.shift();
    if (first === undefined) failure = { error };
    else first.reject(error);
    void finish();
  };
  stops.push(
    listen(source, event, (...args) => {
      const first = waiting.shift();
      if (first === undefined) ready.push(args);
      else first.resolve({ value: args, done: false });
    }),
  );
  if (event !== "error" && typeof (source as Emitter).on === "function") stops.push(listen(source, "error", fail));
  for (const name of close) stops.push(listen(source, name, () => void finish()));
  if (signal !== undefined) stops.push(listen(signal, "abort", () => fail(new AbortError(signal.reason))));
  return {
    next() {
      const value = ready.shift();
      if (value !== undefined) return Promise.resolve({ value, done: false });
      if (failure !== null) {
        const { error } = failure;
        failure = null;
        return Promise.reject(error);
      }
      if (isDone) return Promise.resolve({ value: undefined, done: true });
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    return: finish,
    throw(error) {
      fail(error);
      return Promise.resolve({ value: undefined, done: true });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  } as AsyncIterableIterator<unknown[]>;
}

export const listenerCount = (emitter: Emitter, event: Name): number => emitter.listenerCount(event);
export const getEventListeners = (emitter: Emitter, event: Name): Listener[] => emitter.listeners(event);
export const getMaxListeners = (emitter: Emitter): number => emitter.getMaxListeners?.() ?? defaultMax;
export function setMaxListeners(count: number = defaultMax, ...emitters: Emitter[]): void {
  checkCount(count, "setMaxListeners");
  if (emitters.length === 0) defaultMax = count;
  for (const emitter of emitters) emitter.setMaxListeners?.(count);
}
export function addAbortListener(signal: Signal, listener: () => void): { [key: symbol]: () => void } {
  checkFunction(listener, "listener");
  const stop = () => signal.removeEventListener("abort", listener);
  if (signal.aborted) web.queueMicrotask(() => listener());
  else signal.addEventListener("abort", listener, { once: true });
  return { [(Symbol as unknown as { dispose: symbol }).dispose]: stop };
}

Object.assign(EventEmitter, { EventEmitter, once, on, listenerCount, getEventListeners, getMaxListeners, setMaxListeners, addAbortListener, captureRejectionSymbol, errorMonitor });
export const defaultMaxListeners = defaultMax;
export default EventEmitter;
