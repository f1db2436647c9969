/** MessageChannel and MessagePort (https://html.spec.whatwg.org/#message-channels). Both ends are in this isolate: a message is cloned when it is sent. */
import { MessageEvent } from "../events/guest/event-classes.ts";
import { Event } from "../events/guest/event.ts";
import { defineEventHandler, EventTarget, fireEvent } from "../events/guest/event-target.ts";
import { arrayIncludes, arrayPush, arrayShift, getOwnPropertyDescriptor, objectDefineProperty, reflectApply } from "../infra/guest/primordials.ts";
import { DOMException } from "../infra/guest/dom-exception.ts";
import { constructionKey, defineInterface, listFromIterable, requireArguments, requireConstructionKey } from "../infra/guest/webidl.ts";
import { isObject, toDictionary, toSequence } from "../infra/guest/webidl-convert.ts";
import { cloneWithTransfer } from "../structured-clone/guest/clone.ts";
import { registerTransferable } from "../structured-clone/guest/registry.ts";
import { startTimer } from "../timers/guest.ts";

interface Message {
  readonly data: unknown;
  readonly ports: readonly unknown[];
}

/** One end. It outlives the object that stands for it when that is transferred. */
interface End {
  port: MessagePort;
  peer: End | null;
  readonly waiting: Message[];
  isEnabled: boolean;
  isScheduled: boolean;
}

let endOf!: (port: MessagePort) => End | null;
let setEnd!: (port: MessagePort, end: End | null) => void;
let isMessagePort!: (value: object) => value is MessagePort;

export class MessagePort extends EventTarget {
  /** Null once the port has been transferred. */
  #end: End | null = null;

  constructor(key?: symbol) {
    requireConstructionKey(key);
    super();
  }

  postMessage(message: unknown, options?: unknown): void {
    const end = this.#end;
    requireArguments(arguments.length, 1, "MessagePort.postMessage");
    const transfer = toTransfer(options);
    if (arrayIncludes(transfer, this)) throw new DOMException("A port cannot transfer itself", "DataCloneError");
    const { clone, transferred } = cloneWithTransfer(message, transfer);
    const peer = end?.peer ?? null;
    if (peer === null) return;
    const ports: unknown[] = [];
    for (let i = 0; i < transferred.length; i++) if (isObject(transferred[i]) && isMessagePort(transferred[i] as object)) arrayPush(ports, transferred[i]);
    arrayPush(peer.waiting, { data: clone, ports });
    schedule(peer);
  }
  start(): void {
    enable(this.#end);
  }
  close(): void {
    const end = this.#end;
    const peer = end?.peer ?? null;
    if (end === null || peer === null) return;
    end.peer = null;
    end.waiting.length = 0;
    // What was sent before still arrives.
    peer.peer = null;
    startTimer(() => void fireEvent(peer.port, new Event("close")), 0);
  }

  static {
    endOf = (port) => port.#end;
    setEnd = (port, end) => {
      port.#end = end;
    };
    isMessagePort = (value): value is MessagePort => #end in value;
  }
}
defineEventHandler(MessagePort.prototype, "message");
defineEventHandler(MessagePort.prototype, "messageerror");
defineEventHandler(MessagePort.prototype, "close");
startOnHandler();
defineInterface(MessagePort, "MessagePort");

/** https://html.spec.whatwg.org/#handler-messageport-onmessage: the first time it is set, the port starts. */
function startOnHandler(): void {
  const { get, set } = getOwnPropertyDescriptor(MessagePort.prototype, "onmessage") as Required<PropertyDescriptor>;
  const attribute = {
    set onmessage(value: unknown) {
      reflectApply(set, this, [value]);
      enable(endOf(this as unknown as MessagePort));
    },
  };
  const starting = getOwnPropertyDescriptor(attribute, "onmessage")?.set;
  objectDefineProperty(MessagePort.prototype, "onmessage", { __proto__: null, get, set: starting, enumerable: true, configurable: true } as PropertyDescriptor);
}

function toTransfer(options: unknown): readonly unknown[] {
  if (options === undefined || options === null) return [];
  const list = isObject(options) ? listFromIterable(options, "MessagePort.postMessage: transfer") : undefined;
  if (list !== undefined) return list;
  const transfer = toDictionary(options, "MessagePort.postMessage: options")?.["transfer"];
  return transfer === undefined ? [] : toSequence(transfer, (item) => item, "MessagePort.postMessage: transfer");
}

function enable(end: End | null): void {
  if (end === null || end.isEnabled) return;
  end.isEnabled = true;
  schedule(end);
}

function schedule(end: End): void {
  if (!end.isEnabled || end.isScheduled || end.waiting.length === 0) return;
  end.isScheduled = true;
  startTimer(() => deliver(end), 0);
}

/** One message a task. */
function deliver(end: End): void {
  end.isScheduled = false;
  if (!end.isEnabled) return;
  const message = arrayShift(end.waiting);
  schedule(end);
  if (message !== undefined) fireEvent(end.port, new MessageEvent("message", { __proto__: null, data: message.data, ports: message.ports }));
}

function newEnd(): End {
  const port = new MessagePort(constructionKey);
  const end: End = { port, peer: null, waiting: [], isEnabled: false, isScheduled: false };
  setEnd(port, end);
  return end;
}

registerTransferable(MessagePort, {
  isTransferable: (port: MessagePort) => endOf(port) !== null,
  create: () => new MessagePort(constructionKey),
  move(from: MessagePort, to: MessagePort) {
    const end = endOf(from) as End;
    setEnd(from, null);
    end.port = to;
    end.isEnabled = false;
    setEnd(to, end);
  },
});

export class MessageChannel {
  #port1: MessagePort;
  #port2: MessagePort;
  constructor() {
    const first = newEnd();
    const second = newEnd();
    first.peer = second;
    second.peer = first;
    this.#port1 = first.port;
    this.#port2 = second.port;
  }
  get port1(): MessagePort {
    return this.#port1;
  }
  get port2(): MessagePort {
    return this.#port2;
  }
}
defineInterface(MessageChannel, "MessageChannel", { inspected: ["port1", "port2"] });
