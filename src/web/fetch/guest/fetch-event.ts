/** Service worker syntax: `addEventListener("fetch", (event) => event.respondWith(…))` (https://w3c.github.io/ServiceWorker/#fetchevent-interface). */
import { Event } from "../../events/guest/event.ts";
import { fireEvent, hasListener } from "../../events/guest/event-target.ts";
import { DOMException } from "../../infra/guest/dom-exception.ts";
import { promiseResolve, SafeTypeError } from "../../infra/guest/primordials.ts";
import { defineInterface, requireArguments } from "../../infra/guest/webidl.ts";
import { isObject } from "../../infra/guest/webidl-convert.ts";
import type { Work } from "./context.ts";
import { isRequest, type Request } from "./request.ts";

let answerOf!: (event: FetchEvent) => unknown;
let madeWork: Work | null = null;

export class ExtendableEvent extends Event {
  #work: Work | null = madeWork;

  constructor(type: unknown, init?: unknown) {
    requireArguments(arguments.length, 1, "ExtendableEvent");
    super(type, init);
  }

  waitUntil(promise: unknown): void {
    const work = this.#work;
    requireArguments(arguments.length, 1, "ExtendableEvent.waitUntil");
    if (work === null) throw new DOMException("only events of the runtime can be extended", "InvalidStateError");
    work.waitFor(promise);
  }
  passThroughOnException(): void {
    if (this.#work !== null) this.#work.passesThrough = true;
  }
}
defineInterface(ExtendableEvent, "ExtendableEvent", { length: 1 });

export class FetchEvent extends ExtendableEvent {
  #request: Request;
  #answer: { readonly value: unknown } | null = null;

  constructor(type: unknown, init: unknown) {
    requireArguments(arguments.length, 2, "FetchEvent");
    super(type, init);
    const request = isObject(init) ? (init as { request?: unknown }).request : undefined;
    if (!isRequest(request)) throw new SafeTypeError("FetchEvent: request is not a Request");
    this.#request = request;
  }

  get request(): Request {
    return this.#request;
  }
  respondWith(response: unknown): void {
    if (this.#answer !== null) throw new DOMException("respondWith() was called already", "InvalidStateError");
    requireArguments(arguments.length, 1, "FetchEvent.respondWith");
    this.#answer = { value: response };
    this.stopImmediatePropagation();
  }

  static {
    answerOf = (event) => event.#answer;
  }
}
defineInterface(FetchEvent, "FetchEvent", { length: 2, inspected: ["type", "request"] });

/** An event that keeps `work` going while its `waitUntil` says so. */
export function withWork<E extends ExtendableEvent>(work: Work, make: () => E): E {
  madeWork = work;
  try {
    return make();
  } finally {
    madeWork = null;
  }
}

export const hasFetchListener = (): boolean => hasListener(globalThis, "fetch");

/** Fires the event and gives what the app responded with. */
export function dispatchFetchEvent(request: Request, work: Work): unknown {
  const event = withWork(work, () => new FetchEvent("fetch", { __proto__: null, request, cancelable: true }));
  fireEvent(globalThis, event);
  const answer = answerOf(event) as { readonly value: unknown } | null;
  if (answer === null) throw new SafeTypeError('no "fetch" listener called event.respondWith(…)');
  return promiseResolve(answer.value);
}
