/** Web IDL (https://webidl.spec.whatwg.org): how interfaces look from outside. Conversions of arguments are in `webidl-convert.ts`. */
import {
  arrayPush,
  getOwnPropertyDescriptor,
  IteratorPrototype,
  mapGet,
  mapSet,
  objectDefineProperty,
  ownKeys,
  promiseReject,
  reflectApply,
  SafeMap,
  SafeTypeError,
  setPrototypeOf,
  symbolIterator,
  symbolToStringTag,
} from "./primordials.ts";

/** The constructor of any class, a private one included. */
export type Interface = { readonly prototype: object };

export interface InterfaceOptions {
  /** The constructor's `length`: its required arguments. Default 0. */
  readonly length?: number;
  /** The `length` of members that take optional arguments: their required ones. A static member goes before another of its name. */
  readonly lengths?: Readonly<Record<string, number>>;
  /** Methods without arguments that return promises: called on something else they reject instead of throwing. */
  readonly promises?: readonly string[];
  /** Constants, on the constructor and on the prototype. */
  readonly constants?: Readonly<Record<string, number>>;
  /** False for an interface that is not put on `globalThis`. */
  readonly exposed?: boolean;
  /** The attributes that `console.log` shows. Their getters must be free of side effects. */
  readonly inspected?: readonly string[];
}

/** What is known of an interface, by its prototype. */
export interface InterfaceInfo {
  readonly name: string;
  /** Attributes to show, with their original getters. */
  readonly inspected: readonly (readonly [name: string, get: (this: unknown) => unknown])[];
  readonly pairs: PairList<object> | undefined;
}

const interfaces = new SafeMap<object, InterfaceInfo>();
const pairLists = new SafeMap<object, PairList<object>>();

/** The interface whose prototype this is. */
export const interfaceOf = (prototype: object): InterfaceInfo | undefined => mapGet(interfaces, prototype);

/**
 * Gives a class the shape of an IDL interface and puts it on `globalThis`: every string-keyed member of the prototype and every static one
 * becomes enumerable, so a class may have no others (keep internals in `#private` members and `static {}` blocks); `Symbol.toStringTag`.
 * Members check their receiver by touching a `#private` field first: the engine's own TypeError is the brand check.
 */
export function defineInterface(cls: Interface, name: string, options?: InterfaceOptions): void {
  const { prototype } = cls;
  const promises = options?.promises ?? [];
  for (let i = 0; i < promises.length; i++) rejectInstead(prototype, promises[i] as string);
  makeEnumerable(prototype);
  makeEnumerable(cls);
  objectDefineProperty(cls, "name", { __proto__: null, value: name, configurable: true } as PropertyDescriptor);
  objectDefineProperty(cls, "length", { __proto__: null, value: options?.length ?? 0, configurable: true } as PropertyDescriptor);
  objectDefineProperty(prototype, symbolToStringTag, { __proto__: null, value: name, configurable: true } as PropertyDescriptor);
  const lengths = options?.lengths;
  if (lengths !== undefined) {
    const names = ownKeys(lengths) as string[];
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      const member = (getOwnPropertyDescriptor(cls, name) ?? getOwnPropertyDescriptor(prototype, name))?.value as object;
      objectDefineProperty(member, "length", { __proto__: null, value: lengths[name], configurable: true } as PropertyDescriptor);
    }
  }
  const constants = options?.constants;
  if (constants !== undefined) {
    const names = ownKeys(constants);
    for (let i = 0; i < names.length; i++) {
      const constant = names[i] as string;
      const descriptor = { __proto__: null, value: constants[constant], enumerable: true } as PropertyDescriptor;
      objectDefineProperty(cls, constant, descriptor);
      objectDefineProperty(prototype, constant, descriptor);
    }
  }
  const inspected: InterfaceInfo["inspected"][number][] = [];
  const shown = options?.inspected ?? [];
  for (let i = 0; i < shown.length; i++) {
    const attribute = shown[i] as string;
    arrayPush(inspected, [attribute, getOwnPropertyDescriptor(prototype, attribute)?.get as () => unknown]);
  }
  mapSet(interfaces, prototype, { name, inspected, pairs: mapGet(pairLists, prototype) });
  if (options?.exposed !== false) expose(name, cls);
}

