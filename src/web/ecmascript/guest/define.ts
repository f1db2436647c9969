/** How ECMA-262 defines its built-in functions: writable, configurable, not enumerable. */
import { objectDefineProperty, ownKeys } from "../../infra/guest/primordials.ts";

type Functions = Readonly<Record<PropertyKey, unknown>>;

/** Puts every method of `methods` on `target`, in its order. `lengths` are those that optional arguments make wrong. */
export function defineMethods(target: object, methods: Functions, lengths: Readonly<Record<string, number>> = {}): void {
  const keys = ownKeys(methods);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    const method = methods[key] as object;
    if (lengths[key] !== undefined) objectDefineProperty(method, "length", { __proto__: null, value: lengths[key], configurable: true } as PropertyDescriptor);
    defineHidden(target, key, method);
  }
}

export function defineHidden(target: object, key: PropertyKey, value: unknown): void {
  objectDefineProperty(target, key, { __proto__: null, value, writable: true, configurable: true } as PropertyDescriptor);
}
