/**
 * `Error.prototype.stack` (https://tc39.es/proposal-error-stack-accessor/). The engine keeps the frames of an error under a private name of ours (see `build/engine/stacks`). What
 * an app reads is made of them when it first asks, in positions of its own files: an app that never asks pays nothing.
 */
import { infraOps, MAX_STACK_TEXT } from "../ops.ts";
import { Carrier, exceptionMessage, exceptionName, isDOMException } from "./dom-exception.ts";
import { hostOps } from "./host-ops.ts";
import { getOwnPropertyDescriptor, getPrototypeOf, objectDefineProperty, objectHasOwn, SafeError, SafeTypeError, stringLastIndexOf, stringSlice, stringStartsWith } from "./primordials.ts";

const { stack_map } = hostOps(infraOps);

/** What `stack` reads as, once it has been read or set. */
interface Known {
  readonly value: unknown;
}

class Stack extends Carrier {
  #stack: string | Known = "";
  static has = (value: object): boolean => #stack in value;
  static get = (value: object): string | Known => (value as Stack).#stack;
  static set = (value: object, stack: string | Known): void => {
    (value as Stack).#stack = stack;
  };
}
const { has, get, set } = Stack;

/** An object with the private name and nothing else: the host reads the name off it. */
export const namedStack: object = new Stack({ __proto__: null });

/** The frames as the engine wrote them. For the host, which calls it where no app may run. */
export const engineStack = (error: unknown): string => {
  if (typeof error !== "object" || error === null || !has(error)) return "";
  const stack = get(error);
  return typeof stack === "string" ? stack : "";
};

/** The frames of `error` from now on, as the engine would write them. */
export function keepFrames(error: object, frames: string): void {
  if (!has(error)) new Stack(error);
  set(error, frames);
}

/** `to` shows the stack of `from`, where both have one and it is text. */
export function shareStack(from: object, to: object): void {
  if (!has(from) || !has(to)) return;
  const stack = get(from);
  if (typeof stack === "string" || typeof stack.value === "string") set(to, stack);
}

/** Longer prototype chains are nobody's error. */
const MAX_CHAIN = 64;

/** Not what an app may have put on `Object.prototype`. */
const valueOf = (descriptor: PropertyDescriptor): unknown => (objectHasOwn(descriptor, "value") ? descriptor.value : undefined);

/** The value of a data property, own or inherited; getters count as absent. */
export function dataProperty(value: object, key: PropertyKey): unknown {
  let holder: object | null = value;
  for (let i = 0; holder !== null && i < MAX_CHAIN; i++) {
    const descriptor = getOwnPropertyDescriptor(holder, key);
    if (descriptor !== undefined) return valueOf(descriptor);
    holder = getPrototypeOf(holder);
  }
  return undefined;
}

/** `Name: message`, as other engines begin a stack. Runs no code of the app. */
function headOf(error: object): string {
  const isException = isDOMException(error);
  const name = isException ? exceptionName(error) : dataProperty(error, "name");
  const message = isException ? exceptionMessage(error) : dataProperty(error, "message");
  const label = typeof name === "string" ? name : "Error";
  if (typeof message !== "string" || message === "") return label;
  return label === "" ? message : label + ": " + message;
}

function mapped(frames: string): string {
  return frames === "" ? "" : stack_map(frames.length <= MAX_STACK_TEXT ? frames : stringSlice(frames, 0, stringLastIndexOf(frames, "\n", MAX_STACK_TEXT)));
}

function readStack(error: object): unknown {
  const stack = get(error);
  if (typeof stack !== "string") return stack.value;
  const frames = mapped(stack);
  const value = frames === "" ? headOf(error) : headOf(error) + "\n" + frames;
  set(error, { value });
  return value;
}

/** The frames that `error` shows, without its name and message; "" where it has none. Runs no code of the app. */
export function framesOf(error: object): string {
  const own = getOwnPropertyDescriptor(error, "stack");
  const text = own !== undefined && objectHasOwn(own, "value") ? own.value : has(error) ? readStack(error) : "";
  if (typeof text !== "string") return "";
  return withoutHead(text, headOf(error));
}

export function withoutHead(text: string, head: string): string {
  if (text === head) return "";
  return stringStartsWith(text, head + "\n") ? stringSlice(text, head.length + 1) : text;
}

/** Where the caller of the function that asks is, in positions of the app's own files. */
export const framesOfHere = (): string => mapped(engineFramesOfHere());
/** The same as the engine wrote it, for the host. */
export const engineFramesOfHere = (): string => engineStack(new SafeError());

const accessor = {
  get stack(): unknown {
    if ((typeof this !== "object" && typeof this !== "function") || this === null) throw new SafeTypeError("stack is read of something that is no object");
    return has(this) ? readStack(this) : undefined;
  },
  /** Like an assignment where there is no accessor. */
  set stack(value: unknown) {
    if ((typeof this !== "object" && typeof this !== "function") || this === null) throw new SafeTypeError("stack is set on something that is no object");
    if (has(this)) set(this, { value });
    else objectDefineProperty(this, "stack", { __proto__: null, value, writable: true, enumerable: true, configurable: true } as PropertyDescriptor);
  },
};
const { get: getStack, set: setStack } = getOwnPropertyDescriptor(accessor, "stack") as { get(): unknown; set(value: unknown): void };

/** The accessor as an own property, for an object that inherits from no error. */
export function defineStack(target: object): void {
  objectDefineProperty(target, "stack", { __proto__: null, get: getStack, set: setStack, configurable: true } as PropertyDescriptor);
}
defineStack(SafeError.prototype);
