/** Event (https://dom.spec.whatwg.org/#interface-event). There is no tree in nano: a path is the target alone. */
import { monotonicNow } from "../../performance/guest/clock.ts";
import { objectDefineProperty } from "../../infra/guest/primordials.ts";
import { defineInterface, requireArguments } from "../../infra/guest/webidl.ts";
import { toDictionary, toDOMString } from "../../infra/guest/webidl-convert.ts";

const BUBBLES = 1;
const CANCELABLE = 2;
const COMPOSED = 4;
const STOP = 8;
const STOP_IMMEDIATE = 16;
const CANCELED = 32;
const PASSIVE = 64;
const INITIALIZED = 128;
const DISPATCHING = 256;
const TRUSTED = 512;

const AT_TARGET = 2;

let internals!: EventInternals;
let isTrusted!: PropertyDescriptor;

export class Event {
  #type: string;
  #flags = INITIALIZED;
  #target: object | null = null;
  #currentTarget: object | null = null;
  #timeStamp: number;

  constructor(type: unknown, init?: unknown) {
    requireArguments(arguments.length, 1, "Event");
    this.#type = toDOMString(type, "Event: type");
    const options = toDictionary(init, "Event: init");
    if (options !== undefined) {
      if (options["bubbles"]) this.#flags |= BUBBLES;
      if (options["cancelable"]) this.#flags |= CANCELABLE;
      if (options["composed"]) this.#flags |= COMPOSED;
    }
    this.#timeStamp = monotonicNow();
    objectDefineProperty(this, "isTrusted", isTrusted);
  }

  get type(): string {
    return this.#type;
  }
  get target(): object | null {
    return this.#target;
  }
  get srcElement(): object | null {
    return this.#target;
  }
  get currentTarget(): object | null {
    return this.#currentTarget;
  }
  composedPath(): object[] {
    const current = this.#currentTarget;
    return current === null ? [] : [current];
  }
  get eventPhase(): number {
    return this.#currentTarget === null ? 0 : AT_TARGET;
  }
  stopPropagation(): void {
    this.#flags |= STOP;
  }
  get cancelBubble(): boolean {
    return (this.#flags & STOP) !== 0;
  }
  set cancelBubble(value: unknown) {
    const flags = this.#flags;
    if (value) this.#flags = flags | STOP;
  }
  stopImmediatePropagation(): void {
    this.#flags |= STOP | STOP_IMMEDIATE;
  }
  get bubbles(): boolean {
    return (this.#flags & BUBBLES) !== 0;
  }
  get cancelable(): boolean {
    return (this.#flags & CANCELABLE) !== 0;
  }
  get returnValue(): boolean {
    return (this.#flags & CANCELED) === 0;
  }
  set returnValue(value: unknown) {
    const flags = this.#flags;
    if (!value) this.#flags = canceled(flags);
  }
  preventDefault(): void {
    this.#flags = canceled(this.#flags);
  }
  get defaultPrevented(): boolean {
    return (this.#flags & CANCELED) !== 0;
  }
  get composed(): boolean {
    return (this.#flags & COMPOSED) !== 0;
  }
  get timeStamp(): number {
    return this.#timeStamp;
  }
  initEvent(type: unknown, bubbles?: unknown, cancelable?: unknown): void {
    this.#flags;
    requireArguments(arguments.length, 1, "Event.initEvent");
    const name = toDOMString(type, "Event.initEvent: type");
    internals.reinitialize(this, name, !!bubbles, !!cancelable);
  }

  static {
    internals = {
      type: (event) => event.#type,
      preventDefault(event) {
        event.#flags = canceled(event.#flags);
      },
      reinitialize(event, type, bubbles, cancelable) {
        const flags = event.#flags;
        if ((flags & DISPATCHING) !== 0) return false;
        event.#flags = INITIALIZED | (flags & COMPOSED) | (bubbles ? BUBBLES : 0) | (cancelable ? CANCELABLE : 0);
        event.#target = null;
        event.#type = type;
        return true;
      },
      isEvent: (value): value is Event => #flags in value,
      begin(event, target, trusted) {
        event.#flags = (event.#flags & ~TRUSTED) | DISPATCHING | (trusted ? TRUSTED : 0);
        event.#target = target;
        event.#currentTarget = target;
      },
      end(event) {
        event.#flags &= ~(DISPATCHING | STOP | STOP_IMMEDIATE);
        event.#currentTarget = null;
      },
      setPassive(event, passive) {
        event.#flags = passive ? event.#flags | PASSIVE : event.#flags & ~PASSIVE;
      },
      initialized: (event) => (event.#flags & (INITIALIZED | DISPATCHING)) === INITIALIZED,
      stopped: (event) => (event.#flags & STOP_IMMEDIATE) !== 0,
      propagationStopped: (event) => (event.#flags & STOP) !== 0,
      canceled: (event) => (event.#flags & CANCELED) !== 0,
    };
    // An unforgeable attribute: an own property of every event, and not configurable.
    isTrusted = {
      __proto__: null,
      get: function isTrusted(this: Event) {
        return (this.#flags & TRUSTED) !== 0;
      },
      enumerable: true,
    } as PropertyDescriptor;
  }
}

function canceled(flags: number): number {
  return (flags & CANCELABLE) !== 0 && (flags & PASSIVE) === 0 ? flags | CANCELED : flags;
}

/** What dispatching does to an event, out of the reach of an app that patches `Event.prototype`. */
export interface EventInternals {
  type(event: Event): string;
  preventDefault(event: Event): void;
  /** https://dom.spec.whatwg.org/#concept-event-initialize, unless it is being dispatched (false). */
  reinitialize(event: Event, type: string, bubbles: boolean, cancelable: boolean): boolean;
  isEvent(value: object): value is Event;
  begin(event: Event, target: object, trusted: boolean): void;
  end(event: Event): void;
  setPassive(event: Event, passive: boolean): void;
  /** Complete, and not being dispatched. */
  initialized(event: Event): boolean;
  stopped(event: Event): boolean;
  propagationStopped(event: Event): boolean;
  canceled(event: Event): boolean;
}
export const eventInternals = internals;

defineInterface(Event, "Event", { length: 1, constants: { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET, BUBBLING_PHASE: 3 }, inspected: ["type", "cancelable", "defaultPrevented", "timeStamp"] });