/** https://webidl.spec.whatwg.org/#dfn-create-operation-function: exceptions of an operation that returns a promise become its rejection. */
function rejectInstead(prototype: object, name: string): void {
  const { value: method } = getOwnPropertyDescriptor(prototype, name) as { value: () => Promise<unknown> };
  const members = {
    [name](): Promise<unknown> {
      try {
        return reflectApply(method, this, []);
      } catch (error) {
        return promiseReject(error);
      }
    },
  };
  objectDefineProperty(prototype, name, getOwnPropertyDescriptor(members, name) as PropertyDescriptor);
}

function makeEnumerable(target: object): void {
  const keys = ownKeys(target);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string | symbol;
    if (typeof key !== "string" || key === "constructor") continue;
    // What every class has of its own.
    if (typeof target === "function" && (key === "prototype" || key === "name" || key === "length")) continue;
    const descriptor = getOwnPropertyDescriptor(target, key) as PropertyDescriptor;
    descriptor.enumerable = true;
    objectDefineProperty(target, key, descriptor);
  }
}

/** Makes `cls` inherit from `parent` without `extends`, for classes whose constructor must not run the parent's. */
export function inheritInterface(cls: Interface, parent: Interface): void {
  setPrototypeOf(cls, parent);
  setPrototypeOf(cls.prototype, parent.prototype);
}

/** Puts an interface object or namespace on `globalThis`: writable, configurable, not enumerable. */
export function expose(name: string, value: unknown): void {
  placement.place(name, { __proto__: null, value, writable: true, configurable: true } as PropertyDescriptor);
}

/** How names get on `globalThis`; another way while a lazy room is evaluated (see `rooms.ts`). */
export const placement = {
  place(name: string, descriptor: PropertyDescriptor): void {
    objectDefineProperty(globalThis, name, descriptor);
  },
};

/** Puts an operation of the global on `globalThis`: as `expose`, and enumerable. `length` counts the required arguments. */
export function exposeOperation(name: string, fn: (...args: never[]) => unknown, length = fn.length): void {
  objectDefineProperty(fn, "name", { __proto__: null, value: name, configurable: true } as PropertyDescriptor);
  objectDefineProperty(fn, "length", { __proto__: null, value: length, configurable: true } as PropertyDescriptor);
  placement.place(name, { __proto__: null, value: fn, writable: true, enumerable: true, configurable: true } as PropertyDescriptor);
}

/** Puts an attribute whose value never changes on `globalThis`, for rooms that wait: their names become data properties. */
export function exposeObject(name: string, value: object): void {
  placement.place(name, { __proto__: null, value, writable: true, enumerable: true, configurable: true } as PropertyDescriptor);
}

/** Puts an attribute of the global on `globalThis`. `read` runs at every read. Assigning replaces it, as polyfills expect. */
export function exposeAttribute(name: string, read: () => unknown): void {
  const attribute = {
    get [name](): unknown {
      return read();
    },
    set [name](value: unknown) {
      objectDefineProperty(globalThis, name, { __proto__: null, value, writable: true, enumerable: true, configurable: true } as PropertyDescriptor);
    },
  };
  objectDefineProperty(globalThis, name, getOwnPropertyDescriptor(attribute, name) as PropertyDescriptor);
}

/** The key by which our own code calls the constructor of an interface that apps cannot construct. */
export const constructionKey: unique symbol = Symbol("construction");

/** First line of such a constructor: `constructor(key?: symbol) { requireConstructionKey(key); … }`. */
export function requireConstructionKey(key: unknown): void {
  if (key !== constructionKey) throw new SafeTypeError("Illegal constructor");
}

/** `where` names the operation: "URLSearchParams.append". */
export function requireArguments(given: number, required: number, where: string): void {
  if (given >= required) return;
  throw new SafeTypeError(where + ": " + required + (required === 1 ? " argument" : " arguments") + " required, but only " + given + " present");
}

/** What an `iterable<K, V>` is made of. Its values as one list: key, value, key, value, … Must throw a TypeError for another interface's object. */
export type PairList<T> = (target: T) => readonly unknown[];

