/** The async context: one value that follows promises and timers, for AsyncLocalStorage. Undefined outside of any. */
import { reflectApply } from "./primordials.ts";

let current: unknown;

export const getContext = (): unknown => current;
export const setContext = (context: unknown): void => {
  current = context;
};

/** A function that runs `fn` in the context of now. Given to the engine, which calls it for every promise reaction of an app that asked for contexts. */
export function keepContext(fn: unknown): unknown {
  if (typeof fn !== "function") return fn;
  const context = current;
  return function (this: unknown) {
    const before = current;
    current = context;
    try {
      return reflectApply(fn as () => unknown, this, arguments as unknown as unknown[]);
    } finally {
      current = before;
    }
  };
}
