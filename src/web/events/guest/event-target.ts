/** EventTarget (https://dom.spec.whatwg.org/#interface-eventtarget). `globalThis` is one too: its listeners live in a hidden target. */
import { DOMException } from "../../infra/guest/dom-exception.ts";
import { arrayPush, arrayRemove, arraySlice, getOwnPropertyDescriptor, objectDefineProperty, reflectApply, SafeTypeError } from "../../infra/guest/primordials.ts";
import { defineInterface, requireArguments } from "../../infra/guest/webidl.ts";
import { isObject, toDOMString } from "../../infra/guest/webidl-convert.ts";
import { type Event, eventInternals } from "./event.ts";
import { late } from "./late.ts";

type ListenerFunction = (event: Event) => unknown;
type ListenerObject = ListenerFunction | { readonly handleEvent: ListenerFunction };

interface Listener {
  readonly type: string;
  /** Replaced in place when an event handler attribute is set anew. */
  callback: ListenerObject;
  readonly capture: boolean;
  readonly once: boolean;
  readonly passive: boolean;
  /** Belongs to an event handler attribute (`onabort`). */
  readonly isHandler: boolean;
  removed: boolean;
}

let hasListeners!: (value: object) => boolean;
let listenersOf!: (target: EventTarget) => Listener[] | null;
let setListeners!: (target: EventTarget, listeners: Listener[] | null) => void;

export class EventTarget {
  // null until the first listener: most targets never get one
  #listeners: Listener[] | null = null;

  addEventListener(type: unknown, callback: unknown, options?: unknown): void {
    const target = receiver(this);
    const listeners = listenersOf(target);
    requireArguments(arguments.length, 2, "EventTarget.addEventListener");
    const name = toDOMString(type, "EventTarget.addEventListener: type");
    const listener = toListener(callback, "EventTarget.addEventListener");
    let capture = false;
    let once = false;
    let passive = false;
    let signal: object | undefined;
    if (isObject(options)) {
      const dictionary = options as Readonly<Record<string, unknown>>;
      capture = !!dictionary["capture"];
      once = !!dictionary["once"];
      passive = !!dictionary["passive"];
      const given = dictionary["signal"];
      if (given !== undefined) {
        if (!late.isAbortSignal(given)) throw new SafeTypeError("EventTarget.addEventListener: signal is not an AbortSignal");
        signal = given;
      }
    } else capture = !!options;
    if (signal !== undefined && late.isAborted(signal)) return;
    if (listener === null) return;
    if (listeners !== null && find(listeners, name, listener, capture) >= 0) return;
    const entry: Listener = { type: name, callback: listener, capture, once, passive, isHandler: false, removed: false };
    append(target, entry);
    if (signal !== undefined) late.addAbortAlgorithm(signal, () => remove(target, entry));
  }

  removeEventListener(type: unknown, callback: unknown, options?: unknown): void {
    const target = receiver(this);
    const listeners = listenersOf(target);
    requireArguments(arguments.length, 2, "EventTarget.removeEventListener");
    const name = toDOMString(type, "EventTarget.removeEventListener: type");
    const listener = toListener(callback, "EventTarget.removeEventListener");
    const capture = isObject(options) ? !!(options as Readonly<Record<string, unknown>>)["capture"] : !!options;
    if (listeners === null || listener === null) return;
    const index = find(listeners, name, listener, capture);
    if (index >= 0) remove(target, listeners[index] as Listener);
  }

  dispatchEvent(event: unknown): boolean {
    const target = receiver(this);
    listenersOf(target);
    requireArguments(arguments.length, 1, "EventTarget.dispatchEvent");
    if (!isObject(event) || !eventInternals.isEvent(event)) throw new SafeTypeError("EventTarget.dispatchEvent: not an Event");
    if (!eventInternals.initialized(event)) throw new DOMException("The event is being dispatched already, or is not initialized", "InvalidStateError");
    return dispatch(target, event, false);
  }

  static {
    hasListeners = (value) => #listeners in value;
    listenersOf = (target) => target.#listeners;
    setListeners = (target, listeners) => {
      target.#listeners = listeners;
    };
  }
}
defineInterface(EventTarget, "EventTarget");
export const isEventTarget = (value: object): boolean => hasListeners(value);

/** Holds the listeners of `globalThis`. */
const globalTarget = new EventTarget();

/** Called on nothing (as a bare global function) or on `globalThis`, a member works on the global. */
function receiver(self: EventTarget): EventTarget {
  return self === undefined || self === null || (self as unknown) === globalThis ? globalTarget : self;
}

function toListener(value: unknown, where: string): ListenerObject | null {
  if (value === null || value === undefined) return null;
  if (!isObject(value)) throw new SafeTypeError(where + ": the listener is neither a function nor an object");
  return value as ListenerObject;
}