const KEYS = 0;
const VALUES = 1;
const ENTRIES = 2;

/**
 * Adds `entries`, `keys`, `values`, `forEach` and `Symbol.iterator` to a class (https://webidl.spec.whatwg.org/#js-iterable). The list is asked
 * for at every step, so an iteration sees changes. Call before `defineInterface`.
 */
export function definePairIterable<T extends object>(cls: abstract new (...args: never[]) => T, name: string, pairs: PairList<T>): void {
  class PairIterator {
    #target: T;
    #kind: number;
    #index = 0;
    constructor(target: T, kind: number) {
      this.#target = target;
      this.#kind = kind;
    }
    next(): { value: unknown; done: boolean } {
      const index = this.#index;
      const list = pairs(this.#target);
      if (index >= list.length) return { value: undefined, done: true };
      this.#index = index + 2;
      const kind = this.#kind;
      return { value: kind === KEYS ? list[index] : kind === VALUES ? list[index + 1] : [list[index], list[index + 1]], done: false };
    }
  }
  const iteratorPrototype = PairIterator.prototype as { constructor?: unknown };
  delete iteratorPrototype.constructor;
  makeEnumerable(iteratorPrototype);
  objectDefineProperty(iteratorPrototype, symbolToStringTag, { __proto__: null, value: name + " Iterator", configurable: true } as PropertyDescriptor);
  setPrototypeOf(iteratorPrototype, IteratorPrototype);

  const open = (target: T, kind: number) => {
    pairs(target);
    return new PairIterator(target, kind);
  };
  const methods = {
    entries(this: T) {
      return open(this, ENTRIES);
    },
    keys(this: T) {
      return open(this, KEYS);
    },
    values(this: T) {
      return open(this, VALUES);
    },
    forEach(this: T, callback: (value: unknown, key: unknown, target: T) => void, thisArg?: unknown) {
      let list = pairs(this);
      requireArguments(arguments.length, 1, name + ".forEach");
      if (typeof callback !== "function") throw new SafeTypeError(name + ".forEach: the callback is not a function");
      for (let i = 0; i < list.length; i += 2) {
        reflectApply(callback, thisArg, [list[i + 1], list[i], this]);
        list = pairs(this);
      }
    },
  };
  objectDefineProperty(methods.forEach, "length", { __proto__: null, value: 1, configurable: true } as PropertyDescriptor);
  const prototype = cls.prototype as object;
  mapSet(pairLists, prototype, pairs as PairList<object>);
  const names = ["entries", "keys", "values", "forEach"] as const;
  for (let i = 0; i < names.length; i++) {
    const key = names[i] as (typeof names)[number];
    objectDefineProperty(prototype, key, { __proto__: null, value: methods[key], writable: true, enumerable: true, configurable: true } as PropertyDescriptor);
  }
  objectDefineProperty(prototype, symbolIterator, { __proto__: null, value: methods.entries, writable: true, configurable: true } as PropertyDescriptor);
}

/** Reads any iterable to an array, as IDL `sequence<T>` does, each item converted before the next is asked for; undefined when `value` has no iterator method. */
export function listFromIterable<T = unknown>(value: object, where: string, convert?: (item: unknown, where: string) => T): T[] | undefined {
  const method = (value as { [symbolIterator]?: unknown })[symbolIterator];
  if (method === undefined || method === null) return undefined;
  if (typeof method !== "function") throw new SafeTypeError(where + ": the iterator method is not a function");
  const iterator = reflectApply(method as () => Iterator<unknown>, value, []) as Iterator<unknown>;
  if (iterator === null || (typeof iterator !== "object" && typeof iterator !== "function")) throw new SafeTypeError(where + ": the iterator is not an object");
  const next = iterator.next;
  const items: T[] = [];
  for (;;) {
    const step = reflectApply(next, iterator, []) as IteratorResult<unknown>;
    if (step === null || (typeof step !== "object" && typeof step !== "function")) throw new SafeTypeError(where + ": the iterator's result is not an object");
    if (step.done) return items;
    arrayPush(items, convert === undefined ? (step.value as T) : convert(step.value, where));
  }
}
