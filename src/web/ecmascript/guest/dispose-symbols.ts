/** Symbol.dispose and Symbol.asyncDispose, and iterators that have them (https://tc39.es/proposal-explicit-resource-management). */
import {
  AsyncIteratorPrototype,
  IteratorPrototype,
  objectDefineProperty,
  reflectApply,
  SafeSymbol,
} from "../../infra/guest/primordials.ts";
import { defineMethods } from "./define.ts";

export const symbolDispose = SafeSymbol("Symbol.dispose");
export const symbolAsyncDispose = SafeSymbol("Symbol.asyncDispose");
objectDefineProperty(SafeSymbol, "dispose", { __proto__: null, value: symbolDispose } as PropertyDescriptor);
objectDefineProperty(SafeSymbol, "asyncDispose", { __proto__: null, value: symbolAsyncDispose } as PropertyDescriptor);

/** An async iterator's own `return` may be given to a promise of anything. */
async function closeAsync(iterator: unknown): Promise<void> {
  const method = (iterator as { return?: unknown }).return;
  if (method !== undefined && method !== null) await reflectApply(method as () => unknown, iterator, [undefined]);
}

defineMethods(IteratorPrototype, {
  [symbolDispose](this: unknown): void {
    const method = (this as { return?: unknown }).return;
    if (method !== undefined && method !== null) reflectApply(method as () => unknown, this, []);
  },
});
defineMethods(AsyncIteratorPrototype, {
  [symbolAsyncDispose](this: unknown): Promise<void> {
    return closeAsync(this);
  },
});
