/** Array.fromAsync (https://tc39.es/ecma262/#sec-array.fromasync). */
import { mathFloor, mathMin, MAX_SAFE_INTEGER, objectDefineProperty, reflectApply, reflectConstruct, SafeArray, SafeObject, SafeProxy, SafeTypeError, symbolAsyncIterator, symbolIterator } from "../../infra/guest/primordials.ts";
import { isObject } from "../../infra/guest/webidl-convert.ts";
import { defineMethods } from "./define.ts";

type Mapper = (item: unknown, index: number) => unknown;
type Items = Record<PropertyKey, unknown>;
type Step = { readonly done?: unknown; readonly value?: unknown };

const CONSTRUCTS = { __proto__: null, construct: () => ({}) } as ProxyHandler<() => void>;

/** https://tc39.es/ecma262/#sec-isconstructor, without a property being read. */
function isConstructor(value: unknown): value is new (length?: number) => Items {
  try {
    reflectConstruct(new SafeProxy(value as () => void, CONSTRUCTS), []);
    return true;
  } catch {
    return false;
  }
}

function methodOf(value: unknown, key: symbol): (() => unknown) | undefined {
  const method = value === undefined || value === null ? undefined : (value as Items)[key];
  if (method === undefined || method === null) return undefined;
  if (typeof method !== "function") throw new SafeTypeError("Array.fromAsync: the iterator method is not a function");
  return method as () => unknown;
}

function put(target: Items, index: number, value: unknown): void {
  objectDefineProperty(target, index, { __proto__: null, value, writable: true, enumerable: true, configurable: true } as PropertyDescriptor);
}

function lengthOf(list: Items): number {
  const length = +(list["length"] as number);
  return length > 0 ? mathMin(mathFloor(length), MAX_SAFE_INTEGER) : 0;
}

/** The error that ended the loop wins over those of closing. */
async function close(iterator: object, waits: boolean): Promise<void> {
  try {
    const method = (iterator as Items)["return"];
    if (method === undefined || method === null) return;
    const result = reflectApply(method as () => unknown, iterator, []);
    if (waits) await result;
  } catch {}
}

async function fromIterator(target: Items, iterator: Items, isAsync: boolean, map: Mapper | undefined, self: unknown): Promise<Items> {
  const next = iterator["next"] as () => unknown;
  for (let index = 0; ; index++) {
    const called = reflectApply(next, iterator, []);
    const step = (isAsync ? await called : called) as Step;
    if (!isObject(step)) throw new SafeTypeError("Array.fromAsync: the iterator's result is not an object");
    if (step.done) {
      target["length"] = index;
      return target;
    }
    let item = step.value;
    try {
      if (!isAsync) item = await item;
      if (map !== undefined) item = await reflectApply(map, self, [item, index]);
      put(target, index, item);
    } catch (error) {
      await close(iterator, isAsync);
      throw error;
    }
  }
}

defineMethods(
  SafeArray,
  {
    async fromAsync(this: unknown, items: unknown, map?: unknown, self?: unknown): Promise<unknown> {
      if (map !== undefined && typeof map !== "function") throw new SafeTypeError("Array.fromAsync: the mapper is not a function");
      const mapper = map as Mapper | undefined;
      const asyncMethod = methodOf(items, symbolAsyncIterator);
      const method = asyncMethod ?? methodOf(items, symbolIterator);
      if (method !== undefined) {
        const target = (isConstructor(this) ? new this() : []) as Items;
        const iterator = reflectApply(method, items, []);
        if (!isObject(iterator)) throw new SafeTypeError("Array.fromAsync: the iterator is not an object");
        return fromIterator(target, iterator as Items, asyncMethod !== undefined, mapper, self);
      }
      if (items === undefined || items === null) throw new SafeTypeError("Array.fromAsync: neither iterable nor a list");
      const list = SafeObject(items) as Items;
      const length = lengthOf(list);
      const target = (isConstructor(this) ? new this(length) : new SafeArray(length)) as Items;
      for (let index = 0; index < length; index++) {
        const item = await list[index];
        put(target, index, mapper === undefined ? item : await reflectApply(mapper, self, [item, index]));
      }
      target["length"] = length;
      return target;
    },
  },
  { fromAsync: 1 },
);
