/**
 * Lazy rooms: code that waits on the host until an app needs it. On `globalThis` an accessor stands for each of their names and is replaced by the
 * data property at the first use of any name of its room; those that look at descriptors never see the accessor.
 */
import { LAZY_ROOMS } from "../../lazy-rooms.ts";
import { infraOps } from "../ops.ts";
import { onEvent } from "./events.ts";
import { hostOps } from "./host-ops.ts";
import { getOwnPropertyDescriptor, mapGet, mapSet, objectDefineProperty, ownKeys, reflectDefineProperty, SafeMap, SafeString, stringSplit } from "./primordials.ts";
import { placement } from "./webidl.ts";

type Exports = object;
/** What the build makes of a room. `shared` are values of modules that live elsewhere, by numbers that the build gives them. */
type Chunk = (shared: unknown[], load: (index: number) => Exports, give: (exports: Exports, from: number, values: readonly unknown[]) => void) => void;

const { room_open, room_close } = hostOps(infraOps);
/** Not called by the name `eval`, it evaluates in the scope of the global. */
const evaluate = globalThis.eval as (code: string) => unknown;

/** The values that rooms share: first those of the base, which the build's entry gives (see `build/guest-code.ts`). */
let shared: unknown[] = [];
export const share = (ofBase: unknown[]): void => {
  shared = ofBase;
};
const loaded: (Exports | undefined)[] = [];
const roomOf = new SafeMap<string, number>();
/** Of each name that has been asked for, also where `globalThis` is frozen. */
const values: Record<string, unknown> = { __proto__: null };
const getters: Record<string, () => unknown> = { __proto__: null } as never;

function load(index: number): Exports {
  const known = loaded[index];
  if (known !== undefined) return known;
  let chunk: Chunk;
  try {
    chunk = evaluate(room_open(index)) as Chunk;
  } finally {
    room_close();
  }
  // Only a room that came to its end is there for others: one that ran out of stack can be asked for again.
  let exports: Exports = {};
  const placed: [name: string, descriptor: PropertyDescriptor][] = [];
  const before = placement.place;
  const place = (name: string, descriptor: PropertyDescriptor): void => {
    placed[placed.length] = [name, descriptor];
  };
  const enter = (other: number): Exports => {
    placement.place = before;
    try {
      return load(other);
    } finally {
      placement.place = place;
    }
  };
  placement.place = place;
  try {
    chunk(shared, enter, (given, from, parts) => {
      exports = given;
      for (let i = 0; i < parts.length; i++) shared[from + i] = parts[i];
    });
  } finally {
    placement.place = before;
  }
  loaded[index] = exports;
  for (let i = 0; i < placed.length; i++) {
    const { 0: name, 1: descriptor } = placed[i] as (typeof placed)[number];
    values[name] = descriptor.value;
    if (isWaiting(name)) reflectDefineProperty(globalThis, name, descriptor);
  }
  return exports;
}

/** The app has neither replaced nor removed it. */
const isWaiting = (name: string): boolean => getters[name] !== undefined && getOwnPropertyDescriptor(globalThis, name)?.get === getters[name];

/** The door to a lazy room, for rooms of the base: `lazyRoom<typeof import("../streams/guest.ts")>("streams")`. */
export class Door<T extends Exports> {
  readonly #index: number;
  constructor(index: number) {
    this.#index = index;
  }
  /** What the room exports. Loads it when it has to. */
  use(): T {
    return (loaded[this.#index] ?? load(this.#index)) as T;
  }
  /** As `use`, but undefined for a room that nothing has needed yet: no object of its kinds can exist. */
  get loaded(): T | undefined {
    return loaded[this.#index] as T | undefined;
  }
}

export function lazyRoom<T extends Exports>(name: string): Door<T> {
  const index = mapGet(roomOf, name);
  if (index === undefined) throw new Error("no lazy room " + name);
  return new Door<T>(index);
}

function defineWaiting(name: string, index: number, enumerable: boolean): void {
  const get = (): unknown => {
    load(index);
    return values[name];
  };
  const set = function (this: object, value: unknown): void {
    reflectDefineProperty(this ?? globalThis, name, { __proto__: null, value, writable: true, enumerable, configurable: true } as PropertyDescriptor);
  };
  getters[name] = get;
  objectDefineProperty(globalThis, name, { __proto__: null, get, set, enumerable, configurable: true } as PropertyDescriptor);
}

for (let i = 0; i < LAZY_ROOMS.length; i++) {
  const { name, globals, operations = [] } = LAZY_ROOMS[i] as (typeof LAZY_ROOMS)[number];
  mapSet(roomOf, name, i);
  for (const global of globals) defineWaiting(global, i, false);
  for (const operation of operations) defineWaiting(operation, i, true);
}

/** Puts everything that waits under `key` of `target` in its place, so that the built-in functions can be asked for descriptors. */
function settle(target: unknown, key: PropertyKey): void {
  if (target === globalThis && typeof key === "string" && isWaiting(key)) (getters[key] as () => unknown)();
}

const keyOf = (key: unknown): PropertyKey => (typeof key === "symbol" ? key : SafeString(key));

function wrap<F extends (...args: never[]) => unknown>(owner: object, name: string, make: (original: F) => F): void {
  const descriptor = getOwnPropertyDescriptor(owner, name) as PropertyDescriptor;
  const fn = make(descriptor.value as F);
  objectDefineProperty(fn, "name", { __proto__: null, value: name, configurable: true } as PropertyDescriptor);
  objectDefineProperty(owner, name, { __proto__: null, value: fn } as PropertyDescriptor);
}

type DescriptorOf = (target: object, key: PropertyKey) => PropertyDescriptor | undefined;
const settled = (original: DescriptorOf): DescriptorOf => (target, key) => {
  if ((target as unknown) !== globalThis) return original(target, key);
  const name = keyOf(key);
  settle(target, name);
  return original(target, name);
};
wrap(Object, "getOwnPropertyDescriptor", settled);
wrap(Reflect, "getOwnPropertyDescriptor", settled);
wrap<(target: object) => object>(Object, "getOwnPropertyDescriptors", (original) => (target) => {
  if ((target as unknown) === globalThis) {
    const names = ownKeys(getters);
    for (let i = 0; i < names.length; i++) settle(target, names[i] as string);
  }
  return original(target);
});

onEvent("rooms", (_invocation, names) => {
  const list = stringSplit(names as string, "\n");
  for (let i = 0; i < list.length; i++) load(mapGet(roomOf, list[i] as string) as number);
});
