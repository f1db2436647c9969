/** The events that carry data: CustomEvent, ErrorEvent, PromiseRejectionEvent, MessageEvent. */
import { objectFreeze, SafeTypeError } from "../../infra/guest/primordials.ts";
import { defineInterface, requireArguments } from "../../infra/guest/webidl.ts";
import { isObject, toDictionary, toDOMString, toSequence, toUnsignedLong, toUSVString } from "../../infra/guest/webidl-convert.ts";
import { Event, eventInternals } from "./event.ts";
import { isEventTarget } from "./event-target.ts";

/** https://dom.spec.whatwg.org/#interface-customevent */
export class CustomEvent extends Event {
  #detail: unknown;
  constructor(type: unknown, init?: unknown) {
    requireArguments(arguments.length, 1, "CustomEvent");
    super(type, init);
    const detail = toDictionary(init, "CustomEvent: init")?.["detail"];
    this.#detail = detail === undefined ? null : detail;
  }
  get detail(): unknown {
    return this.#detail;
  }
  initCustomEvent(type: unknown, bubbles?: unknown, cancelable?: unknown, detail?: unknown): void {
    this.#detail;
    requireArguments(arguments.length, 1, "CustomEvent.initCustomEvent");
    const name = toDOMString(type, "CustomEvent.initCustomEvent: type");
    if (eventInternals.reinitialize(this, name, !!bubbles, !!cancelable)) this.#detail = detail === undefined ? null : detail;
  }
}
defineInterface(CustomEvent, "CustomEvent", { length: 1 });

let errorParts!: (event: Event) => unknown[] | undefined;

/** https://html.spec.whatwg.org/#errorevent */
export class ErrorEvent extends Event {
  #message = "";
  #filename = "";
  #lineno = 0;
  #colno = 0;
  #error: unknown;
  constructor(type: unknown, init?: unknown) {
    requireArguments(arguments.length, 1, "ErrorEvent");
    super(type, init);
    const options = toDictionary(init, "ErrorEvent: init");
    if (options === undefined) return;
    const { colno, error, filename, lineno, message } = options;
    if (colno !== undefined) this.#colno = toUnsignedLong(colno, "ErrorEvent: colno");
    this.#error = error;
    if (filename !== undefined) this.#filename = toUSVString(filename, "ErrorEvent: filename");
    if (lineno !== undefined) this.#lineno = toUnsignedLong(lineno, "ErrorEvent: lineno");
    if (message !== undefined) this.#message = toDOMString(message, "ErrorEvent: message");
  }
  get message(): string {
    return this.#message;
  }
  get filename(): string {
    return this.#filename;
  }
  get lineno(): number {
    return this.#lineno;
  }
  get colno(): number {
    return this.#colno;
  }
  get error(): unknown {
    return this.#error;
  }
  static {
    errorParts = (event) =>
      #message in event ? [event.#message, event.#filename, event.#lineno, event.#colno, event.#error] : undefined;
  }
}
defineInterface(ErrorEvent, "ErrorEvent", { length: 1 });
export const errorEventParts = errorParts;

/** https://html.spec.whatwg.org/#promiserejectionevent */
export class PromiseRejectionEvent extends Event {
  #promise: object;
  #reason: unknown;
  constructor(type: unknown, init: unknown) {
    requireArguments(arguments.length, 2, "PromiseRejectionEvent");
    super(type, init);
    const options = toDictionary(init, "PromiseRejectionEvent: init");
    const promise = options?.["promise"];
    if (promise === undefined) throw new SafeTypeError("PromiseRejectionEvent: init.promise is required");
    if (!isObject(promise)) throw new SafeTypeError("PromiseRejectionEvent: init.promise is not an object");
    this.#promise = promise;
    this.#reason = options?.["reason"];
  }
  get promise(): object {
    return this.#promise;
  }
  get reason(): unknown {
    return this.#reason;
  }
}
defineInterface(PromiseRejectionEvent, "PromiseRejectionEvent", { length: 2 });

const NO_PORTS: readonly unknown[] = objectFreeze([]);

/** Ports and other message senders are EventTargets. */
function toPort(value: unknown, where: string): unknown {
  if (!isObject(value) || !isEventTarget(value)) throw new SafeTypeError(where + ": not a MessagePort");
  return value;
}

function toPorts(value: unknown, where: string): readonly unknown[] {
  return objectFreeze(toSequence(value, toPort, where));
}

function toSource(value: unknown, where: string): object | null {
  return value === null || value === undefined ? null : (toPort(value, where) as object);
}

/** https://html.spec.whatwg.org/#messageevent */
export class MessageEvent extends Event {
  #data: unknown = null;
  #origin = "";
  #lastEventId = "";
  #source: object | null = null;
  #ports: readonly unknown[] = NO_PORTS;
  constructor(type: unknown, init?: unknown) {
    requireArguments(arguments.length, 1, "MessageEvent");
    super(type, init);
    const options = toDictionary(init, "MessageEvent: init");
    if (options === undefined) return;
    const { data, lastEventId, origin, ports, source } = options;
    if (data !== undefined) this.#data = data;
    if (lastEventId !== undefined) this.#lastEventId = toDOMString(lastEventId, "MessageEvent: lastEventId");
    if (origin !== undefined) this.#origin = toUSVString(origin, "MessageEvent: origin");
    if (ports !== undefined) this.#ports = toPorts(ports, "MessageEvent: ports");
    if (source !== undefined) this.#source = toSource(source, "MessageEvent: source");
  }
  get data(): unknown {
    return this.#data;
  }
  get origin(): string {
    return this.#origin;
  }
  get lastEventId(): string {
    return this.#lastEventId;
  }
  get source(): object | null {
    return this.#source;
  }
  get ports(): readonly unknown[] {
    return this.#ports;
  }
  initMessageEvent(
    type: unknown,
    bubbles?: unknown,
    cancelable?: unknown,
    data: unknown = null,
    origin: unknown = "",
    lastEventId: unknown = "",
    source: unknown = null,
    ports: unknown = [],
  ): void {
    this.#data;
    const where = "MessageEvent.initMessageEvent";
    requireArguments(arguments.length, 1, where);
    const name = toDOMString(type, where);
    const originText = toUSVString(origin, where);
    const idText = toDOMString(lastEventId, where);
    const sender = toSource(source, where);
    const list = toPorts(ports, where);
    if (!eventInternals.reinitialize(this, name, !!bubbles, !!cancelable)) return;
    this.#data = data;
    this.#origin = originText;
    this.#lastEventId = idText;
    this.#source = sender;
    this.#ports = list;
  }
}
defineInterface(MessageEvent, "MessageEvent", { length: 1 });