function find(listeners: readonly Listener[], type: string, callback: ListenerObject, capture: boolean): number {
  for (let i = 0; i < listeners.length; i++) {
    const listener = listeners[i] as Listener;
    if (listener.callback === callback && listener.type === type && listener.capture === capture && !listener.isHandler) return i;
  }
  return -1;
}

function append(target: EventTarget, listener: Listener): void {
  const listeners = listenersOf(target);
  if (listeners === null) setListeners(target, [listener]);
  else arrayPush(listeners, listener);
  late.listenerAdded(target);
}

function remove(target: EventTarget, listener: Listener): void {
  listener.removed = true;
  const listeners = listenersOf(target);
  if (listeners === null) return;
  for (let i = 0; i < listeners.length; i++)
    if (listeners[i] === listener) {
      if (listeners.length === 1) setListeners(target, null);
      else arrayRemove(listeners, i);
      return;
    }
}

/** https://dom.spec.whatwg.org/#concept-event-dispatch, for a path of one. False when the event was canceled. */
function dispatch(target: EventTarget, event: Event, trusted: boolean): boolean {
  const subject = target === globalTarget ? globalThis : target;
  eventInternals.begin(event, subject, trusted);
  const listeners = listenersOf(target);
  if (listeners !== null && !eventInternals.propagationStopped(event)) {
    const type = eventInternals.type(event);
    const batch = arraySlice(listeners);
    // At the target capturing listeners go first.
    invoke(target, subject, event, type, batch, true);
    if (!eventInternals.propagationStopped(event)) invoke(target, subject, event, type, batch, false);
  }
  eventInternals.end(event);
  return !eventInternals.canceled(event);
}

function invoke(target: EventTarget, subject: object, event: Event, type: string, batch: readonly Listener[], capture: boolean): void {
  for (let i = 0; i < batch.length && !eventInternals.stopped(event); i++) {
    const listener = batch[i] as Listener;
    if (listener.removed || listener.capture !== capture || listener.type !== type) continue;
    if (listener.once) remove(target, listener);
    if (listener.passive) eventInternals.setPassive(event, true);
    try {
      const { callback } = listener;
      if (listener.isHandler) callHandler(callback as (...args: never[]) => unknown, subject, event, type);
      else if (typeof callback === "function") reflectApply(callback, subject, [event]);
      else {
        const handle = callback.handleEvent;
        if (typeof handle !== "function") throw new SafeTypeError("handleEvent is not a function");
        reflectApply(handle, callback, [event]);
      }
    } catch (error) {
      late.reportException(error);
    }
    if (listener.passive) eventInternals.setPassive(event, false);
  }
}

/** https://html.spec.whatwg.org/#the-event-handler-processing-algorithm. `onerror` of the global gets the parts of the error, and cancels with true. */
function callHandler(handler: (...args: never[]) => unknown, subject: object, event: Event, type: string): void {
  const parts = type === "error" && subject === globalThis ? late.errorEventParts(event) : undefined;
  const result = reflectApply(handler as (...args: unknown[]) => unknown, subject, parts ?? [event]);
  if (result === (parts !== undefined)) eventInternals.preventDefault(event);
}

function handlerListener(target: EventTarget, type: string): Listener | undefined {
  const listeners = listenersOf(target);
  if (listeners !== null)
    for (let i = 0; i < listeners.length; i++) {
      const listener = listeners[i] as Listener;
      if (listener.isHandler && listener.type === type) return listener;
    }
  return undefined;
}

/** Adds the event handler attribute `on` + `type` to a prototype or to `globalThis` (https://html.spec.whatwg.org/#event-handler-idl-attributes). */
export function defineEventHandler(owner: object, type: string): void {
  const name = "on" + type;
  const attribute = {
    get [name](): unknown {
      return handlerListener(receiver(this as unknown as EventTarget), type)?.callback ?? null;
    },
    set [name](value: unknown) {
      const target = receiver(this as unknown as EventTarget);
      const current = handlerListener(target, type);
      if (!isObject(value)) {
        if (current !== undefined) remove(target, current);
      } else if (current !== undefined) current.callback = value as ListenerObject;
      else append(target, { type, callback: value as ListenerObject, capture: false, once: false, passive: false, isHandler: true, removed: false });
    },
  };
  objectDefineProperty(owner, name, getOwnPropertyDescriptor(attribute, name) as PropertyDescriptor);
}

/** Fires an event that nano made: `isTrusted` is true. `target` may be `globalThis`. */
export function fireEvent(target: EventTarget | typeof globalThis, event: Event): boolean {
  return dispatch(receiver(target as EventTarget), event, true);
}

/** True when somebody would hear the event; saves making one that nobody hears. */
export function hasListener(target: EventTarget | typeof globalThis, type: string): boolean {
  const listeners = listenersOf(receiver(target as EventTarget));
  if (listeners !== null) for (let i = 0; i < listeners.length; i++) if ((listeners[i] as Listener).type === type) return true;
  return false;
}
